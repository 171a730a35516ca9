//! `/domains/{id}/standing` and `/activity`: whether everything is in step, how much was done, and how long it took.

use axum::Json;
use axum::extract::State;
use protocol::DomainId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::describe::get;
use super::extract::{Id, Query, one_of};
use crate::actions::activity::{self, Activity, Standing, Window};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::store;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route(
            "/domains/{id}/standing",
            get(standing)
                .says("Whether JumpCloud is in step with the domain", "And what keeps it out of step."),
        )
        .route(
            "/domains/{id}/activity",
            get(activity)
                .says("How much was done, and how long it took", "From planned to accepted by JumpCloud."),
        )
}

async fn standing(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
) -> Result<Json<Standing>, Failure> {
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    Ok(Json(activity::standing(&app, &domain).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
pub struct Wanted {
    /// `hour` or `day`.
    #[param(example = "hour")]
    window: Option<String>,
}

async fn activity(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Activity>, Failure> {
    store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let window = one_of("window", wanted.window.as_deref(), &["hour", "day"])?;
    let window = window.and_then(Window::parse).unwrap_or(Window::Hour);
    Ok(Json(activity::of(&app, id, window).await?))
}
