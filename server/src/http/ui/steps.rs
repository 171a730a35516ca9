//! Operations in words: who, what, to what, and field by field what changes.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use planner::plan::{Cause, Change, Fields, Operation};
use protocol::{DomainId, HoldId, ObjectGuid, OperationId};
use serde_json::Value;
use sqlx::PgPool;

use super::views::Badge;
use super::words;
use crate::http::changes::{self, FieldChange};
use crate::store;
use crate::store::operations::Row;
use crate::store::subjects::Name;

/// What objects are called, and where their pages are.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<(DomainId, ObjectGuid), Name>);

impl Names {
    /// The names of whatever these operations are about.
    pub(super) async fn of(db: &PgPool, rows: &[Row]) -> sqlx::Result<Self> {
        let guids: Vec<_> = rows.iter().flat_map(|row| [Some(row.subject), row.target]).flatten().collect();
        Self::load(db, &guids).await
    }

    pub(super) async fn load(db: &PgPool, guids: &[ObjectGuid]) -> sqlx::Result<Self> {
        let names = store::subjects::list_names(db, guids).await?;
        Ok(Self(names.into_iter().map(|name| ((name.domain_id, name.guid), name)).collect()))
    }

    pub(super) fn link(&self, domain: DomainId, guid: ObjectGuid) -> NameLink {
        match self.0.get(&(domain, guid)) {
            Some(name) => NameLink::new(name),
            None => NameLink { text: format!("unknown object {guid}"), href: String::new() },
        }
    }
}

/// A name that leads to its page; without an address it is only a name.
#[derive(Clone, Debug)]
pub(super) struct NameLink {
    pub text: String,
    pub href: String,
}

impl NameLink {
    pub(super) fn new(name: &Name) -> Self {
        let place = match name.kind.as_str() {
            "user" => "users",
            "group" => "groups",
            _ => return Self { text: name.name.clone(), href: String::new() },
        };
        Self { text: name.name.clone(), href: format!("/domains/{}/{place}/{}", name.domain_id, name.guid) }
    }
}

/// One sentence: verb, subject, joint, target, tail.
#[derive(Debug)]
pub(super) struct Sentence {
    pub verb: &'static str,
    pub subject: NameLink,
    pub joint: &'static str,
    pub target: Option<NameLink>,
    pub tail: String,
    pub takes_away: bool,
}

/// One field of a change.
#[derive(Debug)]
pub(super) struct Difference {
    pub field: String,
    /// `None` where it is not known.
    pub before: Option<String>,
    pub after: String,
}

/// An operation in a list.
#[derive(Debug)]
pub(super) struct Step {
    pub id: OperationId,
    pub sentence: Sentence,
    pub badge: Badge,
    pub differences: Vec<Difference>,
    pub answer: Option<String>,
    pub error: Option<String>,
    pub attempts: i32,
    /// Only while it waits for another attempt.
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub at: DateTime<Utc>,
    pub hold: Option<HoldId>,
    /// Trying it again could not help.
    pub is_final: bool,
    pub can_retry: bool,
}

impl Step {
    pub(super) fn new(row: &Row, names: &Names) -> Self {
        let waits = row.state == "ready" && row.attempts > 0;
        let is_final = row.state == "parked" && has_lost_its_password(row);
        Self {
            id: row.id,
            sentence: sentence(row.domain_id, row.subject, row.target, &row.change.0, names),
            badge: Badge::of(&row.state),
            differences: differences(&row.change.0, row.before.as_ref()),
            answer: row.answer.clone().filter(|answer| !answer.is_empty()),
            error: row.error_message.clone().or_else(|| row.error_code.clone()),
            attempts: row.attempts,
            next_attempt_at: waits.then_some(row.next_attempt_at),
            at: row.settled_at.unwrap_or(row.created_at),
            hold: row.hold_id.filter(|_| row.state == "held"),
            is_final,
            can_retry: (row.state == "parked" && !is_final) || waits,
        }
    }

    pub(super) fn has_details(&self) -> bool {
        !self.differences.is_empty() || self.answer.is_some()
    }
}

/// A step of a plan that nobody keeps.
#[derive(Debug)]
pub(super) struct Planned {
    pub sentence: Sentence,
    pub differences: Vec<Difference>,
}

impl Planned {
    /// `before`: what JumpCloud has of the user.
    pub(super) fn new(domain: DomainId, step: &Operation, before: Option<&Value>, names: &Names) -> Self {
        Self {
            sentence: sentence(domain, step.subject, step.target, &step.change, names),
            differences: differences(&step.change, before),
        }
    }
}

