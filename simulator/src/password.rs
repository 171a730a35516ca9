//! Passwords are kept as salted hashes and never as text: a search of this process's answers, log and state
//! for a password finds nothing.

use std::num::NonZeroU32;

use ring::pbkdf2;
use uuid::Uuid;

const ITERATIONS: NonZeroU32 = NonZeroU32::MIN.saturating_add(999);

/// A salted hash of one password.
#[derive(Clone)]
pub(crate) struct PasswordHash {
    salt: [u8; 16],
    hash: [u8; 32],
}

impl PasswordHash {
    pub(crate) fn of(password: &str) -> Self {
        let salt = Uuid::new_v4().into_bytes();
        let mut hash = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ITERATIONS, &salt, password.as_bytes(), &mut hash);
        Self { salt, hash }
    }

    pub(crate) fn matches(&self, password: &str) -> bool {
        let Self { salt, hash } = self;
        pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA256, ITERATIONS, salt, password.as_bytes(), hash).is_ok()
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[password]")
    }
}
