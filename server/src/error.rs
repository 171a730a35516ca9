//! What can go wrong in an action, in the words that the caller is shown. The internal chain goes to the log only.

use protocol::problem::FieldError;

/// The result of an action.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an action was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The request is understood and cannot be done as things stand.
    #[error("{detail}")]
    Conflict { code: &'static str, detail: String },
    /// There is another one already: `id` names it.
    #[error("{detail}")]
    Exists { code: &'static str, detail: String, id: uuid::Uuid },
    /// What the request was made from is not what is there now.
    #[error("{detail}")]
    Outdated { code: &'static str, detail: String },
    /// Fields of the request are wrong.
    #[error("{} of the request's fields are wrong", .0.len())]
    Invalid(Vec<FieldError>),
    /// Another service refused; the request was right in itself.
    #[error("{detail}")]
    Upstream { code: String, detail: String },
    #[error("sign in first")]
    Unauthorized,
    #[error("{0}")]
    Forbidden(String),
    #[error("{detail}")]
    TooMany { code: &'static str, detail: String },
    #[error("the database did not answer as expected")]
    Database(#[from] sqlx::Error),
    #[error("{context}")]
    Internal { context: String },
}

impl Error {
    /// One wrong field.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { field: field.into(), message: message.into() }])
    }

    /// What is changed was changed since it was read.
    pub fn outdated() -> Self {
        Self::Outdated {
            code: "revision_changed",
            detail:
                "This was changed since it was read. Read it again, and make your change to what it is now."
                    .into(),
        }
    }

    /// A conflict of a stable code.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Conflict { code, detail: detail.into() }
    }

    /// Something that should not happen, with what we were doing.
    pub fn internal(context: impl Into<String>) -> Self {
        Self::Internal { context: context.into() }
    }
}
