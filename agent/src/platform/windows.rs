//! Windows Server.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use protocol::heartbeat::Platform;
use tokio::signal::windows;
use windows_sys::Win32::System::SystemInformation::{ComputerNameDnsFullyQualified, GetComputerNameExW};

/// What the heartbeat says.
pub const PLATFORM: Platform = Platform::Windows;

/// True where password changes can be captured.
pub const CAPTURES: bool = false;

/// Where the agent keeps what it is.
pub fn default_state_dir() -> PathBuf {
    let programs = std::env::var_os("ProgramData").unwrap_or_else(|| r"C:\ProgramData".into());
    PathBuf::from(programs).join("Adit")
}

/// The machine's own full name, lower case.
pub fn host() -> String {
    let mut name = [0_u16; 256];
    let mut length = name.len() as u32;
    #[expect(unsafe_code, reason = "only the system knows the machine's full name")]
    // SAFETY: `name` is writable for `length` characters, and the call writes no more than `length`.
    let found = unsafe { GetComputerNameExW(ComputerNameDnsFullyQualified, name.as_mut_ptr(), &mut length) };
    if found == 0 {
        return "localhost".into();
    }
    String::from_utf16_lossy(name.get(..length as usize).unwrap_or_default()).to_lowercase()
}

/// Makes a folder that only the system and administrators may enter: what lies below ProgramData is readable by every
/// user otherwise. The two groups are named by SID, as their names differ by language.
pub fn private_dir(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    let windows = std::env::var_os("SystemRoot").unwrap_or_else(|| r"C:\Windows".into());
    let done = Command::new(PathBuf::from(windows).join(r"System32\icacls.exe"))
        .arg(path)
        .args(["/inheritance:r", "/grant:r", "*S-1-5-18:(OI)(CI)F", "*S-1-5-32-544:(OI)(CI)F", "/q"])
        .output()?;
    match done.status.success() {
        true => Ok(()),
        false => Err(io::Error::other("the folder's permissions could not be set")),
    }
}

/// Replaces a file in one step; the folder keeps it private.
pub fn write_private(path: &Path, octets: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&fresh)?;
    file.write_all(octets)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&fresh, path)
}

/// Waits until the system or a person asks the process to stop.
pub async fn stop_requested() -> io::Result<()> {
    let mut interrupt = windows::ctrl_c()?;
    let mut close = windows::ctrl_close()?;
    let mut shutdown = windows::ctrl_shutdown()?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = close.recv() => {}
        _ = shutdown.recv() => {}
    }
    Ok(())
}

/// Puts a private file in place in one step. It is durable only after [`sync_file`].
pub fn place_private(path: &Path, octets: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&fresh)?;
    file.write_all(octets)?;
    drop(file);
    fs::rename(&fresh, path)
}

/// Makes a file's content durable.
pub fn sync_file(path: &Path) -> io::Result<()> {
    OpenOptions::new().append(true).open(path)?.sync_all()
}

/// The file system makes durable what a folder lists.
pub fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Opens a file to which something is appended.
pub fn append_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// Nothing is counted under pressure here.
pub fn reserve(_: &File) {}

/// Puts a file in the place of another.
pub fn write_like(_: &Path, path: &Path, octets: &[u8]) -> io::Result<()> {
    fs::write(path, octets)
}

/// The hook is Samba's; Windows has none that is a program.
pub fn forbid_dumps() {}

/// As above.
pub fn standard_input() -> io::Result<File> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

/// As above.
pub fn ask_script(_: &str, _: &[u8], _: Duration) -> io::Result<Option<bool>> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

/// Nobody nudges.
#[derive(Debug)]
pub struct Nudges;

impl Nudges {
    pub fn listen(_: &Path) -> io::Result<Self> {
        Ok(Self)
    }

    pub async fn next(&self) -> io::Result<String> {
        std::future::pending().await
    }
}

/// Nobody listens.
pub fn nudge(_: &Path, _: &str) {}
