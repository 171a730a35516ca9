//! `/operations`: outbox and history.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use protocol::{DomainId, ObjectGuid, OperationId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::describe::{Accepted, List, get, post};
use super::extract::{Body, Id, Query, filled, limit, next, one_of, page};
use super::views::Operation;
use crate::actions::subjects;
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::store;
use crate::store::admins::Role;
use crate::store::work;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route(
            "/operations",
            get(list).says("List operations", "What is planned, under way and done; the newest first."),
        )
        .route(
            "/operations/failures",
            get(failures)
                .says("Count what was refused", "What is parked, by error code; the most frequent first."),
        )
        .route(
            "/operations/retry",
            post(retry_all).says("Try again everything of an error code", "Of one domain, or of all."),
        )
        .route("/operations/{id}", get(find).says("Show an operation", ""))
        .route(
            "/operations/{id}/retry",
            post(retry)
                .says("Try an operation again", "")
                .conflicts("operation_not_retriable", "it is not parked, or nothing would come of it"),
        )
}

const STATES: [&str; 6] = ["ready", "leased", "held", "done", "parked", "superseded"];

#[derive(Debug, Deserialize, IntoParams)]
pub struct Search {
    domain_id: Option<DomainId>,
    /// `ready`, `leased`, `held`, `done`, `parked` or `superseded`.
    state: Option<String>,
    /// Such as `create_user`.
    kind: Option<String>,
    subject: Option<ObjectGuid>,
    error_code: Option<String>,
    /// Part of a name.
    query: Option<String>,
    after: Option<OperationId>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(search): Query<Search>,
) -> Result<Json<List<Operation>>, Failure> {
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
    Ok(page(rows.iter().map(Operation::from).collect(), next))
}

#[derive(Debug, Deserialize, IntoParams)]
pub struct Of {
    domain_id: Option<DomainId>,
}

/// What was refused with one error code.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Failures)]
pub struct FailuresView {
    error_code: String,
    count: i64,
    /// Of how many trying again may come something.
    retriable: i64,
    message: Option<String>,
    last_at: Option<DateTime<Utc>>,
}

async fn failures(
    State(app): State<App>,
    caller: Caller,
    Query(of): Query<Of>,
) -> Result<Json<List<FailuresView>>, Failure> {
    let rows = work::count_by_error(&app.db, &caller.reach(), of.domain_id).await?;
    let view = |row: work::Failures| FailuresView {
        error_code: row.error_code,
        count: row.count,
        retriable: row.count - row.lost,
        message: row.message,
        last_at: row.last_at,
    };
    Ok(page(rows.into_iter().map(view).collect(), None))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryAll {
    #[schema(example = "server_error")]
    error_code: String,
    domain_id: Option<DomainId>,
}

/// How many are tried again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Retried {
    retried: u64,
}

async fn retry_all(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<RetryAll>,
) -> Result<Accepted<Retried>, Failure> {
    let reach = caller.reach_of(Role::Operator);
    let by = caller.changing()?;
    let retried = subjects::retry_all(&app, by, &reach, body.domain_id, &body.error_code).await?;
    Ok(Accepted(Retried { retried }))
}

async fn find(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<OperationId>,
) -> Result<Json<Operation>, Failure> {
    let row = store::operations::find(&app.db, id).await?.ok_or(Error::NotFound("operation"))?;
    Ok(Json(Operation::from(&row)))
}

async fn retry(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<OperationId>,
) -> Result<Accepted<Operation>, Failure> {
    subjects::retry(&app, caller.helping()?, id).await?;
    let row = store::operations::find(&app.db, id).await?.ok_or(Error::NotFound("operation"))?;
    Ok(Accepted(Operation::from(&row)))
}
