//! The REST API for automation. Authentication comes first; every error is a problem document. Each file describes its
//! routes beside their handlers.

pub mod activity;
pub mod admins;
pub mod agents;
pub mod alert_channels;
pub mod alerts;
pub mod audit;
pub mod checks;
pub mod conflicts;
pub mod controllers;
pub mod coverage;
pub mod describe;
pub mod domains;
pub mod extract;
pub mod groups;
pub mod holds;
pub mod mappings;
pub mod operations;
pub mod organizations;
pub mod people;
pub mod preview;
pub mod roles;
pub mod settings;
pub mod setup;
pub mod single_sign_on;
pub mod tokens;
pub mod views;

use std::sync::LazyLock;

use axum::Json;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::Response;
use serde_json::{Value, json};

use super::auth::{self, Caller};
use super::gate;
use super::problem::Failure;
use super::routes::Routes;
use crate::actions::rights;
use crate::app::App;
use describe::get;

/// Every route under `/api/v1`.
pub fn routes() -> Routes {
    let tagged = |tag: &'static str, mut routes: Routes| {
        for description in routes.list_mut().iter_mut().filter_map(|route| route.description.as_mut()) {
            description.tag = tag;
        }
        routes
    };
    let mut routes = Routes::new()
        .merge(tagged("Organizations", organizations::routes()))
        .merge(tagged("Domains", domains::routes()))
        .merge(tagged("Set-up", agents::routes().merge(setup::routes()).merge(mappings::routes())))
        .merge(tagged("Plan", preview::routes()))
        .merge(tagged("People", people::routes().merge(groups::routes()).merge(conflicts::routes())))
        .merge(tagged("Operations", operations::routes().merge(holds::routes())))
        .merge(tagged(
            "Health",
            activity::routes().merge(checks::routes()).merge(controllers::routes()).merge(coverage::routes()),
        ))
        .merge(tagged("Alerts", alerts::routes().merge(alert_channels::routes())))
        .merge(tagged("Audit", audit::routes()))
        .merge(tagged("Access", tokens::routes().merge(admins::routes()).merge(single_sign_on::routes())))
        .merge(tagged("Description", itself()));
    for route in routes.list_mut() {
        let need = rights::needed(gate::reads(&route.method), &route.path);
        route.description.iter_mut().for_each(|description| description.takes(need.deed.role()));
    }
    routes
}

fn itself() -> Routes {
    Routes::new().route(
        "/openapi.json",
        get(openapi)
            .says("This description", "OpenAPI 3.1.")
            .answers::<Value>(StatusCode::OK, "application/json"),
    )
}

/// As `/openapi.json` and the subcommand give it.
pub fn description() -> &'static Value {
    static DESCRIPTION: LazyLock<Value> = LazyLock::new(|| json!(describe::openapi(&routes())));
    &DESCRIPTION
}

async fn openapi(_: Caller) -> Response {
    axum::response::IntoResponse::into_response(Json(description()))
}

/// Nobody reaches a handler without a token of the role that the route asks for.
pub(super) fn guarded(app: &App) -> Routes {
    routes().with(|router| {
        super::bounded(router)
            .fallback(|| async {
                Failure::new(StatusCode::NOT_FOUND, "not_found", "There is no such path in the API.")
            })
            .layer(middleware::from_fn_with_state(app.clone(), auth::require_token))
    })
}
