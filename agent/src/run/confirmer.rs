//! Asks the domain controller which of the captures it has accepted, at once after each nudge of the hook and then again
//! until the answer is there. Watcher or standby makes no difference: the changes were made here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use protocol::captures::Captured;
use protocol::heartbeat::{AgentSettings, DirectoryState, Role};
use tokio::sync::{mpsc, watch};

use super::board::{Backlog, Board};
use crate::capture::Guide;
use crate::clock;
use crate::config::StateDir;
use crate::directory::{self, Accounts, Kind, Orders, Standing, rule};
use crate::platform::Nudges;
use crate::spool::{Account, Count, Held, Spool};

/// Pauses between two looks, in ms, one after the other. The hook runs before the commit.
const PAUSES: [u64; 10] = [20, 50, 100, 200, 400, 1000, 2000, 5000, 10_000, 20_000];

/// The same after a failure, where each may count as a wrong password.
const FAILURE_PAUSES: [u64; 4] = [1000, 5000, 15_000, 60_000];

/// While there are no settings, or no connection.
const NOT_YET: Duration = Duration::from_millis(500);

/// How often the whole spool is looked through, for what nobody nudged about; more rarely if that takes long.
const SCAN_EVERY: Duration = Duration::from_secs(2);
const SCAN_REST: u32 = 50;

pub(super) struct Confirmer {
    pub state: StateDir,
    pub spool: Arc<Spool>,
    pub accounts: Accounts,
    pub orders: watch::Receiver<Orders>,
    pub standing: watch::Receiver<Standing>,
    pub board: watch::Sender<Board>,
    /// What is to be sent.
    pub ready: mpsc::UnboundedSender<(Account, DateTime<Utc>)>,
    pub watched: BTreeMap<Account, Watched>,
    /// Since when the domain controller answers without a break.
    pub readable_since: Option<DateTime<Utc>>,
    pub failures: usize,
    pub give_up_after: Duration,
}

/// An account with pending captures.
pub(super) struct Watched {
    oldest: DateTime<Utc>,
    looks: usize,
    next: Instant,
}

impl Confirmer {
    /// Until it is dropped.
    pub(super) async fn confirm(mut self) {
        let nudges = Nudges::listen(&self.spool.nudges());
        if let Err(error) = &nudges {
            tracing::warn!(%error, "the hook cannot tell of what it captures; it is found within seconds all the same");
        }
        let mut scan_at = Instant::now();
        loop {
            let next = self.watched.values().map(|watched| watched.next).min();
            tokio::select! {
                biased;
                nudge = next_nudge(&nudges) => {
                    let account = Account::named(&nudge);
                    account.into_iter().for_each(|account| self.watch(account, clock::now()));
                }
                () = sleep_until(next) => self.look_at_due().await,
                () = sleep_until(Some(scan_at)) => {
                    let took = self.scan().await;
                    scan_at = Instant::now() + SCAN_EVERY.max(took * SCAN_REST);
                }
            }
            let pending = Backlog::of(self.watched.values().map(|watched| watched.oldest));
            self.board.send_if_modified(|board| std::mem::replace(&mut board.pending, pending) != pending);
        }
    }

    /// Looks at an account from now on, and at once.
    fn watch(&mut self, account: Account, oldest: DateTime<Utc>) {
        let watched =
            self.watched.entry(account).or_insert(Watched { oldest, looks: 0, next: Instant::now() });
        (watched.looks, watched.next) = (0, Instant::now());
    }

    /// Finds what lies in the spool. What it holds is parsed on another thread, as it may be much.
    async fn scan(&mut self) -> Duration {
        let (spool, began) = (self.spool.clone(), Instant::now());
        let found = tokio::task::spawn_blocking(move || look_through(&spool)).await;
        match found {
            Ok(Ok(found)) => found.into_iter().for_each(|(account, pending, confirmed)| {
                if let Some(oldest) = pending.filter(|_| !self.watched.contains_key(&account)) {
                    self.watch(account.clone(), oldest);
                }
                if let Some(captured_at) = confirmed {
                    let _ = self.ready.send((account, captured_at));
                }
            }),
            Ok(Err(error)) => tracing::error!(%error, "the spool cannot be read: captured passwords wait"),
            Err(error) => tracing::error!(%error, "the spool could not be looked through"),
        }
        began.elapsed()
    }

    async fn look_at_due(&mut self) {
        let now = Instant::now();
        let due = self.watched.iter().find(|(_, watched)| watched.next <= now);
        let Some(account) = due.map(|(account, _)| account.clone()) else { return };
        let left = match self.spool.read(&account) {
            Ok(held) => self.look(&account, held).await,
            Err(error) => {
                tracing::error!(%error, "the spool cannot be read: a captured password waits");
                Some((clock::now(), Duration::from_secs(5)))
            }
        };
        match (left, self.watched.get_mut(&account)) {
            (Some((oldest, pause)), Some(watched)) => {
                watched.oldest = oldest;
                watched.looks += 1;
                watched.next = Instant::now() + pause;
            }
            (None, _) => drop(self.watched.remove(&account)),
            (Some(_), None) => {}
        }
    }

