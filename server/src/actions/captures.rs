//! Captured passwords come in: the newest of each user is kept, sealed as it came, and planned for.

use chrono::{DateTime, Utc};
use protocol::captures::{
    CaptureOrders, CaptureOutcome, CaptureResult, CaptureState, Captured, Captures, CapturesAnswer,
    MAX_CAPTURES,
};
use sqlx::PgConnection;

use crate::app::App;
use crate::error::{Error, Result};
use crate::store;
use crate::store::agents::Agent;

/// What an agent counts as lost: captured, but not to be had any more.
pub const LOST: [&str; 7] =
    ["ambiguous", "damaged", "disk_full", "no_sealing_key", "spool_full", "too_long", "too_slow"];

/// What an agent counted, by its stable code.
pub fn counted(code: &str) -> Option<&'static str> {
    Some(match code {
        "captured" => "captured",
        "relayed" => "relayed to the server",
        "exempt" => "of privileged accounts, not kept",
        "ignored_account" => "of computers and the like, not kept",
        "no_sealing_key" => "before the hook had a key to seal with",
        "not_text" => "not text, so nobody could type it elsewhere",
        "too_long" => "too long",
        "too_slow" => "the disk was too slow",
        "disk_full" => "the disk was full",
        "spool_full" => "the spool was full",
        "superseded" => "replaced by a later one",
        "unconfirmed" => "not accepted by the domain controller",
        "ambiguous" => "one of several at once, which one cannot be told",
        "damaged" => "damaged in the spool",
        "refused_by_server" => "refused by the server",
        _ => return None,
    })
}

/// Keeps what an agent has captured. What is answered for, the agent forgets.
pub async fn receive(app: &App, agent: &Agent, message: &Captures) -> Result<CapturesAnswer> {
    if message.captures.len() > MAX_CAPTURES {
        return Err(Error::field("captures", format!("must be at most {MAX_CAPTURES}")));
    }
    let now = app.clock.now();
    let mut results = Vec::with_capacity(message.captures.len());
    let mut tx = app.db.begin().await?;
    let mut kept = Vec::new();
    // In one order, so that two messages that name the same users wait for each other instead of blocking each other.
    let mut captures: Vec<&Captured> = message.captures.iter().collect();
    captures.sort_by_key(|captured| captured.user);
    for captured in captures {
        let outcome = keep(&mut tx, app, agent, captured, now).await?;
        if outcome == CaptureOutcome::Kept {
            kept.push(captured.user);
        }
        results.push(CaptureResult { capture: captured.envelope.label.capture, outcome });
    }
    kept.dedup();
    store::dirty::mark_urgent(&mut tx, agent.domain_id, &kept).await?;
    tx.commit().await?;
    app.wake.plan.notify_one();
    Ok(CapturesAnswer { results })
}

async fn keep(
    tx: &mut PgConnection,
    app: &App,
    agent: &Agent,
    captured: &Captured,
    now: DateTime<Utc>,
) -> Result<CaptureOutcome> {
    let label = &captured.envelope.label;
    if label.domain != agent.domain_id {
        return Ok(refused("not_this_domain", "The password was captured for another domain."));
    }
    if app.opening_key(label.key).await?.is_none() {
        return Ok(refused("key_unknown", "The password is sealed to a key that the server no longer has."));
    }
    if store::exempt::contains(&mut *tx, agent.domain_id, captured.user).await? {
        return Ok(refused("privileged", "The account is privileged in AD, so its password is not kept."));
    }
    let known = store::passwords::find_locked(&mut *tx, agent.domain_id, captured.user).await?;
    match known {
        Some(known) if known.capture == label.capture => return Ok(CaptureOutcome::Kept),
        Some(known) if !captured.stamp.replaces(&known.stamp) => return Ok(CaptureOutcome::Superseded),
        Some(_) | None => {}
    }
    store::passwords::insert(tx, captured, now).await?;
    Ok(CaptureOutcome::Kept)
}

fn refused(code: &str, message: &str) -> CaptureOutcome {
    CaptureOutcome::Refused { code: code.into(), message: message.into() }
}

/// What the hook of an agent is to go by.
pub(super) async fn orders(
    tx: &mut PgConnection,
    agent: &Agent,
    state: Option<&CaptureState>,
) -> Result<Option<CaptureOrders>> {
    let Some(sealing_key) = store::sealing_keys::find_newest(&mut *tx).await? else { return Ok(None) };
    let version = state.and_then(|state| state.exempt_version.as_deref()).unwrap_or_default();
    let exempt = store::exempt::find_other(&mut *tx, agent.domain_id, version).await?;
    Ok(Some(CaptureOrders { sealing_key, exempt }))
}

/// True if the agent lost more than it had when it was last heard of.
pub(super) fn has_lost_more(agent: &Agent, state: Option<&CaptureState>) -> bool {
    let lost = |state: &CaptureState| LOST.iter().filter_map(|code| state.counters.get(*code)).sum::<u64>();
    let before = agent.capture.as_ref().map_or(0, |state| lost(state));
    state.is_some_and(|state| lost(state) > before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_loss_has_its_words() {
        assert!(LOST.iter().all(|code| counted(code).is_some()));
    }
}
