//! What an endpoint answers: a [`Reply`], or a [`Refusal`] in one of JumpCloud's two error shapes.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Value, json};

/// What every endpoint returns.
pub(crate) type Answer = Result<Reply, Refusal>;

const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    total: Option<usize>,
    /// JSON, written while the world was held.
    body: Option<String>,
}

impl Reply {
    pub(crate) fn ok(body: impl Serialize) -> Self {
        Self { status: StatusCode::OK, total: None, body: Some(written(&body)) }
    }

    pub(crate) fn created(body: impl Serialize) -> Self {
        Self { status: StatusCode::CREATED, total: None, body: Some(written(&body)) }
    }

    /// 200 without a body, as the v1 user actions answer.
    pub(crate) fn empty() -> Self {
        Self { status: StatusCode::OK, total: None, body: None }
    }

    /// 204.
    pub(crate) fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, total: None, body: None }
    }

    /// A v1 list: the total is in the envelope.
    pub(crate) fn envelope(total: usize, results: &[impl Serialize]) -> Self {
        Self::ok(Envelope { total_count: total, results })
    }

    /// A v2 list: a bare array, the total is in `x-total-count`.
    pub(crate) fn list(total: usize, rows: Vec<Value>) -> Self {
        Self { status: StatusCode::OK, total: Some(total), body: Some(written(&rows)) }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a, T> {
    total_count: usize,
    results: &'a [T],
}

/// Everything that is answered has text keys, and such a value can always be written.
fn written(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = match self.body {
            Some(body) => json_text(self.status, body),
            None => (self.status, Body::empty()).into_response(),
        };
        if let Some(total) = self.total {
            response.headers_mut().insert(TOTAL_COUNT, HeaderValue::from(total));
        }
        response
    }
}

/// An error answer. Documented is `{code, message, status}`; recorded answers often carry `message` alone.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
    details: Option<Value>,
    retry_after: Option<u64>,
    bare: bool,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), details: None, retry_after: None, bare: false }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    /// The answer to an edge that is there already. Recorded, with `message` alone.
    pub(crate) fn already_exists() -> Self {
        Self::new(StatusCode::CONFLICT, "Already Exists").bare()
    }

    pub(crate) fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// Says how many seconds to wait.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Answers with `message` alone.
    pub(crate) fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    fn body(&self) -> Value {
        if self.bare {
            return json!({ "message": self.message });
        }
        let mut body = json!({
            "code": self.status.as_u16(),
            "message": self.message,
            "status": status_word(self.status),
        });
        if let Some(details) = &self.details {
            body["details"] = details.clone();
        }
        body
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = json_response(self.status, &self.body());
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// A JSON answer with the content type that JumpCloud sends.
pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response {
    json_text(status, body.to_string())
}

fn json_text(status: StatusCode, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::PRAGMA, "no-cache"),
    ];
    (status, headers, body).into_response()
}

/// The google.rpc name of a status.
fn status_word(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ALREADY_EXISTS",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        _ => "INTERNAL",
    }
}
