//! Keeps the connection: makes it, reports, polls, and makes it again after whatever goes wrong.

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::heartbeat::{AgentSettings, DirectoryState, Lookup, Report, Role};
use tokio::sync::watch;
use tokio::time::sleep_until;

use super::connect::{Connection, connect};
use super::errors::Failure;
use super::transfer::{Refusal, Stop};
use super::turn::{Beside, Memory, Turn};
use super::{Options, Orders, Outlets, report};

/// How often a connection that only stands by is tried.
const STANDBY_POLL: Duration = Duration::from_secs(10);

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
        self.pause(Duration::from_secs(seconds), settings).await;
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
        let mut session = Session { connection, settings, orders, told_at: None, beside: Beside::default() };
        loop {
            self.refresh(&mut session).await?;
            self.poll_until(&mut session, Instant::now() + self.options.report_every).await?;
        }
    }

    /// Reads the report and tells it.
    async fn refresh(&mut self, session: &mut Session) -> Result<(), End> {
        let report = report::read(&session.connection, &session.settings).await?;
        if session.told_at.is_none() {
            tracing::info!(domain_controller = report.dns_host_name, "connected to the directory");
        }
        if self.memory.invocation_id != Some(report.invocation_id) {
            self.memory.adopt(report.invocation_id);
            session.told_at = None;
        }
        if self.report.as_ref().is_some_and(|before| came_to_light(before, &report)) {
            self.memory.read_all = true;
        }
        self.report = Some(report);
        self.failures = 0;
        session.told_at.get_or_insert_with(Instant::now);
        self.tell_report(session);
        Ok(())
    }

    fn tell_report(&self, session: &Session) {
        let Some(report) = &self.report else { return };
        let mut report = Box::new(report.clone());
        report.users_with_hidden_attributes = self.memory.hidden;
        self.tell(DirectoryState::Connected { secure: session.connection.secure, report });
    }

    /// Polls as the role says until the next report is due.
    async fn poll_until(&mut self, session: &mut Session, end: Instant) -> Result<(), End> {
        let mut next = Instant::now();
        while Instant::now() < end {
            let wait = sleep_until(next.min(end).into());
            tokio::select! {
                biased;
                changed = self.orders.changed() => {
                    changed.map_err(|_| End::Orders)?;
                    let role = session.role();
                    if self.follow(session)? {
                        return Ok(());
                    }
                    if session.role() != role || !self.memory.look_up.is_empty() {
                        next = Instant::now();
                    }
                }
                () = wait => {
                    let usn = self.poll(session).await?;
                    if let Some(report) = &mut self.report {
                        report.highest_committed_usn = usn;
                    }
                    self.tell_report(session);
                    next = Instant::now() + session.rhythm();
                }
            }
        }
        Ok(())
    }

    /// Takes new orders over. `true`: the report must be made anew.
    fn follow(&mut self, session: &mut Session) -> Result<bool, End> {
        let orders = self.orders.borrow_and_update().clone();
        let Some(settings) = orders.settings.clone() else { return Err(End::Orders) };
        if orders.role == Role::Idle || !same_connection(&settings, &session.settings) {
            return Err(End::Orders);
        }
        let memory = &mut self.memory;
        if let Role::Watcher { cursor, .. } = orders.role
            && session.counts(&orders)
            && memory.told_at.is_none_or(|told| orders.as_of > told)
        {
            memory.cursor = cursor;
            memory.wish(&orders.look_up);
        }
        if settings.attributes != session.settings.attributes {
            memory.read_all = true;
        }
        let changed = settings.revision != session.settings.revision;
        (session.settings, session.orders) = (settings, orders);
        Ok(changed)
    }

    /// One poll.
    async fn poll(&mut self, session: &mut Session) -> Result<i64, End> {
        let Some(fence) = session.role() else { return Ok(session.connection.highest_usn().await?) };
        let turn = Turn {
            connection: &session.connection,
            options: &self.options,
            settings: &session.settings,
            watched: &session.orders.watched,
            fence,
            read_again: session.orders.read_again,
            out: &self.outlets.shipments,
        };
        let taken = tokio::select! {
            biased;
            () = lost(self.orders.clone(), fence, session.settings.clone()) => return Err(End::Orders),
            taken = turn.take(&mut self.memory, &mut session.beside) => taken,
        };
        if let Err(Stop::Server(Refusal::Cursor(cursor))) = taken {
            self.memory.told(cursor);
        }
        Ok(taken?)
    }
}

/// One connection and the orders it works by.
struct Session {
    connection: Connection,
    settings: Arc<AgentSettings>,
    orders: Orders,
    /// When the server could first know of this connection.
    told_at: Option<Instant>,
    beside: Beside,
}

impl Session {
    /// Orders that are older than this connection say nothing of where the server stands with it.
    fn counts(&self, orders: &Orders) -> bool {
        self.told_at.is_some_and(|told| orders.as_of > told)
    }

    /// The lease under which to watch.
    fn role(&self) -> Option<i64> {
        match self.orders.role {
            Role::Watcher { fence, .. } if self.counts(&self.orders) => Some(fence),
            Role::Watcher { .. } | Role::Standby | Role::Idle => None,
        }
    }

    fn rhythm(&self) -> Duration {
        match self.role() {
            Some(_) => Duration::from_millis(self.settings.poll_interval_ms.clamp(50, 60_000)),
            None => STANDBY_POLL,
        }
    }
}

/// Ends when this lease, or this connection, is no longer what is wanted: a read under it stops at once.
async fn lost(mut orders: watch::Receiver<Orders>, lease: i64, settings: Arc<AgentSettings>) {
    let ended = orders.wait_for(|orders| {
        let holds = matches!(orders.role, Role::Watcher { fence, .. } if fence == lease);
        !holds || !orders.settings.as_ref().is_some_and(|now| same_connection(now, &settings))
    });
    let _ = ended.await;
}

fn same_connection(one: &AgentSettings, other: &AgentSettings) -> bool {
    one.domain == other.domain
        && one.bind_user == other.bind_user
        && one.bind_password == other.bind_password
        && one.ca_pem == other.ca_pem
        && one.server_fingerprint == other.server_fingerprint
        && one.allow_insecure == other.allow_insecure
}

/// A name of the settings could not be found before and is there now: rights came back, and what was missed meanwhile
/// is read.
fn came_to_light(before: &Report, now: &Report) -> bool {
    let appeared = |before: &Lookup, now: &Lookup| {
        !matches!(before, Lookup::Present { .. }) && matches!(now, Lookup::Present { .. })
    };
    appeared(&before.root_user_container, &now.root_user_container)
        || appeared(&before.integration_group, &now.integration_group)
}
