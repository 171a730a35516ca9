//! One process's hold on the private cluster: from finding or starting it to leaving or stopping it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::sync::{Mutex, watch};

use super::account::Account;
use super::binaries::Binaries;
use super::layout::Layout;
use super::locks::{Gate, ServeLock, Usage};
use super::pid_file::{self, PidFile};
use super::postmaster::Postmaster;
use super::{ClusterError, Mode, creation, readiness, socket};

/// Another process may be creating the cluster, or waiting for its recovery.
const OPENING: Duration = Duration::from_secs(330);
/// Whoever is inside the gate for longer is opening the cluster and will stop it.
const CLOSING: Duration = Duration::from_secs(1);
/// Processes of a crashed cluster need a moment to notice.
const CRASH_RETRIES: u32 = 10;
const CRASH_PAUSE: Duration = Duration::from_millis(300);

#[derive(Debug)]
pub(super) struct Private {
    pub(super) layout: Layout,
    account: Account,
    socket_dir: PathBuf,
    /// `None` only while it is down or after the close.
    pub(super) postmaster: Mutex<Option<Postmaster>>,
    closing: watch::Sender<bool>,
    usage: Usage,
    serve: Option<ServeLock>,
}

impl Private {
    pub(super) async fn open(data_dir: &Path, mode: Mode) -> Result<Self, ClusterError> {
        let layout = Layout::new(data_dir)?;
        let serve = match mode {
            Mode::Serve => Some(ServeLock::take(&layout)?),
            Mode::Command => None,
        };
        let _gate = Gate::pass(&layout, OPENING).await?;
        let usage = Usage::join(&layout)?;
        let account = Account::choose(&layout)?;
        account.reach(&layout)?;
        let (closing, _) = watch::channel(false);
        let (postmaster, socket_dir) = match running(&layout).await? {
            Some((postmaster, socket_dir)) => (Some(postmaster), socket_dir),
            None => (None, socket::make(&layout, &account)?),
        };
        let postmaster = Mutex::new(postmaster);
        let private = Self { layout, account, socket_dir, postmaster, closing, usage, serve };
        private.run(&mut *private.postmaster.lock().await).await?;
        Ok(private)
    }

    pub(super) fn connect_options(&self) -> PgConnectOptions {
        readiness::connect_options(&self.socket_dir)
    }

    /// Brings the cluster back after it died.
    pub(super) async fn restart(&self, postmaster: &mut Option<Postmaster>) -> Result<(), ClusterError> {
        let _gate = Gate::pass(&self.layout, OPENING).await?;
        *postmaster = running(&self.layout).await?.map(|(postmaster, _)| postmaster);
        self.run(postmaster).await
    }

    /// Resolves when [`Private::close`] begins.
    pub(super) async fn closes(&self) {
        // The sender lives as long as we do, so this cannot fail.
        drop(self.closing.subscribe().wait_for(|closing| *closing).await);
    }

    pub(super) async fn close(&self) -> Result<(), ClusterError> {
        self.closing.send_replace(true);
        let closed = match self.postmaster.lock().await.take() {
            Some(postmaster) => self.leave(postmaster).await,
            None => Ok(()),
        };
        self.usage.release();
        if let Some(serve) = &self.serve {
            serve.release();
        }
        closed
    }

    async fn leave(&self, mut postmaster: Postmaster) -> Result<(), ClusterError> {
        let Ok(_gate) = Gate::pass(&self.layout, CLOSING).await else { return Ok(()) };
        if !self.usage.leave() {
            tracing::info!("another command uses the database and will stop it");
            return Ok(());
        }
        let stopped = postmaster.stop(&self.layout).await;
        socket::remove(&self.socket_dir, &self.layout);
        stopped
    }

    /// Waits for an adopted postmaster, or starts one; creates the cluster when there is none.
    async fn run(&self, postmaster: &mut Option<Postmaster>) -> Result<(), ClusterError> {
        let connect = self.connect_options();
        if let Some(adopted) = postmaster {
            match readiness::wait(adopted, &connect, &self.layout).await {
                // It was on its way out.
                Err(ClusterError::Startup { .. }) => {}
                done => return done,
            }
        }
        let binaries = Binaries::find(&self.layout, &self.account)?;
        if self.layout.version()?.is_none() {
            creation::create(&self.layout, &self.account, &binaries).await?;
        }
        let retries = if PidFile::exists(&self.layout) { CRASH_RETRIES } else { 0 };
        for retry in 0.. {
            socket::make_at(&self.socket_dir, &self.account)?;
            let started = Postmaster::start(&self.layout, &self.account, &binaries, &self.socket_dir)?;
            let started = postmaster.insert(started);
            match readiness::wait(started, &connect, &self.layout).await {
                Err(ClusterError::Startup { .. }) if retry < retries => tokio::time::sleep(CRASH_PAUSE).await,
                done => return done,
            }
        }
        Ok(())
    }
}

/// The cluster's postmaster that another process left or uses, and where it listens.
async fn running(layout: &Layout) -> Result<Option<(Postmaster, PathBuf)>, ClusterError> {
    while let Some(file) = PidFile::read(layout) {
        if !pid_file::runs(file.pid, layout) {
            file.forget_stranger(layout).map_err(ClusterError::files("repair", &layout.cluster))?;
            return Ok(None);
        }
        if let Some(socket_dir) = file.socket_dir {
            tracing::debug!(pid = file.pid.as_raw_pid(), "joining the running PostgreSQL");
            return Ok(Some((Postmaster::adopt(file.pid, layout), socket_dir)));
        }
        // It is only just starting.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(None)
}

impl Drop for Private {
    /// For the process that fails before it can close: the next one finds a stopped or stopping cluster.
    fn drop(&mut self) {
        if let Some(mut postmaster) = self.postmaster.get_mut().take()
            && self.usage.leave()
        {
            postmaster.dismiss(&self.layout);
        }
    }
}
