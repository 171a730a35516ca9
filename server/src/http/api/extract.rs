//! Reading requests: a wrong field is named, a wrong id is "not found", a wrong query parameter says what it may be.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use protocol::problem::FieldError;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::http::problem::Failure;

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let octets = Bytes::from_request(request, state).await.map_err(|rejection| {
            Failure::new(
                rejection.status(),
                "body_unreadable",
                "The request's body cannot be read, or is larger than 2 MiB.",
            )
        })?;
        // An empty body is an empty object: every field of such a request has a default, or is named as missing.
        let octets: &[u8] = if octets.is_empty() { b"{}" } else { &octets };
        let value: Value = serde_json::from_slice(octets).map_err(|error| {
            Failure::new(
                StatusCode::BAD_REQUEST,
                "malformed_json",
                format!("The body is no JSON document: {error}"),
            )
        })?;
        if has_nul(&value) {
            return Err(nul("body"));
        }
        serde_path_to_error::deserialize(value).map(Self).map_err(|error| {
            let path = error.path().to_string();
            let message = error.into_inner().to_string();
            let field = if path == "." { String::from("body") } else { path };
            Failure::invalid(vec![FieldError { field, message }])
        })
    }
}

/// An id in the path; anything that is none names nothing.
#[derive(Debug)]
pub struct Id<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Id<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        axum::extract::Path::<T>::from_request_parts(parts, state).await.map(|path| Self(path.0)).map_err(
            |_| {
                Failure::new(
                    StatusCode::NOT_FOUND,
                    "not_found",
                    "The path names nothing: an id is a UUID as the API gives it.",
                )
            },
        )
    }
}

/// The query string.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(nul("query"));
        }
        axum::extract::Query::<T>::from_request_parts(parts, state).await.map(|query| Self(query.0)).map_err(
            |rejection| {
                Failure::invalid(vec![FieldError { field: "query".into(), message: rejection.body_text() }])
            },
        )
    }
}

/// PostgreSQL's text holds every character but this one.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn nul(field: &str) -> Failure {
    let message = "holds a NUL character: leave it out".into();
    Failure::invalid(vec![FieldError { field: field.into(), message }])
}

/// How many rows a list gives: 100 unless told, 1 to 1000.
pub fn limit(asked: Option<i64>) -> Result<i64, Failure> {
    match asked {
        None => Ok(100),
        Some(limit) if (1..=1000).contains(&limit) => Ok(limit),
        Some(_) => Err(Failure::invalid(vec![FieldError {
            field: "limit".into(),
            message: "must lie between 1 and 1000".into(),
        }])),
    }
}

/// A parameter without the spaces around it; none if nothing is left.
pub fn filled(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// A parameter that may be one of some words, or empty.
pub fn one_of<'a>(field: &str, given: Option<&'a str>, known: &[&str]) -> Result<Option<&'a str>, Failure> {
    match given.filter(|given| !given.is_empty()) {
        Some(given) if !known.contains(&given) => Err(Failure::invalid(vec![FieldError {
            field: field.into(),
            message: format!("must be one of {}", known.join(", ")),
        }])),
        given => Ok(given),
    }
}

/// A list; `next` is what to pass as `after` for the rows that follow.
pub fn page(items: Vec<Value>, next: Option<String>) -> Json<Value> {
    Json(json!({ "items": items, "next": next }))
}

/// The cursor after the last row, if the page is full.
pub fn next<T>(rows: &[T], limit: i64, key: impl Fn(&T) -> String) -> Option<String> {
    let full = i64::try_from(rows.len()).is_ok_and(|len| len >= limit);
    rows.last().filter(|_| full).map(key)
}
