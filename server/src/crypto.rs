//! Secrets at rest: a master key in a file seals the data keys, and the data keys, which live in the
//! database, seal everything else. Rotating either never stops the server.

mod core_dumps;
mod master_key;
mod passwords;
mod random;
mod sealing;
mod vault;

pub use core_dumps::forbid_core_dumps;
pub use master_key::{MasterKey, MasterKeyError};
pub use passwords::{PasswordError, hash_password, verify_password};
pub use random::{
    base64url, constant_time_eq, from_base64url, random_bytes, random_token, sha256, sha256_hex,
};
pub use vault::{Vault, VaultError};
