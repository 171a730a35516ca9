//! Makes the outbox equal to the plan, for the subjects that were planned.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use planner::origin::Origins;
use planner::{Operation, Plan};
use protocol::ObjectGuid;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store;
use crate::store::domains::Domain;
use crate::store::operations::Row;

/// What reconciling changed.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) inserted: u64,
    /// Users whose making or linking is newly planned, or no longer.
    pub(super) identities: Vec<ObjectGuid>,
}

/// How far back a repetition is looked for.
const FUTILE_WINDOW: TimeDelta = TimeDelta::minutes(10);

type Key = (ObjectGuid, &'static str, Option<ObjectGuid>);

/// The same operation is kept, whatever its state; one of other content is superseded; a leased one is left alone, and
/// its successor waits.
pub(super) async fn outbox(
    tx: &mut PgConnection,
    domain: &Domain,
    subjects: &[ObjectGuid],
    plan: &Plan,
    origins: &Origins<'_>,
    now: DateTime<Utc>,
) -> anyhow::Result<Made> {
    let mut wanted: BTreeMap<Key, &Operation> =
        plan.operations.iter().map(|operation| (key(operation), operation)).collect();
    let mut made = Made::default();
    let mut superseded = Vec::new();
    let live = store::operations::list_live(&mut *tx, domain.id, subjects).await?;
    for row in &live {
        let key = (row.subject, row.change.kind(), row.target);
        let same = wanted.get(&key).is_some_and(|operation| operation.change == row.change.0);
        if same {
            wanted.remove(&key);
        } else if row.state != "leased" {
            superseded.push(row.id.0);
            note_identity(&mut made, row);
        }
    }
    supersede_kept_twice(&live, &mut superseded);
    store::operations::update_superseded(tx, &superseded, now).await?;
    let new: Vec<Operation> = wanted.into_values().cloned().collect();
    made.identities
        .extend(new.iter().filter(|new| super::gives_identity(&new.change)).map(|new| new.subject));
    if !new.is_empty() {
        let told: Vec<_> = new.iter().map(|new| (new.clone(), origins.of(new))).collect();
        made.inserted = store::operations::insert(tx, domain.organization_id, domain.id, &told, now).await?;
    }
    park_futile(tx, domain, &new, now).await?;
    store::holds::update_emptied(tx, domain.id, now).await?;
    store::holds::insert_moved_out(tx, domain.id, now).await?;
    Ok(made)
}

/// What was done twice in a row, without anything else in between, and is wanted a third time: JumpCloud stores another
/// value than the one it is given, and would be written to for ever.
async fn park_futile(
    tx: &mut PgConnection,
    domain: &Domain,
    new: &[Operation],
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let subjects: Vec<ObjectGuid> = new.iter().map(|operation| operation.subject).collect();
    let done = store::operations::list_last_done(&mut *tx, domain.id, &subjects, now - FUTILE_WINDOW).await?;
    for operation in new {
        let kind = operation.change.kind();
        let same = |row: &&Row| {
            row.subject == operation.subject && row.kind == kind && row.target == operation.target
        };
        let last: Vec<&Row> = done.iter().filter(same).collect();
        if last.len() == 2 && last.iter().all(|row| row.change.0 == operation.change) {
            let message = "JumpCloud accepted this twice and still shows another value. See what it makes of the value, \
                           correct it in AD or the attribute mapping, and retry.";
            store::operations::update_parked_as_futile(
                tx,
                domain.id,
                operation.subject,
                kind,
                operation.target,
                message,
            )
            .await?;
        }
    }
    Ok(())
}

fn key(operation: &Operation) -> Key {
    (operation.subject, operation.change.kind(), operation.target)
}

fn note_identity(made: &mut Made, row: &Row) {
    if super::gives_identity(&row.change) {
        made.identities.push(row.subject);
    }
}

/// A leased operation and its waiting successor that turned out to be the same: the successor is not needed.
fn supersede_kept_twice(live: &[Row], superseded: &mut Vec<Uuid>) {
    let leased: Vec<&Row> = live.iter().filter(|row| row.state == "leased").collect();
    for row in live.iter().filter(|row| row.state != "leased") {
        let twin = leased.iter().any(|other| {
            other.subject == row.subject && other.target == row.target && other.change == row.change
        });
        if twin && !superseded.contains(&row.id.0) {
            superseded.push(row.id.0);
        }
    }
}
