//! What handlers answer with: the status is part of the type.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Answer, AnswerOf, Description};
use crate::http::problem::Failure;

/// Rows of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    pub items: Vec<T>,
    /// What to pass as `after` for the rows that follow; null on the last page.
    #[schema(required)]
    pub next: Option<String>,
}

/// 201, with what was made.
#[derive(Debug)]
pub struct Created<T>(pub T);

/// 202: it is noted down, and follows.
#[derive(Debug)]
pub struct Accepted<T>(pub T);

/// 202, without more to say.
#[derive(Clone, Copy, Debug)]
pub struct Noted;

/// 204.
#[derive(Clone, Copy, Debug)]
pub struct NoContent;

/// With an entity tag, for `If-Match`.
#[derive(Debug)]
pub struct Tagged<T> {
    pub tag: String,
    pub view: T,
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(self.0)).into_response()
    }
}

impl<T: Serialize> IntoResponse for Accepted<T> {
    fn into_response(self) -> Response {
        (StatusCode::ACCEPTED, Json(self.0)).into_response()
    }
}

impl IntoResponse for Noted {
    fn into_response(self) -> Response {
        StatusCode::ACCEPTED.into_response()
    }
}

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.view).into_response();
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", self.tag)) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

impl<T: ToSchema> Answer for Json<T> {
    fn describe(to: &mut Description) {
        with_json::<T>(to, StatusCode::OK);
    }
}

impl<T: ToSchema> Answer for Created<T> {
    fn describe(to: &mut Description) {
        with_json::<T>(to, StatusCode::CREATED);
    }
}

impl<T: ToSchema> Answer for Accepted<T> {
    fn describe(to: &mut Description) {
        with_json::<T>(to, StatusCode::ACCEPTED);
    }
}

impl<T: ToSchema> Answer for Tagged<T> {
    fn describe(to: &mut Description) {
        with_json::<T>(to, StatusCode::OK);
    }
}

impl Answer for Noted {
    fn describe(to: &mut Description) {
        to.answers.push(AnswerOf { status: StatusCode::ACCEPTED, content: Vec::new() });
    }
}

impl Answer for NoContent {
    fn describe(to: &mut Description) {
        to.answers.push(AnswerOf { status: StatusCode::NO_CONTENT, content: Vec::new() });
    }
}

/// It has several forms, which the route names.
impl Answer for Response {
    fn describe(_: &mut Description) {}
}

impl<A: Answer> Answer for Result<A, Failure> {
    fn describe(to: &mut Description) {
        A::describe(to);
    }
}

/// Or a refusal that says more than every problem does.
impl<A: Answer> Answer for Result<A, Response> {
    fn describe(to: &mut Description) {
        A::describe(to);
    }
}

fn with_json<T: ToSchema>(to: &mut Description, status: StatusCode) {
    let schema = to.schema::<T>();
    to.answers.push(AnswerOf { status, content: vec![("application/json", schema)] });
}
