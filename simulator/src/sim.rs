//! `/sim`: what tests and demonstrations see and do from outside, without an API key. Not part of JumpCloud.

use axum::{
    Router,
    routing::{delete, get, patch, post},
};

use crate::world::Shared;

mod input;
pub(crate) mod keys;
pub(crate) mod login;
pub(crate) mod people;
mod requests;
mod script;
pub(crate) mod snapshot;
mod switches;

/// The routes below `/sim`.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/requests", get(requests::list).delete(requests::clear))
        .route("/state", get(snapshot::state))
        .route("/login", post(login::login))
        .route("/faults", get(script::list).post(script::add).delete(script::clear))
        .route("/faults/{id}", delete(script::remove))
        .route("/keys", post(keys::create))
        .route("/keys/{key}", delete(keys::revoke))
        .route("/tokens", delete(keys::revoke_tokens))
        .route("/bindings", post(people::bindings))
        .route("/foreign-emails", post(people::foreign_emails).delete(people::clear_foreign_emails))
        .route("/users/{username}", patch(people::change))
        .route("/settings", get(switches::read).patch(switches::change))
}
