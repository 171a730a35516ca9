//! What can be wrong with the private cluster, each with what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::DataDirError;

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error("ADIT_DATABASE_URL cannot be used")]
    Url(#[source] sqlx::Error),
    #[error(
        "no PostgreSQL server programs (13 or newer) were found in PATH, by pg_config or in \
         /usr/lib/postgresql; install them (Debian and Ubuntu: apt-get install postgresql; Fedora and RHEL: \
         dnf install postgresql-server), or set ADIT_DATABASE_URL to a database that runs already"
    )]
    NoBinaries,
    #[error(
        "the database in {} was made by PostgreSQL {needed}, whose programs are not on this machine \
         (found: {found}); install PostgreSQL {needed} beside them, or move the data with pg_upgrade",
        cluster.display()
    )]
    OtherVersion { cluster: PathBuf, needed: u32, found: String },
    #[error(
        "PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody; add one, \
         or start this program as another user"
    )]
    NoAccount,
    #[error(
        "the user {user}, as which PostgreSQL runs, cannot enter the directory {}; run: chmod o+x {0}, or \
         set ADIT_DATA_DIR to a place where every parent directory can be entered, as /var/lib/adit",
        directory.display()
    )]
    CannotEnter { directory: PathBuf, user: String },
    #[error(
        "the database in {} belongs to the user with id {owner}; {fix}", cluster.display()
    )]
    Foreign { cluster: PathBuf, owner: u32, fix: &'static str },
    #[error(
        "another adit-server{} already serves from {}; stop it first, or give this one another ADIT_DATA_DIR",
        holder.map(|pid| format!(" (process {pid})")).unwrap_or_default(), data_dir.display()
    )]
    Serving { data_dir: PathBuf, holder: Option<u32> },
    #[error("another process has been starting or stopping the database in {} for too long", .0.display())]
    Busy(PathBuf),
    #[error("could not {doing} {} ({source}); check who owns it and may write there", path.display())]
    Files { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("could not create the database: initdb says: {0}")]
    Creation(String),
    #[error("PostgreSQL does not start; it says: {said} (all of it: {})", log.display())]
    Startup { said: String, log: PathBuf },
    #[error("PostgreSQL runs but was not ready in time; see {}", log.display())]
    NotReady { log: PathBuf },
    #[error("PostgreSQL did not let us in")]
    Database(#[source] sqlx::Error),
    #[error("PostgreSQL (process {0}) did not stop")]
    Unstoppable(i32),
}

impl ClusterError {
    /// For `map_err` on file operations.
    pub(super) fn files(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Files { doing, path, source }
    }
}
