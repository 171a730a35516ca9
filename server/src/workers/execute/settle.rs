//! Settles an operation under its lease: its end, the link, the mirror and what is to be planned again, in one
//! transaction.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use planner::policy::TakeoverAction;
use protocol::OrganizationId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::outcome::{Effect, Outcome};
use crate::app::App;
use crate::crypto::random_bytes;
use crate::jumpcloud::{JumpCloudError, Verdict};
use crate::store;
use crate::store::links::Link;
use crate::store::operations::{Leased, Settlement};
use crate::store::organizations::Organization;
use crate::store::passwords::End;

/// Nothing is tried for so long after JumpCloud refused the credential; a new credential ends the pause at once.
const CREDENTIAL_PAUSE: TimeDelta = TimeDelta::minutes(1);

/// Writes what came of the operation.
pub(super) async fn settle(
    app: &App,
    organization: &Organization,
    operation: &Leased,
    token: Uuid,
    outcome: Outcome,
) -> anyhow::Result<()> {
    let now = app.clock.now();
    match outcome {
        Outcome::Done { before, effects } => {
            let end = Settlement { before, ..ended("done") };
            finish(app, organization, operation, token, &end, effects).await?;
            if organization.problem_code.is_some() {
                store::organizations::update_healthy(&app.db, organization.id).await?;
            }
        }
        Outcome::Replan { effects } => {
            finish(app, organization, operation, token, &ended("superseded"), effects).await?;
        }
        Outcome::Parked { code, message, answer, effects } => {
            let end = Settlement {
                answer: answer.as_deref(),
                error_code: Some(code),
                error_message: Some(&message),
                ..ended("parked")
            };
            finish(app, organization, operation, token, &end, effects).await?;
        }
        Outcome::Postponed(why) => {
            let end = Settlement {
                next_attempt_at: Some(now + backoff(operation.attempts)),
                error_code: Some("postponed"),
                error_message: Some(&why),
                ..ended("ready")
            };
            finish(app, organization, operation, token, &end, Vec::new()).await?;
        }
        Outcome::Failed(error) => failed(app, organization, operation, token, &error, now).await?,
    }
    Ok(())
}

async fn failed(
    app: &App,
    organization: &Organization,
    operation: &Leased,
    token: Uuid,
    error: &JumpCloudError,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let advice = advice(error);
    let parked = error.verdict() == Verdict::Park;
    let end = Settlement {
        next_attempt_at: (!parked).then(|| now + backoff(operation.attempts)),
        answer: error.refusal().map(|refusal| refusal.answer.as_str()),
        error_code: Some(error.code()),
        error_message: Some(&advice),
        ..ended(if parked { "parked" } else { "ready" })
    };
    finish(app, organization, operation, token, &end, Vec::new()).await?;
    note_trouble(app, organization.id, error, operation.attempts).await
}

/// What concerns every operation of the organization pauses it, and is shown.
pub(in crate::workers) async fn note_trouble(
    app: &App,
    organization: OrganizationId,
    error: &JumpCloudError,
    attempts: i32,
) -> anyhow::Result<()> {
    let now = app.clock.now();
    let until = match error.verdict() {
        Verdict::PauseOrganization { .. } => now + CREDENTIAL_PAUSE,
        Verdict::RetryAfter(Some(wait)) => now + TimeDelta::from_std(wait.min(Duration::from_secs(900)))?,
        Verdict::RetryAfter(None) => now + backoff(attempts.max(1)),
        Verdict::Retry | Verdict::Park => {
            if matches!(error, JumpCloudError::Unreachable(_)) {
                // One process that cannot reach JumpCloud need not find it out for every operation.
                now + TimeDelta::seconds(2)
            } else {
                return Ok(());
            }
        }
    };
    store::organizations::update_pause(&app.db, organization, until, error.code(), &advice(error)).await?;
    Ok(())
}

/// How often a settlement is tried: against a deadlock or a database that restarts. Giving up costs a whole lease.
const SETTLING_TRIES: u32 = 8;

async fn finish(
    app: &App,
    organization: &Organization,
    operation: &Leased,
    token: Uuid,
    end: &Settlement<'_>,
    effects: Vec<Effect>,
) -> anyhow::Result<()> {
    for pause in (0..SETTLING_TRIES - 1).map(|number| Duration::from_millis(50 << number)) {
        match finish_once(app, organization, operation, token, end, effects.clone()).await {
            Ok(()) => return Ok(()),
            Err(error) => {
                tracing::warn!(operation.id = %operation.id, "settling an operation is tried again: {error:#}");
            }
        }
        tokio::time::sleep(pause).await;
    }
    finish_once(app, organization, operation, token, end, effects).await
}

