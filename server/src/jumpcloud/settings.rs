//! What a client is made of.

use std::time::Duration;

use protocol::Secret;

use super::base_url::BaseUrl;

/// How one organization is reached.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The host root; `/api` and `/api/v2` are appended.
    pub base_url: BaseUrl,
    pub credential: Credential,
    /// Needed only for administrators of several organizations.
    pub org_id: Option<String>,
    /// A proxy of our own; without one the usual environment variables decide. It may hold a password.
    pub proxy: Option<Secret>,
    /// The longest that one request may take.
    pub timeout: Duration,
}

/// What a request identifies itself with.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Belongs to one administrator, and ends with him.
    ApiKey(Secret),
    /// OAuth2 client credentials.
    ServiceAccount {
        client_id: String,
        client_secret: Secret,
        /// As [`super::validate_token_url`] returned it; JumpCloud's own otherwise.
        token_url: Option<String>,
    },
}

/// Why no client can be made of some settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("the organization id must be 24 hexadecimal digits")]
    OrgId,
    #[error("the API key holds characters that no key has; paste it again")]
    ApiKey,
    #[error("the token address is not a web address")]
    TokenUrl,
    #[error("the proxy is not a web address such as http://proxy.example:3128")]
    Proxy,
    #[error("could not set up the HTTP client")]
    Http(#[source] reqwest::Error),
}
