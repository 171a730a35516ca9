//! What handlers answer with: the status is part of the type.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::{Answer, AnswerOf, Description};
use crate::http::problem::Failure;

/// Rows of a list.
#[derive(Debug, Serialize)]
pub struct List<T> {
    pub items: Vec<T>,
    /// What to pass as `after` for the rows that follow; null on the last page.
    pub next: Option<String>,
}

impl<T: ToSchema> PartialSchema for List<T> {
    fn schema() -> RefOr<Schema> {
        let next = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
            .description(Some("What to pass as `after` for the rows that follow; null on the last page."))
            .examples([Value::Null]);
        ObjectBuilder::new()
            .property("items", ArrayBuilder::new().items(Ref::from_schema_name(T::name())))
            .required("items")
            .property("next", next)
            .required("next")
            .into()
    }
}

impl<T: ToSchema> ToSchema for List<T> {
    fn name() -> Cow<'static, str> {
        format!("ListOf{}", T::name()).into()
    }

    fn schemas(named: &mut Vec<(String, RefOr<Schema>)>) {
        named.push((T::name().into(), T::schema()));
        T::schemas(named);
    }
}

/// 201, with what was made.
#[derive(Debug)]
pub struct Created<T>(pub T);

/// 201, or 200 with the same one as before, where the same was asked for twice.
#[derive(Debug)]
pub enum Made<T> {
    New(T),
    Same(T),
}

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

impl<T: Serialize> IntoResponse for Made<T> {
    fn into_response(self) -> Response {
        match self {
            Self::New(view) => Created(view).into_response(),
            Self::Same(view) => Json(view).into_response(),
        }
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

impl<T: ToSchema> Answer for Made<T> {
    fn describe(to: &mut Description) {
        with_json::<T>(to, StatusCode::CREATED);
        with_json::<T>(to, StatusCode::OK);
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
