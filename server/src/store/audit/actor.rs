//! Who does something.

use std::fmt;

use protocol::AgentId;
use uuid::Uuid;

/// What kinds of actors there are, as they are stored.
pub const ACTOR_KINDS: [&str; 6] = ["admin", "api_token", "agent", "command_line", "server", "nobody"];

/// Who does something, for the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    Admin {
        id: Uuid,
        email: String,
    },
    ApiToken {
        id: Uuid,
        name: String,
    },
    Agent {
        id: AgentId,
        domain_controller: String,
    },
    /// Whoever may run the server's program on its machine.
    CommandLine,
    /// The server by itself.
    Server,
    /// Somebody who did not show who they are.
    Nobody,
}

impl Actor {
    /// As it is stored: one of [`ACTOR_KINDS`].
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Admin { .. } => "admin",
            Self::ApiToken { .. } => "api_token",
            Self::Agent { .. } => "agent",
            Self::CommandLine => "command_line",
            Self::Server => "server",
            Self::Nobody => "nobody",
        }
    }

    pub fn id(&self) -> Option<Uuid> {
        match self {
            Self::Admin { id, .. } | Self::ApiToken { id, .. } => Some(*id),
            Self::Agent { id, .. } => Some(id.0),
            Self::CommandLine | Self::Server | Self::Nobody => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admin { email, .. } => f.write_str(email),
            Self::ApiToken { name, .. } => write!(f, "API token {name}"),
            Self::Agent { domain_controller, .. } => write!(f, "agent on {domain_controller}"),
            Self::CommandLine => f.write_str("command line"),
            Self::Server => f.write_str("server"),
            Self::Nobody => f.write_str("nobody signed in"),
        }
    }
}
