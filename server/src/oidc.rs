//! OpenID Connect, for whoever relies on a provider: discovery, the authorization code flow with PKCE (RFC 7636), and the
//! check of the ID token (OpenID Connect Core 1.0, section 3.1). Knows nothing of administrators and sessions.
//!
//! The crates for it bring a second cryptography with an RSA that leaks time (RUSTSEC-2023-0071); jsonwebtoken over ring
//! and reqwest do it with what is here already.

mod attempt;
mod discovery;
mod fetch;
mod id_token;

pub use attempt::{Attempt, Returned};
pub use discovery::{Discovered, Metadata, discover};

use protocol::Secret;

use crate::outbound::Outbound;

/// Us, as the provider knows us.
#[derive(Clone, Debug)]
pub struct RelyingParty<'a> {
    pub client_id: &'a str,
    /// None: a public client, which PKCE alone protects.
    pub client_secret: Option<&'a Secret>,
    /// Where the provider sends browsers back to.
    pub redirect_uri: &'a str,
    pub outbound: Outbound<'a>,
}

/// Who somebody is, as the provider says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub issuer: String,
    /// Never given to somebody else at this issuer.
    pub subject: String,
    pub email: Option<String>,
    /// Whether the provider has seen that the address is theirs; none: it does not say.
    pub email_verified: Option<bool>,
}

/// Why somebody is not known by a provider. Sentences for people, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    #[error("{what} could not be asked for. {why}")]
    Unreachable { what: &'static str, why: String },
    #[error("{what} cannot be understood: {why}.")]
    NotUnderstood { what: &'static str, why: String },
    /// In the provider's own words.
    #[error("The provider refused: {0}.")]
    Refused(String),
    #[error("What the provider says of you is not believed: {0}.")]
    Untrusted(&'static str),
    #[error("This answer is not for a sign-in that began in this browser in the last 10 minutes.")]
    Stale,
}

impl OidcError {
    /// Stable.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "provider_unreachable",
            Self::NotUnderstood { .. } => "provider_not_understood",
            Self::Refused(_) => "provider_refused",
            Self::Untrusted(_) => "identity_untrusted",
            Self::Stale => "sign_on_stale",
        }
    }
}
