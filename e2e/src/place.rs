//! Where things lie: scratch folders, free ports, and the programs under test.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result, ensure};

use crate::reaper;

/// A folder that ends with its owner, or with the process.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// The path is short, as unix sockets live below it.
    pub fn new(what: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("adit-{}-{what}-{}", std::process::id(), number()));
        std::fs::create_dir_all(&path)?;
        // The private database runs as another user, who must get through.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o711))?;
        reaper::keep("dir", &path.display().to_string())?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Counts up; makes names that nothing else in this process has.
pub fn number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A loopback port that was free a moment ago: a server that is restarted has to come back where it was.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A program of this workspace. `ADIT_E2E_BIN` names a folder with others.
pub fn program(name: &str) -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("ADIT_E2E_BIN") {
        return Ok(Path::new(&folder).join(name));
    }
    let own = std::env::current_exe()?;
    let folder = own.ancestors().skip(1).find(|path| !path.ends_with("deps")).context("no target folder")?;
    let path = folder.join(name);
    if !path.exists() {
        build(folder.ends_with("release"))?;
    }
    ensure!(path.exists(), "{} was built, and yet is not there", path.display());
    Ok(path)
}

fn build(release: bool) -> Result<()> {
    static BUILT: Mutex<bool> = Mutex::new(false);
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if !*built {
        let mut cargo = Command::new(option_env!("CARGO").unwrap_or("cargo"));
        cargo.args(["build", "-p", "adit-server", "-p", "adit-agent"]).current_dir(workspace());
        if release {
            cargo.arg("--release");
        }
        ensure!(cargo.status()?.success(), "the programs under test do not build");
        *built = true;
    }
    Ok(())
}

/// The workspace's folder.
pub fn workspace() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned())
}

/// Runs a command to its end, off the async threads; its standard output, or what it said about its failure.
pub async fn run(mut command: Command) -> Result<String> {
    let name = format!("{command:?}");
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name} failed ({}):\n{said}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}
