//! `/sim/bindings`, `/sim/foreign-emails`, `/sim/users/{username}`: what happens to users outside of the API.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    graph::{Kind, Node},
    reply::{Answer, Refusal, Reply},
    sim::input::Input,
    user_writes,
    world::{Shared, World},
};

/// The system that `/sim/bindings` binds users to.
const SYSTEM: &str = "5f0000000000000000000001";

/// `{"user": "ada", "bound": true}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Binding {
    user: String,
    bound: bool,
}

/// `POST /sim/bindings`
pub(crate) async fn bindings(
    State(shared): State<Shared>,
    Input(binding): Input<Binding>,
) -> Result<StatusCode, Refusal> {
    let known = bind(&mut shared.world(), &binding.user, binding.bound);
    if known { Ok(StatusCode::NO_CONTENT) } else { Err(Refusal::not_found()) }
}

pub(crate) fn bind(world: &mut World, username: &str, bound: bool) -> bool {
    let Some(user) = world.users.find_by_username(username) else { return false };
    let (user, system) = (Node::new(Kind::User, user.id()), Node::new(Kind::System, SYSTEM));
    if bound {
        world.graph.connect(&user, &system, Value::Null);
    } else {
        world.graph.disconnect(&user, &system);
    }
    true
}

/// `{"emails": ["ada@example.com"]}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForeignEmails {
    emails: Vec<String>,
}

/// `POST /sim/foreign-emails`
pub(crate) async fn foreign_emails(
    State(shared): State<Shared>,
    Input(new): Input<ForeignEmails>,
) -> StatusCode {
    shared.world().foreign_emails.extend(new.emails.iter().map(|email| email.to_lowercase()));
    StatusCode::NO_CONTENT
}

/// `DELETE /sim/foreign-emails`
pub(crate) async fn clear_foreign_emails(State(shared): State<Shared>) -> StatusCode {
    shared.world().foreign_emails.clear();
    StatusCode::NO_CONTENT
}

/// `PATCH /sim/users/{username} {"admin": {..}, "account_locked": true, ..}`: sets fields without a request.
pub(crate) async fn change(
    State(shared): State<Shared>,
    Path(username): Path<String>,
    Input(fields): Input<Map<String, Value>>,
) -> Answer {
    let mut world = shared.world();
    if !force(&mut world, &username, &fields) {
        return Err(Refusal::not_found());
    }
    Ok(Reply::nothing())
}

pub(crate) fn force(world: &mut World, username: &str, fields: &Map<String, Value>) -> bool {
    let Some(id) = world.users.find_by_username(username).map(|user| user.id().to_owned()) else {
        return false;
    };
    user_writes::force(world, &id, fields).is_ok()
}
