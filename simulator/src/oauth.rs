//! `POST /oauth2/token`: the service account's client credentials, by HTTP Basic.
//!
//! The request and the token's life are from clients; the error bodies are those of RFC 6749.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    access::TOKEN_LIFE,
    reply::json_response,
    request::{Params, decoded},
    world::Shared,
};

/// `POST /oauth2/token` with `grant_type=client_credentials&scope=api`.
pub(crate) async fn token(State(shared): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let form = Params::parse(&body);
    let mut world = shared.world();
    let known = basic(&headers).is_some_and(|(id, secret)| world.access.is_client(&id, &secret));
    if !known {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    if form.get("grant_type") != Some("client_credentials") {
        return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    if form.get("scope").is_some_and(|scope| scope != "api") {
        return refused(StatusCode::BAD_REQUEST, "invalid_scope");
    }
    let now = world.now();
    let token = world.access.issue_token(now);
    let answer = json!({
        "access_token": token,
        "expires_in": TOKEN_LIFE.num_seconds(),
        "scope": "api",
        "token_type": "bearer",
    });
    json_response(StatusCode::OK, &answer)
}

fn refused(status: StatusCode, error: &str) -> Response {
    json_response(status, &Value::Object([("error".to_owned(), error.into())].into_iter().collect()))
}

/// Id and secret, which RFC 6749 has form-encoded before they are joined.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    let text = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(text).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((decoded(id), decoded(secret)))
}
