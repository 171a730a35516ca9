//! `/domains`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::heartbeat::DirectoryState;
use protocol::{DomainId, OrganizationId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Body, Id, Query, page};
use super::views;
use crate::actions::{checks, coverage, domains};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::{store, workers};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddDomain {
    organization_id: OrganizationId,
    name: String,
    #[serde(default = "empty")]
    settings: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeDomain {
    #[serde(default = "empty")]
    settings: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    revision: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activate {
    digest: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshPreview {
    settings: Option<Value>,
}

fn empty() -> Value {
    json!({})
}

pub async fn add(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<AddDomain>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let id = domains::add(&app, caller.changing()?, body.organization_id, &body.name, &body.settings).await?;
    Ok((StatusCode::CREATED, shown(&app, id).await?))
}

pub async fn list(State(app): State<App>, _: Caller) -> Result<Json<Value>, Failure> {
    let rows = store::domains::list(&app.db).await?;
    Ok(page(rows.iter().map(views::domain).collect(), None))
}

pub async fn find(State(app): State<App>, _: Caller, Id(id): Id<DomainId>) -> Result<Json<Value>, Failure> {
    shown(&app, id).await
}

/// With how many users and groups stand how.
async fn shown(app: &App, id: DomainId) -> Result<Json<Value>, Failure> {
    let row = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let mut view = views::domain(&row);
    view["counts"] = json!({"user": {}, "group": {}});
    for count in store::subjects::count_by_status(&app.db, id).await? {
        view["counts"][count.kind][count.status] = json!(count.count);
    }
    view["being_planned"] = json!(store::dirty::count(&app.db, id).await?);
    Ok(Json(view))
}

pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
    Body(body): Body<ChangeDomain>,
) -> Result<Json<Value>, Failure> {
    domains::change_settings(&app, caller.changing()?, id, &body.settings).await?;
    shown(&app, id).await
}

pub async fn revisions(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
) -> Result<Json<Value>, Failure> {
    store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let rows = store::domains::list_revisions(&app.db, id).await?;
    let items = rows
        .iter()
        .map(|row| {
            json!({
                "revision": row.revision, "author": row.author, "created_at": row.created_at,
                "settings": row.settings.shown(row.bind_password.is_some()),
            })
        })
        .collect();
    Ok(page(items, None))
}

pub async fn rollback(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
    Body(body): Body<Rollback>,
) -> Result<Json<Value>, Failure> {
    domains::rollback(&app, caller.changing()?, id, body.revision).await?;
    shown(&app, id).await
}

/// The plan as it stands: what the outbox holds is what activation does.
pub async fn preview(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
) -> Result<Json<Value>, Failure> {
    let mut conn = app.db.acquire().await?;
    let domain = store::domains::find(&mut *conn, id).await?.ok_or(Error::NotFound("domain"))?;
    let organization = store::organizations::find(&mut *conn, domain.organization_id).await?;
    let organization = organization.ok_or(Error::NotFound("organization"))?;
    let plan = domains::preview(&mut conn, id).await?;
    let complete = domain.directory_read_at.is_some()
        && organization.mirror_read >= organization.mirror_wanted
        && store::dirty::count(&mut *conn, id).await? == 0;
    Ok(Json(json!({
        "digest": plan.digest, "counts": plan.counts, "complete": complete,
        "mirror_read_at": organization.mirror_read_at, "directory_read_at": domain.directory_read_at,
        "operations": plan.operations.iter().map(views::operation).collect::<Vec<_>>(),
    })))
}

/// Without settings: JumpCloud is read again, so that the preview is of now. With settings: what they would lead to.
pub async fn refresh_preview(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
    Body(body): Body<RefreshPreview>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let Some(patch) = body.settings else {
        caller.changing()?;
        domains::refresh_preview(&app, id).await?;
        return Ok((StatusCode::ACCEPTED, preview(State(app), caller, Id(id)).await?));
    };
    let mut conn = app.db.acquire().await?;
    let domain = store::domains::find(&mut *conn, id).await?.ok_or(Error::NotFound("domain"))?;
    let name = domains::name_of(&domain)?;
    let settings = domain.settings.edit(&name, &patch).map_err(Error::Invalid)?.settings;
    let operations = workers::plan::what_if(&mut conn, &domain, &settings, app.clock.now())
        .await
        .map_err(|error| Error::internal(format!("could not plan: {error:#}")))?;
    let not_read_yet = workers::plan::not_read_yet(&mut conn, &domain, &settings).await?;
    let mut counts = std::collections::BTreeMap::new();
    for operation in &operations {
        *counts.entry(operation.change.kind()).or_insert(0) += 1;
    }
    Ok((
        StatusCode::OK,
        Json(json!({"counts": counts, "operations": operations, "not_read_yet": not_read_yet})),
    ))
}

pub async fn activate(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
    Body(body): Body<Activate>,
) -> Result<Json<Value>, Failure> {
    domains::activate(&app, caller.changing()?, id, body.digest.as_deref()).await?;
    shown(&app, id).await
}

pub async fn pause(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
) -> Result<Json<Value>, Failure> {
    domains::pause(&app, caller.changing()?, id).await?;
    shown(&app, id).await
}

pub async fn resync(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
) -> Result<Json<Value>, Failure> {
    domains::resync(&app, caller.changing()?, id).await?;
    shown(&app, id).await
}

/// Which checks are wanted: any of the states, and of the groups, that are listed with commas between them.
#[derive(Debug, Deserialize)]
pub struct ChecksQuery {
    state: Option<String>,
    group: Option<String>,
}

pub async fn checks(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
    Query(query): Query<ChecksQuery>,
) -> Result<Json<Value>, Failure> {
    let states = one_of("state", query.state.as_deref(), &checks::State::ALL, checks::State::as_str)?;
    let groups = one_of("group", query.group.as_deref(), &checks::Group::ALL, checks::Group::as_str)?;
    let wanted = |check: &checks::Check| states.contains(&check.state) && groups.contains(&check.group);
    let found: Vec<_> = checks::list(&app, id).await?.into_iter().filter(wanted).collect();
    Ok(Json(json!({"items": found, "next": null})))
}

/// The words of a parameter; all there are where it is not given.
fn one_of<T: Copy>(
    field: &str,
    asked: Option<&str>,
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> Result<Vec<T>, Error> {
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else { return Ok(all.to_vec()) };
    let known = |text: &str| all.iter().copied().find(|one| word(*one) == text.trim());
    asked.split(',').map(|text| known(text).ok_or(text)).collect::<Result<Vec<T>, _>>().map_err(|text| {
        let words: Vec<_> = all.iter().map(|one| word(*one)).collect();
        Error::field(
            field,
            format!("\"{text}\" is none: write one or more of {}, with commas between", words.join(", ")),
        )
    })
}

/// The domain controllers that the directory lists, each with the agent on it, if there is one.
pub async fn domain_controllers(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
) -> Result<Json<Value>, Failure> {
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let agents = store::agents::list_of(&app.db, id).await?;
    let now = app.clock.now();
    let mut found = std::collections::BTreeMap::new();
    for agent in &agents {
        let Some(DirectoryState::Connected { report, .. }) = agent.directory.as_deref() else { continue };
        for dc in &report.domain_controllers {
            let name = dc.dns_host_name.to_lowercase();
            let row = json!({"dns_host_name": name, "read_only": dc.read_only, "pdc_emulator": dc.pdc, "agent": null});
            found.entry(name).or_insert(row);
        }
    }
    for agent in &agents {
        let Some(DirectoryState::Connected { report, .. }) = agent.directory.as_deref() else { continue };
        if let Some(row) = found.get_mut(&report.dns_host_name.to_lowercase()) {
            row["agent"] = views::agent(agent, domain.watcher == Some(agent.id), now);
        }
    }
    for covering in coverage::covering(&agents, now) {
        if let Some(row) = found.get_mut(&covering.dns_host_name) {
            row["capture"] = json!({"state": covering.capture, "message": covering.message});
        }
    }
    Ok(page(found.into_values().collect(), None))
}
