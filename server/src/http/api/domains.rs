//! `/domains`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
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
use crate::http::review;
use crate::settings::DomainSettings;
use crate::store;
use crate::store::domains::Domain;

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
    /// How many users and groups the change may delete.
    confirm_deletes: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    revision: i64,
    confirm_deletes: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activate {
    digest: Option<String>,
}

fn empty() -> Value {
    json!({})
}

pub async fn add(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<AddDomain>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let id = domains::add(
        &app,
        caller.changing_at(body.organization_id)?,
        body.organization_id,
        &body.name,
        &body.settings,
    )
    .await?;
    Ok((StatusCode::CREATED, shown(&app, id).await?))
}

pub async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Failure> {
    let rows = store::domains::list(&app.db, &caller.reach()).await?;
    Ok(page(rows.iter().map(views::domain).collect(), None))
}

pub async fn find(State(app): State<App>, _: Caller, Id(id): Id<DomainId>) -> Result<Response, Failure> {
    Ok(tagged(shown(&app, id).await?))
}

/// With the revision of the settings as the entity tag: `If-Match` has a change refused if they were changed meanwhile.
fn tagged(view: Json<Value>) -> Response {
    let tag = format!("\"{}\"", view.0["revision"]);
    ([(header::ETAG, tag)], view).into_response()
}

/// The revision that `If-Match` names; none where any will do.
fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Failure> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let number = text.trim_start_matches("W/").trim_matches('"').parse().ok();
    number.map(Some).ok_or_else(|| {
        Failure::new(
            StatusCode::PRECONDITION_FAILED,
            "revision_changed",
            "If-Match names no revision of the settings: send the ETag of the domain as it was read, such as \"3\".",
        )
    })
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
    headers: HeaderMap,
    Body(body): Body<ChangeDomain>,
) -> Result<Response, Failure> {
    let by = caller.changing()?;
    let mut at = if_match(&headers)?;
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let name = domains::name_of(&domain)?;
    let edited = domain.settings.edit(&name, &body.settings).map_err(Error::Invalid)?;
    match confirmed(&app, &domain, &edited.settings, body.confirm_deletes).await? {
        Confirmed::Not(answer) => return Ok(answer),
        Confirmed::Deletes => at = at.or(Some(domain.revision)),
        Confirmed::Harmless => {}
    }
    domains::change_settings_at(&app, by, id, &body.settings, at).await?;
    Ok(tagged(shown(&app, id).await?))
}

/// What a change deletes by itself, against what the caller has said of it.
enum Confirmed {
    /// It deletes nobody, or the caller has said nothing: a program that does not ask is held by the guard alone.
    Harmless,
    /// As many as were counted: the settings must be those that were counted by.
    Deletes,
    Not(Response),
}

async fn confirmed(
    app: &App,
    domain: &Domain,
    settings: &DomainSettings,
    said: Option<usize>,
) -> Result<Confirmed, Failure> {
    let Some(said) = said.filter(|_| review::takes_effect(domain, settings)) else {
        return Ok(Confirmed::Harmless);
    };
    let impact = review::impact(app, domain, settings).await?;
    if impact.deletes == 0 && said == 0 {
        return Ok(Confirmed::Harmless);
    }
    if review::confirms(&impact, Some(said), impact.deletes) {
        return Ok(Confirmed::Deletes);
    }
    let detail = format!(
        "By itself this change has {} users and groups deleted in JumpCloud. Look at POST /domains/{{id}}/preview, and \
         send \"confirm_deletes\": {} if that is meant.",
        impact.deletes, impact.deletes
    );
    let failure = Failure::new(StatusCode::CONFLICT, "deletes_not_confirmed", detail);
    let more = [("deletes", json!(impact.deletes)), ("impact", json!(impact))];
    Ok(Confirmed::Not(failure.with(more.into_iter().map(|(name, value)| (name.into(), value)).collect())))
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
    headers: HeaderMap,
    Body(body): Body<Rollback>,
) -> Result<Response, Failure> {
    let by = caller.changing()?;
    let mut at = if_match(&headers)?;
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let revisions = store::domains::list_revisions(&app.db, id).await?;
    let wanted = revisions.into_iter().find(|row| row.revision == body.revision);
    let settings = wanted.ok_or(Error::NotFound("revision"))?.settings;
    match confirmed(&app, &domain, &settings, body.confirm_deletes).await? {
        Confirmed::Not(answer) => return Ok(answer),
        Confirmed::Deletes => at = at.or(Some(domain.revision)),
        Confirmed::Harmless => {}
    }
    domains::rollback(&app, by, id, body.revision, at).await?;
    Ok(tagged(shown(&app, id).await?))
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
