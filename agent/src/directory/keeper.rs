//! Keeps the connection: makes it, reports, polls, and makes it again after whatever goes wrong.

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::heartbeat::{AgentSettings, DirectoryState, Report, Role};
use tokio::sync::watch;
use tokio::time::sleep_until;

use super::bound::{Bound, came_to_light, lost, same_connection};
use super::changes::Named;
use super::connect::connect;
use super::errors::Failure;
use super::transfer::{Refusal, Stop};
use super::turn::{Beside, Memory, Turn};
use super::{Options, Orders, Outlets, report};
use crate::clock::jittered;

/// Pauses after a failure, one after the other.
const PAUSES: [u64; 3] = [1, 2, 5];

/// The same where each attempt counts as a wrong password.
const CAREFUL_PAUSES: [u64; 4] = [5, 15, 60, 300];

/// Serves the orders until they end.
pub async fn keep(options: Options, orders: watch::Receiver<Orders>, outlets: Outlets) {
    let read_again_done = outlets.standing.borrow().read_again_done;
    let memory = Memory::new(read_again_done);
    let mut keeper = Keeper { options, orders, outlets, memory, report: None, failures: 0 };
    while let Some(settings) = keeper.wanted().await {
        let Err(end) = keeper.attend(&settings).await;
        match end {
            End::Orders => keeper.failures = 0,
            End::Failure(failure) => keeper.fail(failure, &settings).await,
            End::Server(refusal) => {
                tracing::warn!(?refusal, "what was read was not accepted by the server; it is read again");
                keeper.pause(Duration::from_secs(1), &settings).await;
            }
        }
    }
}

/// Why a connection ended.
enum End {
    /// Other settings, another role, another lease.
    Orders,
    Failure(Failure),
    Server(Refusal),
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<Stop> for End {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Directory(failure) => Self::Failure(failure),
            Stop::Server(refusal) => Self::Server(refusal),
        }
    }
}

struct Keeper {
    options: Options,
    orders: watch::Receiver<Orders>,
    outlets: Outlets,
    memory: Memory,
    /// The last one, also of a connection that has ended.
    report: Option<Report>,
    failures: usize,
}

/// Never: a connection is attended until it ends.
enum Never {}

impl Keeper {
    /// Waits until a connection is wanted. `None`: nobody gives orders any more.
    async fn wanted(&mut self) -> Option<Arc<AgentSettings>> {
        loop {
            let settings = {
                let orders = self.orders.borrow_and_update();
                orders.settings.clone().filter(|_| orders.role != Role::Idle)
            };
            match settings {
                Some(settings) => return Some(settings),
                None => self.tell(DirectoryState::Connecting),
            }
            self.orders.changed().await.ok()?;
        }
    }

    fn tell(&self, state: DirectoryState) {
        let read_again_done = self.memory.read_again_done;
        self.outlets.standing.send_if_modified(|standing| {
            let changed = standing.state != state || standing.read_again_done != read_again_done;
            (standing.state, standing.read_again_done) = (state, read_again_done);
            changed
        });
    }

    async fn fail(&mut self, failure: Failure, settings: &AgentSettings) {
        let pauses: &[u64] =
            if failure.code.counts_against_the_account() { &CAREFUL_PAUSES } else { &PAUSES };
        let seconds = pauses.get(self.failures).or(pauses.last()).copied().unwrap_or(5);
        tracing::warn!(code = failure.code.as_str(), again_in_s = seconds, "{failure}");
        self.failures += 1;
        self.tell(DirectoryState::Failed { code: failure.code.as_str().into(), message: failure.message });
        self.pause(jittered(Duration::from_secs(seconds)), settings).await;
    }

    /// Waits, but not if other settings come: they may be the remedy.
    async fn pause(&mut self, duration: Duration, settings: &AgentSettings) {
        let other = self.orders.wait_for(|orders| {
            orders.role == Role::Idle
                || orders.settings.as_ref().is_some_and(|now| now.revision != settings.revision)
        });
        if tokio::time::timeout(duration, other).await.is_ok() {
            self.failures = 0;
        }
    }

    /// One connection, from its making to its end.
    async fn attend(&mut self, settings: &Arc<AgentSettings>) -> Result<Never, End> {
        let connection = connect(&self.options.controller, settings, self.options.patience).await?;
        let orders = self.orders.borrow().clone();
        let settings = settings.clone();
        let mut bound = Bound { connection, settings, orders, told_at: None, beside: Beside::default() };
        loop {
            self.refresh(&mut bound).await?;
            self.poll_until(&mut bound, Instant::now() + self.options.report_every).await?;
        }
    }

