//! One request, before it has an address or a credential.

use reqwest::Method;
use serde_json::Value;

use super::{JumpCloudError, Result};

/// A request to one of the two APIs.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) path: Vec<&'a str>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Body,
    /// Sends `x-org-id`. The list of organizations does not take it.
    pub(super) names_organization: bool,
}

/// What is sent along.
#[derive(Debug, Clone)]
pub(super) enum Body {
    Empty,
    Json(Value),
    /// Holds a password; erased when it was sent.
    Secret(SecretBody),
}

/// Bytes that erase themselves, and show nothing.
#[derive(Clone)]
pub(super) struct SecretBody(pub(super) bytes::Bytes);

impl std::fmt::Debug for SecretBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<'a> Request<'a> {
    /// A request below `/api`.
    pub(super) fn v1(method: Method, path: &[&'a str]) -> Self {
        Self::new(method, &["api"], path)
    }

    /// A request below `/api/v2`.
    pub(super) fn v2(method: Method, path: &[&'a str]) -> Self {
        Self::new(method, &["api", "v2"], path)
    }

    fn new(method: Method, root: &[&'static str], path: &[&'a str]) -> Self {
        let path = root.iter().copied().chain(path.iter().copied()).collect();
        Self { method, path, query: Vec::new(), body: Body::Empty, names_organization: true }
    }

    pub(super) fn query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    pub(super) fn json(mut self, body: impl Into<Value>) -> Self {
        self.body = Body::Json(body.into());
        self
    }

    pub(super) fn secret(mut self, body: SecretBody) -> Self {
        self.body = Body::Secret(body);
        self
    }

    pub(super) fn without_organization(mut self) -> Self {
        self.names_organization = false;
        self
    }

    /// Refuses a path that would name another object: `DELETE /systemusers/` and `DELETE /systemusers/..` are not what
    /// deleting a user without an id should mean.
    pub(super) fn check(&self) -> Result<()> {
        let is_name = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        };
        match self.path.iter().find(|part| !is_name(part)) {
            Some(part) => Err(JumpCloudError::InvalidId((*part).to_owned())),
            None => Ok(()),
        }
    }
}
