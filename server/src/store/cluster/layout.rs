//! Where the private cluster keeps what in the data directory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::ClusterError;

/// When the log is this long at a start, it makes place for a new one.
const LOG_BYTES: u64 = 16 * 1024 * 1024;
/// As much of the log as an error message may repeat.
const SAID_BYTES: u64 = 2048;

/// All paths are absolute and free of symbolic links.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) data_dir: PathBuf,
    /// What PostgreSQL calls its data directory.
    pub(super) cluster: PathBuf,
    pub(super) log: PathBuf,
}

impl Layout {
    pub(super) fn new(data_dir: &Path) -> Result<Self, ClusterError> {
        let data_dir = data_dir.canonicalize().map_err(ClusterError::files("find", data_dir))?;
        Ok(Self { cluster: data_dir.join("postgres"), log: data_dir.join("postgres.log"), data_dir })
    }

    /// The major version that made the cluster; `None` when there is none yet.
    pub(super) fn version(&self) -> Result<Option<u32>, ClusterError> {
        let path = self.cluster.join("PG_VERSION");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ClusterError::files("read", &path)(error)),
        };
        let malformed = |_| ClusterError::files("understand", &path)(io::ErrorKind::InvalidData.into());
        text.trim().parse().map(Some).map_err(malformed)
    }

    /// Opens the log for appending, and tells where this run's part begins.
    pub(super) fn open_log(&self) -> Result<(File, u64), ClusterError> {
        let length = fs::metadata(&self.log).map_or(0, |found| found.len());
        if length > LOG_BYTES {
            let older = self.log.with_extension("log.1");
            fs::rename(&self.log, &older).map_err(ClusterError::files("move", &self.log))?;
        }
        let open = || {
            let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.log)?;
            let from = file.metadata()?.len();
            Ok((file, from))
        };
        open().map_err(ClusterError::files("write", &self.log))
    }

    /// The end of what PostgreSQL logged after `from`, on one line.
    pub(super) fn said_since(&self, from: u64) -> String {
        let read = || {
            let mut file = File::open(&self.log)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(from.max(length.saturating_sub(SAID_BYTES))))?;
            let mut bytes = Vec::new();
            file.take(SAID_BYTES).read_to_end(&mut bytes)?;
            Ok::<_, io::Error>(String::from_utf8_lossy(&bytes).trim().replace('\n', " | "))
        };
        read().unwrap_or_else(|error| format!("nothing that can be read ({error})"))
    }
}
