//! `POST /sim/login`: would JumpCloud let this person in?

use axum::extract::State;
use axum::http::StatusCode;
use chrono::DateTime;
use serde::Deserialize;
use serde_json::json;

use crate::{
    reply::{Answer, Refusal, Reply},
    sim::input::Input,
    world::{Shared, World},
};

/// `{"username": "..", "password": ".."}`
#[derive(Deserialize)]
pub(crate) struct Attempt {
    username: String,
    password: String,
}

/// `POST /sim/login`: 200 `{"id", "username"}`, or 401 with the reason as `message`.
pub(crate) async fn login(State(shared): State<Shared>, Input(login): Input<Attempt>) -> Answer {
    let world = shared.world();
    match attempt(&world, &login.username, &login.password) {
        Ok(id) => Ok(Reply::ok(json!({ "id": id, "username": login.username }))),
        Err(reason) => Err(Refusal::new(StatusCode::UNAUTHORIZED, reason).bare()),
    }
}

/// The user's id, or why the login fails.
pub(crate) fn attempt(world: &World, username: &str, password: &str) -> Result<String, &'static str> {
    let user = world.users.find_by_username(username).ok_or("no such user")?;
    let hash = user.password.as_ref().ok_or("the user has no password")?;
    if !hash.matches(password) {
        return Err("wrong password");
    }
    let expires = DateTime::parse_from_rfc3339(user.text("password_expiration_date"));
    if user.flag("password_expired") || expires.is_ok_and(|expires| expires <= world.now()) {
        return Err("the password has expired");
    }
    if user.flag("account_locked") {
        return Err("the account is locked");
    }
    match user.text("state") {
        "ACTIVATED" => Ok(user.id().to_owned()),
        "SUSPENDED" => Err("the user is suspended"),
        _ => Err("the user is staged"),
    }
}
