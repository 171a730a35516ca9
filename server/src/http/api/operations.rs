//! `/operations`: outbox and history.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::problem::FieldError;
use protocol::{DomainId, OperationId};
use serde::Deserialize;
use serde_json::Value;

use super::extract::{Id, Query, limit, next, page};
use super::views;
use crate::actions::subjects;
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::store;

const STATES: [&str; 6] = ["ready", "leased", "held", "done", "parked", "superseded"];

#[derive(Debug, Deserialize)]
pub struct Search {
    domain_id: Option<DomainId>,
    state: Option<String>,
    after: Option<OperationId>,
    limit: Option<i64>,
}

pub async fn list(
    State(app): State<App>,
    _: Caller,
    Query(search): Query<Search>,
) -> Result<Json<Value>, Failure> {
    if search.state.as_deref().is_some_and(|state| !STATES.contains(&state)) {
        let message = format!("must be one of {}", STATES.join(", "));
        return Err(Failure::invalid(vec![FieldError { field: "state".into(), message }]));
    }
    let limit = limit(search.limit)?;
    let rows = store::operations::list(
        &app.db,
        search.domain_id,
        search.state.as_deref(),
        None,
        search.after,
        limit,
    )
    .await?;
    let next = next(&rows, limit, |row| row.id.to_string());
    Ok(page(rows.iter().map(views::operation).collect(), next))
}

pub async fn find(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<OperationId>,
) -> Result<Json<Value>, Failure> {
    let row = store::operations::find(&app.db, id).await?.ok_or(Error::NotFound("operation"))?;
    Ok(Json(views::operation(&row)))
}

pub async fn retry(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<OperationId>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    subjects::retry(&app, caller.changing()?, id).await?;
    let row = store::operations::find(&app.db, id).await?.ok_or(Error::NotFound("operation"))?;
    Ok((StatusCode::ACCEPTED, Json(views::operation(&row))))
}
