//! What a test may switch while the simulator runs: above all the facts that JumpCloud has not published.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The switches, as `GET` and `PATCH /sim/settings` show them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Requests per minute that one organization may make; none means no limit.
    pub rate_limit_per_minute: Option<u32>,
    /// Whether a 429 carries `Retry-After`. No recording shows one.
    pub retry_after: bool,
    /// The status of a duplicate user on create or rename: 400 by the description, 409 is possible.
    pub duplicate_status: u16,
    /// 200 (with the group) or 204: the description lists both for deleting a group.
    pub group_delete_status: u16,
    /// Every error body carries `message` alone, as recorded ones often do.
    pub bare_errors: bool,
    /// Unset values that recordings of 2021 show as null are null, although the description says string.
    pub recorded_nulls: bool,
    /// Deleting a user who is somebody's manager without `cascade_manager` answers 409. Assumed.
    pub manager_delete_conflict: bool,
    /// Every answer waits this long.
    pub latency_ms: u64,
    /// How far the simulator's clock is ahead of the machine's.
    pub clock_offset_seconds: i64,
    /// How many requests the log keeps; the oldest are forgotten first.
    pub log_limit: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rate_limit_per_minute: None,
            retry_after: true,
            duplicate_status: 400,
            group_delete_status: 204,
            bare_errors: false,
            recorded_nulls: false,
            manager_delete_conflict: true,
            latency_ms: 0,
            clock_offset_seconds: 0,
            log_limit: 250_000,
        }
    }
}

impl Settings {
    /// An object, or what stands where none was ever set: null in recordings, an object by the description.
    pub(crate) fn object_or_unset(&self, value: &Value) -> Value {
        if value.is_null() && !self.recorded_nulls { json!({}) } else { value.clone() }
    }

    /// Why these settings cannot be used, if they cannot.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        if self.rate_limit_per_minute == Some(0) {
            return Some("rate_limit_per_minute must be at least 1, or null for no limit");
        }
        if ![400, 409].contains(&self.duplicate_status) {
            return Some("duplicate_status must be 400 or 409");
        }
        if ![200, 204].contains(&self.group_delete_status) {
            return Some("group_delete_status must be 200 or 204");
        }
        None
    }
}
