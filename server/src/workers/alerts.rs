//! Keeps the alerts in step with what holds: each condition is opened once and closed once, never repeated per cycle.

use protocol::DomainId;

use super::Worked;
use crate::actions::coverage::{self, Capture};
use crate::app::App;
use crate::store;
use crate::store::agents::Agent;
use crate::store::alerts::Condition;

/// How many refused passwords are named one by one.
const REFUSED_NAMED: i64 = 1000;

/// One look at everything.
pub async fn turn(app: &App) -> anyhow::Result<Worked> {
    let mut conditions = Vec::new();
    for domain in store::domains::list(&app.db).await? {
        let agents = store::agents::list_of(&app.db, domain.id).await?;
        conditions.extend(refused(app, domain.id).await?);
        conditions.extend(missed(app, domain.id, &agents).await?);
        if store::domains::find_captures_since(&app.db, domain.id).await?.flatten().is_some() {
            conditions.extend(uncovered(app, domain.id, &agents));
        }
    }
    let mut tx = app.db.begin().await?;
    store::alerts::update(&mut tx, &conditions, app.clock.now()).await?;
    tx.commit().await?;
    Ok(Worked::Idle)
}

async fn refused(app: &App, domain: DomainId) -> anyhow::Result<Vec<Condition>> {
    let rows =
        store::coverage::list(&app.db, domain, app.clock.now(), Some("refused"), None, REFUSED_NAMED).await?;
    let condition = |row: store::coverage::Covered| Condition {
        domain_id: Some(domain),
        code: "password_refused",
        subject: row.guid.to_string(),
        message: format!(
            "{}: {}",
            row.sam_account_name.as_deref().or(row.display_name.as_deref()).unwrap_or("A user"),
            row.message.unwrap_or_default()
        ),
    };
    Ok(rows.into_iter().map(condition).collect())
}

async fn missed(app: &App, domain: DomainId, agents: &[Agent]) -> anyhow::Result<Vec<Condition>> {
    let rows = store::coverage::list_missed(&app.db, domain, app.clock.now()).await?;
    let condition = |row: store::coverage::Missed| {
        let agent = agents.iter().find(|agent| agent.invocation_id == row.invocation_id);
        let place = match (agent, row.invocation_id) {
            (Some(agent), Some(_)) => format!("on {}", coverage::name_of(agent)),
            (None, Some(id)) => format!("on a domain controller without an agent (invocationId {id})"),
            (_, None) => "on a domain controller that cannot be told".into(),
        };
        Condition {
            domain_id: Some(domain),
            code: "password_missed",
            subject: row.invocation_id.map_or_else(String::new, |id| id.to_string()),
            message: format!(
                "Passwords were changed {place} and not captured ({} users), so JumpCloud has their former ones. See that the \
                 hook is installed there and healthy, and have these users change their passwords again: the coverage lists them.",
                row.users
            ),
        }
    };
    Ok(rows.into_iter().map(condition).collect())
}

fn uncovered(app: &App, domain: DomainId, agents: &[Agent]) -> Vec<Condition> {
    let rows = coverage::covering(agents, app.clock.now());
    let code = |capture| match capture {
        Capture::Degraded => Some("capture_degraded"),
        Capture::Missing => Some("capture_missing"),
        Capture::NoAgent => Some("domain_controller_uncovered"),
        Capture::Healthy | Capture::Unknown | Capture::Exempt => None,
    };
    rows.into_iter()
        .filter_map(|row| {
            Some(Condition {
                domain_id: Some(domain),
                code: code(row.capture)?,
                message: format!("{}: {}", row.dns_host_name, row.message),
                subject: row.dns_host_name,
            })
        })
        .collect()
}
