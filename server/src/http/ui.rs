//! The dashboard: server-rendered pages. A page is a struct and its template; every action is a real form, answered by a
//! redirect, or by 422 and the same form with what is wrong.

mod account;
mod admins;
mod alert_channels;
mod alerts;
mod api_tokens;
pub(crate) mod assets;
mod audit;
mod charts;
mod checks;
mod chrome;
mod compare;
mod confirm;
mod conflicts;
mod coverage;
mod domains;
mod enrollment;
mod extract;
mod facts;
mod first_run;
pub(crate) mod form;
mod groups;
mod guard;
mod holds;
mod invitation;
mod live;
mod login;
mod mappings;
mod operations;
mod organizations;
mod overview;
mod passwords;
mod preview;
mod progress;
mod qr;
mod reference;
mod refusal;
mod roles;
mod second_factor;
mod session;
mod settings;
mod setup;
mod sign_on;
mod single_sign_on;
mod steps;
mod unsynced;
mod user;
mod users;
mod views;
mod why;
mod words;

use askama::Template;
use axum::extract::OriginalUri;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::http::problem::Failure;
use crate::http::routes::{Routes, get, post};
use refusal::Refusal;

pub(super) fn routes(app: &App) -> Routes {
    let pages = Routes::new()
        .route("/", get(overview::show))
        .route("/logout", post(login::sign_out))
        .route("/organizations", get(organizations::list))
        .route("/organizations/new", get(organizations::blank).post(organizations::add))
        .route("/organizations/{id}", get(organizations::show))
        .route("/organizations/{id}/credential", post(organizations::change_credential))
        .route("/domains", get(domains::list))
        .route("/domains/new", get(domains::blank).post(domains::add))
        .merge(of_one_domain())
        .merge(setup::routes())
        .merge(account::routes())
        .merge(admins::routes())
        .route("/single-sign-on", get(single_sign_on::show).post(single_sign_on::save))
        .route("/single-sign-on/remove", post(single_sign_on::remove))
        .route("/api-tokens", get(api_tokens::list).post(api_tokens::create))
        .route("/api-tokens/{id}/remove", post(api_tokens::remove))
        .route("/operations", get(operations::list))
        .route("/operations/retry", post(operations::retry_all))
        .route("/operations/{id}/retry", post(operations::retry))
        .route("/holds", get(holds::list))
        .route("/holds/{id}", get(holds::show))
        .route("/holds/{id}/decide", post(holds::decide))
        .route("/holds/{id}/answer", post(holds::answer))
        .route("/conflicts", get(conflicts::list))
        .route("/alerts", get(alerts::list))
        .route("/alerts/{id}/acknowledge", post(alerts::acknowledge))
        .route("/alerts/channels", get(alert_channels::list))
        .route("/alerts/channels/new", get(alert_channels::blank).post(alert_channels::add))
        .route("/alerts/channels/{id}", get(alert_channels::show).post(alert_channels::change))
        .route("/alerts/channels/{id}/test", post(alert_channels::test))
        .route("/alerts/channels/{id}/remove", post(alert_channels::remove))
        .route("/audit", get(audit::list))
        .route("/api-reference", get(reference::show))
        .route("/events", get(live::events))
        .route("/audit.jsonl", get(audit::lines))
        .with(|router| {
            router
                .fallback(nowhere)
                .method_not_allowed_fallback(wrong_method)
                .layer(CatchPanicLayer::custom(refusal::panicked))
                .layer(middleware::from_fn_with_state(app.clone(), guard::keep))
        });
    let open = Routes::new()
        .route("/login", get(login::show).post(login::sign_in))
        .route("/sign-on", get(sign_on::begin))
        .route("/sign-on/callback", get(sign_on::finish))
        .route("/first-run", get(first_run::show).post(first_run::begin))
        .route("/invitation/{secret}", get(invitation::show).post(invitation::accept))
        .route("/static/{name}", get(assets::serve));
    pages.merge(open)
}

fn of_one_domain() -> Routes {
    Routes::new()
        .route("/domains/{id}", get(domains::show))
        .route("/domains/{id}/pause", post(domains::pause))
        .route("/domains/{id}/resync", post(domains::resync))
        .route("/domains/{id}/enrollment-tokens", post(enrollment::issue))
        .route("/domains/{id}/agents/{agent}/remove", post(enrollment::remove))
        .route("/domains/{id}/settings", get(settings::show).post(settings::save))
        .route("/domains/{id}/mappings", get(mappings::show).post(mappings::act))
        .route("/domains/{id}/settings/review/{draft}", get(settings::review).post(settings::publish))
        .route("/domains/{id}/rollback", post(settings::rollback))
        .route("/domains/{id}/preview", get(preview::show).post(preview::refresh))
        .route("/domains/{id}/preview.csv", get(preview::csv))
        .route("/domains/{id}/preview.json", get(preview::json))
        .route("/domains/{id}/not-synced", get(unsynced::list))
        .route("/domains/{id}/activate", post(preview::activate))
        .route("/domains/{id}/coverage", get(coverage::show))
        .route("/domains/{id}/coverage.csv", get(coverage::csv))
        .route("/domains/{id}/coverage.json", get(coverage::json))
        .route("/domains/{id}/users", get(users::list))
        .route("/domains/{id}/users.csv", get(users::csv))
        .route("/domains/{id}/users.json", get(users::json))
        .route("/domains/{id}/users/{guid}", get(user::show))
        .route("/domains/{id}/users/{guid}/sync", post(user::sync))
        .route("/domains/{id}/users/{guid}/takeover", post(user::decide_takeover))
        .route("/domains/{id}/groups", get(groups::list))
        .route("/domains/{id}/groups/{guid}", get(groups::show))
        .route("/domains/{id}/groups/{guid}/adopt", post(groups::adopt))
}

async fn nowhere(OriginalUri(uri): OriginalUri) -> Response {
    if guard::is_for_machines(uri.path()) {
        return Failure::new(StatusCode::NOT_FOUND, "not_found", "There is no such path.").into_response();
    }
    Refusal::not_found("page").into_response()
}

/// Mostly the address of a form's answer, typed or reloaded after the session had ended.
async fn wrong_method() -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "This address only takes a form",
        "Nothing was changed. Go back to the page that the form stands on, or start again from the overview.",
    )
}

/// What a handler gives.
type Answer = Result<Response, Refusal>;

fn page(page: &impl Template) -> Answer {
    Ok(refusal::html(StatusCode::OK, page))
}

/// The same form again, with what is wrong.
fn again(page: &impl Template) -> Answer {
    Ok(refusal::html(StatusCode::UNPROCESSABLE_ENTITY, page))
}

/// Has the browser ask for another page; what the form did is done, reloading does not do it again.
fn to(address: &str) -> Response {
    let location = HeaderValue::from_str(address).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// Back to the page that the form stood on, which says what was done.
fn back(fields: &form::Fields, otherwise: &str, done: &str) -> Response {
    let stood_on = Some(fields.text("back")).filter(|back| login::is_of_this_site(back)).unwrap_or(otherwise);
    let joint = if stood_on.contains('?') { '&' } else { '?' };
    to(&format!("{stood_on}{joint}done={done}"))
}
