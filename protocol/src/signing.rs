//! How an agent's requests are signed: a short-lived EdDSA JWT (RFC 7519, RFC 8037) that names the method, the path and
//! the digest of the body, so that it holds behind a proxy that terminates TLS.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::{Deserialize, Serialize};

use crate::{AgentId, jwt};

/// Whom a signed request is for.
pub const AUDIENCE: &str = "adit-server";

/// How long a signature holds, and how far the two clocks may lie apart, in seconds.
pub const LIFETIME_SECONDS: i64 = 60;

/// What a request's signature says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: AgentId,
    pub aud: String,
    pub iat: i64,
    pub exp: i64,
    /// The HTTP method.
    pub htm: String,
    /// The path, without the query.
    pub htu: String,
    /// SHA-256 of the body, base64url.
    pub bh: String,
}

/// Why a request is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    #[error("the key cannot be used")]
    Key,
    #[error("the signature is missing or does not fit the key")]
    Signature,
    #[error("the signature is for another request")]
    OtherRequest,
    #[error("the signature's time is more than {LIFETIME_SECONDS} s from the server's clock")]
    Time,
}

/// An agent's Ed25519 key, made on its domain controller and never leaving it.
pub struct AgentKey {
    pair: Ed25519KeyPair,
    encoding: EncodingKey,
}

impl std::fmt::Debug for AgentKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl AgentKey {
    /// Makes a key; the octets are PKCS#8, to be kept where only the agent reads.
    pub fn generate() -> Result<(Self, zeroize::Zeroizing<Vec<u8>>), SigningError> {
        let rng = ring::rand::SystemRandom::new();
        let document = Ed25519KeyPair::generate_pkcs8(&rng).map_err(|_| SigningError::Key)?;
        let octets = zeroize::Zeroizing::new(document.as_ref().to_vec());
        Ok((Self::from_pkcs8(&octets)?, octets))
    }

    /// Reads a key that was kept.
    pub fn from_pkcs8(octets: &[u8]) -> Result<Self, SigningError> {
        jwt::install();
        let pair = Ed25519KeyPair::from_pkcs8(octets).map_err(|_| SigningError::Key)?;
        Ok(Self { pair, encoding: EncodingKey::from_ed_der(octets) })
    }

    /// The public half, base64url: what the server keeps.
    pub fn public_key(&self) -> String {
        BASE64.encode(self.pair.public_key())
    }

    /// Signs one request.
    pub fn sign(
        &self,
        agent: AgentId,
        method: &str,
        path: &str,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<String, SigningError> {
        let claims = Claims {
            iss: agent,
            aud: AUDIENCE.into(),
            iat: now.timestamp(),
            exp: now.timestamp() + LIFETIME_SECONDS,
            htm: method.into(),
            htu: path.into(),
            bh: body_hash(body),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &self.encoding)
            .map_err(|_| SigningError::Key)
    }
}

/// Reads who claims to have signed, without believing it: the server needs it to find the key.
pub fn claimed_issuer(token: &str) -> Option<AgentId> {
    let payload = token.split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&BASE64.decode(payload).ok()?).ok()?;
    Some(claims.iss)
}

/// Checks that `token` signs exactly this request with `public_key` (base64url), now.
pub fn verify(
    token: &str,
    public_key: &str,
    method: &str,
    path: &str,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<Claims, SigningError> {
    jwt::install();
    let raw = BASE64.decode(public_key).map_err(|_| SigningError::Key)?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[AUDIENCE]);
    // The time is compared below, with the caller's clock.
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_ed_der(&raw), &validation)
        .map_err(|_| SigningError::Signature)?
        .claims;
    if claims.htm != method || claims.htu != path || claims.bh != body_hash(body) {
        return Err(SigningError::OtherRequest);
    }
    let now = now.timestamp();
    if claims.iat - now > LIFETIME_SECONDS || now > claims.exp || claims.exp - claims.iat > LIFETIME_SECONDS {
        return Err(SigningError::Time);
    }
    Ok(claims)
}

fn body_hash(body: &[u8]) -> String {
    BASE64.encode(digest(&SHA256, body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_signature_holds_for_one_request_for_a_minute() {
        let (key, octets) = AgentKey::generate().unwrap();
        let key = AgentKey::from_pkcs8(&octets).map(|_| key).unwrap();
        let agent = AgentId(Uuid::from_u128(5));
        let token = key.sign(agent, "POST", "/agent/v1/heartbeat", b"{}", at(0)).unwrap();
        let check = |path: &str, body: &[u8], now| {
            verify(&token, &key.public_key(), "POST", path, body, now).map(|c| c.iss)
        };

        assert_eq!(claimed_issuer(&token), Some(agent));
        assert_eq!(check("/agent/v1/heartbeat", b"{}", at(30)), Ok(agent));
        assert_eq!(check("/agent/v1/heartbeat", b"{ }", at(0)), Err(SigningError::OtherRequest));
        assert_eq!(check("/agent/v1/transfers", b"{}", at(0)), Err(SigningError::OtherRequest));
        assert_eq!(check("/agent/v1/heartbeat", b"{}", at(61)), Err(SigningError::Time));
        assert_eq!(check("/agent/v1/heartbeat", b"{}", at(-61)), Err(SigningError::Time));
    }

    #[test]
    fn another_key_does_not_fit() {
        let (key, _) = AgentKey::generate().unwrap();
        let (other, _) = AgentKey::generate().unwrap();
        let token = key.sign(AgentId(Uuid::nil()), "POST", "/x", b"", at(0)).unwrap();
        assert_eq!(
            verify(&token, &other.public_key(), "POST", "/x", b"", at(0)),
            Err(SigningError::Signature)
        );
        assert_eq!(
            verify("rubbish", &key.public_key(), "POST", "/x", b"", at(0)),
            Err(SigningError::Signature)
        );
    }
}
