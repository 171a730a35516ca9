//! Who may call: API keys, tokens of the service account, and the rules of `x-org-id`.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, Method, StatusCode, header};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ids::is_id, reply::Refusal};

/// What an administrator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    #[default]
    Admin,
    ReadOnly,
}

/// One API key's administrator.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Holder {
    pub(crate) role: Role,
    /// Administrators of several organizations must name one with `x-org-id`.
    pub(crate) multi_tenant: bool,
}

/// Every credential that is accepted.
#[derive(Debug, Default)]
pub(crate) struct Access {
    keys: BTreeMap<String, Holder>,
    client: Option<(String, String)>,
    tokens: BTreeMap<String, DateTime<Utc>>,
}

/// How long a token lasts.
pub(crate) const TOKEN_LIFE: Duration = Duration::seconds(3600);

impl Access {
    pub(crate) fn new(key: &str, client: Option<(String, String)>) -> Self {
        let keys = BTreeMap::from([(key.to_owned(), Holder::default())]);
        Self { keys, client, tokens: BTreeMap::new() }
    }

    pub(crate) fn add_key(&mut self, key: &str, holder: Holder) {
        self.keys.insert(key.to_owned(), holder);
    }

    pub(crate) fn revoke_key(&mut self, key: &str) -> bool {
        self.keys.remove(key).is_some()
    }

    pub(crate) fn revoke_tokens(&mut self) {
        self.tokens.clear();
    }

    pub(crate) fn is_client(&self, id: &str, secret: &str) -> bool {
        self.client.as_ref().is_some_and(|client| client.0 == id && client.1 == secret)
    }

    pub(crate) fn issue_token(&mut self, now: DateTime<Utc>) -> String {
        self.tokens.retain(|_, expires| *expires > now);
        let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        self.tokens.insert(token.clone(), now + TOKEN_LIFE);
        token
    }

    fn holder(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Holder> {
        match credential(headers) {
            Credential::Key(key) => self.keys.get(key).copied(),
            Credential::Bearer(token) => {
                self.tokens.get(token).filter(|expires| **expires > now).map(|_| Holder::default())
            }
            Credential::None => None,
        }
    }

    /// Lets a request pass, or says why not: 401, then the codes of `x-org-id`, then 403.
    pub(crate) fn check(
        &self,
        headers: &HeaderMap,
        method: &Method,
        path: &str,
        organization: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let Some(holder) = self.holder(headers, now) else {
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, "Unauthorized"));
        };
        check_organization(headers, path, organization, holder)?;
        let reads = method == Method::GET || path.starts_with("/api/search/");
        if holder.role == Role::ReadOnly && !reads {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "Forbidden"));
        }
        Ok(())
    }
}

/// The codes are from the description's introduction. An empty header counts as none (recorded).
fn check_organization(
    headers: &HeaderMap,
    path: &str,
    organization: &str,
    holder: Holder,
) -> Result<(), Refusal> {
    let named = headers.get("x-org-id").and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    let of_path = path.strip_prefix("/api/organizations").map(|rest| rest.trim_start_matches('/'));
    match (named, of_path) {
        ("", None) if holder.multi_tenant => {
            Err(Refusal::new(StatusCode::UNAUTHORIZED, "Unauthorized: x-org-id is required"))
        }
        ("", _) => Ok(()),
        (named, _) if !is_id(named) => Err(Refusal::bad("Bad Request: malformed x-org-id")),
        (_, Some("")) => {
            Err(Refusal::new(StatusCode::FORBIDDEN, "Forbidden: x-org-id is not supported here"))
        }
        (named, Some(path)) if !named.eq_ignore_ascii_case(path) => {
            Err(Refusal::bad("Bad Request: x-org-id does not match the organization of the path"))
        }
        (named, _) if !named.eq_ignore_ascii_case(organization) => {
            Err(Refusal::new(StatusCode::NOT_FOUND, "Organization not found"))
        }
        _ => Ok(()),
    }
}

/// What a request identifies itself with.
pub(crate) enum Credential<'a> {
    Key(&'a str),
    Bearer(&'a str),
    None,
}

impl Credential<'_> {
    /// The kind, for the log; never the secret.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Key(_) => "api_key",
            Self::Bearer(_) => "bearer",
            Self::None => "none",
        }
    }
}

pub(crate) fn credential(headers: &HeaderMap) -> Credential<'_> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let key = text(header::HeaderName::from_static("x-api-key"));
    if !key.is_empty() {
        return Credential::Key(key);
    }
    match text(header::AUTHORIZATION).split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Credential::Bearer(token.trim()),
        _ => Credential::None,
    }
}
