//! The guard, over the outbox as a whole: more destruction than the limits allow waits for a person.

use chrono::{DateTime, Duration, Utc};
use planner::guard::{allowed, trips};
use planner::policy::Limit;
use protocol::ObjectGuid;
use serde_json::json;
use sqlx::PgConnection;

use crate::app::Actor;
use crate::store::domains::Domain;
use crate::store::{self, audit};

/// Holds what is too much, each kind apart. Returns the subjects whose operations are newly held.
pub(super) async fn hold(
    tx: &mut PgConnection,
    domain: &Domain,
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<ObjectGuid>> {
    let guard = &domain.settings.guard;
    let since = now - Duration::hours(i64::from(guard.window_hours));
    let mut held = Vec::new();
    for (kind, limit) in [
        ("users", guard.users),
        ("suspends", guard.suspends),
        ("groups", guard.groups),
        ("memberships", guard.memberships),
    ] {
        held.extend(hold_kind(tx, domain, kind, &limit, since, now).await?);
    }
    Ok(held)
}

async fn hold_kind(
    tx: &mut PgConnection,
    domain: &Domain,
    kind: &str,
    limit: &Limit,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<ObjectGuid>> {
    let counts = store::holds::count(tx, domain.id, kind, since).await?;
    let [done, ready, linked] =
        [counts.done, counts.ready, counts.linked].map(|n| u64::try_from(n).unwrap_or(0));
    if !trips(limit, linked, done, ready) {
        return Ok(Vec::new());
    }
    let may = i64::try_from(allowed(limit, linked)).unwrap_or(i64::MAX);
    let (opened, subjects) = store::holds::insert(tx, domain.id, kind, may, &counts, now).await?;
    if let Some(hold) = opened {
        tracing::warn!(domain.id = %domain.id, hold.id = %hold, "the guard holds {ready} operations of the kind {kind}");
        let detail =
            json!({"kind": kind, "ready": ready, "done_in_window": done, "allowed": may, "linked": linked});
        let record = audit::Record {
            actor: &Actor::Server,
            action: "hold.opened",
            subject: Some(hold.to_string()),
            domain: Some(domain.id),
            detail,
        };
        audit::insert(tx, record, now).await?;
    }
    Ok(subjects)
}
