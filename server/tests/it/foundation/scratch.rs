//! A data directory for one test, which goes with it and takes no process along.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};
use server::config::{Config, Options};
use server::crypto::{random_bytes, sha256_hex};

/// Where a test keeps its data.
#[derive(Debug)]
pub(crate) struct Scratch {
    root: PathBuf,
    data_dir: PathBuf,
}

impl Scratch {
    /// A place that any user can reach.
    pub(crate) fn new() -> Self {
        Self::below("data")
    }

    /// A place with a data directory of the given name, or path, below it.
    pub(crate) fn below(name: &str) -> Self {
        let unique = sha256_hex(&random_bytes::<16>());
        let root = std::env::temp_dir().join(format!("adit-foundation-{}", &unique[..12]));
        fs::create_dir(&root).unwrap();
        fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
        Self { data_dir: root.join(name), root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    pub(crate) fn config(&self) -> Config {
        config(&self.data_dir)
    }

    /// The main process of the private PostgreSQL, as its own file names it.
    pub(crate) fn postmaster(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.data_dir.join("postgres/postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok().and_then(Pid::from_raw)
    }

    /// Whether a process still works in the cluster's directory.
    pub(crate) fn is_running(&self) -> bool {
        let Ok(cluster) = self.data_dir.join("postgres").canonicalize() else { return false };
        let processes = fs::read_dir("/proc").unwrap().flatten();
        processes
            .map(|entry| fs::read_link(entry.path().join("cwd")))
            .any(|cwd| cwd.is_ok_and(|at| at == cluster))
    }
}

impl Drop for Scratch {
    /// A failed test may leave PostgreSQL running.
    fn drop(&mut self) {
        if self.is_running()
            && let Some(postmaster) = self.postmaster()
        {
            let _ = kill_process(postmaster, Signal::QUIT);
            while self.is_running() {
                std::thread::yield_now();
            }
        }
        fs::remove_dir_all(&self.root).unwrap();
    }
}

/// The configuration for a data directory, all else by default.
pub(crate) fn config(data_dir: &Path) -> Config {
    let options = Options {
        data_dir: Some(data_dir.display().to_string()),
        listen: Some("127.0.0.1:0".to_owned()),
        ..Options::default()
    };
    options.check().unwrap()
}
