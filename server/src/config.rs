//! The server's settings: from the environment and from flags of the same name, both as text, so that
//! every bad one is reported at start, all at once, each with its fix.

mod data_dir;
mod options;
mod problem;
mod public_url;
mod room;
mod values;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use protocol::secret::Secret;

pub use data_dir::DataDirError;
pub use options::Options;
pub use problem::ConfigProblem;
pub use public_url::PublicUrl;
pub use room::Room;

/// What the operator wants, checked.
#[derive(Debug, Clone)]
pub struct Config {
    pub database: Database,
    /// Absolute. Holds the private database, the master key and the self-made certificate.
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    /// As set; see [`Config::public_url`].
    pub configured_public_url: Option<PublicUrl>,
    pub tls: Tls,
    pub master_key: MasterKeyFile,
    pub private_upstream: PrivateUpstream,
    /// The proxy for outbound HTTPS, with its credentials. Unset, the usual variables decide.
    pub proxy: Option<Secret>,
    pub log: Log,
}

/// Where the data lives.
#[derive(Debug, Clone)]
pub enum Database {
    /// A cluster of our own under the data directory.
    Private,
    /// A server that somebody else runs; the URL holds its password.
    Url(Secret),
}

/// How the listener speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// Behind a proxy that does it.
    Off,
    /// With a certificate that the server makes and keeps in the data directory.
    SelfMade,
    /// With the operator's certificate chain and key, both PEM.
    Files { certificate: PathBuf, key: PathBuf },
}

/// Where the master key is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeyFile {
    /// In the data directory, made when it is missing.
    Own(PathBuf),
    /// Where the operator put it. It is never made: a mistyped path must not start a second key.
    Given(PathBuf),
}

/// Whether an organization's base URL may be a loopback or http address, as the simulator's is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateUpstream {
    Refused,
    Allowed,
}

/// What is logged, and in which form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// A filter as `tracing_subscriber::EnvFilter` reads it; checked.
    pub filter: String,
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl Config {
    /// The address people and agents use: as set, else the address that the listener got.
    pub fn public_url(&self, bound: SocketAddr) -> PublicUrl {
        let own = || PublicUrl::of_listener(bound, &self.tls);
        self.configured_public_url.clone().unwrap_or_else(own)
    }
}

impl MasterKeyFile {
    pub fn path(&self) -> &Path {
        match self {
            Self::Own(path) | Self::Given(path) => path,
        }
    }
}
