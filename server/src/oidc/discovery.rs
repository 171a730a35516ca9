//! What a provider says of itself (OpenID Connect Discovery 1.0, section 4).

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;

use super::OidcError;
use super::fetch::fetch;
use crate::outbound::Outbound;

const WHAT: &str = "The provider's description";
const PATH: &str = "/.well-known/openid-configuration";

/// What was discovered is believed for so long: whoever is nobody yet can have it asked for.
const KEPT: Duration = Duration::minutes(5);

/// The part that is needed here.
#[derive(Clone, Debug, Deserialize)]
pub struct Metadata {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
    pub userinfo_endpoint: Option<String>,
    /// Left out: `client_secret_basic`.
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl Metadata {
    /// Whether the client's secret goes into the body instead of the header.
    pub(super) fn takes_secret_in_body(&self) -> bool {
        let takes = |method: &str| {
            self.token_endpoint_auth_methods_supported
                .as_ref()
                .is_some_and(|all| all.iter().any(|one| one == method))
        };
        !takes("client_secret_basic") && takes("client_secret_post")
    }
}

/// Asks a provider for its description. A final slash of the issuer may be wrong; what the provider writes is right.
pub async fn discover(outbound: Outbound<'_>, issuer: &str) -> Result<Metadata, OidcError> {
    let issuer = issuer.trim().trim_end_matches('/');
    let address = format!("{issuer}{PATH}");
    let answer = fetch(outbound, WHAT, &address, |client, url| client.get(url)).await?;
    let found: Metadata = answer.ok(WHAT)?;
    let wrong = |why: String| OidcError::NotUnderstood { what: WHAT, why };
    if found.issuer.trim_end_matches('/') != issuer {
        return Err(wrong("it is that of another issuer than the one that was entered".into()));
    }
    let named = [
        ("authorization_endpoint", Some(&found.authorization_endpoint)),
        ("token_endpoint", Some(&found.token_endpoint)),
        ("jwks_uri", Some(&found.jwks_uri)),
        ("userinfo_endpoint", found.userinfo_endpoint.as_ref()),
    ];
    for (name, address) in named {
        if let Some(Err(why)) = address.map(|address| outbound.check(address)) {
            return Err(wrong(format!("{name} {why}")));
        }
    }
    Ok(found)
}

/// What was discovered last.
#[derive(Debug, Default)]
pub struct Discovered(Mutex<Option<(DateTime<Utc>, Metadata)>>);

impl Discovered {
    /// The description of an issuer, asked for again from time to time.
    pub async fn find(
        &self,
        outbound: Outbound<'_>,
        issuer: &str,
        now: DateTime<Utc>,
    ) -> Result<Metadata, OidcError> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, metadata)) = kept
            && metadata.issuer == issuer
            && now - at < KEPT
        {
            return Ok(metadata);
        }
        let found = discover(outbound, issuer).await?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, found.clone()));
        Ok(found)
    }
}
