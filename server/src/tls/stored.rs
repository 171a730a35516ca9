//! The certificate as it lies on disk: it may have been renewed since the server took it up.

use std::path::Path;

use chrono::{DateTime, Utc};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::config::{Config, Tls};
use crate::crypto;

/// What a certificate file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// `sha256:…`, as [`super::Certificate::fingerprint`] has it.
    pub fingerprint: String,
    /// None if that cannot be read.
    pub ends_at: Option<DateTime<Utc>>,
}

/// Reads it; `None` where there is none, or none that can be read.
pub fn stored(config: &Config) -> Option<Stored> {
    match &config.tls {
        Tls::Off => None,
        Tls::Files { certificate, .. } => read(certificate),
        Tls::SelfMade => read(&super::self_made::paths(&config.data_dir).0),
    }
}

fn read(path: &Path) -> Option<Stored> {
    let leaf = CertificateDer::pem_file_iter(path).ok()?.next()?.ok()?;
    let ends_at = X509Certificate::from_der(&leaf)
        .ok()
        .and_then(|(_, parsed)| DateTime::from_timestamp(parsed.validity().not_after.timestamp(), 0));
    Some(Stored { fingerprint: format!("sha256:{}", crypto::sha256_hex(&leaf)), ends_at })
}
