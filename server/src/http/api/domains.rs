//! `/domains`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use protocol::{DomainId, OrganizationId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::describe::{List, Made, Tagged, get, post};
use super::extract::{Body, Id, IfMatch, Paging, Query, limit, page};
use super::settings::{SettingsSent, SettingsShown};
use super::views::{self, Counts};
use crate::actions::domains;
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::review;
use crate::http::routes::Routes;
use crate::settings::DomainSettings;
use crate::store;
use crate::store::domains::Domain;

pub(super) fn routes() -> Routes {
    let lost =
        ("deletes_not_confirmed", "it deletes another number of users and groups; `impact` has what it does");
    Routes::new()
        .route(
            "/domains",
            get(list)
                .says("List the domains", "")
                .post(add)
                .says("Add a domain", "In preview: nothing is written to JumpCloud before it is activated. Sent twice, the second is answered with the same \
                     domain.")
                .refuses(StatusCode::NOT_FOUND, "not_found", "there is no such organization")
                .conflicts("domain_exists", "the organization has it already, with other settings; `id` names it"),
        )
        .route(
            "/domains/{id}",
            get(find)
                .says("Show a domain", "The ETag is the revision of its settings.")
                .patch(change)
                .says(
                    "Change a domain's settings",
                    "What is left out stays, null returns to the default (RFC 7396). `POST /domains/{id}/preview` says \
                     beforehand what would come of it.",
                )
                .conflicts(lost.0, lost.1),
        )
        .route(
            "/domains/{id}/revisions",
            get(revisions).says("List the revisions of the settings", "The newest first."),
        )
        .route(
            "/domains/{id}/rollback",
            post(rollback)
                .says("Return to an earlier revision", "It becomes the newest one.")
                .conflicts(lost.0, lost.1),
        )
        .route(
            "/domains/{id}/activate",
            post(activate)
                .says("Activate", "From now on JumpCloud is written to. With `digest` only what was looked at is activated.")
                .conflicts("directory_not_read", "the directory was not read in full yet")
                .conflicts("preview_stale", "the plan is another one than the digest says"),
        )
        .route("/domains/{id}/pause", post(pause).says("Pause", "Nothing is written to JumpCloud."))
        .route(
            "/domains/{id}/resync",
            post(resync).says("Have everything read again", "The directory and JumpCloud, in full."),
        )
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddDomain {
    organization_id: OrganizationId,
    #[schema(example = "DC=corp,DC=example,DC=com")]
    name: String,
    #[serde(default)]
    settings: SettingsSent,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"settings": {"removal_grace_days": 14}}))]
pub struct ChangeDomain {
    #[serde(default)]
    settings: SettingsSent,
    /// How many users and groups the change may delete.
    confirm_deletes: Option<usize>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"revision": 2}))]
