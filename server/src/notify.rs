//! Messages to people and their systems: webhooks and mail. Knows nothing of what they are about.

mod email;
mod webhook;

pub use email::{Letter, MailServer, Security, check_mail_server, check_mailbox, send};
pub use webhook::{Hook, SIGNATURE, post, signature};

/// Why a message did not arrive, for people. Holds no secret: an address may be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotSent(pub String);
