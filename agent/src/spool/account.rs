//! The name of an account's folder: whatever the account is called, it is a name that every disk takes.

use std::fmt::Write;

use ring::digest::{SHA256, digest};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account(String);

impl Account {
    /// AD compares names without regard to case.
    pub fn of(account: &str) -> Self {
        let mut name = String::new();
        for octet in digest(&SHA256, account.to_lowercase().as_bytes()).as_ref().iter().take(16) {
            let _ = write!(name, "{octet:02x}");
        }
        Self(name)
    }

    /// Takes such a name; `None` if it is none.
    pub fn named(name: &str) -> Option<Self> {
        let is_one = name.len() == 32 && name.bytes().all(|octet| octet.is_ascii_hexdigit());
        is_one.then(|| Self(name.to_owned()))
    }

    pub fn name(&self) -> &str {
        &self.0
    }
}
