//! `adit-agent enroll`: makes a key, joins a domain with a token, and keeps who this machine is from then on.

use std::path::PathBuf;

use protocol::AgentId;
use protocol::enrollment::{EnrollmentError, Joined, Joining, Token};
use protocol::signing::{AgentKey, SigningError};

use crate::capture::Guide;
use crate::config::{ConfigError, Identity, StateDir};
use crate::directory::Controller;
use crate::uplink::{self, EnrollError, Server, ServerError};
use crate::{platform, tls};

/// What the administrator typed.
#[derive(Debug)]
pub struct Wish {
    pub server: String,
    pub token: String,
    pub server_fingerprint: Option<String>,
    pub ca_file: Option<PathBuf>,
    pub domain_controller: Option<String>,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    pub identity: Identity,
    /// The agent that this machine was before.
    pub replaced: Option<AgentId>,
}

/// Why not. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Token(#[from] EnrollmentError),
    #[error("the CA file {path} cannot be read")]
    CaFile { path: PathBuf, source: std::io::Error },
    #[error("{0}")]
    Controller(String),
    #[error(transparent)]
    Enroll(#[from] EnrollError),
    #[error("no key could be made")]
    Key(#[from] SigningError),
}

/// Enrolls. What this machine was before stays until the server has accepted it anew.
pub async fn enroll(state: &StateDir, wish: Wish) -> Result<Outcome, Error> {
    let token = Token::parse(&wish.token)?;
    let asked = wish.domain_controller.unwrap_or_else(|| format!("ldaps://{}", platform::host()));
    let controller = Controller::parse(&asked).map_err(Error::Controller)?;
    let server_ca_pem = wish.ca_file.map(read_ca).transpose()?;
    let fingerprint = wish.server_fingerprint.map(|text| tls::Fingerprint::parse(&text)).transpose();
    let server_fingerprint =
        fingerprint.map_err(ServerError::Tls)?.map(|fingerprint| fingerprint.to_string());
    let server = Server::new(&wish.server, server_fingerprint.as_deref(), server_ca_pem.as_deref())?;
    state.prepare()?;
    let former = state.identity().ok();

    let (key, octets) = AgentKey::generate()?;
    let joining = Joining {
        public_key: key.public_key(),
        nonce: uuid::Uuid::new_v4().simple().to_string(),
        domain_controller: controller.host().to_owned(),
        host: platform::host(),
        platform: platform::PLATFORM,
        version: env!("CARGO_PKG_VERSION").into(),
    };
    let Joined { agent, domain, domain_name, sealing_key, .. } =
        uplink::enroll(&server, &token, &joining).await?;
    let identity = Identity {
        server: server.url().to_owned(),
        server_fingerprint,
        server_ca_pem,
        agent,
        domain,
        domain_name,
        domain_controller: controller.url(),
        key_file: String::new(),
    };
    state.save(identity.clone(), &octets)?;
    if platform::CAPTURES {
        Guide::begin(state, &identity, sealing_key)?;
    }
    Ok(Outcome { identity, replaced: former.map(|former| former.agent) })
}

fn read_ca(path: PathBuf) -> Result<String, Error> {
    std::fs::read_to_string(&path).map_err(|source| Error::CaFile { path, source })
}
