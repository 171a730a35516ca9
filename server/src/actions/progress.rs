//! How far long work of a domain has come, and how long it will take, where there is a basis for saying so.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::DomainId;
use serde::Serialize;

use crate::app::App;
use crate::error::{Error, Result};
use crate::store;
use crate::store::domains::{Domain, Mode};
use crate::store::organizations::Organization;

/// The rate is what was done in so long.
const WINDOW: TimeDelta = TimeDelta::minutes(1);
/// A transfer of which nothing came for so long was given up.
const ALIVE: TimeDelta = TimeDelta::minutes(2);
/// Fewer than this in the window are no basis for an estimate.
const BASIS: i64 = 10;

/// One kind of long work that is going on, or waits.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ProgressStep)]
pub struct Step {
    pub name: Name,
    /// So much is done of it; what is counted depends on the step.
    pub done: Option<i64>,
    /// So much there is in all, where that is known.
    pub total: Option<i64>,
    pub left: Option<i64>,
    pub per_minute: Option<i64>,
    pub remaining_seconds: Option<i64>,
    /// Why it is slow, or stands still.
    pub note: Option<String>,
}

/// What is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProgressName)]
pub enum Name {
    /// Users, groups and member lists that the watcher has sent.
    ReadDirectory,
    /// Users of JumpCloud.
    ReadJumpcloud,
    /// Users and groups.
    Plan,
    /// Operations.
    Execute,
}

/// What is going on in the domain, in the order in which it happens; empty while nothing is.
pub async fn of(app: &App, id: DomainId) -> Result<Vec<Step>> {
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let organization = store::organizations::find(&app.db, domain.organization_id)
        .await?
        .ok_or(Error::NotFound("organization"))?;
    of_domain(app, &domain, &organization).await
}

/// As [`of`], of a domain that was read already.
pub async fn of_domain(app: &App, domain: &Domain, organization: &Organization) -> Result<Vec<Step>> {
    let now = app.clock.now();
    let mut steps = Vec::new();
    steps.extend(reading_directory(app, domain, now).await?);
    steps.extend(reading_jumpcloud(app, organization, now).await?);
    steps.extend(planning(app, domain, organization, now).await?);
    steps.extend(executing(app, domain, organization, now).await?);
    Ok(steps)
}

async fn reading_directory(app: &App, domain: &Domain, now: DateTime<Utc>) -> Result<Option<Step>> {
    let arriving = store::progress::find_arriving(&app.db, domain.id, now - ALIVE).await?;
    let Some(arriving) = arriving else { return Ok(None) };
    // How many there are shows only once they were read, so nothing is said of the end.
    Ok(Some(Step { done: Some(arriving.objects), ..step(Name::ReadDirectory) }))
}

async fn reading_jumpcloud(
    app: &App,
    organization: &Organization,
    now: DateTime<Utc>,
) -> Result<Option<Step>> {
    if organization.mirror_wanted <= organization.mirror_read {
        return Ok(None);
    }
    // Only the first time does what is there tell what was read.
    let done = match organization.mirror_read_at {
        None => Some(store::progress::count_mirrored(&app.db, organization.id).await?),
        Some(_) => None,
    };
    Ok(Some(Step { done, note: pause(organization, now), ..step(Name::ReadJumpcloud) }))
}

async fn planning(
    app: &App,
    domain: &Domain,
    organization: &Organization,
    now: DateTime<Utc>,
) -> Result<Option<Step>> {
    let left = store::dirty::count(&app.db, domain.id).await?;
    if left == 0 {
        return Ok(None);
    }
    let mut step = Step { left: Some(left), ..step(Name::Plan) };
    if domain.directory_read_at.is_none() || organization.mirror_read_at.is_none() {
        step.note = Some("Waits until the directory and JumpCloud have been read.".into());
        return Ok(Some(step));
    }
    if store::domains::find_awaits_read(&app.db, domain.id).await? {
        step.note = Some("Waits until attributes that the settings need have been read.".into());
        return Ok(Some(step));
    }
    let all = store::progress::count_objects(&app.db, domain.id).await?.max(left);
    step.total = Some(all);
    step.done = Some(all - left);
    let run = store::progress::find_run(&app.db, domain.id).await?;
    if let Some(run) = run.filter(|run| run.at > now - WINDOW) {
        let took = (run.at - run.since).num_seconds();
        if took > 0 && run.planned > BASIS {
            step.per_minute = Some(run.planned * 60 / took);
            step.remaining_seconds = Some(left * took / run.planned);
        }
    }
    Ok(Some(step))
}

async fn executing(
    app: &App,
    domain: &Domain,
    organization: &Organization,
    now: DateTime<Utc>,
) -> Result<Option<Step>> {
    if domain.mode != Mode::Active {
        return Ok(None);
    }
    let queue = store::progress::find_queue(&app.db, domain.id).await?;
    if queue.left == 0 {
        return Ok(None);
    }
    let mut step = Step { left: Some(queue.left), ..step(Name::Execute) };
    if let Some(oldest) = queue.oldest {
        let done = store::progress::count_done(&app.db, domain.id, oldest).await?;
        step.done = Some(done);
        step.total = Some(done + queue.left);
    }
    let lately = store::progress::count_done(&app.db, domain.id, now - WINDOW).await?;
    step.note = pause(organization, now).or_else(|| slowed(app, organization));
    if lately >= BASIS {
        step.per_minute = Some(lately);
        step.remaining_seconds = Some(queue.left * 60 / lately);
    }
    Ok(Some(step))
}

fn step(name: Name) -> Step {
    Step { name, done: None, total: None, left: None, per_minute: None, remaining_seconds: None, note: None }
}

/// JumpCloud is left alone for a while: it asked for that, or does not answer.
fn pause(organization: &Organization, now: DateTime<Utc>) -> Option<String> {
    let until = organization.paused_until.filter(|until| *until > now)?;
    let why = organization.problem_message.as_deref().unwrap_or("JumpCloud asked for a pause.");
    Some(format!("Stands still until {}. {why}", until.format("%H:%M:%S UTC")))
}

/// JumpCloud has let this process know how much it takes.
fn slowed(app: &App, organization: &Organization) -> Option<String> {
    let rate = app.pace(organization.id)?;
    Some(format!("JumpCloud's rate limit sets the pace: about {:.0} requests a minute.", rate * 60.0))
}
