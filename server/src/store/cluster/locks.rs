//! Three lock files keep processes on one data directory apart. The kernel releases them with the process
//! that held them, so a killed one leaves nothing to clean up. Each is released by name, since a child that
//! is just being started shares our open files for a moment.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use super::ClusterError;
use super::layout::Layout;

const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Held by the one server of a data directory.
#[derive(Debug)]
pub(super) struct ServeLock(File);

/// Held while the cluster is created, started, joined or stopped.
#[derive(Debug)]
pub(super) struct Gate(File);

/// Held, shared, by every process that uses the cluster.
#[derive(Debug)]
pub(super) struct Usage(File);

impl ServeLock {
    pub(super) fn take(layout: &Layout) -> Result<Self, ClusterError> {
        let mut file = open(layout, "serve.lock")?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let holder = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Err(ClusterError::Serving { data_dir: layout.data_dir.clone(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(lock_failed(layout)(error)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(lock_failed(layout))?;
        Ok(Self(file))
    }

    /// Lets another server in while this one finishes.
    pub(super) fn release(&self) {
        drop(self.0.unlock());
    }
}

impl Gate {
    /// Waits for its turn, at most `patience`.
    pub(super) async fn pass(layout: &Layout, patience: Duration) -> Result<Self, ClusterError> {
        let file = open(layout, "postgres.lock")?;
        let since = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) if since.elapsed() < patience => {}
                Err(TryLockError::WouldBlock) => return Err(ClusterError::Busy(layout.data_dir.clone())),
                Err(TryLockError::Error(error)) => return Err(lock_failed(layout)(error)),
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

impl Usage {
    /// Call it inside the gate: then nobody is finding out whether they are the last.
    pub(super) fn join(layout: &Layout) -> Result<Self, ClusterError> {
        let file = open(layout, "postgres.users")?;
        file.lock_shared().map_err(lock_failed(layout))?;
        Ok(Self(file))
    }

    /// Gives the usage up and tells whether it was the last. Then nobody can join until the release.
    pub(super) fn leave(&self) -> bool {
        let last = self.0.try_lock().is_ok();
        if !last {
            self.release();
        }
        last
    }

    pub(super) fn release(&self) {
        drop(self.0.unlock());
    }
}

impl Drop for ServeLock {
    fn drop(&mut self) {
        self.release();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        drop(self.0.unlock());
    }
}

impl Drop for Usage {
    fn drop(&mut self) {
        self.release();
    }
}

fn open(layout: &Layout, name: &str) -> Result<File, ClusterError> {
    let path = layout.data_dir.join(name);
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(ClusterError::files("open", &path))
}

fn lock_failed(layout: &Layout) -> impl FnOnce(std::io::Error) -> ClusterError {
    ClusterError::files("lock files in", &layout.data_dir)
}
