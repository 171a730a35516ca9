//! How an agent joins: a one-time token whose secret never travels.
//!
//! Both sides derive a key from the secret. The agent proves that it has it by an HMAC over its request; the server
//! authenticates its answer the same way, so nobody in between can swap what the answer carries.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Utc};
use ring::{hkdf, hmac};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::heartbeat::Platform;
use crate::sealing::SealingKey;
use crate::{AgentId, DomainId, DomainName, Secret, TokenId};

/// Octets of a token's secret.
pub const SECRET_BYTES: usize = 32;

const PREFIX: &str = "adit_";

/// `adit_<id>.<secret>`, as an administrator pastes it.
#[derive(Clone, Debug)]
pub struct Token {
    pub id: TokenId,
    secret: Secret,
}

/// Why an enrollment was refused by either side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnrollmentError {
    #[error("the token is not of the form adit_<id>.<secret>: copy it in full from the domain's page")]
    Malformed,
    #[error("the proof does not match: the token was altered, or somebody answers in the server's place")]
    Proof,
    #[error("the message cannot be read: {0}")]
    Payload(String),
}

impl Token {
    /// A token made of a fresh secret.
    pub fn new(id: TokenId, secret: &[u8; SECRET_BYTES]) -> Self {
        Self { id, secret: Secret::new(BASE64.encode(secret)) }
    }

    /// Reads what was pasted.
    pub fn parse(text: &str) -> Result<Self, EnrollmentError> {
        let (id, secret) = text
            .trim()
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('.'))
            .ok_or(EnrollmentError::Malformed)?;
        let id = id.parse().map_err(|_| EnrollmentError::Malformed)?;
        let octets = Zeroizing::new(BASE64.decode(secret).map_err(|_| EnrollmentError::Malformed)?);
        if octets.len() != SECRET_BYTES {
            return Err(EnrollmentError::Malformed);
        }
        Ok(Self { id, secret: Secret::new(secret.to_owned()) })
    }

    /// The text to paste. Shown once.
    pub fn reveal(&self) -> Secret {
        Secret::new(format!("{PREFIX}{}.{}", self.id.0.simple(), self.secret.expose()))
    }

    /// The key that both sides derive; the server keeps only this, sealed.
    pub fn key(&self) -> TokenKey {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, self.id.0.as_bytes());
        let mut key = Zeroizing::new([0; 32]);
        let prk = salt.extract(self.secret.expose().as_bytes());
        // A 32-octet output is always within HKDF's limit, so neither step can fail.
        if let Ok(okm) = prk.expand(&[b"adit enrollment v1"], hkdf::HKDF_SHA256) {
            let _ = okm.fill(key.as_mut());
        }
        TokenKey(key)
    }
}

/// The key derived from a token's secret.
#[derive(Clone)]
pub struct TokenKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl TokenKey {
    /// Takes the octets that the server kept.
    pub fn from_octets(octets: [u8; 32]) -> Self {
        Self(Zeroizing::new(octets))
    }

    /// What the server seals and keeps.
    pub fn octets(&self) -> &[u8; 32] {
        &self.0
    }

    /// Wraps a message with its proof. `role` is `agent` or `server`, so that no message serves as the other's.
    pub fn prove<T: Serialize>(&self, role: Side, message: &T) -> Result<Proven, EnrollmentError> {
        let payload =
            serde_json::to_string(message).map_err(|error| EnrollmentError::Payload(error.to_string()))?;
        let proof = BASE64.encode(hmac::sign(&self.hmac(role), payload.as_bytes()));
        Ok(Proven { payload, proof })
    }

    /// Opens a message, if its proof is right.
    pub fn open<T: DeserializeOwned>(&self, role: Side, proven: &Proven) -> Result<T, EnrollmentError> {
        let proof = BASE64.decode(&proven.proof).map_err(|_| EnrollmentError::Proof)?;
        hmac::verify(&self.hmac(role), proven.payload.as_bytes(), &proof)
            .map_err(|_| EnrollmentError::Proof)?;
        serde_json::from_str(&proven.payload).map_err(|error| EnrollmentError::Payload(error.to_string()))
    }

    fn hmac(&self, role: Side) -> hmac::Key {
        let master = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_ref());
        let label: &[u8] = match role {
            Side::Agent => b"agent",
            Side::Server => b"server",
        };
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&master, label).as_ref())
    }
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Agent,
    Server,
}

/// A message and the proof of who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proven {
    /// The message, as JSON text: the proof is over exactly these octets.
    pub payload: String,
    /// HMAC-SHA-256, base64url.
    pub proof: String,
}

/// `POST /agent/v1/enroll`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrollRequest {
    pub token: TokenId,
    #[serde(flatten)]
    pub proven: Proven,
}

/// What the agent says about itself, inside the proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joining {
    /// Ed25519 public key, 32 octets, base64url.
    pub public_key: String,
    /// Fresh; the answer repeats it.
    pub nonce: String,
    /// The host of the domain controller's LDAP URL, lower case: enrolling the same one again is an update.
    pub domain_controller: String,
    /// The machine's own name.
    pub host: String,
    pub platform: Platform,
    pub version: String,
}

/// What the server answers, inside the proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The agent's nonce.
    pub nonce: String,
    pub agent: AgentId,
    pub domain: DomainId,
    pub domain_name: DomainName,
    pub server_time: DateTime<Utc>,
    /// The key to which passwords are sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealing_key: Option<SealingKey>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn token() -> Token {
        Token::new(TokenId(Uuid::from_u128(7)), &[9; SECRET_BYTES])
    }

    #[test]
    fn a_pasted_token_is_the_one_that_was_shown() {
        let read = Token::parse(token().reveal().expose()).unwrap();
        assert_eq!(read.id, token().id);
        assert_eq!(read.key().octets(), token().key().octets());
    }

    #[test]
    fn a_mangled_token_is_refused() {
        for text in ["", "adit_", "adit_7.x", "adit_00000000000000000000000000000007.AAAA"] {
            assert_eq!(Token::parse(text).unwrap_err(), EnrollmentError::Malformed, "{text}");
        }
    }

    #[test]
    fn a_proof_holds_for_its_side_and_its_message_only() {
        let key = token().key();
        let proven = key.prove(Side::Agent, &"hello").unwrap();
        assert_eq!(key.open::<String>(Side::Agent, &proven).unwrap(), "hello");
        assert_eq!(key.open::<String>(Side::Server, &proven), Err(EnrollmentError::Proof));
        let altered = Proven { payload: "\"hallo\"".into(), ..proven };
        assert_eq!(key.open::<String>(Side::Agent, &altered), Err(EnrollmentError::Proof));
    }

    #[test]
    fn a_token_shows_nothing_in_a_log() {
        assert!(!format!("{:?}", token()).contains(&BASE64.encode([9; SECRET_BYTES])));
    }
}
