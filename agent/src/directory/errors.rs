//! What goes wrong with a domain controller, by stable codes and with what to do about it.

use ldap3::{LdapError, LdapResult};

use crate::tls::{Refused, Seen};

/// A failure, as the heartbeat reports it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub code: Code,
    pub message: String,
}

/// The stable name of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    LdapsUnreachable,
    CertificateUntrusted,
    CertificateNameMismatch,
    CertificateExpired,
    BindRefused,
    AccountLocked,
    AccountExpired,
    AccountDisabled,
    PasswordExpired,
    PasswordMustChange,
    StrongAuthRequired,
    NotActiveDirectory,
    WrongDomain,
    ReadTimeout,
    ReadIncomplete,
    LdapError,
}

impl Code {
    /// As it travels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LdapsUnreachable => "ldaps_unreachable",
            Self::CertificateUntrusted => "certificate_untrusted",
            Self::CertificateNameMismatch => "certificate_name_mismatch",
            Self::CertificateExpired => "certificate_expired",
            Self::BindRefused => "bind_refused",
            Self::AccountLocked => "account_locked",
            Self::AccountExpired => "account_expired",
            Self::AccountDisabled => "account_disabled",
            Self::PasswordExpired => "password_expired",
            Self::PasswordMustChange => "password_must_change",
            Self::StrongAuthRequired => "strong_auth_required",
            Self::NotActiveDirectory => "not_active_directory",
            Self::WrongDomain => "wrong_domain",
            Self::ReadTimeout => "read_timeout",
            Self::ReadIncomplete => "read_incomplete",
            Self::LdapError => "ldap_error",
        }
    }

    /// Trying again at once would count as another wrong password and lock the service account.
    pub fn counts_against_the_account(self) -> bool {
        matches!(
            self,
            Self::BindRefused
                | Self::AccountLocked
                | Self::AccountExpired
                | Self::AccountDisabled
                | Self::PasswordExpired
                | Self::PasswordMustChange
        )
    }
}

impl Failure {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The domain controller showed a certificate that is not accepted.
    pub fn certificate(seen: &Seen, refused: Refused, host: &str) -> Self {
        let fingerprint = seen.fingerprint;
        match refused {
            Refused::Untrusted => Self::new(
                Code::CertificateUntrusted,
                format!(
                    "{host} shows a certificate that is not trusted ({fingerprint}). Enter your certificate \
                     authority as ldap.ca_pem in the domain's settings, or, if this fingerprint is the right one, \
                     enter it as ldap.server_fingerprint."
                ),
            ),
            Refused::NameMismatch => Self::new(
                Code::CertificateNameMismatch,
                format!(
                    "The certificate that {host} shows ({fingerprint}) is for another name. Enroll with the name in \
                     the certificate (--domain-controller ldaps://NAME), issue one for {host}, or enter the \
                     fingerprint as ldap.server_fingerprint."
                ),
            ),
            Refused::Expired => Self::new(
                Code::CertificateExpired,
                format!(
                    "The certificate that {host} shows ({fingerprint}) is not valid today: it ended{}. Renew it, and \
                     check the clock of this machine.",
                    seen.expires_at.map(|at| format!(" on {}", at.format("%Y-%m-%d"))).unwrap_or_default()
                ),
            ),
        }
    }

    /// Nothing answers LDAPS there.
    pub fn unreachable(address: &str, cause: &str) -> Self {
        Self::new(
            Code::LdapsUnreachable,
            format!(
                "No LDAPS connection to {address}: {cause}. Check that the domain controller runs, that it has a \
                 certificate for LDAPS, and that no firewall is in between."
            ),
        )
    }

