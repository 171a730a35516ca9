//! Errors as callers get them: RFC 9457 problem documents with stable codes. The internal chain goes to the log.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use protocol::problem::{FieldError, Problem};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::error::Error;

/// What a handler of the API answers with when it fails.
#[derive(Debug)]
pub struct Failure(pub Box<Problem>);

impl Failure {
    /// A problem of a status, code and explanation.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self(Box::new(Problem::new(status.as_u16(), title, code, detail)))
    }

    /// Wrong fields.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = errors
            .iter()
            .map(|error| format!("{} {}", error.field, error.message))
            .collect::<Vec<_>>()
            .join("; ");
        let mut failure = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", detail);
        failure.0.errors = errors;
        failure
    }
}

impl Failure {
    /// The answer with more about the problem, beside the members that every problem has.
    pub fn with(self, more: Map<String, Value>) -> Response {
        let Value::Object(mut members) = json!(self.0) else { return self.into_response() };
        members.extend(more);
        document(self.0.status, Value::Object(members))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        document(self.0.status, self.0)
    }
}

fn document(status: u16, members: impl Serialize) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(members)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(what) => {
                Self::new(StatusCode::NOT_FOUND, "not_found", format!("There is no such {what}."))
            }
            Error::Conflict { code, detail } => Self::new(StatusCode::CONFLICT, code, detail),
            Error::Exists { code, detail, id } => {
                let mut failure = Self::new(StatusCode::CONFLICT, code, detail);
                failure.0.id = Some(id);
                failure
            }
            Error::Outdated { code, detail } => Self::new(StatusCode::PRECONDITION_FAILED, code, detail),
            Error::Invalid(errors) => Self::invalid(errors),
            Error::Upstream { code, detail } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, &code, detail),
            Error::Unauthorized => Self::new(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "Send a valid API token: Authorization: Bearer adit_api_…",
            ),
            Error::Forbidden(detail) => Self::new(StatusCode::FORBIDDEN, "forbidden", detail),
            Error::TooMany { code, detail } => Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail),
            Error::Database(error) => error.into(),
            Error::Internal { .. } => Self::unexpected("the server", &error),
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        if error.as_database_error().is_some_and(|error| error.is_unique_violation()) {
            return Self::new(
                StatusCode::CONFLICT,
                "done_at_the_same_time",
                "Somebody did the same at the same time. Look at what is there now before you try again.",
            );
        }
        Self::unexpected("the database", &error)
    }
}

impl Failure {
    fn unexpected(whose: &str, error: &dyn std::error::Error) -> Self {
        let mut chain = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            chain.push_str(": ");
            chain.push_str(&cause.to_string());
            source = cause.source();
        }
        tracing::error!("a request failed in {whose}: {chain}");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "Something went wrong on the server; nothing was changed. Its log says what. Try again.",
        )
    }
}

/// A handler that panicked takes its request down, not the server.
pub fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    Failure::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal_error",
        "Something went wrong on the server. Try again.",
    )
    .into_response()
}

/// Gives the limits that a layer enforces a document of their own.
pub async fn name_limits(request: Request, next: Next) -> Response {
    let is_page = !request.uri().path().starts_with("/api/") && !request.uri().path().starts_with("/agent/");
    let response = next.run(request).await;
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if is_page || !plain {
        return response;
    }
    match response.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "The request's body is larger than 2 MiB.",
        )
        .into_response(),
        StatusCode::METHOD_NOT_ALLOWED => {
            let allow = response.headers().get(header::ALLOW).cloned();
            let mut named = Failure::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This path takes other methods, see the Allow header.",
            )
            .into_response();
            if let Some(allow) = allow {
                named.headers_mut().insert(header::ALLOW, allow);
            }
            named
        }
        _ => response,
    }
}
