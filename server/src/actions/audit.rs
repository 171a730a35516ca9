//! Walks the audit's chain and names what does not fit; and writes down what concerns the audit itself.
//!
//! Every hash is computed here, from the events as they are stored: what was put into the database's functions by somebody
//! else is not asked.

use std::fmt;

use chrono::{DateTime, Utc};
use protocol::DomainId;
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};

use crate::app::{Actor, App};
use crate::crypto::sha256;
use crate::error::{Error, Result};
use crate::store::audit::chain::{self, Content, Link};
use crate::store::audit::{self, Record};

/// How many links are read at once.
const PAGE: i64 = 1000;
/// How many findings of one kind are named.
const NAMED: i64 = 1000;

/// What the walk found.
#[derive(Debug)]
pub struct Verification {
    pub events: u64,
    /// The hash of the last event, in hexadecimal digits.
    pub head: String,
    /// Empty if the chain is intact.
    pub findings: Vec<Finding>,
}

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The event is not what was written.
    Changed { event: i64 },
    /// The event is gone.
    Removed { event: i64 },
    /// Events are gone together with their links.
    Missing { from: i64, to: i64 },
    /// The event's link names another one before it.
    Broken { event: i64 },
    /// The event was put in past the chain.
    Inserted { event: i64 },
    /// The head of an earlier walk is in the chain no longer.
    HeadGone { head: String },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { event } => write!(
                f,
                "event {event} was changed: its time, actor, action, subject, domain or detail is not what was written"
            ),
            Self::Removed { event } => write!(f, "event {event} was removed"),
            Self::Missing { from, to } if from == to => {
                write!(f, "the link at position {from} is missing: its event was removed")
            }
            Self::Missing { from, to } => {
                write!(f, "the links at positions {from} to {to} are missing: their events were removed")
            }
            Self::Broken { event } => write!(
                f,
                "event {event} does not follow the one before it: an event was removed, inserted or rewritten there"
            ),
            Self::Inserted { event } => write!(f, "event {event} was inserted past the chain"),
            Self::HeadGone { head } => {
                write!(
                    f,
                    "the head {head} is not in the chain: events at its end were removed or rewritten since"
                )
            }
        }
    }
}

/// Checks every event. `head` is one that an earlier walk gave: it must still be in the chain.
pub async fn verify(db: &PgPool, head: Option<&str>) -> Result<Verification> {
    let mut walk = Walk::new(head)?;
    let mut tx = db.begin().await?;
    chain::update_isolation(&mut tx).await?;
    let mut after = i64::MIN;
    loop {
        let links = chain::list(&mut *tx, after, PAGE).await?;
        let Some(last) = links.last() else { break };
        after = last.position;
        links.iter().for_each(|link| walk.step(link));
    }
    for event in chain::list_unchained(&mut *tx, NAMED).await? {
        walk.events += 1;
        walk.findings.push(Finding::Inserted { event });
    }
    tx.commit().await?;
    Ok(walk.end())
}

struct Walk {
    events: u64,
    position: i64,
    last: Vec<u8>,
    /// The head that was not met yet.
    wanted: Option<String>,
    findings: Vec<Finding>,
}

impl Walk {
    fn new(head: Option<&str>) -> Result<Self> {
        let wanted = head.map(|head| head.trim().to_lowercase());
        if wanted
            .as_ref()
            .is_some_and(|head| head.len() != 64 || !head.bytes().all(|b| b.is_ascii_hexdigit()))
        {
            return Err(Error::field(
                "head",
                "must be the 64 hexadecimal digits that an earlier run printed",
            ));
        }
        let mut walk = Self { events: 0, position: 0, last: vec![0; 32], wanted, findings: Vec::new() };
        walk.meet_head();
        Ok(walk)
    }

    fn step(&mut self, link: &Link) {
        let expected = self.position + 1;
        if link.position != expected {
            self.findings.push(Finding::Missing { from: expected, to: link.position - 1 });
        } else if link.previous != self.last {
            self.findings.push(Finding::Broken { event: link.event_id });
        }
        match &link.event {
            None => self.findings.push(Finding::Removed { event: link.event_id }),
            Some(event) => {
                self.events += 1;
                if hash(&link.previous, event) != link.hash {
                    self.findings.push(Finding::Changed { event: event.id });
                }
            }
        }
        (self.position, self.last) = (link.position, link.hash.clone());
        self.meet_head();
    }

    fn meet_head(&mut self) {
        if self.wanted.as_deref() == Some(hex(&self.last).as_str()) {
            self.wanted = None;
        }
    }

    fn end(mut self) -> Verification {
        if let Some(head) = self.wanted {
            self.findings.push(Finding::HeadGone { head });
        }
        Verification { events: self.events, head: hex(&self.last), findings: self.findings }
    }
}

fn hash(previous: &[u8], event: &Content) -> Vec<u8> {
    sha256(&[previous, canonical(event).as_bytes()].concat()).to_vec()
}

/// Each field as its length in bytes, a colon, the text and a comma; `-,` where there is none.
fn canonical(event: &Content) -> String {
    let fields = [
        Some(event.id.to_string()),
        Some(event.at.timestamp_micros().to_string()),
        Some(event.actor_kind.clone()),
        event.actor_id.map(|id| id.to_string()),
        Some(event.actor.clone()),
        Some(event.action.clone()),
        event.subject.clone(),
        event.domain_id.map(|id| id.to_string()),
        Some(event.detail.clone()),
    ];
    let field = |field: &Option<String>| match field {
        Some(text) => format!("{}:{text},", text.len()),
        None => "-,".to_owned(),
    };
    fields.iter().map(field).collect()
}

/// The digits in which hashes are shown.
/// Enough of a digest to tell states of one thing apart.
pub(super) fn short_hex(digest: &[u8]) -> String {
    hex(digest.get(..12).unwrap_or(digest))
}

pub fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Somebody took data out: what, and by which filter.
pub async fn note_export(
    app: &App,
    by: &Actor,
    action: &str,
    domain: Option<DomainId>,
    filter: Value,
) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let record = Record { actor: by, action, subject: None, domain, detail: json!({"filter": filter}) };
    audit::insert(&mut tx, record, app.clock.now()).await?;
    Ok(tx.commit().await?)
}

/// The master key file was replaced.
pub async fn note_master_key(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<()> {
    let record = Record {
        actor: &Actor::CommandLine,
        action: "master_key.rotated",
        subject: None,
        domain: None,
        detail: json!({}),
    };
    Ok(audit::insert(conn, record, now).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_events_read_alike() {
        let event = |actor: &str, subject: Option<&str>| Content {
            id: 1,
            at: DateTime::from_timestamp(1, 2_000).unwrap(),
            actor_kind: "admin".into(),
            actor_id: None,
            actor: actor.into(),
            action: "a.b".into(),
            subject: subject.map(Into::into),
            domain_id: None,
            detail: "{}".into(),
        };
        let ada = canonical(&event("Ädä", None));
        assert_eq!(ada, "1:1,7:1000002,5:admin,-,5:Ädä,3:a.b,-,-,2:{},");
        assert_ne!(ada, canonical(&event("Ädä", Some(""))));
    }
}
