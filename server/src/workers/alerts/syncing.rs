//! What keeps changes from reaching JumpCloud.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::DomainId;

use super::of_domain;
use crate::app::App;
use crate::store;
use crate::store::admins::Reach;
use crate::store::alerts::{Code, Condition, Parked, Standing};
use crate::store::domains::Domain;
use crate::store::holds::OpenHold;
use crate::store::organizations::Organization;

/// Ends of access and passwords should be done within seconds.
const URGENT: TimeDelta = TimeDelta::minutes(2);
/// A long import takes its time, and what was changed meanwhile does not wait for it.
const ORDINARY: TimeDelta = TimeDelta::minutes(60);

pub(super) async fn conditions(
    app: &App,
    domains: &[Domain],
    organizations: &[Organization],
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<Condition>> {
    let of = |id: DomainId| domains.iter().find(|domain| domain.id == id);
    // Whose JumpCloud does not answer has an alert for that.
    let troubled = |domain: &Domain| {
        organizations.iter().any(|row| row.id == domain.organization_id && row.problem_code.is_some())
    };
    let mut found: Vec<_> =
        domains.iter().filter(|domain| domain.integration_group_lost).map(group_lost).collect();
    for hold in store::holds::list_open(&app.db, &Reach::EVERYTHING).await? {
        found.extend(of(hold.domain_id).map(|domain| held(domain, &hold)));
    }
    for parked in store::alerts::list_parked(&app.db).await? {
        found.extend(of(parked.domain_id).map(|domain| given_up(domain, &parked)));
    }
    for standing in store::alerts::list_standings(&app.db, now).await? {
        let Some(domain) = of(standing.domain_id) else { continue };
        if standing.conflicts > 0 {
            let message = format!("{} users or groups are in conflict and not synced.", standing.conflicts);
            found.push(of_domain(domain, Code::ConflictOpen, "", message, "/users?status=conflict"));
        }
        if !troubled(domain) {
            found.extend(waiting(domain, &standing, now));
        }
    }
    Ok(found)
}

fn group_lost(domain: &Domain) -> Condition {
    let message = format!(
        "{} is missing, unreadable or suddenly empty. That is never taken for \"everybody left\".",
        domain.settings.integration_group
    );
    of_domain(domain, Code::IntegrationGroupLost, "", message, "")
}

fn held(domain: &Domain, hold: &OpenHold) -> Condition {
    let what = match hold.kind.as_str() {
        "users" => "removals of users",
        "suspends" => "suspensions of users",
        "groups" => "removals of groups",
        "memberships" => "removals of group members",
        "moved_out" => "users that were moved out of the root user container",
        _ => "operations",
    };
    let message = format!("The guard holds {} {what}.", hold.waiting);
    let condition = of_domain(domain, Code::HoldOpened, hold.id.to_string(), message, "");
    Condition { link: format!("/holds/{}", hold.id), ..condition }
}

fn given_up(domain: &Domain, parked: &Parked) -> Condition {
    let example = parked.message.as_deref().unwrap_or("no reason was given");
    let message = format!(
        "{} operations were given up ({}). One of them: {example}",
        parked.operations, parked.error_code
    );
    let condition = of_domain(domain, Code::OperationsParked, parked.error_code.clone(), message, "");
    Condition { link: format!("/operations?domain={}&state=parked", domain.id), ..condition }
}

fn waiting(domain: &Domain, standing: &Standing, now: DateTime<Utc>) -> Vec<Condition> {
    let old = |at: Option<DateTime<Utc>>, limit| at.filter(|at| *at < now - limit);
    let mut found = Vec::new();
    let mut push = |subject: &str, message: String| {
        let condition = of_domain(domain, Code::QueueOld, subject, message, "");
        found.push(Condition { link: format!("/operations?domain={}&state=ready", domain.id), ..condition });
    };
    if let Some(at) = old(standing.oldest_urgent, URGENT) {
        let since = at.format("%F %T UTC");
        push("urgent", format!("A password or an end of access waits since {since}."));
    }
    if let Some(at) = old(standing.oldest_ready, ORDINARY) {
        let since = at.format("%F %T UTC");
        push("ordinary", format!("{} operations wait, the oldest since {since}.", standing.ready));
    }
    found
}
