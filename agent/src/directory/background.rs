//! A read beside the watcher's own, on a connection of its own: what takes long must not hold up what is urgent.

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::heartbeat::AgentSettings;
use tokio::task::JoinHandle;

use super::Options;
use super::connect::{Connection, connect};
use super::errors::Failure;

/// Windows closes connections that were silent for 15 minutes.
const STALE: Duration = Duration::from_secs(300);

/// What a read came to, and its connection if that is still good.
type Outcome<T> = (Result<T, Failure>, Option<Arc<Connection>>);

/// One kind of read, at most one of which is under way.
#[derive(Debug)]
pub(crate) struct Background<T> {
    running: Option<JoinHandle<Outcome<T>>>,
    idle: Option<Arc<Connection>>,
    began: Option<Instant>,
    took: Duration,
    /// `highestCommittedUSN` when it was last begun.
    usn: i64,
}

impl<T> Default for Background<T> {
    fn default() -> Self {
        Self { running: None, idle: None, began: None, took: Duration::ZERO, usn: 0 }
    }
}

impl<T> Drop for Background<T> {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.abort();
        }
    }
}

impl<T: Send + 'static> Background<T> {
    /// True if the directory has moved since the last one, and it has rested for `pause` and `rest` times as long as
    /// it took.
    pub(crate) fn is_due(&self, usn: i64, pause: Duration, rest: u32) -> bool {
        let rested = |began: Instant| self.usn != usn && began.elapsed() >= pause.max(self.took * rest);
        self.running.is_none() && self.began.is_none_or(rested)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Begins.
    pub(crate) fn begin<F, R>(&mut self, options: &Options, settings: &Arc<AgentSettings>, usn: i64, read: F)
    where
        F: FnOnce(Arc<Connection>) -> R + Send + 'static,
        R: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let fresh = self.began.is_some_and(|began| began.elapsed() < STALE);
        let idle = self.idle.take().filter(|_| fresh);
        (self.began, self.usn) = (Some(Instant::now()), usn);
        let (options, settings) = (options.clone(), settings.clone());
        self.running = Some(tokio::spawn(async move {
            let connection = match idle {
                Some(connection) => connection,
                None => match connect(&options.controller, &settings, options.patience).await {
                    Ok(connection) => Arc::new(connection),
                    Err(failure) => return (Err(failure), None),
                },
            };
            let outcome = read(connection.clone()).await;
            let kept = outcome.is_ok().then_some(connection);
            (outcome, kept)
        }));
    }

    /// What was read, if the read has ended meanwhile.
    pub(crate) async fn ended(&mut self) -> Option<Result<T, Failure>> {
        let running = self.running.take_if(|running| running.is_finished())?;
        let (outcome, kept) = running.await.ok()?;
        self.idle = kept;
        self.took = self.began.map(|began| began.elapsed()).unwrap_or_default();
        Some(outcome)
    }
}
