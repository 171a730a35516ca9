//! Brings confirmed captures to the server, as long as it takes. Passwords have a way of their own: they never wait behind
//! what the watcher sends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use protocol::CaptureId;
use protocol::captures::{CaptureOutcome, Captures, MAX_CAPTURES};
use tokio::sync::{mpsc, watch};

use super::board::{Backlog, Board};
use crate::clock::jittered;
use crate::spool::{Account, Count, Spool};
use crate::uplink::{Uplink, UplinkError};

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// One that the server cannot take even alone is tried again after this long, and holds up no other.
const ASIDE: Duration = Duration::from_secs(60);

pub(super) struct Courier {
    uplink: Arc<Uplink>,
    spool: Arc<Spool>,
    board: watch::Sender<Board>,
    ready: mpsc::UnboundedReceiver<(Account, DateTime<Utc>)>,
    waiting: BTreeMap<Account, DateTime<Utc>>,
    aside: BTreeMap<Account, Instant>,
    /// How many to send at once.
    size: usize,
    pause: Duration,
}

impl Courier {
    pub(super) fn new(
        uplink: Arc<Uplink>,
        spool: Arc<Spool>,
        board: watch::Sender<Board>,
        ready: mpsc::UnboundedReceiver<(Account, DateTime<Utc>)>,
    ) -> Self {
        let (waiting, aside) = (BTreeMap::new(), BTreeMap::new());
        Self { uplink, spool, board, ready, waiting, aside, size: MAX_CAPTURES, pause: FIRST_PAUSE }
    }

    /// Until nobody brings anything any more.
    pub(super) async fn carry(mut self) {
        loop {
            self.aside.retain(|_, until| *until > Instant::now());
            let (batch, message) = self.batch();
            self.tell();
            if batch.is_empty() {
                // What was put aside is tried again in time.
                let Ok(brought) = tokio::time::timeout(ASIDE, self.ready.recv()).await else { continue };
                let Some((account, captured_at)) = brought else { return };
                self.waiting.insert(account, captured_at);
            } else {
                self.send(batch, message).await;
            }
            while let Ok((account, captured_at)) = self.ready.try_recv() {
                self.waiting.insert(account, captured_at);
            }
        }
    }

    fn tell(&self) {
        let confirmed = Backlog::of(self.waiting.values().copied());
        self.board.send_if_modified(|board| std::mem::replace(&mut board.confirmed, confirmed) != confirmed);
    }

    fn tell_problem(&self, problem: Option<String>) {
        self.board.send_if_modified(|board| {
            let changed = board.problem != problem;
            board.problem = problem;
            changed
        });
    }

    /// What to send next. What is no longer in the spool is forgotten.
    fn batch(&mut self) -> (BTreeMap<CaptureId, Account>, Captures) {
        let (mut batch, mut captures) = (BTreeMap::new(), Vec::new());
        let wanted: Vec<Account> =
            self.waiting.keys().filter(|account| !self.aside.contains_key(account)).cloned().collect();
        for account in wanted {
            if batch.len() == self.size {
                break;
            }
            match self.spool.read(&account).map(|held| held.confirmed) {
                Ok(Some(captured)) => {
                    batch.insert(captured.envelope.label.capture, account);
                    captures.push(captured);
                }
                Ok(None) => drop(self.waiting.remove(&account)),
                Err(error) => {
                    tracing::error!(%error, "the spool cannot be read: a captured password waits");
                    self.aside.insert(account, Instant::now() + ASIDE);
                }
            }
        }
        (batch, Captures { captures })
    }

    async fn send(&mut self, batch: BTreeMap<CaptureId, Account>, message: Captures) {
        let answer = match self.uplink.captures(&message).await {
            Ok(answer) => answer,
            Err(error) => return self.go_without(batch, error).await,
        };
        self.tell_problem(None);
        let mut any = false;
        for result in answer.results {
            let Some(account) = batch.get(&result.capture) else { continue };
            let count = match &result.outcome {
                CaptureOutcome::Kept | CaptureOutcome::Superseded => Count::Relayed,
                CaptureOutcome::Refused { code, message } => {
                    tracing::warn!(capture.id = %result.capture, code, "the server refused a password: {message}");
                    Count::RefusedByServer
                }
            };
            match self.spool.answered(account, result.capture, count) {
                Ok(()) => any = true,
                Err(error) => {
                    tracing::error!(%error, "the spool cannot be written; a password is sent again")
                }
            }
        }
        match any {
            true => (self.size, self.pause) = (MAX_CAPTURES, FIRST_PAUSE),
            false => self.rest().await,
        }
    }

    async fn go_without(&mut self, batch: BTreeMap<CaptureId, Account>, error: UplinkError) {
        tracing::debug!(%error, "captured passwords wait for the server");
        let is_content = error.problem().is_some_and(|problem| matches!(problem.status, 400 | 413 | 422));
        self.tell_problem(Some(error.to_string()));
        if is_content && batch.len() > 1 {
            self.size = 1;
        } else if is_content {
            let until = Instant::now() + ASIDE;
            self.aside.extend(batch.into_values().map(|account| (account, until)));
        } else {
            self.rest().await;
        }
    }

    async fn rest(&mut self) {
        tokio::time::sleep(jittered(self.pause)).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}
