//! What came of an operation, and what it means for the mirrors and links.

use planner::input::{JumpCloudGroup, JumpCloudUser};
use protocol::CaptureId;
use serde_json::Value;

use crate::jumpcloud::JumpCloudError;

/// How a call ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// JumpCloud did it, or had it already.
    Done { before: Option<Value>, effects: Vec<Effect> },
    /// Something was found that only the planner can decide about: keep it and plan again.
    Replan { effects: Vec<Effect> },
    /// JumpCloud refused, for a reason that has a name of our own.
    Parked { code: &'static str, message: String, answer: Option<String>, effects: Vec<Effect> },
    /// It could not even be tried, for a reason on our side.
    Postponed(String),
    /// JumpCloud refused or did not answer.
    Failed(JumpCloudError),
}

/// What to write in the transaction that settles the operation.
#[derive(Clone, Debug)]
pub(super) enum Effect {
    User(Box<JumpCloudUser>),
    UserGone(String),
    Group(JumpCloudGroup),
    GroupGone(String),
    /// The subject is this JumpCloud object from now on.
    Link {
        kind: &'static str,
        jumpcloud_id: String,
        taken_over: bool,
    },
    Unlink,
    Suspended {
        by_us: bool,
    },
    PasswordExpired,
    PasswordDelivered(CaptureId),
    PasswordRefused {
        capture: CaptureId,
        code: &'static str,
        message: String,
    },
    Member {
        group: String,
        user: String,
        present: bool,
    },
    Association {
        kind: &'static str,
        jumpcloud_id: String,
        present: bool,
    },
}
