//! The only room that knows axum: the REST API, the agents' interface and the pages.

pub mod agent;
pub mod api;
pub mod auth;
mod causes;
mod changes;
mod client;
mod drain;
mod export;
mod gate;
mod metrics;
pub mod problem;
mod review;
pub mod routes;
pub mod ui;
mod why;

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use crate::app::App;
use routes::{Routes, get};

/// No request body is larger: the largest is a part of a transfer.
const MAX_BODY: usize = 2 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(60);

/// Every route of the server.
pub fn routes(app: &App) -> Routes {
    let with_token = middleware::from_fn_with_state(app.clone(), auth::require_token);
    Routes::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics::show).with(|methods| methods.layer(with_token)))
        .nest("/agent/v1", agent::routes().with(bounded))
        .nest("/api/v1", api::guarded(app))
        .merge(ui::routes(app).with(bounded))
}

/// Refuses bodies that are too large; in the API only once the caller is known.
fn bounded(router: Router<App>) -> Router<App> {
    router.layer(RequestBodyLimitLayer::new(MAX_BODY))
}

/// The server, as it is listened for.
pub fn router(app: App) -> Router {
    let hardened =
        |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    routes(&app)
        .into_router()
        .with_state(app)
        .layer(middleware::from_fn(problem::name_limits))
        .layer(middleware::from_fn(drain::rest))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(hardened(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(hardened(header::REFERRER_POLICY, "same-origin"))
        .layer(hardened(header::X_FRAME_OPTIONS, "DENY"))
        .layer(hardened(header::CACHE_CONTROL, "no-store"))
        .layer(hardened(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; \
             connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ))
        .layer(hardened(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"))
}

/// 200 once the database answers.
async fn ready(State(app): State<App>) -> impl IntoResponse {
    match sqlx_ping(&app).await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}

async fn sqlx_ping(app: &App) -> Result<(), crate::error::Error> {
    crate::store::ping(&app.db).await.map_err(Into::into)
}
