//! Whom we trust over TLS, towards the server and towards the domain controller alike: the machine's own authorities,
//! given ones, or exactly one certificate. Never nobody. What the other side showed is kept, so that a refusal can name
//! the fingerprint that was seen.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use ring::digest::{SHA256, digest};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// Whom to trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The machine's own certificate authorities.
    System,
    /// These authorities, PEM, and no others.
    Authorities(String),
    /// Exactly this certificate, whatever its name.
    Fingerprint(Fingerprint),
}

impl Trust {
    /// A fingerprint goes before authorities, authorities before the machine's own.
    pub fn of(ca_pem: Option<&str>, fingerprint: Option<&str>) -> Result<Self, TlsError> {
        match (fingerprint, ca_pem) {
            (Some(text), _) => Fingerprint::parse(text).map(Self::Fingerprint),
            (None, Some(pem)) => Ok(Self::Authorities(pem.to_owned())),
            (None, None) => Ok(Self::System),
        }
    }
}

/// SHA-256 of a DER certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Reads `sha256:` and 64 hexadecimal digits, with or without colons between them.
    pub fn parse(text: &str) -> Result<Self, TlsError> {
        let bad = || TlsError::Fingerprint(text.to_owned());
        let text = text.trim().to_ascii_lowercase();
        let digits: String = text.strip_prefix("sha256:").unwrap_or(&text).replace(':', "");
        if digits.len() != 64 || !digits.is_ascii() {
            return Err(bad());
        }
        let mut octets = [0; 32];
        for (at, octet) in octets.iter_mut().enumerate() {
            *octet = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).map_err(|_| bad())?;
        }
        Ok(Self(octets))
    }

    fn of(certificate: &CertificateDer<'_>) -> Self {
        let mut octets = [0; 32];
        octets.copy_from_slice(digest(&SHA256, certificate).as_ref());
        Self(octets)
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// Why no connection can even be tried.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("\"{0}\" is no fingerprint: write sha256: and the 64 hexadecimal digits that the server prints")]
    Fingerprint(String),
    #[error("the CA file holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)")]
    NoAuthorities,
    #[error("the machine's own certificate authorities cannot be read: {0}")]
    System(String),
    #[error("TLS cannot be set up: {0}")]
    Setup(#[source] rustls::Error),
}

/// What is wrong with a certificate that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Untrusted,
    NameMismatch,
    Expired,
}

/// The certificate that the other side showed last.
#[derive(Clone, Debug)]
pub struct Seen {
    pub fingerprint: Fingerprint,
    pub expires_at: Option<DateTime<Utc>>,
    pub refused: Option<Refused>,
}

/// Remembers what the other side showed.
#[derive(Clone, Debug, Default)]
pub struct Witness(Arc<Mutex<Option<Seen>>>);

impl Witness {
    pub fn seen(&self) -> Option<Seen> {
        self.0.lock().ok()?.clone()
    }

    /// The certificate whose refusal ended the last attempt, if that is what ended it.
    pub fn refusal(&self) -> Option<(Seen, Refused)> {
        let seen = self.seen()?;
        seen.refused.map(|refused| (seen, refused))
    }

    fn note(&self, certificate: &CertificateDer<'_>, refused: Option<Refused>) {
        let expires_at = x509_parser::parse_x509_certificate(certificate)
            .ok()
            .and_then(|(_, parsed)| DateTime::from_timestamp(parsed.validity().not_after.timestamp(), 0));
        if let Ok(mut seen) = self.0.lock() {
            *seen = Some(Seen { fingerprint: Fingerprint::of(certificate), expires_at, refused });
        }
    }
}

/// Builds the client side of TLS.
pub fn client(trust: &Trust) -> Result<(ClientConfig, Witness), TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let witness = Witness::default();
    let verifier =
        Verifier { rule: rule(trust, &provider)?, provider: provider.clone(), witness: witness.clone() };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Setup)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok((config, witness))
}

fn rule(trust: &Trust, provider: &Arc<CryptoProvider>) -> Result<Rule, TlsError> {
    match trust {
        Trust::Fingerprint(pin) => Ok(Rule::Pin(*pin)),
        Trust::System => rustls_platform_verifier::Verifier::new(provider.clone())
            .map(|verifier| Rule::Chain(Arc::new(verifier)))
            .map_err(|error| TlsError::System(error.to_string())),
        Trust::Authorities(pem) => {
            let mut roots = RootCertStore::empty();
            let certificates = CertificateDer::pem_slice_iter(pem.as_bytes()).flatten();
            let (added, _) = roots.add_parsable_certificates(certificates);
            if added == 0 {
                return Err(TlsError::NoAuthorities);
            }
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .build()
                .map(|verifier| Rule::Chain(verifier))
                .map_err(|error| TlsError::System(error.to_string()))
        }
    }
}

#[derive(Debug)]
enum Rule {
    Chain(Arc<dyn ServerCertVerifier>),
    Pin(Fingerprint),
}

#[derive(Debug)]
struct Verifier {
    rule: Rule,
    provider: Arc<CryptoProvider>,
    witness: Witness,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = match &self.rule {
            Rule::Chain(chain) => chain.verify_server_cert(certificate, intermediates, name, ocsp, now),
            Rule::Pin(pin) if *pin == Fingerprint::of(certificate) => Ok(ServerCertVerified::assertion()),
            Rule::Pin(_) => Err(CertificateError::UnknownIssuer.into()),
        };
        self.witness.note(certificate, verdict.as_ref().err().map(classify));
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn classify(error: &rustls::Error) -> Refused {
    use CertificateError as E;
    match error {
        rustls::Error::InvalidCertificate(
            E::Expired | E::ExpiredContext { .. } | E::NotValidYet | E::NotValidYetContext { .. },
        ) => Refused::Expired,
        rustls::Error::InvalidCertificate(E::NotValidForName | E::NotValidForNameContext { .. }) => {
            Refused::NameMismatch
        }
        _ => Refused::Untrusted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_the_server_prints_it_and_as_openssl_does() {
        let digits = "0123456789abcdef".repeat(4);
        let plain = Fingerprint::parse(&format!("sha256:{digits}")).unwrap();
        let colons = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        let colons = colons.collect::<Vec<_>>().join(":").to_uppercase();
        assert_eq!(Fingerprint::parse(&colons).unwrap(), plain);
        assert_eq!(plain.to_string(), format!("sha256:{digits}"));
        for text in ["", "sha256:12", &format!("sha1:{digits}"), &"é".repeat(32)] {
            assert!(Fingerprint::parse(text).is_err(), "{text}");
        }
    }
}
