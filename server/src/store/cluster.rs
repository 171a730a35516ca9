//! The embedded PostgreSQL: without a database URL the server creates and supervises a private cluster in
//! its data directory, from the machine's own binaries.
//!
//! It listens on a unix socket only, in a directory that only its account may enter, and the kernel tells
//! it who connects (peer authentication), so no password exists that could leak. It survives a killed
//! server: the next start adopts it. Every process that uses it holds a shared lock, and the last one to
//! leave stops it.

mod account;
mod binaries;
mod creation;
mod error;
mod layout;
mod locks;
mod pid_file;
mod postmaster;
mod private;
mod readiness;
mod socket;
mod supervision;

use std::str::FromStr;
use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;

pub use error::ClusterError;
use private::Private;

use crate::config::{Config, Database};

/// Who opens the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The server, one per data directory.
    Serve,
    /// A subcommand, beside a server or alone.
    Command,
}

/// A database to connect to: the private one, or one that somebody else runs.
#[derive(Debug, Clone)]
pub struct Cluster {
    connect: PgConnectOptions,
    private: Option<Arc<Private>>,
}

impl Cluster {
    /// Makes the database reachable: creates, starts, recovers or joins the private cluster as needed.
    pub async fn open(config: &Config, mode: Mode) -> Result<Self, ClusterError> {
        config.make_data_dir()?;
        match &config.database {
            Database::Url(url) => {
                let connect = PgConnectOptions::from_str(url.expose()).map_err(ClusterError::Url)?;
                Ok(Self { connect, private: None })
            }
            Database::Private => {
                let private = Private::open(&config.data_dir, mode).await?;
                Ok(Self { connect: private.connect_options(), private: Some(Arc::new(private)) })
            }
        }
    }

    /// How to connect; stays the same when the cluster is restarted.
    pub fn connect_options(&self) -> PgConnectOptions {
        self.connect.clone()
    }

    /// Whether the database is the private one.
    pub fn is_private(&self) -> bool {
        self.private.is_some()
    }

    /// Restarts the private cluster whenever it dies. Returns after [`Cluster::close`]; somebody else's
    /// database is left to them, and this then waits forever.
    pub async fn supervise(&self) {
        match &self.private {
            Some(private) => supervision::supervise(private).await,
            None => std::future::pending().await,
        }
    }

    /// Leaves the database, and stops the private cluster within five seconds unless another process uses
    /// it. Close the pool first. A cluster that is dropped without this is told to stop and not waited for.
    pub async fn close(&self) -> Result<(), ClusterError> {
        match &self.private {
            Some(private) => private.close().await,
            None => Ok(()),
        }
    }
}
