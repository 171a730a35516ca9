//! Why a user or group is not synced: named, so that the UI, the API and a test say the same.

use serde::{Deserialize, Serialize};

/// How a directory object stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// JumpCloud agrees, nothing is to be done.
    Synced,
    /// Operations are planned or under way.
    Pending,
    /// Not synced, and that is right; or frozen as it is.
    Excluded,
    /// A person has to decide whom a match belongs to.
    Conflict,
    /// A destructive operation waits for a person.
    Held,
    /// JumpCloud refused something.
    Failed,
}

/// One named reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reason {
    /// Stable, snake case.
    pub code: String,
    /// What it means here, with the fix.
    pub message: String,
}

impl Reason {
    /// A reason of the given code.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}
