//! Finds the machine's PostgreSQL: in PATH, by pg_config, in the usual places, newest first. An existing
//! cluster needs the version that made it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::ClusterError;
use super::account::Account;
use super::layout::Layout;

const OLDEST: u32 = 13;

/// One installation's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    directory: PathBuf,
    major: u32,
}

/// Where to look.
#[derive(Debug)]
struct Places {
    path: Option<OsString>,
    /// Holds a directory per version, as Debian does it.
    versions: PathBuf,
    /// Holds a `pgsql-<version>` per version, as PostgreSQL's own packages for RHEL do it.
    prefixed: PathBuf,
}

impl Binaries {
    /// The best installation that `account` may run and that fits the cluster, if there is one already.
    pub(super) fn find(layout: &Layout, account: &Account) -> Result<Self, ClusterError> {
        let places = Places {
            path: std::env::var_os("PATH"),
            versions: "/usr/lib/postgresql".into(),
            prefixed: "/usr".into(),
        };
        choose(layout, places.installations(account))
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

fn choose(layout: &Layout, installed: Vec<Binaries>) -> Result<Binaries, ClusterError> {
    let Some(needed) = layout.version()? else {
        return installed.into_iter().find(|found| found.major >= OLDEST).ok_or(ClusterError::NoBinaries);
    };
    if installed.is_empty() {
        return Err(ClusterError::NoBinaries);
    }
    let found: BTreeSet<_> = installed.iter().map(|found| found.major.to_string()).collect();
    installed.into_iter().find(|found| found.major == needed).ok_or_else(|| ClusterError::OtherVersion {
        cluster: layout.cluster.clone(),
        needed,
        found: found.into_iter().collect::<Vec<_>>().join(", "),
    })
}

impl Places {
    fn installations(&self, account: &Account) -> Vec<Binaries> {
        let mut seen = BTreeSet::new();
        let real = |directory: PathBuf| directory.join("postgres").canonicalize().ok();
        let directories = self.directories().into_iter().filter_map(real);
        directories
            .filter_map(|postgres| postgres.parent().map(Path::to_owned))
            .filter(|directory| seen.insert(directory.clone()) && directory.join("initdb").exists())
            .filter_map(|directory| {
                let major = version(account, &directory.join("postgres"))?;
                Some(Binaries { directory, major })
            })
            .collect()
    }

    fn directories(&self) -> Vec<PathBuf> {
        let path: Vec<_> = self.path.iter().flat_map(std::env::split_paths).collect();
        let told = path.iter().find_map(|directory| bindir(&directory.join("pg_config")));
        let versions = by_version(&self.versions, "");
        let prefixed = by_version(&self.prefixed, "pgsql-");
        path.into_iter().chain(told).chain(versions).chain(prefixed).collect()
    }
}

/// The `bin` below each `<prefix><number>`, newest first.
fn by_version(root: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path().join("bin")))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, directory)| directory).collect()
}

fn bindir(pg_config: &Path) -> Option<PathBuf> {
    let output = Command::new(pg_config).arg("--bindir").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(text.trim())).filter(|directory| directory.is_absolute())
}

/// Asked as the user that will run it, who may not be allowed to.
fn version(account: &Account, postgres: &Path) -> Option<u32> {
    let output = account.command(postgres).arg("--version").output().ok()?;
    parse_version(&String::from_utf8(output.stdout).ok()?)
}

/// Reads `postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)`, `17beta1` and the like.
fn parse_version(text: &str) -> Option<u32> {
    let (_, number) = text.split_once("(PostgreSQL) ")?;
    let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    number.get(..digits)?.parse().ok()
}

#[cfg(test)]
mod tests;
