//! The certificate that the server makes for itself. Agents pin its fingerprint, so it is kept for years
//! and never replaced for a lesser reason than its end.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Datelike, Days, Months, Utc};
use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::pki_types::{ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};

use super::certificate::{Certificate, TlsError};
use crate::config::Config;

/// A new certificate means that every agent must be told the new fingerprint.
const LIFETIME: Months = Months::new(120);
const RENEW_BEFORE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The stored certificate while it lasts, else a new one.
pub(super) fn load_or_make(config: &Config, now: DateTime<Utc>) -> Result<Certificate, TlsError> {
    let (certificate, key) = paths(&config.data_dir);
    if certificate.exists() && key.exists() {
        match Certificate::load(&certificate, &key) {
            Ok(kept) if !ends_soon(&kept, now) => {
                warn_of_missing_names(&kept, config, &certificate);
                return Ok(kept);
            }
            Ok(_) => {
                tracing::warn!("the self-made certificate ends soon; agents must be told the new fingerprint")
            }
            Err(error) => tracing::warn!(%error, "the self-made certificate is damaged; making a new one"),
        }
    }
    make(config, now)?;
    Certificate::load(&certificate, &key)
}

pub(super) fn paths(data_dir: &Path) -> (PathBuf, PathBuf) {
    (data_dir.join("tls-certificate.pem"), data_dir.join("tls-key.pem"))
}

/// Names and addresses that a client on this machine or in the network may use.
fn names(config: &Config) -> BTreeSet<String> {
    let mut names = BTreeSet::from(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    names.extend(rustix::system::uname().nodename().to_str().map(str::to_lowercase).ok());
    if !config.listen.ip().is_unspecified() {
        names.insert(config.listen.ip().to_string());
    }
    names.extend(config.configured_public_url.as_ref().map(|url| url.host().to_owned()));
    names.retain(|name| ServerName::try_from(name.as_str()).is_ok());
    names
}

fn make(config: &Config, now: DateTime<Utc>) -> Result<(), TlsError> {
    let mut params = CertificateParams::new(names(config).into_iter().collect::<Vec<_>>())?;
    params.distinguished_name.push(DnType::CommonName, "Adit server");
    // A month is at most 12 and a day at most 31.
    let day = |time: DateTime<Utc>| date_time_ymd(time.year(), time.month() as u8, time.day() as u8);
    // A day of tolerance for clients whose clock is behind.
    params.not_before = day(now.checked_sub_days(Days::new(1)).unwrap_or(now));
    params.not_after = day(now.checked_add_months(LIFETIME).unwrap_or(now));
    let key = KeyPair::generate()?;
    let made = params.self_signed(&key)?;
    let (certificate_path, key_path) = paths(&config.data_dir);
    write(&key_path, &key.serialize_pem(), 0o600)?;
    write(&certificate_path, &made.pem(), 0o644)
}

/// Appears under its name only once it is whole.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), TlsError> {
    let draft = path.with_extension("draft");
    let write = || {
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    write().map_err(|source| TlsError::Unwritable { path: path.to_owned(), source })
}

/// Asks the verifier as a client of then would: the certificate is its own root.
fn ends_soon(certificate: &Certificate, now: DateTime<Utc>) -> bool {
    let mut roots = RootCertStore::empty();
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    let then = UnixTime::since_unix_epoch(Duration::from_secs(seconds) + RENEW_BEFORE);
    let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
    let verified = roots.add(certificate.leaf.clone()).and_then(|()| {
        let parsed = ParsedCertificate::try_from(&certificate.leaf)?;
        verify_server_cert_signed_by_trust_anchor(&parsed, &roots, &[], then, algorithms.all)
    });
    matches!(
        verified,
        Err(Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }))
    )
}

fn warn_of_missing_names(kept: &Certificate, config: &Config, path: &Path) {
    let Ok(parsed) = ParsedCertificate::try_from(&kept.leaf) else { return };
    for name in names(config) {
        let Ok(server_name) = ServerName::try_from(name.as_str()) else { continue };
        if verify_server_name(&parsed, &server_name).is_err() {
            tracing::warn!(
                %name,
                path = %path.display(),
                "the self-made certificate lacks a name; remove the file and restart for a new one, \
                 and give the agents its fingerprint"
            );
        }
    }
}

#[cfg(test)]
mod tests;
