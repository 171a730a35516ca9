//! The cluster's main process: started by us, or adopted from a process that is gone.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::ClusterError;
use super::account::Account;
use super::binaries::Binaries;
use super::creation::OWNER;
use super::layout::Layout;
use super::pid_file;
use super::socket::PORT;

/// Together less than the five seconds within which a stopping server must be gone.
const FAST_STOP: Duration = Duration::from_secs(3);
const IMMEDIATE_STOP: Duration = Duration::from_millis(1500);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Small, durable and silent about data. Given on the command line, so that a new release's settings
/// reach an old cluster.
const SETTINGS: [&str; 19] = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=64",
    "shared_buffers=32MB",
    // A small database on a solid-state disk, mostly in memory: an index is never dear to read.
    "random_page_cost=1.1",
    "fsync=on",
    "max_wal_size=256MB",
    "autovacuum_max_workers=2",
    // Parallel queries need shared memory that small containers lack.
    "max_parallel_workers_per_gather=0",
    "huge_pages=off",
    "jit=off",
    "ssl=off",
    "logging_collector=off",
    "log_destination=stderr",
    "log_checkpoints=off",
    // Details and statements hold people's data.
    "log_error_verbosity=terse",
    "log_min_error_statement=panic",
    "log_timezone=UTC",
    "timezone=UTC",
];

#[derive(Debug)]
pub(super) struct Postmaster {
    pid: Pid,
    /// When it is ours to wait for.
    child: Option<Child>,
    /// Where its part of the log begins.
    log_from: u64,
}

impl Postmaster {
    /// Starts it, not yet ready for connections.
    pub(super) fn start(
        layout: &Layout,
        account: &Account,
        binaries: &Binaries,
        socket_dir: &Path,
    ) -> Result<Self, ClusterError> {
        write_rules(layout, account)?;
        let (log, log_from) = layout.open_log()?;
        let program = binaries.program("postgres");
        let mut command = account.command(&program);
        command.arg("-D").arg(&layout.cluster).arg("-k").arg(socket_dir).arg("-p").arg(PORT.to_string());
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        let child = command
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(ClusterError::files("run", &program))?;
        Ok(Self { pid: Pid::from_child(&child), child: Some(child), log_from })
    }

    /// Takes over one that runs already.
    pub(super) fn adopt(pid: Pid, layout: &Layout) -> Self {
        let log_from = fs::metadata(&layout.log).map_or(0, |found| found.len());
        Self { pid, child: None, log_from }
    }

    pub(super) fn pid(&self) -> i32 {
        self.pid.as_raw_pid()
    }

    pub(super) fn is_alive(&mut self, layout: &Layout) -> bool {
        match &mut self.child {
            Some(child) => matches!(child.try_wait(), Ok(None)),
            None => pid_file::runs(self.pid, layout),
        }
    }

    /// What it logged in its time.
    pub(super) fn said(&self, layout: &Layout) -> String {
        layout.said_since(self.log_from)
    }

    /// Stops it: cleanly, or when that takes too long at once, leaving recovery to the next start.
    pub(super) async fn stop(&mut self, layout: &Layout) -> Result<(), ClusterError> {
        for (signal, patience) in [(Signal::INT, FAST_STOP), (Signal::QUIT, IMMEDIATE_STOP)] {
            self.signal(signal, layout);
            if self.ends_within(patience, layout).await {
                return Ok(());
            }
            tracing::warn!(pid = self.pid(), ?signal, "PostgreSQL takes long to stop");
        }
        Err(ClusterError::Unstoppable(self.pid()))
    }

    /// Tells it to stop cleanly, without waiting.
    pub(super) fn dismiss(&mut self, layout: &Layout) {
        self.signal(Signal::INT, layout);
    }

    /// Only to a process that is still ours: ids are used again.
    fn signal(&mut self, signal: Signal, layout: &Layout) {
        if self.is_alive(layout) {
            // It may end in this very moment.
            let _ = kill_process(self.pid, signal);
        }
    }

    async fn ends_within(&mut self, patience: Duration, layout: &Layout) -> bool {
        let since = Instant::now();
        while self.is_alive(layout) {
            if since.elapsed() > patience {
                return false;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        true
    }
}

/// Who may connect: we and the cluster's account, as the kernel names us, by the one socket.
fn write_rules(layout: &Layout, account: &Account) -> Result<(), ClusterError> {
    let write = |name: &str, text: String| {
        let path = layout.cluster.join(name);
        fs::write(&path, text).map_err(ClusterError::files("write", &path))
    };
    let map = |peer: String| format!("adit \"{peer}\" {OWNER}\n");
    write("pg_ident.conf", account.peers().into_iter().map(map).collect())?;
    write("pg_hba.conf", "local all all peer map=adit\n".to_owned())
}
