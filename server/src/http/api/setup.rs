//! `/domains/{id}/setup` and `/containers`: how far a domain is set up, and what its settings can name.

use axum::Json;
use axum::extract::State;
use protocol::DomainId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Body, Id, Query, limit, page};
use crate::actions::setup::{self, Step};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::store;

/// Each step and whether it is done, the domain controllers, and what the last step looks for.
pub async fn find(State(app): State<App>, _: Caller, Id(id): Id<DomainId>) -> Result<Json<Value>, Failure> {
    let setup = setup::of(&app, id).await?;
    let step = |step: Step| json!({"step": step, "done": setup.is_done(step)});
    Ok(Json(json!({
        "steps": Step::ALL.map(step), "next": setup.next(), "domain_controllers": setup.controllers,
        "findings": setup.findings,
    })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    settings: Value,
}

/// Saves settings, and that what happens to users who leave was chosen.
pub async fn choose(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
    Body(body): Body<Choices>,
) -> Result<Json<Value>, Failure> {
    setup::choose(&app, caller.changing()?, id, &body.settings).await?;
    find(State(app), caller, Id(id)).await
}

#[derive(Debug, Deserialize)]
pub struct Search {
    query: Option<String>,
    limit: Option<i64>,
}

/// Organizational units and containers, those with the most users first.
pub async fn containers(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
    Query(search): Query<Search>,
) -> Result<Json<Value>, Failure> {
    store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let query = search.query.as_deref().map(str::trim).filter(|query| !query.is_empty());
    let rows = store::setup::list_containers(&app.db, id, query, None, limit(search.limit)?).await?;
    let item = |row: &store::setup::ContainerChoice| json!({"id": row.guid, "object_guid": row.guid, "distinguished_name": row.dn, "users": row.users});
    Ok(page(rows.iter().map(item).collect(), None))
}
