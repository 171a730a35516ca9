//! Linux, and any other Unix that Samba runs on.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use protocol::heartbeat::Platform;
use tokio::signal::unix::{SignalKind, signal};

mod hook;
mod nudges;

pub use hook::{ask_script, forbid_dumps, standard_input};
pub use nudges::{Nudges, nudge};

/// What the heartbeat says.
pub const PLATFORM: Platform = Platform::Linux;

/// True where password changes can be captured.
pub const CAPTURES: bool = true;

/// Where the agent keeps what it is.
pub fn default_state_dir() -> PathBuf {
    PathBuf::from("/var/lib/adit-agent")
}

/// The machine's own full name, lower case.
pub fn host() -> String {
    let full = Command::new("hostname").arg("-f").output().ok().filter(|output| output.status.success());
    full.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_lowercase())
        .filter(|name| !name.is_empty())
        .or_else(|| Some(fs::read_to_string("/proc/sys/kernel/hostname").ok()?.trim().to_lowercase()))
        .unwrap_or_else(|| "localhost".into())
}

/// Makes a folder that nobody else may enter.
pub fn private_dir(path: &Path) -> io::Result<()> {
    if !path.is_dir() {
        return DirBuilder::new().recursive(true).mode(0o700).create(path);
    }
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700))?;
    }
    Ok(())
}

/// Replaces a file that nobody else may read, in one step that a loss of power does not halve.
pub fn write_private(path: &Path, octets: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(octets)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    match path.parent() {
        Some(folder) => sync_dir(folder),
        None => Ok(()),
    }
}

/// Puts a private file in place in one step. It is durable only after [`sync_file`].
pub fn place_private(path: &Path, octets: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(octets)?;
    drop(file);
    fs::rename(&fresh, path)
}

/// Makes a file's content durable.
pub fn sync_file(path: &Path) -> io::Result<()> {
    OpenOptions::new().append(true).open(path)?.sync_all()
}

/// Makes durable what a folder lists.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Opens a file to which something is appended.
pub fn append_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// Sets a little room aside behind the file's end, so that something can be appended on a full disk.
pub fn reserve(file: &File) {
    let length = file.metadata().map_or(0, |file| file.len());
    let _ = rustix::fs::fallocate(file, rustix::fs::FallocateFlags::KEEP_SIZE, length, 4096);
}

/// Puts a file in the place of another, with that one's owner and permissions.
pub fn write_like(model: &Path, path: &Path, octets: &[u8]) -> io::Result<()> {
    let kept = fs::metadata(model)?;
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(octets)?;
    file.set_permissions(kept.permissions())?;
    std::os::unix::fs::fchown(&file, Some(kept.uid()), Some(kept.gid()))?;
    file.sync_all()
}

/// Waits until the system or a person asks the process to stop.
pub async fn stop_requested() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
