//! `/domains/{id}/standing` and `/activity`: whether everything is in step, how much was done, and how long it took.

use axum::Json;
use axum::extract::State;
use protocol::DomainId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Id, Query, one_of};
use crate::actions::activity::{self, Window};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::store;

pub async fn standing(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
) -> Result<Json<Value>, Failure> {
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    Ok(Json(json!(activity::standing(&app, &domain).await?)))
}

#[derive(Debug, Deserialize)]
pub struct Wanted {
    window: Option<String>,
}

/// `window` is `hour` or `day`.
pub async fn activity(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Failure> {
    store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let window = one_of("window", wanted.window.as_deref(), &["hour", "day"])?;
    let window = window.and_then(Window::parse).unwrap_or(Window::Hour);
    Ok(Json(json!(activity::of(&app, id, window).await?)))
}
