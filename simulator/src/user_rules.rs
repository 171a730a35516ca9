//! What makes JumpCloud refuse a user: names, duplicates, managers.

use axum::http::StatusCode;
use serde_json::{Map, Value};

use crate::{
    graph::{Kind, Node, RESOURCES},
    reply::Refusal,
    user::User,
    world::World,
};

/// Checks the changed fields of `user`, which is as it was before them.
pub(crate) fn check(world: &World, user: &User, changes: &Map<String, Value>) -> Result<(), Refusal> {
    let changed = |field: &str| {
        let new = changes.get(field).and_then(Value::as_str)?;
        (new != user.text(field)).then_some(new)
    };
    if let Some(username) = changed("username") {
        check_username(world, user, username)?;
    }
    if let Some(email) = changed("email") {
        check_email(world, user, email)?;
    }
    if let Some(employee) = changed("employeeIdentifier").filter(|text| !text.is_empty()) {
        check_employee(world, user, employee)?;
    }
    if let Some(manager) = changed("manager").filter(|id| !id.is_empty()) {
        check_manager(world, user, manager)?;
    }
    Ok(())
}

fn check_username(world: &World, user: &User, username: &str) -> Result<(), Refusal> {
    if !is_username(username) {
        // The rule is from the naming convention article, the wording is assumed.
        let rule = "must start with a letter and contain only letters, numbers, '.', '_' and '-'";
        return Err(Refusal::bad(format!("Validation failed: username {rule}")));
    }
    if world.users.find_by_username(username).is_some() {
        return Err(duplicate(world, "username"));
    }
    let renamed = !user.username().is_empty();
    if renamed && is_bound(world, user.id()) {
        let why = "cannot be changed while the user is bound to a resource";
        return Err(Refusal::bad(format!("Validation failed: username {why}")));
    }
    Ok(())
}

fn is_username(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

/// Whether a user is bound to a resource. The directory that a user comes from is not one (assumed:
/// otherwise no managed user could ever be renamed).
fn is_bound(world: &World, id: &str) -> bool {
    let node = Node::new(Kind::User, id);
    let resources = RESOURCES.into_iter().filter(|kind| *kind != Kind::ActiveDirectory);
    resources.into_iter().any(|kind| world.graph.count(&node, kind) > 0)
}

fn check_email(world: &World, user: &User, email: &str) -> Result<(), Refusal> {
    let parts = email.split_once('@').filter(|(name, host)| !name.is_empty() && !host.is_empty());
    if parts.is_none_or(|(_, host)| host.contains('@')) || email.contains(char::is_whitespace) {
        return Err(Refusal::bad("Validation failed: email is not a valid email address"));
    }
    let taken_here = world.users.with("email", email).any(|other| other.id() != user.id());
    if taken_here || world.foreign_emails.contains(&email.to_lowercase()) {
        return Err(duplicate(world, "email"));
    }
    Ok(())
}

fn check_employee(world: &World, user: &User, employee: &str) -> Result<(), Refusal> {
    let mut others = world.users.with("employeeIdentifier", employee);
    if others.any(|other| other.id() != user.id() && other.text("employeeIdentifier") == employee) {
        return Err(duplicate(world, "employeeIdentifier"));
    }
    Ok(())
}

fn check_manager(world: &World, user: &User, manager: &str) -> Result<(), Refusal> {
    if manager == user.id() || world.users.find(manager).is_none() {
        return Err(Refusal::bad("Validation failed: manager is not the id of another user"));
    }
    Ok(())
}

/// The description says 400 "User already exists or Bad Request"; the exact words are not published.
fn duplicate(world: &World, field: &str) -> Refusal {
    let status = StatusCode::from_u16(world.settings.duplicate_status).unwrap_or(StatusCode::BAD_REQUEST);
    Refusal::new(status, format!("User already exists: {field} is already in use"))
}