    /// Reads the report and tells it.
    async fn refresh(&mut self, bound: &mut Bound) -> Result<(), End> {
        let report = report::read(&bound.connection, &bound.settings).await?;
        if bound.told_at.is_none() {
            tracing::info!(domain_controller = report.dns_host_name, "connected to the directory");
        }
        if self.memory.invocation_id != Some(report.invocation_id) {
            self.memory.adopt(report.invocation_id);
            bound.told_at = None;
        }
        if self.report.as_ref().is_some_and(|before| came_to_light(before, &report)) {
            self.memory.read_all = true;
        }
        self.memory.named = Named::of(&report);
        self.memory.renamed = false;
        self.report = Some(report);
        bound.told_at.get_or_insert_with(Instant::now);
        self.tell_report(bound);
        Ok(())
    }

    fn tell_report(&self, bound: &Bound) {
        let Some(report) = &self.report else { return };
        let mut report = Box::new(report.clone());
        report.users_with_hidden_attributes = self.memory.hidden;
        self.tell(DirectoryState::Connected { secure: bound.connection.secure, report });
    }

    /// Polls as the role says until the next report is due.
    async fn poll_until(&mut self, bound: &mut Bound, end: Instant) -> Result<(), End> {
        let mut next = Instant::now();
        while Instant::now() < end {
            let wait = sleep_until(next.min(end).into());
            tokio::select! {
                biased;
                changed = self.orders.changed() => {
                    changed.map_err(|_| End::Orders)?;
                    let role = bound.role();
                    if self.follow(bound)? {
                        return Ok(());
                    }
                    if bound.role() != role || !self.memory.look_up.is_empty() {
                        next = Instant::now();
                    }
                }
                () = wait => {
                    let usn = self.poll(bound).await?;
                    self.failures = 0;
                    if let Some(report) = &mut self.report {
                        report.highest_committed_usn = usn;
                    }
                    self.tell_report(bound);
                    if self.memory.renamed {
                        return Ok(());
                    }
                    next = Instant::now() + bound.rhythm();
                }
            }
        }
        Ok(())
    }

    /// Takes new orders over. `true`: the report must be made anew.
    fn follow(&mut self, bound: &mut Bound) -> Result<bool, End> {
        let orders = self.orders.borrow_and_update().clone();
        let Some(settings) = orders.settings.clone() else { return Err(End::Orders) };
        if orders.role == Role::Idle || !same_connection(&settings, &bound.settings) {
            return Err(End::Orders);
        }
        let memory = &mut self.memory;
        if let Role::Watcher { cursor, .. } = orders.role
            && bound.counts(&orders)
            && memory.told_at.is_none_or(|told| orders.as_of > told)
        {
            memory.cursor = cursor;
            memory.wish(&orders.look_up);
        }
        if settings.attributes != bound.settings.attributes {
            memory.read_all = true;
        }
        let changed = settings.revision != bound.settings.revision;
        // The server trusts what is read by how far this domain controller has replicated: that must be of now.
        let watches_anew = matches!(orders.role, Role::Watcher { .. }) && bound.role().is_none();
        let reads_again = orders.read_again != bound.orders.read_again;
        (bound.settings, bound.orders) = (settings, orders);
        Ok(changed || watches_anew || reads_again)
    }

    /// One poll.
    async fn poll(&mut self, bound: &mut Bound) -> Result<i64, End> {
        let Some(fence) = bound.role() else { return Ok(bound.connection.highest_usn().await?) };
        let turn = Turn {
            connection: &bound.connection,
            options: &self.options,
            settings: &bound.settings,
            watched: &bound.orders.watched,
            fence,
            read_again: bound.orders.read_again,
            out: &self.outlets.shipments,
        };
        let taken = tokio::select! {
            biased;
            () = lost(self.orders.clone(), fence, bound.settings.clone()) => return Err(End::Orders),
            taken = turn.take(&mut self.memory, &mut bound.beside) => taken,
        };
        if let Err(Stop::Server(Refusal::Cursor(cursor))) = taken {
            self.memory.told(cursor);
        }
        Ok(taken?)
    }
}
