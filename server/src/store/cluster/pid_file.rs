//! PostgreSQL's own lock file, and the question whether the process it names is really our cluster's.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, test_kill_process};

use super::layout::Layout;

const NAME: &str = "postmaster.pid";

/// What a starting or running postmaster wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: Pid,
    /// Missing until it listens.
    pub(super) socket_dir: Option<PathBuf>,
}

impl PidFile {
    pub(super) fn read(layout: &Layout) -> Option<Self> {
        parse(&fs::read_to_string(layout.cluster.join(NAME)).ok()?)
    }

    pub(super) fn exists(layout: &Layout) -> bool {
        layout.cluster.join(NAME).exists()
    }

    /// Takes a foreign process's id out of a stale file. After a reboot the id may be somebody else's, and
    /// PostgreSQL would refuse to start. The rest stays, since PostgreSQL finds by it whether processes of
    /// the crashed cluster are still alive; our own id, as its parent's, is one that it does not mind.
    pub(super) fn forget_stranger(&self, layout: &Layout) -> std::io::Result<()> {
        let taken = test_kill_process(self.pid) != Err(rustix::io::Errno::SRCH);
        if !taken || runs(self.pid, layout) {
            return Ok(());
        }
        let path = layout.cluster.join(NAME);
        let text = fs::read_to_string(&path)?;
        let rest = text.split_once('\n').map(|(_, rest)| rest).unwrap_or_default();
        fs::write(&path, format!("{}\n{rest}", std::process::id()))
    }
}

/// Whether `pid` is the cluster's postmaster or one of its processes: those work inside its directory.
pub(super) fn runs(pid: Pid, layout: &Layout) -> bool {
    let working_in = fs::read_link(Path::new("/proc").join(pid.as_raw_pid().to_string()).join("cwd"));
    working_in.is_ok_and(|directory| directory == layout.cluster)
}

/// Lines: id, data directory, start time, port, socket directory, and more.
fn parse(text: &str) -> Option<PidFile> {
    let mut lines = text.lines().map(str::trim);
    let pid = lines.next()?.parse().ok().and_then(Pid::from_raw)?;
    let socket_dir = lines.nth(3).filter(|line| !line.is_empty()).map(PathBuf::from);
    Some(PidFile { pid, socket_dir })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_servers_file_is_read() {
        let file = parse("4711\n/d/postgres\n1700000000\n5432\n/d/socket\n\n  1 2\nready   \n").unwrap();
        assert_eq!(file.pid.as_raw_pid(), 4711);
        assert_eq!(file.socket_dir, Some("/d/socket".into()));
    }

    #[test]
    fn a_starting_servers_file_has_no_socket_yet() {
        assert_eq!(parse("4711\n/d/postgres\n1700000000\n5432\n").unwrap().socket_dir, None);
        assert_eq!(parse(""), None);
        assert_eq!(parse("x\n"), None);
    }
}
