//! The check of an ID token (OpenID Connect Core 1.0, section 3.1.3.7).

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use protocol::jwt;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Identity, OidcError};
use crate::crypto::constant_time_eq;

/// How far the provider's clock may be from ours, in seconds.
const CLOCKS_APART: i64 = 60;

/// What a token is checked against.
#[derive(Debug)]
pub(super) struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    /// Who signed in before this is asked again.
    pub signed_in_since: Option<DateTime<Utc>>,
    pub now: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    exp: i64,
    #[serde(default)]
    aud: Value,
    azp: Option<String>,
    nonce: Option<String>,
    auth_time: Option<i64>,
    #[serde(flatten)]
    mailbox: Mailbox,
}

/// The mail address, in an ID token or what the userinfo endpoint gives.
#[derive(Debug, Deserialize)]
pub(super) struct Mailbox {
    email: Option<String>,
    #[serde(default, deserialize_with = "boolean")]
    pub email_verified: Option<bool>,
}

impl Mailbox {
    /// What may be a mail address.
    pub(super) fn address(&self) -> Option<String> {
        let is_one = |text: &&String| text.len() <= 254 && !text.chars().any(char::is_control);
        self.email.as_ref().filter(is_one).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }
}

/// Some providers write it as a text.
fn boolean<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Plain(bool),
        Text(String),
    }
    Ok(match Option::deserialize(from)? {
        Some(Written::Plain(value)) => Some(value),
        Some(Written::Text(text)) => Some(text.eq_ignore_ascii_case("true")),
        None => None,
    })
}

/// Whom a token is about, if all of it is right.
pub(super) fn verify(token: &str, keys: &JwkSet, expected: &Expected<'_>) -> Result<Identity, OidcError> {
    let untrusted = OidcError::Untrusted;
    jwt::install();
    let header = decode_header(token).map_err(|_| untrusted("the ID token is no signed token"))?;
    if !jwt::VERIFIED.contains(&header.alg) {
        return Err(untrusted("the ID token is not signed with a public key's algorithm"));
    }
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // The time is compared below, with our clock.
    validation.validate_exp = false;
    let claims = candidates(keys, header.kid.as_deref())
        .filter(|key| key.common.key_algorithm.is_none_or(|alg| alg == header.alg.into()))
        .filter_map(|key| DecodingKey::from_jwk(key).ok())
        .find_map(|key| decode::<Claims>(token, &key, &validation).ok())
        .ok_or(untrusted("the ID token is not signed by this provider, or not for this server"))?
        .claims;
    let is_for_several = claims.aud.as_array().is_some_and(|all| all.len() > 1);
    if (is_for_several && claims.azp.is_none())
        || claims.azp.as_ref().is_some_and(|party| party != expected.client_id)
    {
        return Err(untrusted("the ID token was made for somebody else"));
    }
    let now = expected.now.timestamp();
    if claims.exp <= now - CLOCKS_APART {
        return Err(untrusted(
            "the ID token has expired; compare the clocks of the provider and this server",
        ));
    }
    let nonce = claims.nonce.unwrap_or_default();
    if !constant_time_eq(nonce.as_bytes(), expected.nonce.as_bytes()) {
        return Err(untrusted("the ID token belongs to another sign-in"));
    }
    if let Some(since) = expected.signed_in_since {
        let at = claims.auth_time.ok_or(untrusted("the provider does not tell when you signed in to it"))?;
        if at < since.timestamp() - CLOCKS_APART {
            return Err(untrusted("the provider did not ask you to sign in again"));
        }
    }
    // Section 2: at most 255 ASCII characters.
    let is_name = |text: &str| {
        !text.is_empty() && text.len() <= 255 && text.bytes().all(|b| (b' '..=b'~').contains(&b))
    };
    if !is_name(&claims.sub) {
        return Err(untrusted("the provider's name for you is not what the standard allows"));
    }
    Ok(Identity {
        issuer: claims.iss,
        subject: claims.sub,
        email: claims.mailbox.address(),
        email_verified: claims.mailbox.email_verified,
    })
}

/// The keys that may have signed: the one of the id, or all where the token names none.
fn candidates<'a>(keys: &'a JwkSet, kid: Option<&'a str>) -> impl Iterator<Item = &'a Jwk> {
    keys.keys
        .iter()
        .filter(move |key| kid.is_none() || key.common.key_id.as_deref() == kid)
        .filter(|key| !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption)))
}
