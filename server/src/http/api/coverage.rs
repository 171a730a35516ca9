//! `/domains/{id}/coverage`: whose current AD password JumpCloud has.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use protocol::{DomainId, ObjectGuid};
use serde::Deserialize;
use serde_json::json;

use super::extract::{Id, Query, limit, next, one_of};
use super::views;
use crate::actions::coverage::{self, STATES};
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::export;
use crate::http::problem::Failure;
use crate::store;

#[derive(Debug, Deserialize)]
pub struct Wanted {
    state: Option<String>,
    format: Option<String>,
    after: Option<ObjectGuid>,
    limit: Option<i64>,
}

impl Wanted {
    fn state(&self) -> Result<Option<&str>, Failure> {
        one_of("state", self.state.as_deref(), &STATES)
    }

    fn is_csv(&self) -> Result<bool, Failure> {
        Ok(one_of("format", self.format.as_deref(), &["json", "csv"])? == Some("csv"))
    }
}

/// The figures, and the users page by page; as CSV all of the users at once.
pub async fn coverage(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let (state, is_csv) = (wanted.state()?, wanted.is_csv()?);
    if is_csv {
        return Ok(export::csv(&app, &caller.actor, id, state).await?);
    }
    let limit = limit(wanted.limit)?;
    let mut view = json!(coverage::of(&app, id).await?);
    let rows = store::coverage::list(&app.db, id, app.clock.now(), state, wanted.after, limit).await?;
    view["next"] = json!(next(&rows, limit, |row| row.guid.to_string()));
    view["items"] = rows.iter().map(views::covered).collect();
    Ok(Json(view).into_response())
}
