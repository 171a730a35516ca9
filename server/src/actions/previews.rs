//! The plan as it stands: what the outbox holds is what activation does.

use std::collections::BTreeMap;

use protocol::{DomainId, OperationId};
use sqlx::types::Uuid;
use sqlx::{PgConnection, PgPool};

use crate::error::Result;
use crate::store;
use crate::store::plans::{Planned, Which};

/// What a plan does, in the order in which it is shown: what takes something away first.
pub const KINDS: [&str; 20] = [
    "delete_user",
    "unbind_user",
    "suspend_user",
    "delete_group",
    "unbind_group",
    "remove_member",
    "expire_password",
    "create_user",
    "link_user",
    "restore_user",
    "set_username",
    "update_user",
    "set_password",
    "set_manager",
    "create_group",
    "adopt_group",
    "rename_group",
    "add_member",
    "associate_user",
    "associate_group",
];

/// How many of [`KINDS`] take something away: the first ones.
const DESTRUCTIVE: usize = 7;

/// A plan at a glance.
#[derive(Debug)]
pub struct Preview {
    /// SHA-256 over what the operations are; two equal plans have the same.
    pub digest: String,
    pub counts: BTreeMap<String, i64>,
    /// Of these wait for a person's decision.
    pub held: i64,
}

impl Preview {
    pub fn total(&self) -> i64 {
        self.counts.values().sum()
    }
}

/// Reads the plan at a glance.
pub async fn of(conn: &mut PgConnection, id: DomainId) -> Result<Preview> {
    let rows = store::plans::count(conn, id).await?;
    let mut text = String::new();
    for row in &rows {
        text.push_str(&format!("{}\t{}\t{}\n", row.kind, row.count, row.fingerprint));
    }
    Ok(Preview {
        digest: crate::crypto::sha256_hex(text.as_bytes()),
        held: rows.iter().map(|row| row.held).sum(),
        counts: rows.into_iter().map(|row| (row.kind, row.count)).collect(),
    })
}

/// Which operations of the plan are listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// One of [`KINDS`].
    pub kind: Option<String>,
    pub destructive: bool,
    /// One of `left_group`, `deleted`, `disabled`, `expired`, `moved_out`.
    pub cause: Option<String>,
    /// Part of the name of the user or group.
    pub query: Option<String>,
}

/// Why somebody is dissociated, as operations name it.
pub const CAUSES: [&str; 5] = ["left_group", "deleted", "disabled", "expired", "moved_out"];

impl Filter {
    fn kinds(&self) -> &[&'static str] {
        let chosen = self.kind.as_ref().and_then(|kind| KINDS.iter().position(|known| known == kind));
        match (chosen, self.destructive || self.cause.is_some()) {
            (Some(at), false) => &KINDS[at..=at],
            (Some(at), true) if at < DESTRUCTIVE => &KINDS[at..=at],
            (Some(_), true) => &[],
            (None, true) => &KINDS[..DESTRUCTIVE],
            (None, false) => &KINDS,
        }
    }
}

/// A list of planned operations, read piece by piece.
#[derive(Debug)]
pub struct Listing {
    domain: DomainId,
    filter: Filter,
    subjects: Option<Vec<Uuid>>,
}

impl Listing {
    pub async fn of(db: &PgPool, domain: DomainId, filter: Filter) -> Result<Self> {
        let subjects = match &filter.query {
            Some(query) => Some(store::plans::list_matching(db, domain, query).await?),
            None => None,
        };
        Ok(Self { domain, filter, subjects })
    }

    /// The operations after one, in the order of [`KINDS`] and within a kind as they were planned.
    pub async fn after(&self, db: &PgPool, after: Option<OperationId>, limit: i64) -> Result<Vec<Planned>> {
        let last = match after {
            Some(id) => store::operations::find(db, id).await?.filter(|row| row.domain_id == self.domain),
            None => None,
        };
        let kinds = self.filter.kinds();
        let begin = last.as_ref().and_then(|row| kinds.iter().position(|kind| *kind == row.kind));
        let which = Which { cause: self.filter.cause.as_deref(), subjects: self.subjects.as_deref() };
        let mut found = Vec::new();
        for kind in &kinds[begin.unwrap_or(0)..] {
            let after = last.as_ref().filter(|row| row.kind == *kind).map(|row| row.id);
            let room = limit - i64::try_from(found.len()).unwrap_or(limit);
            if room <= 0 {
                break;
            }
            found.extend(store::plans::list(db, self.domain, kind, which, after, room).await?);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_something_away_is_listed_first_and_alone_where_that_is_asked_for() {
        let filter = |kind: Option<&str>, destructive| Filter {
            kind: kind.map(str::to_owned),
            destructive,
            ..Filter::default()
        };
        assert_eq!(filter(None, true).kinds().last(), Some(&"expire_password"));
        assert_eq!(filter(Some("create_user"), false).kinds(), ["create_user"]);
        assert!(filter(Some("create_user"), true).kinds().is_empty());
        assert_eq!(Filter { cause: Some("deleted".into()), ..Filter::default() }.kinds().len(), DESTRUCTIVE);
    }
}
