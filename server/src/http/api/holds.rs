//! `/holds`: what a person has to decide.

use axum::Json;
use axum::extract::State;
use planner::input::MovedOutAnswer;
use protocol::problem::FieldError;
use protocol::{HoldId, OperationId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::describe::{List, get, post};
use super::extract::{Body, Id, Paging, Query, limit, next, page};
use super::views::{Hold, Operation, User};
use crate::actions::holds::{self, Decision};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::causes;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::store;

pub(super) fn routes() -> Routes {
    let closed = ("hold_decided", "it is not open any more");
    Routes::new()
        .route("/holds", get(list).says("List holds", "Open ones first, then the newest."))
        .route(
            "/holds/{id}",
            get(find).says("Show a hold", "With the exact set that it holds, and what it comes from."),
        )
        .route(
            "/holds/{id}/operations",
            get(operations).says("List what a hold holds", "Page by page; of one cause, if it is given."),
        )
        .route(
            "/holds/{id}/approve",
            post(approve)
                .says("Approve", "All of it, the named operations, or all of one cause.")
                .conflicts(closed.0, closed.1)
                .conflicts("hold_needs_answer", "it asks for an answer: `/holds/{id}/answer`"),
        )
        .route(
            "/holds/{id}/reject",
            post(reject)
                .says("Reject", "What is rejected stays as it is in JumpCloud.")
                .conflicts(closed.0, closed.1)
                .conflicts("hold_needs_answer", "it asks for an answer: `/holds/{id}/answer`"),
        )
        .route(
            "/holds/{id}/answer",
            post(answer)
                .says("Answer for users that were moved out of the root user container", "")
                .conflicts(closed.0, closed.1)
                .conflicts("hold_needs_decision", "it asks to be approved or rejected"),
        )
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WhichOperations, example = json!({}))]
pub struct Which {
    /// None: all that wait.
    operations: Option<Vec<OperationId>>,
    /// All that come from one thing that happened.
    cause: Option<String>,
}

impl Which {
    fn of_store(&self) -> Result<store::holds::Which<'_>, Failure> {
        match (&self.operations, &self.cause) {
            (Some(ids), None) => Ok(store::holds::Which::Named(ids)),
            (None, Some(cause)) => Ok(store::holds::Which::Cause(cause)),
            (None, None) => Ok(store::holds::Which::All),
            (Some(_), Some(_)) => {
                let message = "must be left out where operations are named".into();
                Err(Failure::invalid(vec![FieldError { field: "cause".into(), message }]))
            }
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HoldAnswer, example = json!({"answer": "follow"}))]
pub struct Answer {
    answer: MovedOutAnswer,
    /// None: all that wait.
    users: Option<Vec<Uuid>>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Hold>>, Failure> {
    let rows = store::holds::list(&app.db, &caller.reach()).await?;
    paging.cut(rows.iter().map(Hold::from).collect(), |row: &Hold| row.id.0)
}

/// A hold with the exact set that it holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldInFull {
    #[serde(flatten)]
    hold: Hold,
    operations: Vec<Operation>,
    causes: Vec<causes::View>,
    /// Of a hold about users that were moved out.
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<Vec<User>>,
}

async fn find(State(app): State<App>, _: Caller, Id(id): Id<HoldId>) -> Result<Json<HoldInFull>, Failure> {
    let row = store::holds::find(&app.db, id).await?.ok_or(Error::NotFound("hold"))?;
    let held = store::operations::list(&app.db, None, None, Some(id), None, 10_000).await?;
    let causes = causes::of(&app, &row).await?;
    let mut view = HoldInFull {
        hold: Hold::from(&row),
        operations: held.iter().map(Operation::from).collect(),
        causes: causes.iter().map(causes::Cause::view).collect(),
        users: None,
    };
    if row.kind == "moved_out" {
        let users = store::subjects::list_moved_out(&app.db, row.domain_id).await?;
        view.users = Some(users.iter().map(User::from).collect());
    }
    Ok(Json(view))
}

#[derive(Debug, Deserialize, IntoParams)]
pub struct Wanted {
    cause: Option<String>,
    after: Option<OperationId>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

async fn operations(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<HoldId>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<List<Operation>>, Failure> {
    let hold = store::holds::find(&app.db, id).await?.ok_or(Error::NotFound("hold"))?;
    let limit = limit(wanted.limit)?;
    let (cause, is_open) = (wanted.cause.as_deref(), hold.state == "open");
    let rows = store::work::list_held(&app.db, id, cause, is_open, wanted.after, limit).await?;
    let next = next(&rows, limit, |row| row.id.to_string());
    Ok(page(rows.iter().map(Operation::from).collect(), next))
}

async fn approve(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<HoldId>,
    Body(body): Body<Which>,
) -> Result<Json<Decided>, Failure> {
    decide(&app, &caller, id, Decision::Approve, &body).await
}

async fn reject(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<HoldId>,
    Body(body): Body<Which>,
) -> Result<Json<Decided>, Failure> {
    decide(&app, &caller, id, Decision::Reject, &body).await
}

/// A hold after a decision.
#[derive(Debug, Serialize, ToSchema)]
pub struct Decided {
    #[serde(flatten)]
    hold: Hold,
    /// How many it was about.
    decided: u64,
}

async fn decide(
    app: &App,
    caller: &Caller,
    id: HoldId,
    decision: Decision,
    which: &Which,
) -> Result<Json<Decided>, Failure> {
    let decided = holds::decide(app, caller.changing()?, id, decision, which.of_store()?).await?;
    let row = store::holds::find(&app.db, id).await?.ok_or(Error::NotFound("hold"))?;
    Ok(Json(Decided { hold: Hold::from(&row), decided }))
}

async fn answer(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<HoldId>,
    Body(body): Body<Answer>,
) -> Result<Json<Decided>, Failure> {
    let decided =
        holds::answer_moved_out(&app, caller.changing()?, id, body.answer, body.users.as_deref()).await?;
    let row = store::holds::find(&app.db, id).await?.ok_or(Error::NotFound("hold"))?;
    Ok(Json(Decided { hold: Hold::from(&row), decided }))
}
