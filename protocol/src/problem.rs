//! The body of every answer that is an error (RFC 9457), on the agents' interface and on the REST API alike.

use serde::{Deserialize, Serialize};

/// A problem document. `code` is stable; `detail` says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Always `about:blank`: the code says which problem it is.
    #[serde(rename = "type", default = "about_blank")]
    pub kind: String,
    /// What the status means.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The name of the problem, in snake case.
    pub code: String,
    /// What happened and what to do.
    pub detail: String,
    /// The fields of the request that are wrong, each with the fix.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The one that is there already, where another of the kind cannot be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<uuid::Uuid>,
    /// The cursor to resume from, where a transfer was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<i64>,
    /// The server's time, where a request was refused for its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_time: Option<chrono::DateTime<chrono::Utc>>,
}

/// One wrong field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The field as the request writes it: `settings.ldap.bind_user`.
    pub field: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

fn about_blank() -> String {
    "about:blank".into()
}

impl Problem {
    /// A problem of the given status, code and explanation.
    pub fn new(status: u16, title: &str, code: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: about_blank(),
            title: title.into(),
            status,
            code: code.into(),
            detail: detail.into(),
            errors: Vec::new(),
            id: None,
            cursor: None,
            server_time: None,
        }
    }
}
