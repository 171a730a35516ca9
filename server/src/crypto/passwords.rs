//! Administrators' passwords: argon2id, away from the async threads and a few at a time, since each
//! takes 19 MiB and tens of milliseconds.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use protocol::secret::Secret;
use tokio::sync::Semaphore;

use super::random::random_bytes;

/// Bounds the memory that log-ins can take together.
static AT_ONCE: Semaphore = Semaphore::const_new(4);

/// Why a password was neither hashed nor checked. A wrong password is no error.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("could not hash the password: {0}")]
    Hashing(String),
    #[error("the stored password hash is damaged: {0}")]
    Damaged(String),
    #[error("the password check was interrupted")]
    Interrupted,
}

/// The text to store for `password`: its hash with salt and parameters.
pub async fn hash_password(password: Secret) -> Result<String, PasswordError> {
    apart(move || hash(&password)).await
}

/// Whether `password` is the one that was hashed. Without a stored hash (no such account) the answer is no
/// and takes as long, so that its duration does not tell which accounts exist.
pub async fn verify_password(stored: Option<String>, password: Secret) -> Result<bool, PasswordError> {
    apart(move || match stored {
        Some(stored) => verify(&stored, &password),
        None => {
            let nobody = NOBODY.as_deref().map_err(|error| PasswordError::Hashing(error.clone()))?;
            verify(nobody, &password).map(|_| false)
        }
    })
    .await
}

/// The hash that is checked for an unknown account.
static NOBODY: LazyLock<Result<String, String>> =
    LazyLock::new(|| hash(&Secret::new(String::new())).map_err(|error| error.to_string()));

async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
) -> Result<T, PasswordError> {
    let _turn = AT_ONCE.acquire().await.map_err(|_| PasswordError::Interrupted)?;
    tokio::task::spawn_blocking(work).await.map_err(|_| PasswordError::Interrupted)?
}

fn hash(password: &Secret) -> Result<String, PasswordError> {
    let failed = |error: &dyn std::fmt::Display| PasswordError::Hashing(error.to_string());
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| failed(&error))?;
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let salt = random_bytes::<16>();
    let hash: PasswordHash = hasher
        .hash_password_with_salt(password.expose().as_bytes(), &salt)
        .map_err(|error| failed(&error))?;
    Ok(hash.to_string())
}

fn verify(stored: &str, password: &Secret) -> Result<bool, PasswordError> {
    use argon2::password_hash::Error;

    let parsed = PasswordHash::new(stored).map_err(|error| PasswordError::Damaged(error.to_string()))?;
    match Argon2::default().verify_password(password.expose().as_bytes(), &parsed) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(PasswordError::Damaged(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn only_the_right_password_passes() {
        let stored = hash_password(secret("correct horse")).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify_password(Some(stored.clone()), secret("correct horse")).await.unwrap());
        assert!(!verify_password(Some(stored), secret("correct house")).await.unwrap());
    }

    #[tokio::test]
    async fn an_unknown_account_never_passes() {
        assert!(!verify_password(None, secret("")).await.unwrap());
        assert!(!verify_password(None, secret("x")).await.unwrap());
    }

    #[tokio::test]
    async fn a_damaged_hash_is_an_error_and_no_refusal() {
        let checked = verify_password(Some("$argon2id$".to_owned()), secret("x")).await;
        assert!(matches!(checked, Err(PasswordError::Damaged(_))));
    }
}
