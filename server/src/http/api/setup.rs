//! `/domains/{id}/setup` and `/containers`: how far a domain is set up, and what its settings can name.

use axum::Json;
use axum::extract::State;
use protocol::DomainId;
use protocol::ObjectGuid;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::describe::{List, get, post};
use super::extract::{Body, Id, Paging, Query};
use super::settings::SettingsSent;
use crate::actions::setup::{self, Controller, Finding, Step};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::store;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route(
            "/domains/{id}/containers",
            get(containers).says(
                "List organizational units and containers",
                "Those with the most users first: what `root_user_container` can be.",
            ),
        )
        .route(
            "/domains/{id}/setup",
            get(find).says(
                "How far the domain is set up",
                "Each step and whether it is done, the domain controllers, and what the last step looks for.",
            ),
        )
        .route(
            "/domains/{id}/setup/choices",
            post(choose).says(
                "Choose what happens to users who leave",
                "Saves settings, and that the choice was made.",
            ),
        )
}

/// How far a domain is set up.
#[derive(Debug, Serialize, ToSchema)]
pub struct Setup {
    steps: Vec<StepDone>,
    /// The first step that is not done.
    next: Option<Step>,
    domain_controllers: Vec<Controller>,
    findings: Vec<Finding>,
}

/// A step, and whether it is done.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepDone {
    step: Step,
    done: bool,
}

async fn find(State(app): State<App>, _: Caller, Id(id): Id<DomainId>) -> Result<Json<Setup>, Failure> {
    let setup = setup::of(&app, id).await?;
    let step = |step: Step| StepDone { step, done: setup.is_done(step) };
    Ok(Json(Setup {
        steps: Step::ALL.map(step).into(),
        next: setup.next(),
        domain_controllers: setup.controllers,
        findings: setup.findings,
    }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    settings: SettingsSent,
}

async fn choose(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
    Body(body): Body<Choices>,
) -> Result<Json<Setup>, Failure> {
    setup::choose(&app, caller.changing()?, id, &body.settings.0).await?;
    find(State(app), caller, Id(id)).await
}

/// More organizational units no directory has.
const MOST: i64 = 100_000;

#[derive(Debug, Deserialize, IntoParams)]
pub struct Search {
    /// Part of the name.
    query: Option<String>,
    /// The `next` of the page before.
    after: Option<Uuid>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// A place that can be the root user container.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Container)]
pub struct Place {
    id: ObjectGuid,
    object_guid: ObjectGuid,
    #[schema(example = "OU=Staff,DC=corp,DC=example,DC=com")]
    distinguished_name: String,
    /// Users at any depth below it.
    users: i64,
}

async fn containers(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
    Query(search): Query<Search>,
) -> Result<Json<List<Place>>, Failure> {
    store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let query = search.query.as_deref().map(str::trim).filter(|query| !query.is_empty());
    let rows = store::setup::list_containers(&app.db, id, query, None, MOST).await?;
    let item = |row: store::setup::ContainerChoice| Place {
        id: row.guid,
        object_guid: row.guid,
        distinguished_name: row.dn,
        users: row.users,
    };
    let paging = Paging { after: search.after, limit: search.limit };
    paging.cut(rows.into_iter().map(item).collect(), |row: &Place| row.id.0)
}
