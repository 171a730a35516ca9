//! Deciding about what the guard held: all of it, or some.

use planner::input::MovedOutAnswer;
use protocol::HoldId;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::subjects;
use crate::app::{Actor, App};
use crate::error::{Error, Result};
use crate::store::holds::{Hold, Which};
use crate::store::{self, audit};

/// What a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Approve,
    Reject,
}

impl Decision {
    fn state(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Reject => "rejected",
        }
    }
}

/// Approves or rejects everything that waits in the hold, the operations named, or all of one cause. What was superseded
/// meanwhile is skipped. Returns how many operations were decided.
pub async fn decide(app: &App, by: &Actor, id: HoldId, decision: Decision, which: Which<'_>) -> Result<u64> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let hold = open_hold(&mut tx, id).await?;
    if hold.kind == "moved_out" {
        return Err(Error::conflict(
            "hold_needs_answer",
            "These users were moved out of the root user container but are still members. Answer with follow or \
             dissociate for each, or widen the container in the settings.",
        ));
    }
    let subjects = match decision {
        Decision::Approve => store::holds::update_approved(&mut tx, id, which, now).await?,
        Decision::Reject => {
            let message =
                format!("{} rejected this on {}. Retry it to do it after all.", by, now.format("%F %R UTC"));
            store::holds::update_rejected(&mut tx, id, which, &message, now).await?
        }
    };
    if which.cause().is_some() && subjects.is_empty() {
        return Err(Error::field(
            "cause",
            "names nothing that waits in this hold: the hold lists its causes",
        ));
    }
    let decided = subjects.len() as u64;
    let is_all = u64::try_from(hold.waiting).is_ok_and(|waiting| decided >= waiting);
    let state = if is_all { decision.state() } else { "partly" };
    store::holds::update_decided(&mut tx, id, state, &by.to_string(), now).await?;
    store::subjects::update_status(&mut tx, hold.domain_id, &subjects).await?;
    let detail = json!({
        "kind": hold.kind, "before": {"state": hold.state}, "after": {"state": state}, "decision": decision.state(),
        "operations": decided, "cause": which.cause(), "named": which.named(),
    });
    let record = audit::Record {
        actor: by,
        action: "hold.decided",
        subject: Some(id.to_string()),
        domain: Some(hold.domain_id),
        detail,
    };
    audit::insert(&mut tx, record, now).await?;
    tx.commit().await?;
    app.wake.execute.notify_one();
    Ok(decided)
}

/// Answers for users that were moved out of the root user container: all of the hold, or those named.
pub async fn answer_moved_out(
    app: &App,
    by: &Actor,
    id: HoldId,
    answer: MovedOutAnswer,
    only: Option<&[Uuid]>,
) -> Result<u64> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let hold = open_hold(&mut tx, id).await?;
    if hold.kind != "moved_out" {
        return Err(Error::conflict(
            "hold_needs_decision",
            "This hold is approved or rejected, not answered.",
        ));
    }
    let word = match answer {
        MovedOutAnswer::Follow => "follow",
        MovedOutAnswer::Dissociate => "dissociate",
    };
    let waiting = store::subjects::list_moved_out(&mut *tx, hold.domain_id).await?.into_iter();
    let users: Vec<_> =
        waiting.map(|user| user.guid).filter(|guid| only.is_none_or(|only| only.contains(&guid.0))).collect();
    store::dirty::mark(&mut tx, hold.domain_id, &users).await?;
    store::holds::update_moved_out(&mut tx, hold.domain_id, word, &users).await?;
    let detail = json!({"answer": word, "users": users});
    let record = audit::Record {
        actor: by,
        action: "hold.decided",
        subject: Some(id.to_string()),
        domain: Some(hold.domain_id),
        detail,
    };
    audit::insert(&mut tx, record, now).await?;
    tx.commit().await?;
    app.wake.plan.notify_one();
    Ok(users.len() as u64)
}

/// As it stands while nothing of its domain is planned.
async fn open_hold(tx: &mut PgConnection, id: HoldId) -> Result<Hold> {
    let found = store::holds::find(&mut *tx, id).await?.ok_or(Error::NotFound("hold"))?;
    subjects::lease(tx, found.domain_id).await?;
    let hold = store::holds::find(&mut *tx, id).await?.ok_or(Error::NotFound("hold"))?;
    if hold.state == "open" {
        Ok(hold)
    } else {
        Err(Error::conflict(
            "hold_decided",
            "This hold has been decided already, or what it held is no longer planned.",
        ))
    }
}
