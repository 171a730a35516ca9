//! The REST API for automation. Authentication comes first; every error is a problem document.

pub mod activity;
pub mod admins;
pub mod agents;
pub mod alert_channels;
pub mod alerts;
pub mod audit;
pub mod conflicts;
pub mod coverage;
pub mod domains;
pub mod extract;
pub mod groups;
pub mod holds;
pub mod mappings;
pub mod operations;
pub mod organizations;
pub mod people;
pub mod preview;
mod roles;
pub mod setup;
pub mod tokens;
pub mod views;

use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Router, middleware};

use super::auth;
use super::problem::Failure;
use crate::app::App;

pub fn router(app: &App) -> Router<App> {
    Router::new()
        .route("/organizations", post(organizations::add).get(organizations::list))
        .route("/organizations/{id}", get(organizations::find))
        .route("/organizations/{id}/credential", post(organizations::change_credential))
        .route("/domains", post(domains::add).get(domains::list))
        .route("/domains/{id}", get(domains::find).patch(domains::change))
        .route("/domains/{id}/revisions", get(domains::revisions))
        .route("/domains/{id}/rollback", post(domains::rollback))
        .route("/domains/{id}/preview", post(preview::refresh).get(preview::show))
        .route("/domains/{id}/progress", get(preview::progress))
        .route("/domains/{id}/mappings", get(mappings::table))
        .route("/domains/{id}/mappings/preview", post(mappings::preview))
        .route("/domains/{id}/activate", post(domains::activate))
        .route("/domains/{id}/pause", post(domains::pause))
        .route("/domains/{id}/resync", post(domains::resync))
        .route("/domains/{id}/checks", get(domains::checks))
        .route("/domains/{id}/containers", get(setup::containers))
        .route("/domains/{id}/setup", get(setup::find))
        .route("/domains/{id}/setup/choices", post(setup::choose))
        .route("/domains/{id}/coverage", get(coverage::coverage))
        .route("/domains/{id}/standing", get(activity::standing))
        .route("/domains/{id}/activity", get(activity::activity))
        .route("/domains/{id}/domain-controllers", get(domains::domain_controllers))
        .route("/domains/{id}/enrollment-tokens", post(agents::issue_token))
        .route("/domains/{id}/users", get(people::users))
        .route("/domains/{id}/users/{guid}", get(people::user))
        .route("/domains/{id}/users/{guid}/sync", post(people::sync))
        .route("/domains/{id}/users/{guid}/takeover", post(people::decide_takeover))
        .route("/domains/{id}/groups", get(groups::list))
        .route("/domains/{id}/groups/{guid}", get(groups::find))
        .route("/domains/{id}/groups/{guid}/members", get(groups::members))
        .route("/domains/{id}/groups/{guid}/adopt", post(groups::adopt))
        .route("/agents", get(agents::list))
        .route("/agents/{id}", delete(agents::revoke))
        .route("/operations", get(operations::list))
        .route("/operations/failures", get(operations::failures))
        .route("/operations/retry", post(operations::retry_all))
        .route("/operations/{id}", get(operations::find))
        .route("/operations/{id}/retry", post(operations::retry))
        .route("/holds", get(holds::list))
        .route("/holds/{id}", get(holds::find))
        .route("/holds/{id}/approve", post(holds::approve))
        .route("/holds/{id}/reject", post(holds::reject))
        .route("/holds/{id}/answer", post(holds::answer))
        .route("/alerts", get(alerts::list))
        .route("/alerts/{id}/acknowledge", post(alerts::acknowledge))
        .route("/alert-channels", get(alert_channels::list).post(alert_channels::add))
        .route(
            "/alert-channels/{id}",
            get(alert_channels::find).patch(alert_channels::change).delete(alert_channels::remove),
        )
        .route("/alert-channels/{id}/test", post(alert_channels::test))
        .route("/holds/{id}/operations", get(holds::operations))
        .route("/conflicts", get(conflicts::list))
        .route("/audit", get(audit::list))
        .route("/api-tokens", get(tokens::list).post(tokens::create))
        .route("/api-tokens/{id}", delete(tokens::remove))
        .route("/admins", get(admins::list).post(admins::invite))
        .route("/admins/{id}", get(admins::find).patch(admins::change))
        .route("/admins/{id}/reset", post(admins::reset))
        .route("/admins/{id}/sessions", get(admins::sessions))
        .route("/admins/{id}/sessions/{session}", delete(admins::end_session))
        .fallback(|| async {
            Failure::new(StatusCode::NOT_FOUND, "not_found", "There is no such path in the API.")
        })
        .layer(middleware::from_fn_with_state(app.clone(), auth::require_token))
}
