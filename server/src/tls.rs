//! The listener's TLS: the operator's certificate or one of our own making, with ring as the only
//! provider, and the accept loop that slow clients cannot exhaust.

mod certificate;
mod self_made;
mod serving;
mod stored;

pub use certificate::{Certificate, TlsError};
pub use serving::serve;
pub use stored::{Stored, stored};

use chrono::{DateTime, Utc};

use crate::config::{Config, Tls};

/// Makes ring the provider of everything that speaks TLS in this process. Safe to call again.
pub fn install_provider() {
    // An error says that a provider is installed already, which is what we want.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// What the listener presents; `None` behind a proxy that terminates TLS.
pub fn certificate(config: &Config, now: DateTime<Utc>) -> Result<Option<Certificate>, TlsError> {
    match &config.tls {
        Tls::Off => Ok(None),
        Tls::Files { certificate, key } => Certificate::load(certificate, key).map(Some),
        Tls::SelfMade => self_made::load_or_make(config, now).map(Some),
    }
}