    /// The bind was refused; Active Directory tells why in the diagnostic text (`data 52e`).
    pub fn bind(user: &str, result: &LdapResult) -> Self {
        if result.rc == 8 {
            return Self::new(
                Code::StrongAuthRequired,
                "The domain controller accepts no password without TLS. Make LDAPS work on it (it needs a \
                 certificate); permitting plain LDAP in the settings does not help here.",
            );
        }
        let (code, what) = match sub_code(&result.text).as_deref() {
            Some("775") => (Code::AccountLocked, "is locked out. Unlock it in Active Directory"),
            Some("701") => (Code::AccountExpired, "has expired. Extend it in Active Directory"),
            Some("533") => (Code::AccountDisabled, "is disabled. Enable it in Active Directory"),
            Some("532") => {
                (Code::PasswordExpired, "has an expired password. Set a new one that does not expire")
            }
            Some("773") => (
                Code::PasswordMustChange,
                "must change its password first. Clear \"must change at next log-on\"",
            ),
            _ if result.rc == 49 => (
                Code::BindRefused,
                "was refused: the name or the password is wrong. Write the name as EXAMPLE\\user, \
                 user@example.com or a distinguished name, and correct the password in the domain's settings",
            ),
            _ => {
                let text = format!(
                    "The bind as {user} failed: {} (LDAP result {}).",
                    plain(&result.text),
                    result.rc
                );
                return Self::new(Code::LdapError, text);
            }
        };
        Self::new(code, format!("The service account {user} {what}."))
    }

    /// A search ended with something else than success.
    pub fn result(doing: &str, result: &LdapResult) -> Self {
        let text = plain(&result.text);
        match result.rc {
            3 => Self::timeout(doing),
            4 | 11 => Self::incomplete(doing, "the domain controller cut the answer at its own limit"),
            50 => Self::new(
                Code::LdapError,
                format!("{doing} was refused: the service account lacks the right to read ({text})."),
            ),
            8 => Self::new(Code::StrongAuthRequired, format!("{doing} was refused without TLS ({text}).")),
            code => Self::new(Code::LdapError, format!("{doing} failed: {text} (LDAP result {code}).")),
        }
    }

    /// The library could not carry an operation out.
    pub fn operation(doing: &str, error: &LdapError) -> Self {
        match error {
            LdapError::Timeout { .. } => Self::timeout(doing),
            LdapError::LdapResult { result } => Self::result(doing, result),
            LdapError::EndOfStream
            | LdapError::Io { .. }
            | LdapError::OpSend { .. }
            | LdapError::ResultRecv { .. }
            | LdapError::IdScrubSend { .. } => {
                Self::incomplete(doing, "the domain controller closed the connection")
            }
            other => Self::new(Code::LdapError, format!("{doing} failed: {other}.")),
        }
    }

    pub fn timeout(doing: &str) -> Self {
        Self::new(
            Code::ReadTimeout,
            format!("{doing} was given up: the domain controller did not answer in time. It is tried again."),
        )
    }

    pub fn incomplete(doing: &str, why: &str) -> Self {
        Self::new(
            Code::ReadIncomplete,
            format!("{doing} was given up: {why}. Nothing was concluded from it, and it is tried again."),
        )
    }
}

/// `80090308: LdapErr: DSID-0C090421, comment: AcceptSecurityContext error, data 52e, v4563`
fn sub_code(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("data ")?;
    Some(rest.chars().take_while(char::is_ascii_hexdigit).collect::<String>().to_lowercase())
}

/// The text of the domain controller on one line, without the octet 0 that it ends with.
fn plain(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(rc: u32, text: &str) -> Failure {
        let result =
            LdapResult { rc, matched: String::new(), text: text.into(), refs: vec![], ctrls: vec![] };
        Failure::bind(r"EXAMPLE\svc", &result)
    }

    #[test]
    fn each_refusal_of_a_bind_says_what_to_do() {
        let windows = |data: &str| {
            format!(
                "80090308: LdapErr: DSID-0C090421, comment: AcceptSecurityContext error, data {data}, v4563\0"
            )
        };
        for (data, code) in [
            ("52e", Code::BindRefused),
            ("525", Code::BindRefused),
            ("775", Code::AccountLocked),
            ("701", Code::AccountExpired),
            ("533", Code::AccountDisabled),
            ("532", Code::PasswordExpired),
            ("773", Code::PasswordMustChange),
        ] {
            assert_eq!(refused(49, &windows(data)).code, code, "{data}");
        }
        assert_eq!(refused(8, "BindSimple: Transport encryption required.").code, Code::StrongAuthRequired);
        assert_eq!(refused(51, "busy\0").message, r"The bind as EXAMPLE\svc failed: busy (LDAP result 51).");
    }
}