async fn finish_once(
    app: &App,
    organization: &Organization,
    operation: &Leased,
    token: Uuid,
    end: &Settlement<'_>,
    effects: Vec<Effect>,
) -> anyhow::Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if !store::operations::update_settled(&mut tx, operation.id, token, end, now).await? {
        tracing::warn!(operation.id = %operation.id, "the lease was lost; another process settles the operation");
        return Ok(());
    }
    for effect in effects {
        apply(&mut tx, organization.id, operation, effect, now).await?;
    }
    if end.state == "done" || end.state == "superseded" {
        store::dirty::mark(&mut tx, operation.domain_id, &[operation.subject]).await?;
    }
    store::subjects::update_status(&mut tx, operation.domain_id, &[operation.subject]).await?;
    tx.commit().await?;
    app.wake.plan.notify_one();
    if end.state == "parked" {
        app.wake.alerts.notify_one();
    }
    Ok(())
}

async fn apply(
    tx: &mut PgConnection,
    organization: OrganizationId,
    operation: &Leased,
    effect: Effect,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let (domain, subject) = (operation.domain_id, operation.subject);
    match effect {
        Effect::User(user) => {
            store::mirror::insert_users(tx, organization, std::slice::from_ref(&*user), now).await?;
        }
        Effect::UserGone(id) => {
            store::dirty::mark_linked(tx, organization, std::slice::from_ref(&id)).await?;
            store::mirror::delete_user(tx, organization, &id).await?;
        }
        Effect::Group(group) => {
            store::mirror::insert_groups(tx, organization, &[group], now).await?;
        }
        Effect::GroupGone(id) => {
            store::dirty::mark_linked(tx, organization, std::slice::from_ref(&id)).await?;
            store::mirror::delete_group(tx, organization, &id).await?;
        }
        Effect::Link { kind, jumpcloud_id, taken_over } => {
            // Whoever is linked under `retain` keeps the password, whatever the setting becomes later.
            let policy =
                store::domains::find(&mut *tx, domain).await?.map(|row| row.settings.user_takeover_action);
            let password_expired = !taken_over || policy != Some(TakeoverAction::Deactivate);
            let link = Link {
                guid: subject,
                kind: kind.into(),
                jumpcloud_id,
                suspended_by_us: false,
                leaving_since: None,
                taken_over,
                password_expired,
            };
            store::links::insert_link(tx, organization, domain, &link, now).await?;
            store::dirty::mark_reports(tx, domain, subject).await?;
        }
        Effect::Unlink => store::links::delete_link(tx, domain, subject).await?,
        Effect::Suspended { by_us } => {
            store::links::update_link_suspended(tx, domain, subject, by_us).await?
        }
        Effect::PasswordExpired => store::links::update_link_password_expired(tx, domain, subject).await?,
        Effect::PasswordDelivered(capture) => {
            store::passwords::update_ended(tx, domain, subject, capture, End::Delivered, now).await?;
        }
        Effect::PasswordRefused { capture, code, message } => {
            let end = End::Refused { code, message: &message };
            store::passwords::update_ended(tx, domain, subject, capture, end, now).await?;
            store::dirty::mark(tx, domain, &[subject]).await?;
        }
        Effect::Member { group, user, present } => {
            store::mirror::update_member(tx, organization, &group, &user, present).await?;
        }
        Effect::Association { kind, jumpcloud_id, present } => {
            store::mirror::update_association(tx, domain, kind, &jumpcloud_id, present).await?;
        }
    }
    Ok(())
}

fn ended(state: &str) -> Settlement<'_> {
    Settlement {
        state,
        next_attempt_at: None,
        before: None,
        answer: None,
        error_code: None,
        error_message: None,
    }
}

/// 1 s, 2 s, 4 s … up to five minutes, each with up to a quarter more, so that retries do not come in step.
fn backoff(attempts: i32) -> TimeDelta {
    let base = 1000_i64 << attempts.saturating_sub(1).clamp(0, 9);
    let base = base.min(300_000);
    let [jitter] = random_bytes::<1>();
    TimeDelta::milliseconds(base + base * i64::from(jitter) / 1024)
}

/// What happened and what to do, for people.
pub(in crate::workers) fn advice(error: &JumpCloudError) -> String {
    let next = match error {
        JumpCloudError::Throttled { .. } => "It goes on by itself.",
        JumpCloudError::Unauthorized(_) => {
            "Enter a new credential on the organization's page; nothing is lost meanwhile."
        }
        JumpCloudError::Forbidden(_) => {
            "Give the credential's administrator the rights it lacks, or enter another credential."
        }
        JumpCloudError::OrganizationUnknown(_) => "Correct the organization id.",
        JumpCloudError::Unreachable(_)
        | JumpCloudError::Server { .. }
        | JumpCloudError::Malformed(_)
        | JumpCloudError::NotOurs => "It is tried again by itself.",
        JumpCloudError::NotFound(_)
        | JumpCloudError::Conflict(_)
        | JumpCloudError::Refused(_)
        | JumpCloudError::InvalidId(_) => {
            "Correct the value in AD, or what stands against it in JumpCloud, and retry."
        }
    };
    format!("{error}. {next}")
}
