//! A certificate chain with its key, ready for the listener.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::crypto;

/// Why the listener has no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("could not read a certificate from {} ({source}); it must hold PEM certificates, \
        the server's own first", path.display())]
    Certificate { path: PathBuf, source: pem::Error },
    #[error("could not read a private key from {} ({source}); it must hold one unencrypted \
        PEM key", path.display())]
    Key { path: PathBuf, source: pem::Error },
    #[error("the key {} does not belong to the certificate {}; give the pair that was issued \
        together", key.display(), certificate.display())]
    Mismatch { certificate: PathBuf, key: PathBuf },
    #[error("the certificate {} or its key cannot be used ({source})", path.display())]
    Unusable { path: PathBuf, source: rustls::Error },
    #[error("could not make a certificate ({0})")]
    Making(#[from] rcgen::Error),
    #[error("could not write {} ({source}); check that the data directory may be \
        written", path.display())]
    Unwritable { path: PathBuf, source: std::io::Error },
}

/// What the listener presents.
#[derive(Debug, Clone)]
pub struct Certificate {
    fingerprint: String,
    pub(super) leaf: CertificateDer<'static>,
    server: Arc<ServerConfig>,
}

impl Certificate {
    /// Reads a PEM chain and its PEM key, and checks that they belong together.
    pub(super) fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let unreadable = |source| TlsError::Certificate { path: certificate.to_owned(), source };
        let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
            .and_then(|certificates| certificates.collect())
            .map_err(unreadable)?;
        let leaf = chain.first().ok_or_else(|| unreadable(pem::Error::NoItemsFound))?.clone();
        let private = PrivateKeyDer::from_pem_file(key)
            .map_err(|source| TlsError::Key { path: key.to_owned(), source })?;
        let server = server_config(chain, private).map_err(|source| match source {
            rustls::Error::InconsistentKeys(_) => {
                TlsError::Mismatch { certificate: certificate.to_owned(), key: key.to_owned() }
            }
            source => TlsError::Unusable { path: certificate.to_owned(), source },
        })?;
        let fingerprint = format!("sha256:{}", crypto::sha256_hex(&leaf));
        Ok(Self { fingerprint, leaf, server: Arc::new(server) })
    }

    /// `sha256:` and 64 lower-case hex digits over the certificate's DER: what an agent pins.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// When it ends, if that can be read.
    pub fn ends(&self) -> Option<DateTime<Utc>> {
        let (_, certificate) = x509_parser::parse_x509_certificate(&self.leaf).ok()?;
        DateTime::from_timestamp(certificate.validity().not_after.timestamp(), 0)
    }

    pub(super) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }
}

fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
