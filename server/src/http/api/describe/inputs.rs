//! What each extractor says of the request.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, Required};
use utoipa::{IntoParams, ToSchema};

use super::{Description, Input};
use crate::app::App;
use crate::http::api::extract::{Body, Id, IfMatch, Query};
use crate::http::auth::Caller;

impl Input for State<App> {
    fn describe(_: &mut Description) {}
}

impl Input for Caller {
    fn describe(_: &mut Description) {}
}

/// What a handler looks up in them it says by itself.
impl Input for HeaderMap {
    fn describe(_: &mut Description) {}
}

/// The parameters of the path are described where the path is known.
impl<T> Input for Id<T> {
    fn describe(to: &mut Description) {
        to.refuses(StatusCode::NOT_FOUND, "not_found", "the path names nothing that is there");
    }
}

impl<T: IntoParams> Input for Query<T> {
    fn describe(to: &mut Description) {
        to.parameters.extend(T::into_params(|| Some(ParameterIn::Query)));
        to.refuses(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_request",
            "a parameter is wrong; `errors` names it",
        );
    }
}

impl<T: ToSchema> Input for Body<T> {
    fn describe(to: &mut Description) {
        to.body = Some(to.schema::<T>());
        to.refuses(StatusCode::BAD_REQUEST, "malformed_json", "the body is no JSON");
        to.refuses(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "the body is larger than 2 MiB");
        to.refuses(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_request",
            "a field is wrong; `errors` names each",
        );
    }
}

impl Input for IfMatch {
    fn describe(to: &mut Description) {
        let text = "The ETag as it was read: the change is refused if somebody else has changed it since.";
        let header = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(text))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .example(Some("\"3\"".into()));
        to.parameters.push(header.build());
        to.refuses(
            StatusCode::PRECONDITION_FAILED,
            "revision_changed",
            "If-Match names another state than the present one",
        );
    }
}