    /// Looks an account up and acts on it. Returns what is still pending, and when to look again.
    async fn look(&mut self, account: &Account, held: Held) -> Option<(DateTime<Utc>, Duration)> {
        let oldest = held.pending.first()?.label.captured_at;
        let name = held.pending.last()?.label.account.clone();
        let Some(settings) = self.settings() else {
            self.readable_since = None;
            return Some((oldest, NOT_YET));
        };
        match self.accounts.find(&settings, &name).await {
            Ok(found) => {
                self.failures = 0;
                self.readable_since.get_or_insert_with(clock::now);
                let looks = self.watched.get(account).map_or(0, |watched| watched.looks);
                let pause = PAUSES.get(looks).or(PAUSES.last()).copied().unwrap_or_default();
                self.settle(account, held, found).map(|oldest| (oldest, Duration::from_millis(pause)))
            }
            Err(failure) => {
                tracing::warn!(code = failure.code.as_str(), "a captured password waits: {failure}");
                self.readable_since = None;
                let pause = FAILURE_PAUSES.get(self.failures).or(FAILURE_PAUSES.last()).copied();
                self.failures += 1;
                let pause = Duration::from_millis(pause.unwrap_or_default());
                self.watched.values_mut().for_each(|watched| watched.next = Instant::now() + pause);
                Some((oldest, pause))
            }
        }
    }

    /// Only where the watch on the directory has bound with the same settings: two that try a wrong password lock the
    /// service account sooner.
    fn settings(&self) -> Option<Arc<AgentSettings>> {
        let is_bound = matches!(self.standing.borrow().state, DirectoryState::Connected { .. });
        let orders = self.orders.borrow();
        orders.settings.clone().filter(|_| is_bound && orders.role != Role::Idle)
    }

    /// Does what the domain controller's answer asks for. Returns when the oldest was captured that is left.
    fn settle(
        &self,
        account: &Account,
        held: Held,
        found: Option<directory::Account>,
    ) -> Option<DateTime<Utc>> {
        let settled = self.settle_in(account, held, found);
        settled.unwrap_or_else(|error| {
            tracing::error!(%error, "the spool cannot be written: a captured password waits");
            Some(clock::now())
        })
    }

    fn settle_in(
        &self,
        account: &Account,
        held: Held,
        found: Option<directory::Account>,
    ) -> std::io::Result<Option<DateTime<Utc>>> {
        let unwanted = found.and_then(|found| self.unwanted(&held, found.kind));
        let known =
            found.filter(|found| found.kind == Kind::Person).and_then(|found| Some((found, found.shown?)));
        let times: Vec<_> = held.pending.iter().map(|envelope| envelope.label.captured_at).collect();
        let settled = held.settled.map(|settled| (settled.captured_at, settled.stamp));
        let ruling = known.map(|(_, shown)| rule(&shown, &times, settled)).unwrap_or_default();
        let mut oldest = None;
        for (at, envelope) in held.pending.into_iter().enumerate() {
            let captured_at = envelope.label.captured_at;
            if let Some(why) = unwanted {
                self.spool.discard(account, &envelope, why)?;
            } else if at < ruling.obsolete {
                let why = if ruling.ambiguous { Count::Ambiguous } else { Count::Superseded };
                self.spool.discard(account, &envelope, why)?;
            } else if let Some((found, shown)) = known.filter(|_| ruling.accepted == Some(at)) {
                let captured = Captured { envelope, user: found.guid, stamp: shown.stamp };
                if self.spool.confirm(account, &captured)? {
                    let _ = self.ready.send((account.clone(), captured_at));
                }
            } else if self.is_over(captured_at) {
                self.spool.discard(account, &envelope, Count::Unconfirmed)?;
            } else {
                oldest.get_or_insert(captured_at);
            }
        }
        Ok(oldest)
    }

    /// Why nobody wants the passwords of this account. The list may have come after the capture.
    fn unwanted(&self, held: &Held, kind: Kind) -> Option<Count> {
        let name = held.pending.last().map(|envelope| envelope.label.account.as_str()).unwrap_or_default();
        match kind {
            Kind::NoPerson => Some(Count::IgnoredAccount),
            Kind::Privileged => Some(Count::Exempt),
            Kind::Person | Kind::Unknown => {
                let is_exempt = Guide::read(&self.state).is_some_and(|guide| guide.exempts(name));
                is_exempt.then_some(Count::Exempt)
            }
        }
    }

    fn is_over(&self, captured_at: DateTime<Utc>) -> bool {
        let since = self.readable_since.map(|since| since.max(captured_at));
        since.is_some_and(|since| (clock::now() - since).to_std().is_ok_and(|past| past > self.give_up_after))
    }
}

/// Each account with the times of its oldest pending and its confirmed capture; folders of no use are removed.
#[expect(clippy::type_complexity, reason = "it lives for three lines")]
fn look_through(
    spool: &Spool,
) -> std::io::Result<Vec<(Account, Option<DateTime<Utc>>, Option<DateTime<Utc>>)>> {
    spool.sweep(clock::now())?;
    let mut found = Vec::new();
    for account in spool.accounts()? {
        let held = spool.read(&account)?;
        spool.tidy(&account, &held, clock::now())?;
        let pending = held.pending.first().map(|envelope| envelope.label.captured_at);
        let confirmed = held.confirmed.map(|captured| captured.envelope.label.captured_at);
        if pending.is_some() || confirmed.is_some() {
            found.push((account, pending, confirmed));
        }
    }
    Ok(found)
}

async fn next_nudge(nudges: &std::io::Result<Nudges>) -> String {
    match nudges {
        Ok(nudges) => match nudges.next().await {
            Ok(nudge) => nudge,
            Err(_) => std::future::pending().await,
        },
        Err(_) => std::future::pending().await,
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
