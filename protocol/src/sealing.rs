//! Passwords on their way to the server: sealed in the process that was given them, opened only where they are sent on.
//!
//! HPKE in base mode (RFC 9180): X25519, HKDF-SHA256, ChaCha20-Poly1305. What an envelope says about itself is its
//! associated data, so none of it can be changed without being noticed. The clear text is padded, so that its length
//! does not show.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Utc};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{AgentId, CaptureId, DomainId, Secret};

/// X25519, HKDF-SHA256, ChaCha20-Poly1305: the first octet of what is sealed.
const SUITE: u8 = 1;

/// What the key is for, as HPKE's `info`.
const PURPOSE: &[u8] = b"adit password v1";

/// The clear text is padded to a multiple of this.
const PADDING: usize = 256;

/// Octets of the encapsulated key.
const ENCAPSULATED: usize = 32;

/// No longer password is sealed: AD stores at most 256 characters, Samba's hook is tested with 1,024 of up to 4 octets.
pub const MAX_PASSWORD_BYTES: usize = 4096;

/// Why something was not sealed or opened. None of it says anything about the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealingError {
    #[error("the password is longer than {MAX_PASSWORD_BYTES} octets")]
    TooLong,
    #[error("the sealing key is no X25519 key")]
    Key,
    #[error("the envelope was sealed to another key")]
    OtherKey,
    #[error("the envelope was sealed by a newer program (suite {0})")]
    Suite(u8),
    #[error("the envelope was altered or damaged")]
    Damaged,
}

/// The server's public key, to which passwords are sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealingKey {
    pub id: i32,
    /// X25519 public key, 32 octets, base64url.
    pub public_key: String,
}

/// What an envelope says about itself. All of it is authenticated with the password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub capture: CaptureId,
    pub domain: DomainId,
    pub agent: AgentId,
    /// The account as the domain controller named it: its sAMAccountName.
    pub account: String,
    /// When the hook was started, by the domain controller's clock.
    pub captured_at: DateTime<Utc>,
    /// The id of the key it is sealed to.
    pub key: i32,
}

/// A sealed password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    #[serde(flatten)]
    pub label: Label,
    /// Suite, encapsulated key and ciphertext, base64url.
    pub sealed: String,
}

impl SealingKey {
    /// Seals the octets of a password under its label; the label names this key from now on.
    pub fn seal(&self, label: Label, password: &[u8]) -> Result<Envelope, SealingError> {
        let public = BASE64.decode(&self.public_key).map_err(|_| SealingError::Key)?;
        let public =
            <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&public).map_err(|_| SealingError::Key)?;
        let label = Label { key: self.id, ..label };
        let clear = padded(password)?;
        let (encapsulated, ciphertext) = single_shot_seal::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &public,
            PURPOSE,
            &clear,
            &label.octets(),
        )
        .map_err(|_| SealingError::Key)?;
        let mut sealed = vec![SUITE];
        sealed.extend_from_slice(&encapsulated.to_bytes());
        sealed.extend_from_slice(&ciphertext);
        Ok(Envelope { label, sealed: BASE64.encode(sealed) })
    }
}

/// The server's private key.
pub struct OpeningKey {
    id: i32,
    private: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for OpeningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpeningKey({})", self.id)
    }
}

impl OpeningKey {
    /// A fresh key of the given id, and its public half.
    pub fn generate(id: i32) -> (Self, SealingKey) {
        let (private, public) = X25519HkdfSha256::gen_keypair();
        let key = Self { id, private: Zeroizing::new(private.to_bytes().to_vec()) };
        (key, SealingKey { id, public_key: BASE64.encode(public.to_bytes()) })
    }

    /// Takes the octets that were kept.
    pub fn from_octets(id: i32, private: Zeroizing<Vec<u8>>) -> Self {
        Self { id, private }
    }

    /// What the server seals under its own master key and keeps.
    pub fn octets(&self) -> &[u8] {
        &self.private
    }

    /// Opens an envelope that was sealed to this key.
    pub fn open(&self, envelope: &Envelope) -> Result<Secret, SealingError> {
        if envelope.label.key != self.id {
            return Err(SealingError::OtherKey);
        }
        let sealed = BASE64.decode(&envelope.sealed).map_err(|_| SealingError::Damaged)?;
        let (&suite, rest) = sealed.split_first().ok_or(SealingError::Damaged)?;
        if suite != SUITE {
            return Err(SealingError::Suite(suite));
        }
        let (encapsulated, ciphertext) = rest.split_at_checked(ENCAPSULATED).ok_or(SealingError::Damaged)?;
        let private = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(&self.private)
            .map_err(|_| SealingError::Key)?;
        let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated)
            .map_err(|_| SealingError::Damaged)?;
        let clear = single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &private,
            &encapsulated,
            PURPOSE,
            ciphertext,
            &envelope.label.octets(),
        )
        .map_err(|_| SealingError::Damaged)?;
        unpadded(&Zeroizing::new(clear))
    }
}

