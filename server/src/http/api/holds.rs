//! `/holds`: what a person has to decide.

use axum::Json;
use axum::extract::State;
use planner::input::MovedOutAnswer;
use protocol::problem::FieldError;
use protocol::{HoldId, OperationId};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::extract::{Body, Id, Query, limit, next, page};
use super::views;
use crate::actions::holds::{self, Decision};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::causes;
use crate::http::problem::Failure;
use crate::store;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    operations: Option<Vec<OperationId>>,
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    answer: MovedOutAnswer,
    users: Option<Vec<Uuid>>,
}

pub async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Failure> {
    let rows = store::holds::list(&app.db, &caller.reach()).await?;
    Ok(page(rows.iter().map(views::hold).collect(), None))
}

/// With the exact set that it holds.
pub async fn find(State(app): State<App>, _: Caller, Id(id): Id<HoldId>) -> Result<Json<Value>, Failure> {
    let row = store::holds::find(&app.db, id).await?.ok_or(Error::NotFound("hold"))?;
    let mut view = views::hold(&row);
    let held = store::operations::list(&app.db, None, None, Some(id), None, 10_000).await?;
    view["operations"] = held.iter().map(views::operation).collect();
    let causes = causes::of(&app, &row).await?;
    view["causes"] = causes.iter().map(causes::Cause::view).collect();
    if row.kind == "moved_out" {
        let users = store::subjects::list_moved_out(&app.db, row.domain_id).await?;
        view["waiting"] = json!(users.len());
        view["users"] = users.iter().map(views::user).collect();
    }
    Ok(Json(view))
}

#[derive(Debug, Deserialize)]
pub struct Wanted {
    cause: Option<String>,
    after: Option<OperationId>,
    limit: Option<i64>,
}

/// What it holds page by page: of one cause, if it is given.
pub async fn operations(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<HoldId>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Failure> {
    let hold = store::holds::find(&app.db, id).await?.ok_or(Error::NotFound("hold"))?;
    let limit = limit(wanted.limit)?;
    let (cause, is_open) = (wanted.cause.as_deref(), hold.state == "open");
    let rows = store::work::list_held(&app.db, id, cause, is_open, wanted.after, limit).await?;
    let next = next(&rows, limit, |row| row.id.to_string());
    Ok(page(rows.iter().map(views::operation).collect(), next))
}

pub async fn approve(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<HoldId>,
    Body(body): Body<Which>,
) -> Result<Json<Value>, Failure> {
    decide(&app, &caller, id, Decision::Approve, &body).await
}

pub async fn reject(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<HoldId>,
    Body(body): Body<Which>,
) -> Result<Json<Value>, Failure> {
    decide(&app, &caller, id, Decision::Reject, &body).await
}

async fn decide(
    app: &App,
    caller: &Caller,
    id: HoldId,
    decision: Decision,
    which: &Which,
) -> Result<Json<Value>, Failure> {
    let decided = holds::decide(app, caller.changing()?, id, decision, which.of_store()?).await?;
    let row = store::holds::find(&app.db, id).await?.ok_or(Error::NotFound("hold"))?;
    let mut view = views::hold(&row);
    view["decided"] = json!(decided);
    Ok(Json(view))
}

/// For users that were moved out of the root user container: `follow` or `dissociate`.
pub async fn answer(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<HoldId>,
    Body(body): Body<Answer>,
) -> Result<Json<Value>, Failure> {
    let decided =
        holds::answer_moved_out(&app, caller.changing()?, id, body.answer, body.users.as_deref()).await?;
    let row = store::holds::find(&app.db, id).await?.ok_or(Error::NotFound("hold"))?;
    let mut view = views::hold(&row);
    view["decided"] = json!(decided);
    Ok(Json(view))
}
