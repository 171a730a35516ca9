//! Whose processes the cluster's are. PostgreSQL refuses to run as root, so a server started as root
//! hands it to another user.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::ClusterError;
use super::layout::Layout;

/// Who would run it, best first.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];
/// What a child sees of our environment: nothing of ours may reach it, and nothing may change its ways.
const KEPT_VARIABLES: [&str; 3] = ["PATH", "LD_LIBRARY_PATH", "HOME"];

/// The user of the cluster's processes and files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    uid: u32,
    gid: u32,
    /// Whether it is somebody else than we are.
    other: bool,
}

impl Account {
    /// The owner of an existing cluster; for a new one ourselves, or as root the best candidate.
    pub(super) fn choose(layout: &Layout) -> Result<Self, ClusterError> {
        let us = rustix::process::geteuid().as_raw();
        let owner = fs::metadata(&layout.cluster).map(|found| (found.uid(), found.gid())).ok();
        let foreign = |owner, fix| ClusterError::Foreign { cluster: layout.cluster.clone(), owner, fix };
        match owner {
            Some((0, _)) if us == 0 => {
                Err(foreign(0, "PostgreSQL does not run as root; run chown -R postgres on that directory"))
            }
            Some((uid, gid)) if us == 0 => Ok(named(uid, gid)),
            Some((uid, _)) if uid != us => Err(foreign(uid, "start this program as that user or as root")),
            None if us == 0 => {
                CANDIDATES.iter().find_map(|name| by_name(name)).ok_or(ClusterError::NoAccount)
            }
            Some(_) | None => {
                let gid = rustix::process::getegid().as_raw();
                Ok(Self { name: our_name(), uid: us, gid, other: false })
            }
        }
    }

    /// The user names that the kernel may report for a connection of ours or of an administrator.
    pub(super) fn peers(&self) -> Vec<String> {
        let mut names = vec![our_name(), self.name.clone()];
        names.dedup();
        names.retain(|name| !name.is_empty());
        names
    }

    /// A command that runs as this user, apart from our terminal: Ctrl-C reaches us only, and we stop it.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C").current_dir("/").process_group(0).stdin(Stdio::null());
        for variable in KEPT_VARIABLES {
            command.envs(std::env::var_os(variable).map(|value| (variable, value)));
        }
        if self.other {
            // The standard library also drops root's supplementary groups.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Makes this user the owner of a directory of ours.
    pub(super) fn give(&self, path: &Path) -> io::Result<()> {
        if self.other { chown(path, Some(self.uid), Some(self.gid)) } else { Ok(()) }
    }

    pub(super) fn owns(&self, found: &fs::Metadata) -> bool {
        found.uid() == self.uid
    }

    /// Makes sure that this user can come as far as the data directory. We open our own directory to it
    /// (what lies inside protects itself); a parent directory is not ours to change.
    pub(super) fn reach(&self, layout: &Layout) -> Result<(), ClusterError> {
        if !self.other || self.can_enter(&layout.data_dir) {
            return Ok(());
        }
        let mut ancestors: Vec<_> = layout.data_dir.ancestors().skip(1).collect();
        ancestors.reverse();
        let closed = ancestors.into_iter().find(|directory| !self.can_enter(directory));
        let refuse =
            |at: &Path| ClusterError::CannotEnter { directory: at.to_owned(), user: self.name.clone() };
        if let Some(closed) = closed {
            return Err(refuse(closed));
        }
        let mode = fs::metadata(&layout.data_dir).map(|found| found.mode());
        mode.and_then(|mode| fs::set_permissions(&layout.data_dir, fs::Permissions::from_mode(mode | 0o001)))
            .map_err(ClusterError::files("open for PostgreSQL", &layout.data_dir))?;
        if self.can_enter(&layout.data_dir) { Ok(()) } else { Err(refuse(&layout.data_dir)) }
    }

    /// Tried out rather than computed, since mode bits are not the only thing that counts.
    fn can_enter(&self, directory: &Path) -> bool {
        let tried = self.command(Path::new("true")).current_dir(directory).status();
        !matches!(tried, Err(error) if error.kind() == io::ErrorKind::PermissionDenied)
    }
}

/// A user of /etc/passwd, where system users are.
fn by_name(name: &str) -> Option<Account> {
    users().into_iter().find(|account| account.name == name)
}

fn named(uid: u32, gid: u32) -> Account {
    let found = users().into_iter().find(|account| account.uid == uid);
    found.unwrap_or_else(|| Account { name: uid.to_string(), uid, gid, other: true })
}

fn users() -> Vec<Account> {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    passwd.lines().filter_map(parse).collect()
}

fn parse(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let (name, uid, gid) = (fields.next()?, fields.nth(1)?, fields.next()?);
    Some(Account { name: name.to_owned(), uid: uid.parse().ok()?, gid: gid.parse().ok()?, other: true })
}

/// As the system's name services tell it, since we may be a user of a directory and not of /etc/passwd.
fn our_name() -> String {
    let told = Command::new("id").arg("-un").stdin(Stdio::null()).stderr(Stdio::null()).output();
    let name = told.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    name.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_user_list_is_read() {
        let account = parse("postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash");
        let expected = Account { name: "postgres".to_owned(), uid: 101, gid: 104, other: true };
        assert_eq!(account, Some(expected));
        assert_eq!(parse("+::::::"), None);
    }
}
