//! What goes wrong on the way to the server.

use protocol::problem::Problem;

use crate::tls::{Refused, Seen};

/// Why a request had no good answer. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum UplinkError {
    #[error(
        "the server at {server} cannot be reached ({cause}): check the address, that it runs, and firewall and proxy"
    )]
    Unreachable { server: String, cause: String },
    #[error("{}", untrusted(.server, .seen, *.refused))]
    Untrusted { server: String, seen: Box<Seen>, refused: Refused },
    #[error("the server refused: {} ({})", .0.detail, .0.code)]
    Refused(Box<Problem>),
    #[error(
        "the server's answer cannot be understood ({0}): check that the address is that of Adit's server"
    )]
    Answer(String),
}

impl UplinkError {
    /// The same request may succeed later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused(problem) => problem.status >= 500 || problem.status == 429,
            Self::Untrusted { .. } | Self::Answer(_) => false,
        }
    }

    /// The problem, if the server named one.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            Self::Unreachable { .. } | Self::Untrusted { .. } | Self::Answer(_) => None,
        }
    }
}

fn untrusted(server: &str, seen: &Seen, refused: Refused) -> String {
    let Seen { fingerprint, .. } = seen;
    let what = match refused {
        Refused::Untrusted => "is not trusted",
        Refused::NameMismatch => "is for another name",
        Refused::Expired => "is not valid today",
    };
    format!(
        "the certificate of {server} {what}; it is {fingerprint}. Compare this with what the server printed when it \
         started. If it is the same, enroll with --server-fingerprint {fingerprint}; otherwise give your \
         authority's certificate with --ca-file"
    )
}
