//! Drains the dirty subjects of each domain, a few hundred at a time, and makes the outbox equal to the plan for them.

mod gather;
mod guard;
pub mod impact;
mod reconcile;
mod unsaved;

use chrono::{DateTime, TimeDelta, Utc};
use planner::origin::Origins;
use planner::{Change, Plan};
use protocol::{DomainId, ObjectGuid};
use sqlx::PgConnection;

use super::Worked;
use crate::app::App;
use crate::store;
use crate::store::domains::Domain;

pub use unsaved::{dry_run, explain, try_mappings};

/// Subjects planned in one transaction.
const BATCH: i64 = 300;
/// After this long without a full batch another run of planning begins.
const RUN_PAUSE: TimeDelta = TimeDelta::seconds(30);

/// Plans a batch of every domain that has dirty subjects.
pub async fn turn(app: &App) -> anyhow::Result<Worked> {
    let domains = store::dirty::list_domains(&app.db).await?;
    for domain in &domains {
        plan_some(app, *domain).await?;
    }
    Ok(if domains.is_empty() { Worked::Idle } else { Worked::More })
}

/// Plans up to [`BATCH`] dirty subjects of one domain, and holds what is too destructive.
async fn plan_some(app: &App, id: DomainId) -> anyhow::Result<()> {
    let mut tx = app.db.begin().await?;
    let Some(domain) = store::domains::find_locked(&mut tx, id).await? else { return Ok(()) };
    let dirty = store::dirty::delete_some(&mut tx, id, BATCH).await?;
    if dirty.is_empty() {
        return Ok(());
    }
    let now = app.clock.now();
    let subjects: Vec<ObjectGuid> = dirty.iter().map(|(guid, _)| *guid).collect();
    let input = gather::input(&mut tx, &domain, &domain.settings, &dirty, now).await?;
    let plan = planner::plan(&input);
    let ways = store::subjects::list_scope_paths(&mut *tx, id, &subjects).await?;
    write_verdicts(&mut tx, &domain, &input, &plan).await?;
    let origins = Origins::new(&input, &ways);
    let made = reconcile::outbox(&mut tx, &domain, &subjects, &plan, &origins, now).await?;
    for manager in made.identities {
        store::dirty::mark_reports(&mut tx, id, manager).await?;
    }
    exempt(&mut tx, &domain, &input, now).await?;
    let held = guard::hold(&mut tx, &domain, now).await?;
    note_run(&mut tx, &domain, subjects.len(), now).await?;
    let touched: Vec<_> = subjects.iter().chain(&held).copied().collect();
    store::subjects::update_status(&mut tx, id, &touched).await?;
    tx.commit().await?;
    if made.inserted > 0 {
        app.wake.execute.notify_one();
    }
    Ok(())
}

/// How fast a long queue is planned; of a short one nobody has to know.
async fn note_run(
    tx: &mut PgConnection,
    domain: &Domain,
    planned: usize,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let planned = i64::try_from(planned)?;
    if planned == BATCH {
        store::progress::update_run(tx, domain.id, planned, now, now - RUN_PAUSE).await?;
    }
    Ok(())
}

async fn write_verdicts(
    tx: &mut PgConnection,
    domain: &Domain,
    input: &planner::Input,
    plan: &Plan,
) -> anyhow::Result<()> {
    let (users, groups): (Vec<_>, Vec<_>) = plan
        .verdicts
        .iter()
        .map(|(guid, verdict)| (*guid, verdict))
        .partition(|(guid, _)| input.users.contains_key(guid));
    let turned = store::subjects::update_user_verdicts(tx, domain.id, &users).await?;
    let (usernames, emails): (Vec<_>, Vec<_>) = turned.into_iter().unzip();
    let present = |keys: Vec<Option<String>>| keys.into_iter().flatten().collect::<Vec<_>>();
    let planned: Vec<_> = users.iter().map(|(guid, _)| *guid).collect();
    store::dirty::mark_other_claimants(
        tx,
        domain.organization_id,
        &present(usernames),
        &present(emails),
        &planned,
    )
    .await?;
    let changed = store::subjects::update_group_verdicts(tx, domain.id, &groups).await?;
    store::dirty::mark_name_claimants(tx, domain.organization_id, &changed.name_keys).await?;
    store::dirty::mark_users_below(tx, domain.id, &changed.guids).await?;
    Ok(())
}

/// Whose passwords are not kept, as the groups stand now; what was kept of them is erased.
async fn exempt(
    tx: &mut PgConnection,
    domain: &Domain,
    input: &planner::Input,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let groups: Vec<_> = planner::privileged_groups(input).into_iter().collect();
    let account = input.domain.bind_account.as_ref().map(protocol::DistinguishedName::key);
    let rule = store::exempt::Rule {
        groups: &groups,
        primary_groups: &planner::PRIVILEGED_RIDS.map(i64::from),
        service_account: account,
    };
    if store::exempt::update(tx, domain.id, &rule).await? {
        store::passwords::update_exempt_erased(tx, domain.id, now).await?;
    }
    Ok(())
}

/// Making or linking an object: others may wait for its JumpCloud id.
fn gives_identity(change: &Change) -> bool {
    matches!(change, Change::CreateUser { .. } | Change::LinkUser { .. })
}
