//! Keeps the alerts in step with what holds: each condition is opened once and closed once, never repeated per cycle, and
//! each channel is told of both once.

mod agents;
mod jumpcloud;
mod passwords;
mod server;
mod step;
mod syncing;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Worked;
use crate::app::App;
use crate::store;
use crate::store::admins::Reach;
use crate::store::alert_channels::Channel;
use crate::store::alerts::{Code, Condition};
use crate::store::domains::Domain;
use step::Step;

/// One look at everything, by one server at a time: two that look at once would open what the other closes.
pub async fn turn(app: &App) -> anyhow::Result<Worked> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if !store::alerts::lease_look(&mut tx).await? {
        return Ok(Worked::Idle);
    }
    let conditions = look(app, now).await?;
    let open = store::alerts::list_open(&mut *tx).await?;
    let suspicions = store::alerts::list_suspicions(&mut *tx).await?;
    let step = step::step(&open, &suspicions, conditions, &server::host(), now);
    let is_news = !step.open.is_empty() || !step.close.is_empty();
    write(&mut tx, step, now).await?;
    tx.commit().await?;
    if is_news {
        app.wake.deliver.notify_one();
    }
    Ok(Worked::Idle)
}

async fn look(app: &App, now: DateTime<Utc>) -> anyhow::Result<Vec<Condition>> {
    let domains = store::domains::list(&app.db, &Reach::EVERYTHING).await?;
    let mut conditions = server::conditions(app, now).await?;
    let organizations = store::organizations::list(&app.db, &Reach::EVERYTHING).await?;
    conditions.extend(jumpcloud::conditions(&organizations));
    conditions.extend(syncing::conditions(app, &domains, &organizations, now).await?);
    for domain in &domains {
        let agents = store::agents::list_of(&app.db, domain.id).await?;
        conditions.extend(agents::conditions(domain, &agents, now));
        conditions.extend(passwords::conditions(app, domain, &agents, now).await?);
    }
    Ok(conditions)
}

async fn write(tx: &mut PgConnection, step: Step, now: DateTime<Utc>) -> sqlx::Result<()> {
    let channels =
        if step.open.is_empty() { Vec::new() } else { store::alert_channels::list(&mut *tx).await? };
    for condition in &step.open {
        let id = Uuid::now_v7();
        store::alerts::insert(tx, id, condition, now).await?;
        for channel in channels.iter().filter(|channel| wants(channel, condition)) {
            store::alert_messages::insert_notice(tx, channel.id, id, "opened", now).await?;
        }
    }
    for (id, message) in &step.held {
        store::alerts::update_held(tx, *id, message, now).await?;
    }
    if !step.absent.is_empty() {
        store::alerts::update_absent(tx, &step.absent, now).await?;
    }
    if !step.close.is_empty() {
        store::alerts::update_closed(tx, &step.close, now).await?;
        store::alert_messages::insert_ends(tx, &step.close, now).await?;
    }
    for suspicion in &step.suspect {
        store::alerts::insert_suspicion(tx, suspicion).await?;
    }
    for suspicion in &step.forget {
        store::alerts::delete_suspicion(tx, suspicion).await?;
    }
    Ok(())
}

/// What concerns no organization and no domain concerns every channel.
fn wants(channel: &Channel, condition: &Condition) -> bool {
    let organization = condition
        .organization_id
        .is_none_or(|id| channel.organizations.is_empty() || channel.organizations.contains(&id.0));
    let domain =
        condition.domain_id.is_none_or(|id| channel.domains.is_empty() || channel.domains.contains(&id.0));
    condition.severity >= channel.min_severity && organization && domain
}

/// A condition of a domain.
fn of_domain(
    domain: &Domain,
    code: Code,
    subject: impl Into<String>,
    message: String,
    page: &str,
) -> Condition {
    Condition {
        organization_id: Some(domain.organization_id),
        domain_id: Some(domain.id),
        code,
        subject: subject.into(),
        severity: code.severity(),
        message,
        link: format!("/domains/{}{page}", domain.id),
    }
}
