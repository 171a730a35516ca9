//! Why one user is or is not synced: the planner's rules, and what the outbox and the passwords add to them. The pages and
//! the API say the same.

mod absent;

use chrono::{DateTime, Utc};
use planner::Explanation;
use planner::explain::{Rule, RuleState};
use protocol::ObjectGuid;

use crate::app::App;
use crate::error::{Error, Result};
use crate::store;
use crate::store::coverage::Covered;
use crate::store::domains::{Domain, Mode};
use crate::store::operations::Row;
use crate::workers;

pub(super) use absent::{Absence, absent};

/// Every rule that bears on the user, with its JumpCloud fields and whom it could be there.
pub(super) async fn of(
    app: &App,
    domain: &Domain,
    user: ObjectGuid,
    password: Option<&Covered>,
    operations: &[Row],
) -> Result<Explanation> {
    let now = app.clock.now();
    let mut conn = app.db.acquire().await?;
    let mut found = workers::plan::explain(&mut conn, domain, &[user], now)
        .await
        .map_err(|error| Error::internal(format!("could not explain: {error:#}")))?;
    let read = read(&mut conn, domain).await?;
    let being_planned = store::dirty::contains(&mut *conn, domain.id, user).await?;
    let mut explanation = found.remove(&user).unwrap_or(Explanation {
        steps: vec![Rule::new("read", RuleState::Unknown, "The domain has not been read yet.")],
        fields: Vec::new(),
        candidates: Vec::new(),
    });
    if let Some(first) = explanation.steps.first_mut() {
        first.message = format!("{} {read}", first.message);
    }
    explanation.steps.push(self::password(password));
    explanation.steps.push(plan(domain, operations, being_planned, now));
    Ok(explanation)
}

/// When the directory was read, and from which domain controller.
async fn read(conn: &mut sqlx::PgConnection, domain: &Domain) -> sqlx::Result<String> {
    let Some(full) = domain.full_read_at else {
        return Ok("The directory has not been read in full yet.".into());
    };
    let agents = store::agents::list_of(&mut *conn, domain.id).await?;
    let source = agents.iter().find(|agent| agent.invocation_id == domain.last_invocation_id);
    let place = source.map(|agent| format!(" by {}", agent.domain_controller)).unwrap_or_default();
    let seen =
        domain.watcher_seen_at.map(|at| format!("; changes since then as they happen, last at {}", time(at)));
    Ok(format!("The directory was read in full{place} at {}{}.", time(full), seen.unwrap_or_default()))
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%F %T UTC").to_string()
}

fn password(row: Option<&Covered>) -> Rule {
    let Some(row) = row else {
        let message = "Not looked at: no password is sent for a user that is left out.";
        return Rule::new("password", RuleState::NotReached, message);
    };
    let (state, what) = match row.state.as_str() {
        "delivered" => (RuleState::Passed, "JumpCloud has the password that is current in AD."),
        "waiting" => {
            (RuleState::Unknown, "The current password was captured, or changed just now, and is on its way.")
        }
        "refused" => (RuleState::Failed, "JumpCloud refused the current password."),
        "expired" => (RuleState::Failed, "The current password waited for too long and was erased."),
        "missed" => (RuleState::Failed, "The current password was changed without being captured."),
        _ => {
            (RuleState::Unknown, "The current password was set before anything was captured in this domain.")
        }
    };
    let words = row.message.as_deref().filter(|_| row.state != "delivered").unwrap_or_default();
    Rule::new("password", state, format!("{what} {words}").trim_end())
}

/// What the outbox has in hand for the user.
fn plan(domain: &Domain, operations: &[Row], being_planned: bool, now: DateTime<Utc>) -> Rule {
    let live: Vec<&Row> = operations
        .iter()
        .filter(|row| matches!(row.state.as_str(), "ready" | "leased" | "held" | "parked"))
        .collect();
    let (state, message) = if being_planned {
        (RuleState::Unknown, "Something has changed, and the user is being planned.".to_owned())
    } else if let Some(row) = live.iter().find(|row| row.state == "parked") {
        let words = row.error_message.as_ref().or(row.error_code.as_ref()).cloned().unwrap_or_default();
        (RuleState::Failed, format!("Parked until somebody retries it: {}. {words}", named(row)))
    } else if let Some(row) = live.iter().find(|row| row.state == "held") {
        (RuleState::Failed, format!("Held until a person decides: {}.", named(row)))
    } else if let Some(row) = live.iter().find(|row| row.attempts > 0 && row.next_attempt_at > now) {
        let words = row.error_message.as_ref().or(row.error_code.as_ref()).cloned().unwrap_or_default();
        let next = time(row.next_attempt_at);
        let message =
            format!("Attempt {} failed: {}. {words} The next is at {next}.", row.attempts, named(row));
        (RuleState::Unknown, message)
    } else if live.is_empty() {
        (RuleState::Passed, "Nothing is to be done in JumpCloud.".to_owned())
    } else {
        let what: Vec<_> = live.iter().map(|row| named(row)).collect();
        let when = match domain.mode {
            Mode::Active => "Planned or under way",
            Mode::Preview => "Planned, and done once the domain is activated",
            Mode::Paused => "Planned, and done once the domain is no longer paused",
        };
        (RuleState::Passed, format!("{when}: {}.", what.join(", ")))
    };
    Rule::new("plan", state, message)
}

fn named(row: &Row) -> String {
    row.kind.replace('_', " ")
}
