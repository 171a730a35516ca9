//! Passwords that JumpCloud does not have, and domain controllers that do not hand theirs over.

use chrono::{DateTime, Utc};
use protocol::DomainId;

use super::of_domain;
use crate::actions::coverage::{self, Capture};
use crate::app::App;
use crate::store;
use crate::store::agents::Agent;
use crate::store::alerts::{Code, Condition};
use crate::store::domains::Domain;

/// How many refused passwords are named one by one.
const REFUSED_NAMED: i64 = 1000;

pub(super) async fn conditions(
    app: &App,
    domain: &Domain,
    agents: &[Agent],
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<Condition>> {
    let mut found = refused(app, domain, now).await?;
    found.extend(missed(app, domain, agents, now).await?);
    if captures(app, domain.id).await? {
        found.extend(uncovered(domain, agents, now));
    }
    Ok(found)
}

/// Whether passwords are captured anywhere in the domain.
async fn captures(app: &App, domain: DomainId) -> sqlx::Result<bool> {
    Ok(store::domains::find_captures_since(&app.db, domain).await?.flatten().is_some())
}

async fn refused(app: &App, domain: &Domain, now: DateTime<Utc>) -> anyhow::Result<Vec<Condition>> {
    let rows = store::coverage::list(&app.db, domain.id, now, Some("refused"), None, REFUSED_NAMED).await?;
    let condition = |row: store::coverage::Covered| {
        let name = row.sam_account_name.as_deref().or(row.display_name.as_deref()).unwrap_or("A user");
        let message = format!("{name}: {}", row.message.unwrap_or_default());
        let page = format!("/users/{}", row.guid);
        of_domain(domain, Code::PasswordRefused, row.guid.to_string(), message, &page)
    };
    Ok(rows.into_iter().map(condition).collect())
}

async fn missed(
    app: &App,
    domain: &Domain,
    agents: &[Agent],
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<Condition>> {
    let rows = store::coverage::list_missed(&app.db, domain.id, now).await?;
    let condition = |row: store::coverage::Missed| {
        let agent = agents.iter().find(|agent| agent.invocation_id == row.invocation_id);
        let place = match (agent, row.invocation_id) {
            (Some(agent), Some(_)) => format!("on {}", coverage::name_of(agent)),
            (None, Some(id)) => format!("on a domain controller without an agent (invocationId {id})"),
            (_, None) => "on a domain controller that cannot be told".into(),
        };
        let message = format!(
            "Passwords were changed {place} and not captured ({} users), so JumpCloud has their former ones. See that the \
             hook is installed there and healthy, and have these users change their passwords again: the coverage lists them.",
            row.users
        );
        let subject = row.invocation_id.map_or_else(String::new, |id| id.to_string());
        of_domain(domain, Code::PasswordMissed, subject, message, "/coverage?state=missed#people")
    };
    Ok(rows.into_iter().map(condition).collect())
}

fn uncovered(domain: &Domain, agents: &[Agent], now: DateTime<Utc>) -> Vec<Condition> {
    let code = |capture| match capture {
        Capture::Degraded => Some(Code::CaptureDegraded),
        Capture::Missing => Some(Code::CaptureMissing),
        Capture::NoAgent => Some(Code::DomainControllerUncovered),
        Capture::Healthy | Capture::Unknown | Capture::Exempt => None,
    };
    coverage::covering(agents, now)
        .into_iter()
        .filter_map(|row| {
            let message = format!("{}: {}", row.dns_host_name, row.message);
            Some(of_domain(domain, code(row.capture)?, row.dns_host_name, message, "/coverage#controllers"))
        })
        .collect()
}