/// What JumpCloud refused, and what cannot be opened, is erased at once.
fn has_lost_its_password(row: &Row) -> bool {
    matches!(row.change.0, Change::SetPassword { .. })
        && matches!(row.error_code.as_deref(), Some("password_refused" | "password_unreadable"))
}

fn sentence(
    domain: DomainId,
    subject: ObjectGuid,
    target: Option<ObjectGuid>,
    change: &Change,
    names: &Names,
) -> Sentence {
    let (verb, joint, tail) = phrase(change, target.is_some());
    Sentence {
        verb,
        subject: names.link(domain, subject),
        joint,
        target: target.map(|target| names.link(domain, target)),
        tail,
        takes_away: words::takes_away(change.kind()),
    }
}

fn phrase(change: &Change, has_target: bool) -> (&'static str, &'static str, String) {
    let plain = |verb| (verb, "", String::new());
    let because = |verb, cause: &Cause| (verb, "", format!("({})", why(*cause)));
    match change {
        Change::CreateUser { fields } => ("Create user", "", named(fields)),
        Change::LinkUser { jumpcloud_id, .. } => {
            ("Link", "", format!("to the existing JumpCloud user {jumpcloud_id}"))
        }
        Change::ExpirePassword => plain("Expire the password of"),
        Change::AssociateUser => ("Assign user", "", "to the AD instance".into()),
        Change::SuspendUser { cause, .. } => because("Suspend", cause),
        Change::RestoreUser => plain("Lift the suspension of"),
        Change::SetPassword { .. } => plain("Set the password of"),
        Change::SetUsername { username } => ("Change the username of", "", format!("to “{username}”")),
        Change::UpdateUser { fields } => {
            let names: Vec<_> = fields.keys().map(String::as_str).collect();
            ("Update", "", format!("({})", names.join(", ")))
        }
        Change::SetManager if has_target => ("Set the manager of", "to", String::new()),
        Change::SetManager => plain("Clear the manager of"),
        Change::UnbindUser { cause } => because("Cut from AD", cause),
        Change::DeleteUser { cause } => because("Delete", cause),
        Change::CreateGroup { name } => ("Create group", "", format!("as “{name}”")),
        Change::AdoptGroup { name, .. } => {
            ("Adopt for group", "", format!("the existing JumpCloud group “{name}”"))
        }
        Change::AssociateGroup => ("Assign group", "", "to the AD instance".into()),
        Change::RenameGroup { name } => ("Rename group", "", format!("to “{name}”")),
        Change::UnbindGroup => plain("Cut group from AD:"),
        Change::DeleteGroup => plain("Delete group"),
        Change::AddMember => ("Add", "to", String::new()),
        Change::RemoveMember => ("Remove", "from", String::new()),
    }
}

fn why(cause: Cause) -> &'static str {
    match cause {
        Cause::LeftGroup => "no longer a member of the integration group",
        Cause::Deleted => "deleted in AD",
        Cause::Disabled => "disabled in AD",
        Cause::Expired => "expired in AD",
        Cause::MovedOut => "moved out of the root user container",
    }
}

fn named(fields: &Fields) -> String {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    match (text("username"), text("email")) {
        (Some(username), Some(email)) => format!("as {username}, {email}"),
        (Some(only), None) | (None, Some(only)) => format!("as {only}"),
        (None, None) => String::new(),
    }
}

fn differences(change: &Change, before: Option<&Value>) -> Vec<Difference> {
    let shown = |one: FieldChange| Difference {
        field: one.field,
        before: one.before.as_ref().map(words::value),
        after: words::value(&one.after),
    };
    changes::of(change, before).into_iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_update_shows_what_was_there_before() {
        let fields =
            Fields::from([("jobTitle".into(), json!("Lead")), ("phoneNumbers".into(), json!({"work": "1"}))]);
        let before = json!({"username": "ada", "fields": {"jobTitle": "Engineer"}, "phones": {"work": "2"}});
        let found = differences(&Change::UpdateUser { fields }, Some(&before));
        let found: Vec<_> = found.iter().map(|row| (row.before.as_deref(), row.after.as_str())).collect();
        assert_eq!(found, [(Some("Engineer"), "Lead"), (Some("work: 2"), "work: 1")]);
    }

    #[test]
    fn a_cause_stands_in_words() {
        let (verb, _, tail) = phrase(&Change::DeleteUser { cause: Cause::LeftGroup }, false);
        assert_eq!((verb, tail.as_str()), ("Delete", "(no longer a member of the integration group)"));
    }
}
