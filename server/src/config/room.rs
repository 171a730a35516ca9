//! How much room there is where the server keeps its data.

use std::path::{Path, PathBuf};

use super::Config;

/// The file system of the data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    pub path: PathBuf,
    /// Octets that an ordinary user may still write.
    pub free: u64,
    pub whole: u64,
}

impl Config {
    /// Asks the system; a directory that is not there yet will be made in its parent.
    pub fn room(&self) -> Option<Room> {
        let there = self.data_dir.ancestors().find(|path| path.exists())?;
        measure(there).map(|(free, whole)| Room { path: self.data_dir.clone(), free, whole })
    }
}

fn measure(path: &Path) -> Option<(u64, u64)> {
    let found = rustix::fs::statvfs(path).ok()?;
    Some((found.f_bavail.saturating_mul(found.f_frsize), found.f_blocks.saturating_mul(found.f_frsize)))
}
