//! One rule and what came of it.

use serde::{Deserialize, Serialize};

use crate::reason::Reason;

/// One rule that bears on a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rule {
    /// Stable, snake case.
    pub code: String,
    pub state: RuleState,
    /// What was found, and where it failed the fix.
    pub message: String,
    /// Codes of the reasons that it gives.
    pub reasons: Vec<String>,
}

/// What came of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RuleState {
    Passed,
    Failed,
    /// It cannot be told, so nothing is changed because of it.
    Unknown,
    /// An earlier rule leaves nothing to ask.
    NotReached,
}

impl Rule {
    pub fn new(code: &str, state: RuleState, message: impl Into<String>) -> Self {
        Self { code: code.into(), state, message: message.into(), reasons: Vec::new() }
    }

    pub(super) fn passed(code: &str, message: impl Into<String>) -> Self {
        Self::new(code, RuleState::Passed, message)
    }

    pub(super) fn not_reached(code: &str) -> Self {
        Self::new(code, RuleState::NotReached, "Not looked at: an earlier rule decides.")
    }

    pub(super) fn unknown(code: &str, reason: Reason) -> Self {
        Self { state: RuleState::Unknown, ..Self::failed(code, vec![reason]) }
    }

    pub(super) fn failed(code: &str, reasons: Vec<Reason>) -> Self {
        let (reasons, messages): (Vec<_>, Vec<_>) =
            reasons.into_iter().map(|reason| (reason.code, reason.message)).unzip();
        Self { code: code.into(), state: RuleState::Failed, message: messages.join(" "), reasons }
    }

    /// Failed for these reasons, or passed if there are none.
    pub(super) fn all_of(code: &str, reasons: Vec<Reason>, passed: impl Into<String>) -> Self {
        if reasons.is_empty() { Self::passed(code, passed) } else { Self::failed(code, reasons) }
    }

    pub(super) fn because(self, reason: Reason) -> Self {
        Self { message: reason.message, reasons: vec![reason.code], ..self }
    }
}
