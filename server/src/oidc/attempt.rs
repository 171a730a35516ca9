//! One sign-in under way: what is asked of the provider, and what its answer must fit.

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::jwk::JwkSet;
use protocol::Secret;
use reqwest::{StatusCode, Url};
use serde::{Deserialize, Serialize};

use super::discovery::Metadata;
use super::fetch::fetch;
use super::id_token::{Expected, Mailbox, verify};
use super::{Identity, OidcError, RelyingParty};
use crate::crypto::{base64url, constant_time_eq, random_token, sha256};

const SCOPE: &str = "openid email";
const TOKENS: &str = "The provider's answer to the code";
const KEYS: &str = "The provider's keys";
const USERINFO: &str = "Your mail address";
/// So long somebody may take at the provider.
const PATIENCE: Duration = Duration::minutes(10);
/// As much of a provider's own words is shown.
const WORDS_SHOWN: usize = 200;

/// To be kept by the browser that began it, sealed.
#[derive(Debug, Serialize, Deserialize)]
pub struct Attempt {
    state: String,
    nonce: String,
    verifier: Secret,
    began_at: DateTime<Utc>,
    /// Whether the provider has to ask who it is even if it knows.
    again: bool,
}

/// What a browser brings back from the provider (RFC 6749, section 4.1.2; RFC 9207).
#[derive(Debug, Default, Deserialize)]
pub struct Returned {
    state: Option<String>,
    code: Option<Secret>,
    error: Option<String>,
    error_description: Option<String>,
    iss: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: Option<String>,
    access_token: Option<Secret>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    error_description: Option<String>,
}

#[derive(Deserialize)]
struct Userinfo {
    sub: String,
    #[serde(flatten)]
    mailbox: Mailbox,
}

impl Attempt {
    /// Begins a sign-in.
    pub fn begin(again: bool, now: DateTime<Utc>) -> Self {
        let fresh = || random_token().to_string();
        Self { state: fresh(), nonce: fresh(), verifier: Secret::new(fresh()), began_at: now, again }
    }

    /// Where the browser goes to.
    pub fn url(&self, metadata: &Metadata, us: &RelyingParty<'_>) -> Result<Url, OidcError> {
        let mut url = us.outbound.check(&metadata.authorization_endpoint).map_err(|why| {
            OidcError::Unreachable { what: "The provider", why: format!("Its address {why}.") }
        })?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", us.client_id)
            .append_pair("redirect_uri", us.redirect_uri)
            .append_pair("scope", SCOPE)
            .append_pair("state", &self.state)
            .append_pair("nonce", &self.nonce)
            .append_pair("code_challenge", &base64url(&sha256(self.verifier.expose().as_bytes())))
            .append_pair("code_challenge_method", "S256");
        if self.again {
            url.query_pairs_mut().append_pair("prompt", "login").append_pair("max_age", "0");
        }
        Ok(url)
    }

    /// Whether what came back belongs to this attempt.
    fn fits(&self, returned: &Returned, now: DateTime<Utc>) -> bool {
        let state = returned.state.as_deref().unwrap_or_default();
        constant_time_eq(state.as_bytes(), self.state.as_bytes()) && now - self.began_at < PATIENCE
    }

    /// Swaps the code that came back for who it is.
    pub async fn finish(
        &self,
        returned: &Returned,
        metadata: &Metadata,
        us: &RelyingParty<'_>,
        now: DateTime<Utc>,
    ) -> Result<Identity, OidcError> {
        if !self.fits(returned, now) || returned.iss.as_ref().is_some_and(|iss| *iss != metadata.issuer) {
            return Err(OidcError::Stale);
        }
        let Some(code) = &returned.code else {
            let error = returned.error.as_deref().unwrap_or("it gave no code");
            return Err(refused(error, returned.error_description.as_deref()));
        };
        let tokens = self.exchange(code, metadata, us).await?;
        let token = tokens.id_token.ok_or(OidcError::Untrusted("the provider gave no ID token"))?;
        let keys: JwkSet =
            fetch(us.outbound, KEYS, &metadata.jwks_uri, |client, url| client.get(url)).await?.ok(KEYS)?;
        let expected = Expected {
            issuer: &metadata.issuer,
            client_id: us.client_id,
            nonce: &self.nonce,
            signed_in_since: self.again.then_some(self.began_at),
            now,
        };
        let mut identity = verify(&token, &keys, &expected)?;
        if identity.email.is_none()
            && let (Some(address), Some(access)) = (&metadata.userinfo_endpoint, tokens.access_token)
        {
            let found: Userinfo = fetch(us.outbound, USERINFO, address, |client, url| {
                client.get(url).bearer_auth(access.expose())
            })
            .await?
            .ok(USERINFO)?;
            // Section 5.3.2: it may have been swapped for somebody else's.
            if found.sub != identity.subject {
                return Err(OidcError::Untrusted("the provider's answers are about different people"));
            }
            identity.email = found.mailbox.address();
            identity.email_verified = found.mailbox.email_verified;
        }
        Ok(identity)
    }

    async fn exchange(
        &self,
        code: &Secret,
        metadata: &Metadata,
        us: &RelyingParty<'_>,
    ) -> Result<Tokens, OidcError> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", us.redirect_uri),
            ("code_verifier", self.verifier.expose()),
        ];
        let in_header = us.client_secret.filter(|_| !metadata.takes_secret_in_body());
        if in_header.is_none() {
            form.push(("client_id", us.client_id));
            form.extend(us.client_secret.map(|secret| ("client_secret", secret.expose())));
        }
        let answer = fetch(us.outbound, TOKENS, &metadata.token_endpoint, |client, url| {
            let request = client.post(url).form(&form);
            match in_header {
                // RFC 6749, section 2.3.1: both are form-encoded before.
                Some(secret) => request.basic_auth(encoded(us.client_id), Some(encoded(secret.expose()))),
                None => request,
            }
        })
        .await?;
        if matches!(answer.status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED)
            && let Some(refusal) = answer.json::<Refusal>()
        {
            return Err(refused(&refusal.error, refusal.error_description.as_deref()));
        }
        answer.ok(TOKENS)
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn refused(error: &str, description: Option<&str>) -> OidcError {
    let words = match description.map(|text| text.trim().trim_end_matches('.')) {
        Some(description) if !description.is_empty() => format!("{description} ({error})"),
        _ => error.to_owned(),
    };
    OidcError::Refused(words.chars().filter(|c| !c.is_control()).take(WORDS_SHOWN).collect())
}
