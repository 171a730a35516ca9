//! `/domains/{id}/coverage`: whose current AD password JumpCloud has.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use protocol::{DomainId, ObjectGuid};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::describe::get;
use super::extract::{Id, Query, limit, next, one_of};
use super::views::Covered;
use crate::actions::coverage::{self, STATES};
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::export;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::store;

pub(super) fn routes() -> Routes {
    Routes::new().route(
        "/domains/{id}/coverage",
        get(coverage)
            .says(
                "Whose current AD password JumpCloud has",
                "The figures, and the users page by page; as CSV all of the users at once.",
            )
            .answers::<CoverageView>(StatusCode::OK, "application/json")
            .answers::<String>(StatusCode::OK, "text/csv"),
    )
}

/// The figures and a page of the users.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CoverageOfUsers)]
pub struct CoverageView {
    #[serde(flatten)]
    figures: coverage::Coverage,
    items: Vec<Covered>,
    next: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
pub struct Wanted {
    /// `delivered`, `waiting`, `refused`, `expired`, `missed` or `never_captured`.
    state: Option<String>,
    /// `json` or `csv`.
    format: Option<String>,
    after: Option<ObjectGuid>,
    #[param(minimum = 1, maximum = 1000)]
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

async fn coverage(
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
    let figures = coverage::of(&app, id).await?;
    let rows = store::coverage::list(&app.db, id, app.clock.now(), state, wanted.after, limit).await?;
    let next = next(&rows, limit, |row| row.guid.to_string());
    let items = rows.iter().map(Covered::from).collect();
    Ok(Json(CoverageView { figures, items, next }).into_response())
}
