//! One request to a provider: bounded in time and size, and read as JSON.

use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde::de::DeserializeOwned;

use super::OidcError;
use crate::outbound::{Outbound, words};

/// Nothing that a provider says is larger.
const MOST: usize = 512 * 1024;

/// An answer of a provider: its status, and its body if that is not too large.
pub(super) struct Answer {
    pub status: StatusCode,
    body: Vec<u8>,
}

/// Sends a request to an address that the provider named.
pub(super) async fn fetch(
    outbound: Outbound<'_>,
    what: &'static str,
    address: &str,
    request: impl FnOnce(&reqwest::Client, Url) -> RequestBuilder,
) -> Result<Answer, OidcError> {
    let unreachable = |why: String| OidcError::Unreachable { what, why };
    let url = outbound.check(address).map_err(|why| unreachable(format!("Its address {why}.")))?;
    let client = outbound.client(&url).await.map_err(unreachable)?;
    let answer = request(&client, url).send().await.map_err(|error| unreachable(words(&error)))?;
    if answer.status().is_redirection() {
        return Err(unreachable("It answered with a redirect, and none is followed.".into()));
    }
    let status = answer.status();
    Ok(Answer { status, body: read(answer, what).await? })
}

async fn read(mut answer: Response, what: &'static str) -> Result<Vec<u8>, OidcError> {
    let mut body = Vec::new();
    let cut = |error: reqwest::Error| OidcError::Unreachable { what, why: words(&error) };
    while let Some(chunk) = answer.chunk().await.map_err(cut)? {
        if body.len() + chunk.len() > MOST {
            return Err(OidcError::NotUnderstood { what, why: "it is larger than 512 KiB".into() });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl Answer {
    /// The body of an answer that says that all is well.
    pub(super) fn ok<T: DeserializeOwned>(&self, what: &'static str) -> Result<T, OidcError> {
        if !self.status.is_success() {
            let why = format!("It answered with status {}.", self.status.as_u16());
            return Err(OidcError::Unreachable { what, why });
        }
        // Without the words of the parser: they may repeat what it read.
        self.json().ok_or_else(|| OidcError::NotUnderstood {
            what,
            why: "it is not the JSON document that the standard asks for".into(),
        })
    }

    pub(super) fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }
}
