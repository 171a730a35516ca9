//! What can go wrong in a call, and what the executor should do about it: decided here, once.

use std::time::Duration;

/// Why a call did not succeed. No text of it holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum JumpCloudError {
    #[error("JumpCloud asked us to wait")]
    Throttled {
        /// How long the organization's budget now pauses.
        retry_after: Option<Duration>,
    },
    #[error("JumpCloud does not accept the credential: {0}")]
    Unauthorized(Box<Refusal>),
    #[error("the credential may not do this: {0}")]
    Forbidden(Box<Refusal>),
    #[error("JumpCloud does not know the organization id: {0}")]
    OrganizationUnknown(Box<Refusal>),
    #[error("JumpCloud has no such object: {0}")]
    NotFound(Box<Refusal>),
    #[error("JumpCloud already has it: {0}")]
    Conflict(Box<Refusal>),
    #[error("JumpCloud refused the request: {0}")]
    Refused(Box<Refusal>),
    #[error("could not reach JumpCloud")]
    Unreachable(#[source] reqwest::Error),
    #[error("JumpCloud failed with status {status}")]
    Server { status: u16 },
    #[error("JumpCloud's answer makes no sense: {0}")]
    Malformed(&'static str),
    #[error("{0:?} is no JumpCloud id")]
    InvalidId(String),
    #[error("this process has the organization's work no longer")]
    NotOurs,
}

/// JumpCloud's own words of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Ours, and stable.
    pub code: &'static str,
    /// JumpCloud's sentence.
    pub message: String,
    /// What is wrong in particular, one sentence each.
    pub details: Vec<String>,
    /// The answer as it came, cut at 2 kB.
    pub answer: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.status)?;
        match self.details.as_slice() {
            [] => Ok(()),
            details => write!(f, ": {}", details.join("; ")),
        }
    }
}

/// What the executor should do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The whole organization waits; then again.
    RetryAfter(Option<Duration>),
    /// Nothing of the organization can succeed before a person acted.
    PauseOrganization { code: &'static str },
    /// Again, with growing waits.
    Retry,
    /// This one operation needs a person, or another plan.
    Park,
}

impl JumpCloudError {
    /// What the executor should do next.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Throttled { retry_after } => Verdict::RetryAfter(*retry_after),
            Self::Unauthorized(_) | Self::Forbidden(_) | Self::OrganizationUnknown(_) => {
                Verdict::PauseOrganization { code: self.code() }
            }
            Self::Unreachable(_) | Self::Server { .. } | Self::Malformed(_) | Self::NotOurs => Verdict::Retry,
            Self::NotFound(_) | Self::Conflict(_) | Self::Refused(_) | Self::InvalidId(_) => Verdict::Park,
        }
    }

    /// A stable name of what went wrong.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Throttled { .. } => "throttled",
            Self::Unauthorized(_) => "credential_rejected",
            Self::Forbidden(_) => "permission_denied",
            Self::OrganizationUnknown(_) => "organization_unknown",
            Self::NotFound(_) => "not_found_in_jumpcloud",
            Self::Conflict(refusal) | Self::Refused(refusal) => refusal.code,
            Self::Unreachable(_) => "unreachable",
            Self::Server { .. } => "server_error",
            Self::Malformed(_) => "malformed_answer",
            Self::InvalidId(_) => "invalid_id",
            Self::NotOurs => "not_ours",
        }
    }

    /// JumpCloud's own words, where it said something.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Unauthorized(refusal)
            | Self::Forbidden(refusal)
            | Self::OrganizationUnknown(refusal)
            | Self::NotFound(refusal)
            | Self::Conflict(refusal)
            | Self::Refused(refusal) => Some(refusal),
            Self::Throttled { .. }
            | Self::Unreachable(_)
            | Self::Server { .. }
            | Self::Malformed(_)
            | Self::InvalidId(_)
            | Self::NotOurs => None,
        }
    }

    /// True if a create may have been refused because there already is one: 400 by the description, 409 in practice, and
    /// no published words to tell it by. A search decides.
    pub fn may_be_duplicate(&self) -> bool {
        match self {
            Self::Conflict(_) => true,
            Self::Refused(refusal) => refusal.status == 400 && refusal.code != "password_refused",
            Self::Throttled { .. }
            | Self::Unauthorized(_)
            | Self::Forbidden(_)
            | Self::OrganizationUnknown(_)
            | Self::NotFound(_)
            | Self::Unreachable(_)
            | Self::Server { .. }
            | Self::Malformed(_)
            | Self::InvalidId(_)
            | Self::NotOurs => false,
        }
    }
}
