//! Made once, kept, renewed at its end.

use std::os::unix::fs::MetadataExt;

use chrono::TimeDelta;

use super::*;
use crate::config::Options;
use crate::crypto::sha256_hex;

struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let unique = sha256_hex(&crate::crypto::random_bytes::<16>());
        let path = std::env::temp_dir().join(format!("adit-tls-{}", &unique[..16]));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn config(&self) -> Config {
        let options = Options {
            data_dir: Some(self.0.display().to_string()),
            listen: Some("192.0.2.7:8443".to_owned()),
            public_url: Some("https://adit.example.com".to_owned()),
            ..Options::default()
        };
        options.check().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

#[test]
fn it_is_made_once_and_kept() {
    let scratch = Scratch::new();
    let made = load_or_make(&scratch.config(), noon()).unwrap();
    let kept = load_or_make(&scratch.config(), noon() + TimeDelta::days(3000)).unwrap();
    assert_eq!(made.fingerprint(), kept.fingerprint());
    assert_eq!(made.fingerprint(), format!("sha256:{}", sha256_hex(&made.leaf)));
    let (certificate, key) = paths(&scratch.0);
    assert_eq!(fs::metadata(certificate).unwrap().mode() & 0o777, 0o644);
    assert_eq!(fs::metadata(key).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 2, "no draft is left");
}

#[test]
fn it_is_renewed_a_month_before_its_end() {
    let scratch = Scratch::new();
    let made = load_or_make(&scratch.config(), noon()).unwrap();
    let end = noon() + LIFETIME;
    let kept = load_or_make(&scratch.config(), end - TimeDelta::days(32)).unwrap();
    assert_eq!(made.fingerprint(), kept.fingerprint());
    let renewed = load_or_make(&scratch.config(), end - TimeDelta::days(29)).unwrap();
    assert_ne!(made.fingerprint(), renewed.fingerprint());
}

#[test]
fn it_carries_every_name_of_the_server() {
    let scratch = Scratch::new();
    let made = load_or_make(&scratch.config(), noon()).unwrap();
    let parsed = ParsedCertificate::try_from(&made.leaf).unwrap();
    for name in ["localhost", "127.0.0.1", "::1", "192.0.2.7", "adit.example.com"] {
        verify_server_name(&parsed, &ServerName::try_from(name).unwrap()).unwrap();
    }
}

#[test]
fn a_damaged_one_is_replaced() {
    let scratch = Scratch::new();
    load_or_make(&scratch.config(), noon()).unwrap();
    fs::write(paths(&scratch.0).0, "garbage").unwrap();
    load_or_make(&scratch.config(), noon()).unwrap();
}

#[test]
fn a_key_of_another_certificate_is_named() {
    let (one, other) = (Scratch::new(), Scratch::new());
    load_or_make(&one.config(), noon()).unwrap();
    load_or_make(&other.config(), noon()).unwrap();
    let mixed = Certificate::load(&paths(&one.0).0, &paths(&other.0).1).unwrap_err();
    assert!(matches!(mixed, TlsError::Mismatch { .. }));
    assert!(mixed.to_string().contains("does not belong"), "{mixed}");
    let swapped = Certificate::load(&paths(&one.0).1, &paths(&one.0).0).unwrap_err();
    assert!(matches!(swapped, TlsError::Certificate { .. }), "{swapped}");
}
