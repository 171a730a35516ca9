//! `/operations`: outbox and history.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::{DomainId, ObjectGuid, OperationId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Body, Id, Query, filled, limit, next, one_of, page};
use super::views;
use crate::actions::subjects;
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::store;
use crate::store::admins::Role;
use crate::store::work;

const STATES: [&str; 6] = ["ready", "leased", "held", "done", "parked", "superseded"];

#[derive(Debug, Deserialize)]
pub struct Search {
    domain_id: Option<DomainId>,
    state: Option<String>,
    kind: Option<String>,
    subject: Option<ObjectGuid>,
    error_code: Option<String>,
    query: Option<String>,
    after: Option<OperationId>,
    limit: Option<i64>,
}

pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(search): Query<Search>,
) -> Result<Json<Value>, Failure> {
    let limit = limit(search.limit)?;
    let filter = work::Search {
        domain: search.domain_id,
        state: one_of("state", search.state.as_deref(), &STATES)?,
        kind: one_of("kind", search.kind.as_deref(), &planner::plan::KINDS)?,
        subject: search.subject,
        error_code: filled(&search.error_code),
        query: filled(&search.query),
    };
    let rows = work::list(&app.db, &caller.reach(), &filter, search.after, limit).await?;
    let next = next(&rows, limit, |row| row.id.to_string());
    Ok(page(rows.iter().map(views::operation).collect(), next))
}

#[derive(Debug, Deserialize)]
pub struct Of {
    domain_id: Option<DomainId>,
}

/// What is parked, by error code.
pub async fn failures(
    State(app): State<App>,
    caller: Caller,
    Query(of): Query<Of>,
) -> Result<Json<Value>, Failure> {
    let rows = work::count_by_error(&app.db, &caller.reach(), of.domain_id).await?;
    let view = |row: &work::Failures| {
        json!({
            "error_code": row.error_code, "count": row.count, "retriable": row.count - row.lost, "message": row.message,
            "last_at": row.last_at,
        })
    };
    Ok(page(rows.iter().map(view).collect(), None))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryAll {
    error_code: String,
    domain_id: Option<DomainId>,
}

/// Tries again everything that is parked with an error code.
pub async fn retry_all(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<RetryAll>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let retried = subjects::retry_all(
        &app,
        caller.changing()?,
        &caller.reach_of(Role::Operator),
        body.domain_id,
        &body.error_code,
    )
    .await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"retried": retried}))))
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
    subjects::retry(&app, caller.helping()?, id).await?;
    let row = store::operations::find(&app.db, id).await?.ok_or(Error::NotFound("operation"))?;
    Ok((StatusCode::ACCEPTED, Json(views::operation(&row))))
}
