//! `state` and its older shadow `suspended`, which JumpCloud keeps in step.
//!
//! STAGED is only a beginning: a PUT takes ACTIVATED and SUSPENDED (described). That `suspended` follows
//! `state`, and that both together must agree, is assumed from both being the same fact.

use serde_json::{Map, Value};

use crate::{reply::Refusal, user::User};

/// Moves `user` to the state that a write asks for, taking both fields out of `changes`.
pub(crate) fn apply(user: &mut User, changes: &mut Map<String, Value>) -> Result<(), Refusal> {
    let state = changes.remove("state").and_then(|value| value.as_str().map(str::to_owned));
    let suspended = changes.remove("suspended").and_then(|value| value.as_bool());
    let wanted = match (state.as_deref(), suspended) {
        (Some("SUSPENDED"), Some(false)) | (Some("ACTIVATED" | "STAGED"), Some(true)) => {
            return Err(Refusal::bad("Validation failed: state and suspended contradict each other"));
        }
        (Some(state), _) => state,
        (None, Some(true)) => "SUSPENDED",
        (None, Some(false)) if user.flag("suspended") => "ACTIVATED",
        (None, Some(false) | None) => return Ok(()),
    };
    enter(user, wanted);
    Ok(())
}

/// Puts `user` into `state`.
pub(crate) fn enter(user: &mut User, state: &str) {
    user.set("state", state);
    user.set("suspended", state == "SUSPENDED");
}
