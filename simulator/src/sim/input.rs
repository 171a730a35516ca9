//! Bodies of `/sim`: JSON under any content type, so that `curl -d` works as it is.

use axum::{
    body::to_bytes,
    extract::{FromRequest, Request},
};
use serde::de::DeserializeOwned;

use crate::{reply::Refusal, request::LARGEST_BODY};

/// A body of the shape `T`, or 400 with what is wrong with it.
#[derive(Debug)]
pub(crate) struct Input<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Input<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let bytes = to_bytes(request.into_body(), LARGEST_BODY)
            .await
            .map_err(|_| Refusal::bad("the body is too long"))?;
        // serde's message may quote a value, and one of these bodies carries a password.
        let whole = serde_json::from_slice::<T>(&bytes).map(Self);
        whole.map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            let quotes = error.to_string();
            let why = if quotes.contains("unknown field") || quotes.contains("missing field") {
                quotes
            } else {
                place
            };
            Refusal::bad(format!("the body is not what is expected here: {why}"))
        })
    }
}
