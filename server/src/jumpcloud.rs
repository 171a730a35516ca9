//! JumpCloud: the only place that knows its JSON and talks HTTP to it.
//!
//! Every call says where its facts come from: *documented* (JumpCloud's published description), *recorded* (seen in
//! real answers), *from clients* (what other programs rely on) or *assumed*. Answers are read leniently; what cannot be
//! undone is written strictly.

mod activedirectories;
mod answer;
mod associations;
mod base_url;
mod budget;
mod client;
mod credential;
mod entries;
mod error;
mod groups;
mod json;
mod marks;
mod members;
mod meter;
mod organizations;
mod pace;
mod paging;
mod passwords;
mod request;
mod settings;
mod tenure;
mod token;
mod user;
mod user_writes;
mod users;

pub use activedirectories::{ActiveDirectory, AuthorityOutcome};
pub use associations::Associated;
pub use base_url::{BaseUrl, validate_base_url, validate_token_url};
pub use budget::{Budget, Permit};
pub use client::Client;
pub use credential::{CredentialError, CredentialReport};
pub use error::{JumpCloudError, Refusal, Verdict};
pub use marks::Marks;
pub use meter::{Readings, readings};
pub use organizations::{Organization, PasswordPolicy};
pub use planner::plan::Lane;
pub use settings::{Credential, Settings, SettingsError};
pub use tenure::Tenure;
pub use users::UserPages;

/// The result of a call.
pub type Result<T, E = JumpCloudError> = std::result::Result<T, E>;