impl Label {
    /// One spelling for each label: the text is last, so that nothing need be escaped.
    fn octets(&self) -> Vec<u8> {
        let mut octets = vec![SUITE];
        octets.extend_from_slice(&self.key.to_be_bytes());
        octets.extend_from_slice(self.capture.0.as_bytes());
        octets.extend_from_slice(self.domain.0.as_bytes());
        octets.extend_from_slice(self.agent.0.as_bytes());
        octets.extend_from_slice(&self.captured_at.timestamp_micros().to_be_bytes());
        octets.extend_from_slice(self.account.as_bytes());
        octets
    }
}

/// Length in two octets, the password, and zeros.
fn padded(password: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealingError> {
    let length = u16::try_from(password.len()).map_err(|_| SealingError::TooLong)?;
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(SealingError::TooLong);
    }
    let whole = (password.len() + 2).next_multiple_of(PADDING);
    // As large as it will be, so that it never moves and leaves a copy behind.
    let mut clear = Zeroizing::new(Vec::with_capacity(whole));
    clear.extend_from_slice(&length.to_be_bytes());
    clear.extend_from_slice(password);
    clear.resize(whole, 0);
    Ok(clear)
}

fn unpadded(clear: &[u8]) -> Result<Secret, SealingError> {
    let (length, rest) = clear.split_at_checked(2).ok_or(SealingError::Damaged)?;
    let length = length.iter().fold(0_usize, |sum, octet| sum << 8 | usize::from(*octet));
    let password = rest.get(..length).ok_or(SealingError::Damaged)?;
    let password = std::str::from_utf8(password).map_err(|_| SealingError::Damaged)?;
    Ok(Secret::new(password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn label() -> Label {
        Label {
            capture: CaptureId(Uuid::from_u128(1)),
            domain: DomainId(Uuid::from_u128(2)),
            agent: AgentId(Uuid::from_u128(3)),
            account: "jörg".into(),
            captured_at: DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap(),
            key: 0,
        }
    }

    #[test]
    fn a_password_of_any_length_and_script_is_opened_as_it_was_sealed() {
        let (opening, sealing) = OpeningKey::generate(7);
        for password in ["", "x", "Grüße-€-🔑", &"a".repeat(253), &"a".repeat(254), &"🔑".repeat(1024)]
        {
            let envelope = sealing.seal(label(), password.as_bytes()).unwrap();
            assert_eq!(opening.open(&envelope).unwrap().expose(), password);
        }
        assert_eq!(sealing.seal(label(), &[b'a'; MAX_PASSWORD_BYTES + 1]), Err(SealingError::TooLong));
    }

    #[test]
    fn nothing_on_the_label_can_be_changed() {
        let (opening, sealing) = OpeningKey::generate(7);
        let good = sealing.seal(label(), b"secret").unwrap();
        let changes: [fn(&mut Envelope); 6] = [
            |envelope| envelope.label.account.push('x'),
            |envelope| envelope.label.capture = CaptureId(Uuid::from_u128(9)),
            |envelope| envelope.label.domain = DomainId(Uuid::from_u128(9)),
            |envelope| envelope.label.agent = AgentId(Uuid::from_u128(9)),
            |envelope| envelope.label.captured_at += chrono::Duration::microseconds(1),
            |envelope| envelope.sealed.truncate(60),
        ];
        for change in changes {
            let mut altered = good.clone();
            change(&mut altered);
            assert_eq!(opening.open(&altered), Err(SealingError::Damaged));
        }
        let mut other = good.clone();
        other.label.key = 8;
        assert_eq!(opening.open(&other), Err(SealingError::OtherKey));
    }

    #[test]
    fn short_passwords_look_alike() {
        let (_, sealing) = OpeningKey::generate(7);
        let length = |password: &str| sealing.seal(label(), password.as_bytes()).unwrap().sealed.len();
        assert_eq!(length("x"), length(&"x".repeat(200)));
    }

    #[test]
    fn a_key_is_the_same_after_it_was_kept() {
        let (opening, sealing) = OpeningKey::generate(7);
        let kept = OpeningKey::from_octets(7, Zeroizing::new(opening.octets().to_vec()));
        let envelope = sealing.seal(label(), b"secret").unwrap();
        assert_eq!(kept.open(&envelope).unwrap().expose(), "secret");
        assert!(OpeningKey::generate(7).0.open(&envelope).is_err());
    }
}
