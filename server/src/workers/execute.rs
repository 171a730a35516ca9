//! Carries operations out. The only place that writes to JumpCloud.
//!
//! One process at a time owns an organization's request budget. Operations are leased, JumpCloud is called with no
//! transaction open, and what came of it is settled under the lease's token.

mod instance;
mod outcome;
mod password;
mod perform;
mod settle;

pub(super) use instance::instance_of;
pub(super) use settle::{advice, note_trouble};

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::Duration as Span;
use protocol::OrganizationId;
use sqlx::PgConnection;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::Worked;
use crate::app::App;
use crate::jumpcloud::{Client, Tenure};
use crate::store;
use crate::store::admins::Reach;
use crate::store::operations::Leased;
use crate::store::organizations::Organization;

/// Calls under way at once, for one organization.
const CONCURRENCY: usize = 16;
/// Of these, what bulk work may take: the rest is for ends of access and passwords.
const BULK: usize = 12;
/// How long an operation may be under way before it is given to somebody else.
const LEASE: Span = Span::seconds(120);
/// How long this process keeps an organization's budget without renewing.
const EXECUTOR_LEASE: Span = Span::seconds(15);

/// Keeps one task for each organization.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let mut served = HashSet::new();
    let mut tasks = JoinSet::new();
    while !*stop.borrow() {
        match store::organizations::list(&app.db, &Reach::EVERYTHING).await {
            Ok(organizations) => {
                for organization in organizations {
                    if served.insert(organization.id) {
                        let (bell, task) = bell_of(&app, organization.id, stop.clone());
                        app.register_bell(organization.id, bell);
                        tasks.spawn(task);
                    }
                }
            }
            Err(error) => tracing::error!("could not list organizations: {error}"),
        }
        tokio::select! {
            () = app.wake.execute.notified() => app.ring_all(),
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            _ = stop.changed() => {}
        }
    }
    app.ring_all();
    while tasks.join_next().await.is_some() {}
    if let Err(error) = store::organizations::update_executor_gone(&app.db, app.process).await {
        tracing::warn!("could not give the request budgets free: {error}");
    }
}

/// One round for every organization: leases what may be carried out, and carries it out.
pub async fn turn(app: &App) -> anyhow::Result<Worked> {
    let mut leased = 0;
    for organization in store::organizations::list(&app.db, &Reach::EVERYTHING).await? {
        let mut under_way = JoinSet::new();
        let tenure = Tenure::new(app.clock.clone());
        leased += fill(app, organization.id, &tenure, &mut under_way).await?;
        while under_way.join_next().await.is_some() {}
    }
    Ok(if leased > 0 { Worked::More } else { Worked::Idle })
}

fn bell_of(
    app: &App,
    id: OrganizationId,
    stop: watch::Receiver<bool>,
) -> (Arc<tokio::sync::Notify>, impl Future<Output = ()> + use<>) {
    let bell = Arc::new(tokio::sync::Notify::new());
    (Arc::clone(&bell), serve(app.clone(), id, bell, stop))
}

/// Works for one organization until told to stop; what is under way then is finished first.
async fn serve(app: App, id: OrganizationId, bell: Arc<tokio::sync::Notify>, stop: watch::Receiver<bool>) {
    let (mut under_way, tenure) = (JoinSet::new(), Tenure::new(app.clock.clone()));
    while !*stop.borrow() {
        if let Err(error) = fill(&app, id, &tenure, &mut under_way).await {
            tracing::error!(organization.id = %id, "could not lease operations: {error:#}");
        }
        tokio::select! {
            Some(done) = under_way.join_next() => {
                if let Err(error) = done {
                    tracing::error!(organization.id = %id, "an operation ended unexpectedly: {error}");
                }
            }
            () = bell.notified() => {}
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
    while under_way.join_next().await.is_some() {}
}

/// Leases as much as there is room for. Returns how much that was. Nothing is written where there is nothing to do: the
/// budget is taken together with what is to be spent of it.
async fn fill(
    app: &App,
    id: OrganizationId,
    tenure: &Tenure,
    under_way: &mut JoinSet<()>,
) -> anyhow::Result<usize> {
    while under_way.try_join_next().is_some() {}
    let now = app.clock.now();
    let owner = store::organizations::find_executor(&app.db, id, now).await?;
    if owner.is_some_and(|owner| owner != app.process) {
        return Ok(0);
    }
    // What is under way spends of the budget for as long as it takes; what nobody carries on is taken over.
    let abandoned =
        owner.is_none() && under_way.is_empty() && store::operations::has_leased(&app.db, id).await?;
    if (abandoned || !under_way.is_empty()) && !take_budget(app, id, tenure).await? {
        return Ok(0);
    }
    let Some(room) = CONCURRENCY.checked_sub(under_way.len()).filter(|room| *room > 0) else { return Ok(0) };
    let Some(organization) = store::organizations::find(&app.db, id).await? else { return Ok(0) };
    if organization.paused_until.is_some_and(|until| until > now) {
        return Ok(0);
    }
    let client = app.jumpcloud(&organization)?.during(tenure);
    instance::ensure(app, &organization, &client, tenure).await?;
    let max_lane = if under_way.len() < BULK { 2 } else { 1 };
    let token = Uuid::new_v4();
    let mut tx = app.db.begin().await?;
    let room = i64::try_from(room)?;
    let leased = store::operations::lease(&mut tx, id, token, now, now + LEASE, max_lane, room).await?;
    if leased.is_empty() || !lease_budget(&mut tx, app, id, tenure, token).await? {
        return Ok(0);
    }
    tx.commit().await?;
    let count = leased.len();
    for operation in leased {
        under_way.spawn(carry_out(app.clone(), organization.clone(), client.clone(), operation, token));
    }
    Ok(count)
}

async fn take_budget(app: &App, id: OrganizationId, tenure: &Tenure) -> sqlx::Result<bool> {
    let mut tx = app.db.begin().await?;
    let taken = lease_budget(&mut tx, app, id, tenure, Uuid::nil()).await?;
    tx.commit().await?;
    Ok(taken)
}

/// Takes or keeps the budget. What the process that had it before left under way is put back, but not what is leased
/// under `token`: that process can begin no request any more. False: another process has it.
async fn lease_budget(
    tx: &mut PgConnection,
    app: &App,
    id: OrganizationId,
    tenure: &Tenure,
    token: Uuid,
) -> sqlx::Result<bool> {
    let now = app.clock.now();
    let leased = store::organizations::lease_executor(&mut *tx, id, app.process, now, now + EXECUTOR_LEASE);
    let Some(budget) = leased.await? else { return Ok(false) };
    if budget.taken_over {
        store::operations::update_leases_ended(&mut *tx, Some((id, token)), now).await?;
    }
    tenure.extend(budget.until);
    Ok(true)
}

async fn carry_out(app: App, organization: Organization, client: Client, operation: Leased, token: Uuid) {
    let client = client.in_lane(operation.change.lane());
    let calls = perform::Calls { app: &app, organization: &organization, client: &client };
    let outcome = calls.perform(&operation).await;
    if let Err(error) = settle::settle(&app, &organization, &operation, token, outcome).await {
        // The lease runs out, and the operation is carried out again: it may run twice.
        tracing::error!(operation.id = %operation.id, "could not settle an operation: {error:#}");
    }
}
