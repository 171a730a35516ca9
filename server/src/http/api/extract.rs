//! Reading requests: a wrong field is named, a wrong id is "not found", a wrong query parameter says what it may be.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use protocol::problem::FieldError;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::IntoParams;
use uuid::Uuid;

use super::describe::List;

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

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let text = parts.uri.query().unwrap_or_default();
        if text.contains("%00") {
            return Err(nul("query"));
        }
        let pairs = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(text.as_bytes()));
        serde_path_to_error::deserialize(pairs).map(Self).map_err(|error| {
            let path = error.path().to_string();
            let message = error.into_inner().to_string();
            let field = if path == "." { String::from("query") } else { path };
            wrong(&field, message)
        })
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
    wrong(field, "holds a NUL character: leave it out")
}

/// One field or parameter that is wrong.
pub fn wrong(field: &str, message: impl Into<String>) -> Failure {
    Failure::invalid(vec![FieldError { field: field.into(), message: message.into() }])
}

/// The state that a change was made from; none where any will do.
#[derive(Clone, Debug)]
pub struct IfMatch(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or_default().trim();
        let tag = text.trim_start_matches("W/").trim_matches('"');
        Ok(Self((text != "*").then(|| tag.to_owned())))
    }
}

impl IfMatch {
    /// The revision that it names.
    pub fn revision(&self) -> Result<Option<i64>, Failure> {
        let Some(tag) = &self.0 else { return Ok(None) };
        tag.parse()
            .map(Some)
            .map_err(|_| outdated("If-Match names no revision: send the ETag as it was read, such as \"3\"."))
    }

    /// The tag that it names.
    pub fn tag(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

fn outdated(detail: &str) -> Failure {
    Failure::new(StatusCode::PRECONDITION_FAILED, "revision_changed", detail)
}

/// Where a page of a short list begins and how long it is.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub struct Paging {
    /// The `next` of the page before.
    pub(super) after: Option<Uuid>,
    /// How many rows at most.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(super) limit: Option<i64>,
}

impl Paging {
    /// The page of a list that is read as a whole, as there are never many.
    pub fn cut<T>(&self, mut rows: Vec<T>, id: impl Fn(&T) -> Uuid) -> Result<Json<List<T>>, Failure> {
        let limit = limit(self.limit)?;
        if let Some(after) = self.after {
            let at = rows.iter().position(|row| id(row) == after);
            let at = at.ok_or_else(|| wrong("after", "names no row that is there: begin the list again"))?;
            rows.drain(..=at);
        }
        let many = usize::try_from(limit).unwrap_or(usize::MAX);
        let next = (rows.len() > many).then(|| rows.get(many - 1).map(|row| id(row).to_string())).flatten();
        rows.truncate(many);
        Ok(Json(List { items: rows, next }))
    }
}

/// How many rows a list gives: 100 unless told, 1 to 1000.
pub fn limit(asked: Option<i64>) -> Result<i64, Failure> {
    match asked {
        None => Ok(100),
        Some(limit) if (1..=1000).contains(&limit) => Ok(limit),
        Some(_) => Err(wrong("limit", "must lie between 1 and 1000")),
    }
}

/// A parameter without the spaces around it; none if nothing is left.
pub fn filled(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// A parameter that may be one of some words, or empty.
pub fn one_of<'a>(field: &str, given: Option<&'a str>, known: &[&str]) -> Result<Option<&'a str>, Failure> {
    match given.filter(|given| !given.is_empty()) {
        Some(given) if !known.contains(&given) => {
            Err(wrong(field, format!("must be one of {}", known.join(", "))))
        }
        given => Ok(given),
    }
}

/// A list; `next` is what to pass as `after` for the rows that follow.
pub fn page<T>(items: Vec<T>, next: Option<String>) -> Json<List<T>> {
    Json(List { items, next })
}

/// The cursor after the last row, if the page is full.
pub fn next<T>(rows: &[T], limit: i64, key: impl Fn(&T) -> String) -> Option<String> {
    let full = i64::try_from(rows.len()).is_ok_and(|len| len >= limit);
    rows.last().filter(|_| full).map(key)
}
