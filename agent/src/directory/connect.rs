//! Reaching a domain controller: TLS that is always verified, and a simple bind.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError};
use protocol::heartbeat::AgentSettings;
use tokio::task::JoinHandle;
use url::Url;

use super::errors::{Code, Failure};
use crate::tls::{self, Seen, Trust};

/// How long the domain controller may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub connect: Duration,
    pub bind: Duration,
    /// Until the next entry of an answer.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            bind: Duration::from_secs(10),
            answer: Duration::from_secs(60),
        }
    }
}

/// Where the domain controller listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controller {
    host: String,
    port: u16,
}

impl Controller {
    /// Reads `ldaps://HOST[:port]`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" is no domain controller: write ldaps://HOST or ldaps://HOST:PORT");
        let url = Url::parse(text.trim()).map_err(|_| wrong())?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
        let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.username().is_empty();
        if url.scheme() != "ldaps" || !bare {
            return Err(wrong());
        }
        Ok(Self { host: host.to_lowercase(), port: url.port().unwrap_or(636) })
    }

    /// The name or address, lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn url(&self) -> String {
        format!("ldaps://{}:{}", self.host, self.port)
    }

    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Where plain LDAP is served: on its usual port, or, beside an unusual one, on the same.
    fn plain_url(&self) -> String {
        let port = if self.port == 636 { 389 } else { self.port };
        format!("ldap://{}:{port}", self.host)
    }
}

/// A connection. Dropping it closes it, whatever is under way.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) ldap: Ldap,
    pub(super) patience: Patience,
    pub(crate) secure: bool,
    pub(crate) certificate: Option<Seen>,
    driver: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    pub(crate) fn certificate_expires_at(&self) -> Option<DateTime<Utc>> {
        self.certificate.as_ref()?.expires_at
    }

    /// Connects without binding: enough to read the rootDSE.
    pub(crate) async fn open(
        controller: &Controller,
        trust: &Trust,
        patience: Patience,
    ) -> Result<Self, Failure> {
        let (config, witness) = tls::client(trust)
            .map_err(|error| Failure::new(Code::CertificateUntrusted, error.to_string()))?;
        let settings =
            LdapConnSettings::new().set_conn_timeout(patience.connect).set_config(Arc::new(config));
        match LdapConnAsync::with_settings(settings, &controller.url()).await {
            Ok(made) => Ok(Self::drive(made, patience, witness.seen())),
            Err(error) => Err(match witness.refusal() {
                Some((seen, refused)) => Failure::certificate(&seen, refused, controller.host()),
                None => Failure::unreachable(&controller.address(), &cause(&error)),
            }),
        }
    }

    async fn open_plain(controller: &Controller, patience: Patience) -> Result<Self, LdapError> {
        let settings = LdapConnSettings::new().set_conn_timeout(patience.connect);
        let made = LdapConnAsync::with_settings(settings, &controller.plain_url()).await?;
        Ok(Self::drive(made, patience, None))
    }

    fn drive((connection, ldap): (LdapConnAsync, Ldap), patience: Patience, seen: Option<Seen>) -> Self {
        let driver = tokio::spawn(async move {
            // Whoever waits for an answer learns of it; there is nobody else to tell.
            let _ = connection.drive().await;
        });
        Self { ldap, patience, secure: seen.is_some(), certificate: seen, driver }
    }

    async fn bind(&self, settings: &AgentSettings) -> Result<(), Failure> {
        let user = settings.bind_user.as_str();
        let password = settings.bind_password.expose();
        if password.is_empty() {
            // A bind without a password succeeds as nobody (RFC 4513 section 5.1.2).
            let text =
                format!("The service account {user} has no password in the domain's settings. Enter it.");
            return Err(Failure::new(Code::BindRefused, text));
        }
        let mut ldap = self.ldap.clone();
        let result = ldap.with_timeout(self.patience.bind).simple_bind(user, password).await;
        let result = result.map_err(|error| Failure::operation("The bind", &error))?;
        if result.rc == 0 { Ok(()) } else { Err(Failure::bind(user, &result)) }
    }
}

/// Connects and binds. Plain LDAP is tried only where nothing answers LDAPS and the settings permit it: a certificate
/// that is refused may be somebody in between, to whom the password must not go in clear.
pub(crate) async fn connect(
    controller: &Controller,
    settings: &AgentSettings,
    patience: Patience,
) -> Result<Connection, Failure> {
    let trust = Trust::of(settings.ca_pem.as_deref(), settings.server_fingerprint.as_deref())
        .map_err(|error| Failure::new(Code::CertificateUntrusted, error.to_string()))?;
    let connection = match Connection::open(controller, &trust, patience).await {
        Ok(connection) => connection,
        Err(failure) if failure.code == Code::LdapsUnreachable && settings.allow_insecure => {
            Connection::open_plain(controller, patience).await.map_err(|_| failure)?
        }
        Err(failure) => return Err(failure),
    };
    connection.bind(settings).await?;
    Ok(connection)
}

fn cause(error: &LdapError) -> String {
    match error {
        LdapError::Timeout { .. } => "nobody answered in time".into(),
        LdapError::Io { source } => source.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_controller_is_named_by_an_ldaps_url_only() {
        assert_eq!(
            Controller::parse("ldaps://DC1.example.com").unwrap().url(),
            "ldaps://dc1.example.com:636"
        );
        assert_eq!(Controller::parse("ldaps://10.0.0.1:1636/").unwrap().address(), "10.0.0.1:1636");
        for text in ["", "dc1", "ldap://dc1", "https://dc1", "ldaps://", "ldaps://dc1/DC=x", "ldaps://u@dc1"]
        {
            assert!(Controller::parse(text).is_err(), "{text}");
        }
    }
}
