//! What a write means in one or two words, and whom it is about, so that a test can say what happened to
//! `ada` without knowing ids and paths.

use axum::http::Method;
use serde_json::{Map, Value};

use crate::{groups, world::World};

/// The meaning of one request.
#[derive(Debug, Default)]
pub(crate) struct Meaning {
    pub(crate) action: Option<&'static str>,
    pub(crate) user: Option<String>,
    pub(crate) group: Option<String>,
}

/// Reads the meaning before the request is served, while what it deletes is still known.
pub(crate) fn meaning(world: &World, method: &Method, path: &str, body: &Value) -> Meaning {
    let username = |id: &str| world.users.find(id).map(|user| user.username().to_owned());
    let group_name = |id: &str| world.groups.find(id).map(|group| groups::text(group, "name").to_owned());
    let text = |field: &str| body[field].as_str().unwrap_or_default();
    let other = |kind: &str| if text("type") == kind { text("id") } else { "" };
    let removes = text("op") == "remove";

    let steps: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (action, user, group) = match (method.as_str(), steps.as_slice()) {
        ("POST", ["api", "systemusers"]) => ("create", body["username"].as_str().map(str::to_owned), None),
        ("PUT", ["api", "systemusers", id]) => (change(body.as_object()), username(id), None),
        ("DELETE", ["api", "systemusers", id]) => ("delete", username(id), None),
        ("POST", ["api", "systemusers", id, rest @ ..]) => (user_action(rest), username(id), None),
        ("POST", ["api", "v2", "usergroups"]) => {
            ("create group", None, body["name"].as_str().map(str::to_owned))
        }
        ("PUT", ["api", "v2", "usergroups", id]) => ("update group", None, group_name(id)),
        ("DELETE", ["api", "v2", "usergroups", id]) => ("delete group", None, group_name(id)),
        ("POST", ["api", "v2", "usergroups", id, "members"]) => {
            let action = if removes { "remove from group" } else { "add to group" };
            (action, username(other("user")), group_name(id))
        }
        ("POST", ["api", "v2", "users", id, "associations"]) => (associate(removes), username(id), None),
        ("POST", ["api", "v2", "usergroups", id, "associations"]) => {
            (associate(removes), None, group_name(id))
        }
        ("POST", ["api", "v2", "activedirectories", _, "associations"]) => {
            (associate(removes), username(other("user")), group_name(other("user_group")))
        }
        ("POST", ["api", "v2", "activedirectories"]) => ("create directory", None, None),
        ("PUT", ["api", "v2", "activedirectories", _]) => ("update directory", None, None),
        ("DELETE", ["api", "v2", "activedirectories", _]) => ("delete directory", None, None),
        (_, ["api", "systemusers", id, ..] | ["api", "v2", "users", id, ..]) => ("", username(id), None),
        (_, ["api", "v2", "usergroups", id, ..]) => ("", None, group_name(id)),
        _ => ("", None, None),
    };
    Meaning { action: Some(action).filter(|action| !action.is_empty()), user, group }
}

fn associate(removes: bool) -> &'static str {
    if removes { "dissociate" } else { "associate" }
}

fn user_action(rest: &[&str]) -> &'static str {
    match rest {
        ["expire"] => "expire password",
        ["unlock"] => "unlock",
        ["resetmfa"] => "reset mfa",
        ["state", "activate"] => "activate",
        ["state", "suspend"] => "suspend",
        _ => "",
    }
}

/// A PUT that changes one thing is named after it.
fn change(body: Option<&Map<String, Value>>) -> &'static str {
    let Some(body) = body else { return "update" };
    let only = |names: &[&str]| !body.is_empty() && body.keys().all(|name| names.contains(&name.as_str()));
    if only(&["state", "suspended"]) {
        let suspends = body.get("state").is_some_and(|state| state == "SUSPENDED")
            || body.get("suspended").is_some_and(|suspended| *suspended == true);
        return if suspends { "suspend" } else { "activate" };
    }
    if only(&["password"]) {
        return "set password";
    }
    if only(&["username"]) {
        return "rename";
    }
    "update"
}