pub struct Rollback {
    revision: i64,
    confirm_deletes: Option<usize>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Activate {
    /// Of the preview that was looked at.
    digest: Option<String>,
}

async fn add(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<AddDomain>,
) -> Result<Made<views::Domain>, Failure> {
    let (organization, settings) = (body.organization_id, &body.settings.0);
    let by = caller.changing_at(organization)?;
    if let Some(id) = domains::find_same(&app, organization, &body.name, settings).await? {
        return Ok(Made::Same(shown(&app, id).await?));
    }
    let id = domains::add(&app, by, organization, &body.name, settings).await?;
    Ok(Made::New(shown(&app, id).await?))
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Json<List<views::Domain>>, Failure> {
    let rows = store::domains::list(&app.db, &caller.reach()).await?;
    paging.cut(rows.into_iter().map(Into::into).collect(), |row: &views::Domain| row.id.0)
}

async fn find(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
) -> Result<Tagged<views::Domain>, Failure> {
    tagged(&app, id).await
}

/// With the revision of the settings as the entity tag: `If-Match` has a change refused if they were changed meanwhile.
async fn tagged(app: &App, id: DomainId) -> Result<Tagged<views::Domain>, Failure> {
    let view = shown(app, id).await?;
    Ok(Tagged { tag: view.revision.to_string(), view })
}

/// With how many users and groups stand how.
async fn shown(app: &App, id: DomainId) -> Result<views::Domain, Failure> {
    let row = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let mut counts = Counts::default();
    for count in store::subjects::count_by_status(&app.db, id).await? {
        let of_kind = if count.kind == "user" { &mut counts.user } else { &mut counts.group };
        of_kind.insert(count.status, count.count);
    }
    let being_planned = Some(store::dirty::count(&app.db, id).await?);
    Ok(views::Domain { counts: Some(counts), being_planned, ..row.into() })
}

async fn change(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
    if_match: IfMatch,
    Body(body): Body<ChangeDomain>,
) -> Result<Result<Tagged<views::Domain>, Response>, Failure> {
    let by = caller.changing()?;
    let mut at = if_match.revision()?;
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let name = domains::name_of(&domain)?;
    let edited = domain.settings.edit(&name, &body.settings.0).map_err(Error::Invalid)?;
    match confirmed(&app, &domain, &edited.settings, body.confirm_deletes).await? {
        Confirmed::Not(answer) => return Ok(Err(answer)),
        Confirmed::Deletes => at = at.or(Some(domain.revision)),
        Confirmed::Harmless => {}
    }
    domains::change_settings_at(&app, by, id, &body.settings.0, at).await?;
    Ok(Ok(tagged(&app, id).await?))
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

/// Settings as they once were.
#[derive(Debug, Serialize, ToSchema)]
pub struct Revision {
    revision: i64,
    author: String,
    created_at: DateTime<Utc>,
    #[schema(value_type = SettingsShown)]
    settings: Value,
}

/// Where a page of revisions begins and how long it is.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub struct RevisionPaging {
    /// The `next` of the page before: a revision.
    after: Option<i64>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

async fn revisions(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
    Query(paging): Query<RevisionPaging>,
) -> Result<Json<List<Revision>>, Failure> {
    store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let many = usize::try_from(limit(paging.limit)?).unwrap_or(usize::MAX);
    let rows = store::domains::list_revisions(&app.db, id).await?;
    let follows = |revision: i64| paging.after.is_none_or(|after| revision < after);
    let mut items: Vec<_> = rows
        .into_iter()
        .filter(|row| follows(row.revision))
        .map(|row| Revision {
            revision: row.revision,
            author: row.author,
            created_at: row.created_at,
            settings: row.settings.shown(row.bind_password.is_some()),
        })
        .collect();
    let more = items.len() > many;
    items.truncate(many);
    let next = items.last().filter(|_| more).map(|row| row.revision.to_string());
    Ok(page(items, next))
}

async fn rollback(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
    if_match: IfMatch,
    Body(body): Body<Rollback>,
) -> Result<Result<Tagged<views::Domain>, Response>, Failure> {
    let by = caller.changing()?;
    let mut at = if_match.revision()?;
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let revisions = store::domains::list_revisions(&app.db, id).await?;
    let wanted = revisions.into_iter().find(|row| row.revision == body.revision);
    let settings = wanted.ok_or(Error::NotFound("revision"))?.settings;
    match confirmed(&app, &domain, &settings, body.confirm_deletes).await? {
        Confirmed::Not(answer) => return Ok(Err(answer)),
        Confirmed::Deletes => at = at.or(Some(domain.revision)),
        Confirmed::Harmless => {}
    }
    domains::rollback(&app, by, id, body.revision, at).await?;
    Ok(Ok(tagged(&app, id).await?))
}

async fn activate(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
    Body(body): Body<Activate>,
) -> Result<Json<views::Domain>, Failure> {
    domains::activate(&app, caller.changing()?, id, body.digest.as_deref()).await?;
    Ok(Json(shown(&app, id).await?))
}

async fn pause(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
) -> Result<Json<views::Domain>, Failure> {
    domains::pause(&app, caller.changing()?, id).await?;
    Ok(Json(shown(&app, id).await?))
}

async fn resync(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
) -> Result<Json<views::Domain>, Failure> {
    domains::resync(&app, caller.changing()?, id).await?;
    Ok(Json(shown(&app, id).await?))
}
