//! The directory for the server's own files, made when it is missing.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use super::Config;

/// The data directory could not be made.
#[derive(Debug, thiserror::Error)]
#[error("could not make the data directory {} ({source}); make it yourself, or set ADIT_DATA_DIR to a \
    directory that this user may write", path.display())]
pub struct DataDirError {
    path: PathBuf,
    source: io::Error,
}

impl Config {
    /// Makes the data directory, for its owner only. An existing one is left as it is.
    pub fn make_data_dir(&self) -> Result<(), DataDirError> {
        let made = match self.data_dir.parent() {
            Some(parent) => fs::create_dir_all(parent),
            None => Ok(()),
        };
        let made = made.and_then(|()| DirBuilder::new().mode(0o700).create(&self.data_dir));
        match made {
            Err(source) if !self.data_dir.is_dir() => {
                Err(DataDirError { path: self.data_dir.clone(), source })
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
