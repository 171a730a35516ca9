//! Mail by SMTP. Encrypted, except to a mail server on this very machine.

use std::net::IpAddr;
use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use protocol::Secret;

use super::NotSent;

const TIMEOUT: Duration = Duration::from_secs(15);

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    Tls,
    Starttls,
    None,
}

/// A mail server, and how to sign in to it.
#[derive(Debug)]
pub struct MailServer<'a> {
    pub host: &'a str,
    pub port: u16,
    pub security: Security,
    pub login: Option<(&'a str, &'a Secret)>,
}

/// What is written, and to whom.
#[derive(Debug)]
pub struct Letter<'a> {
    /// The same for every attempt.
    pub id: &'a str,
    pub from: &'a str,
    pub to: &'a [String],
    pub subject: String,
    pub text: String,
}

/// Says what is wrong with a mail server as it was entered.
pub fn check_mail_server(host: &str, security: Security) -> Result<(), String> {
    let plain = !host.is_empty()
        && host.len() <= 253
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
    if !plain {
        return Err("must be the mail server's host name, such as smtp.example.com".into());
    }
    if security == Security::None && !is_this_machine(host) {
        return Err("must be on this machine (localhost) unless the connection is encrypted".into());
    }
    Ok(())
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Says what is wrong with a mail address as it was entered.
pub fn check_mailbox(text: &str) -> Result<(), String> {
    text.parse::<Mailbox>().map(|_| ()).map_err(|_| {
        format!("{text:?} is no mail address: write it as ops@example.com or Adit <adit@example.com>")
    })
}

/// Hands the letter over to the mail server.
pub async fn send(server: &MailServer<'_>, letter: &Letter<'_>) -> Result<(), NotSent> {
    check_mail_server(server.host, server.security)
        .map_err(|message| NotSent(format!("The mail server {message}.")))?;
    let message = message(letter)?;
    let answer = transport(server)?.send(message).await;
    answer.map(|_| ()).map_err(|error| NotSent(words(&error)))
}

fn transport(server: &MailServer<'_>) -> Result<AsyncSmtpTransport<Tokio1Executor>, NotSent> {
    let builder = match server.security {
        Security::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(server.host),
        Security::Starttls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(server.host),
        Security::None => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host)),
    };
    let mut builder = builder
        .map_err(|error| NotSent(format!("TLS could not be set up: {error}.")))?
        .port(server.port)
        .timeout(Some(TIMEOUT));
    if let Some((name, password)) = server.login {
        builder = builder.credentials(Credentials::new(name.to_owned(), password.expose().to_owned()));
    }
    Ok(builder.build())
}

fn message(letter: &Letter<'_>) -> Result<Message, NotSent> {
    let mailbox =
        |text: &str| text.parse::<Mailbox>().map_err(|_| NotSent(format!("{text:?} is no mail address.")));
    let from = mailbox(letter.from)?;
    let domain = from.email.domain().to_owned();
    let mut builder = Message::builder().from(from);
    for to in letter.to {
        builder = builder.to(mailbox(to)?);
    }
    builder
        .message_id(Some(format!("<{}@{domain}>", letter.id)))
        .subject(letter.subject.clone())
        .header(ContentType::TEXT_PLAIN)
        .body(letter.text.clone())
        .map_err(|error| NotSent(format!("The mail could not be written: {error}.")))
}

fn words(error: &lettre::transport::smtp::Error) -> String {
    if error.is_timeout() {
        return "The mail server did not answer in time.".into();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    match error.status() {
        Some(code) => format!("The mail server refused the mail ({code}): {cause}."),
        None => format!("The mail could not be handed over: {cause}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_be_spoken_to_unencrypted() {
        assert!(check_mail_server("smtp.example.com", Security::None).is_err());
        assert!(check_mail_server("10.0.0.1", Security::None).is_err());
        for here in ["localhost", "127.0.0.1", "::1"] {
            assert!(check_mail_server(here, Security::None).is_ok(), "{here}");
        }
        assert!(check_mail_server("smtp.example.com", Security::Starttls).is_ok());
        assert!(check_mail_server("smtp.example.com/x", Security::Tls).is_err());
    }

    #[test]
    fn a_mail_address_is_no_way_to_add_headers() {
        assert!(check_mailbox("Adit <adit@example.com>").is_ok());
        for wrong in ["", "adit", "a@b.example\r\nBcc: c@d.example"] {
            assert!(check_mailbox(wrong).is_err(), "{wrong:?}");
        }
    }
}
