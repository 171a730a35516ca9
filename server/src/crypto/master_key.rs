//! The master key's file: one line of text, readable by its owner only. It is the one secret that the
//! database does not hold; without it every stored secret is lost.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::random::random_bytes;
use super::sealing::{KEY_LEN, SealingKey, Unsealable};
use crate::config::MasterKeyFile;

const PREFIX: &str = "adit-master-key-v1:";
/// More than any key file has; a wrong path may name something huge.
const MOST_BYTES: u64 = 4096;

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error("could not read the master key {}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("could not write the master key {}", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error(
        "the master key {0} can be read by others (mode {mode:04o}); run: chmod 600 {0}", path.display()
    )]
    Exposed { path: PathBuf, mode: u32 },
    #[error("{} is no master key: it needs one line, {PREFIX} and 32 bytes as base64", path.display())]
    Malformed { path: PathBuf },
}

/// Seals the data keys.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; KEY_LEN]>);

impl MasterKey {
    /// Reads the key; the server's own is made when it is missing.
    pub fn load(file: &MasterKeyFile) -> Result<Self, MasterKeyError> {
        let path = file.path();
        match file {
            MasterKeyFile::Own(_) if !path.exists() => {
                let key = Self::generate();
                match key.write_new(path) {
                    Ok(()) => {
                        tracing::info!(path = %path.display(), "made a master key; keep a copy elsewhere");
                        Ok(key)
                    }
                    // Another process of ours was faster; its key is the one.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::read(path),
                    Err(source) => Err(MasterKeyError::Unwritable { path: path.to_owned(), source }),
                }
            }
            MasterKeyFile::Own(_) | MasterKeyFile::Given(_) => Self::read(path),
        }
    }

    /// A new key, not stored anywhere yet.
    pub fn generate() -> Self {
        Self(Zeroizing::new(random_bytes()))
    }

    /// First half of a rotation: stores this key beside the current one. Then rewrap the data keys in one
    /// transaction, then [`MasterKey::promote`].
    pub fn stage(&self, file: &MasterKeyFile) -> Result<(), MasterKeyError> {
        let path = staged_path(file.path());
        let unwritable = |source| MasterKeyError::Unwritable { path: path.clone(), source };
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unwritable(error)),
            Ok(()) | Err(_) => {}
        }
        self.write_new(&path).map_err(unwritable)
    }

    /// The staged key. When the current key does not open the data keys and this one does, a rotation was
    /// interrupted after its transaction: promote it.
    pub fn staged(file: &MasterKeyFile) -> Result<Option<Self>, MasterKeyError> {
        let path = staged_path(file.path());
        if path.exists() { Self::read(&path).map(Some) } else { Ok(None) }
    }

    /// Last half of a rotation: the staged key becomes the current one.
    pub fn promote(file: &MasterKeyFile) -> Result<(), MasterKeyError> {
        let path = file.path();
        fs::rename(staged_path(path), path)
            .and_then(|()| sync_directory(path))
            .map_err(|source| MasterKeyError::Unwritable { path: path.to_owned(), source })
    }

    pub(super) fn sealing_key(&self) -> Result<SealingKey, Unsealable> {
        SealingKey::new(&self.0)
    }

    fn read(path: &Path) -> Result<Self, MasterKeyError> {
        let unreadable = |source| MasterKeyError::Unreadable { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        let mode = file.metadata().map_err(unreadable)?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(MasterKeyError::Exposed { path: path.to_owned(), mode });
        }
        let mut text = Zeroizing::new(String::new());
        file.take(MOST_BYTES).read_to_string(&mut text).map_err(unreadable)?;
        Self::parse(&text).ok_or_else(|| MasterKeyError::Malformed { path: path.to_owned() })
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim().strip_prefix(PREFIX)?).ok()?);
        Some(Self(Zeroizing::new(*<&[u8; KEY_LEN]>::try_from(bytes.as_slice()).ok()?)))
    }

    /// Appears under its name only once it is whole, and never replaces a file.
    fn write_new(&self, path: &Path) -> io::Result<()> {
        let mut draft = path.as_os_str().to_owned();
        draft.push(format!(".{}", std::process::id()));
        let draft = PathBuf::from(draft);
        let encoded = Zeroizing::new(STANDARD.encode(self.0.as_slice()));
        let text = Zeroizing::new(format!("{PREFIX}{}\n", *encoded));
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::hard_link(&draft, path))
            .and_then(|()| sync_directory(path));
        fs::remove_file(&draft)?;
        written
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey([redacted])")
    }
}

fn staged_path(path: &Path) -> PathBuf {
    let mut staged = path.as_os_str().to_owned();
    staged.push(".new");
    staged.into()
}

fn sync_directory(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

#[cfg(test)]
mod tests;
