//! Who decided what about a hold, as the audit has it.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::http::causes::Cause;
use crate::store::audit::Event;

/// One line of a hold's history.
#[derive(Debug)]
pub(super) struct Decided {
    pub at: DateTime<Utc>,
    pub who: String,
    pub what: String,
}

pub(super) fn decided(event: &Event, causes: &[Cause]) -> Option<Decided> {
    let detail = &event.detail;
    let count = |name: &str| detail.get(name).and_then(Value::as_u64).unwrap_or_default();
    let text = |name: &str| detail.get(name).and_then(Value::as_str);
    let what = match (event.action.as_str(), text("decision"), text("answer")) {
        ("hold.opened", ..) => {
            format!("Opened: {} were ready, and {} had been done", count("ready"), count("done_in_window"))
        }
        ("hold.decided", Some(decision), _) => {
            let known = text("cause")
                .map(|key| causes.iter().find(|cause| cause.key == key).map_or(key, |cause| &cause.message));
            let cause = known.map(|message| format!(": {message}")).unwrap_or_default();
            let verb = if decision == "approved" { "Approved" } else { "Rejected" };
            format!("{verb} {}{cause}", count("operations"))
        }
        ("hold.decided", None, Some(answer)) => {
            let users = detail.get("users").and_then(Value::as_array).map_or(0, Vec::len);
            format!("{} {users}", if answer == "follow" { "Followed" } else { "Dissociated" })
        }
        _ => return None,
    };
    Some(Decided { at: event.at, who: event.actor.clone(), what })
}
