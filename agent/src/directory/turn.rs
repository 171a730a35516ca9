//! One turn of the watcher on one connection: one tiny search when nothing moved; otherwise what moved, the groups in
//! scope, and the objects that the server asks about.

use std::time::{Duration, Instant};

use protocol::ObjectGuid;
use protocol::heartbeat::AgentSettings;
use protocol::transfer::{Kind, PartAnswer};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::changes::{Applied, read_all, read_since};
use super::connect::Connection;
use super::groups::{self, Known};
use super::look_up::look_up;
use super::transfer::{Header, Shipment, Stop, Transfer};

/// How long a re-read rests after it took this long.
const REST: [u32; 2] = [3, 10];

/// Objects looked up in one transfer.
const LOOK_UPS_AT_ONCE: usize = 500;

/// What the watcher knows between turns, and from one connection to the next.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub invocation_id: Option<Uuid>,
    pub cursor: Option<i64>,
    /// When the server told us the cursor; what it said before that is out of date.
    pub told_at: Option<Instant>,
    pub read_again_done: i64,
    /// A reason of our own to read in full.
    pub read_all: bool,
    pub hidden: u64,
    pub look_up: Vec<ObjectGuid>,
    known: Known,
    lists: Pace,
    primary: Pace,
}

/// When something was last read again, and how long that took.
#[derive(Debug, Default)]
struct Pace {
    at: Option<(Instant, Duration)>,
    /// `highestCommittedUSN` then.
    usn: i64,
}

impl Pace {
    fn is_due(&self, usn: i64, pause: Duration, rest: u32) -> bool {
        self.at.is_none_or(|(at, took)| self.usn != usn && at.elapsed() >= pause.max(took * rest))
    }

    fn note(&mut self, began: Instant, usn: i64) {
        *self = Self { at: Some((began, began.elapsed())), usn };
    }
}

impl Memory {
    /// Forgets what belongs to another domain controller's database.
    pub(crate) fn adopt(&mut self, invocation_id: Uuid) {
        if self.invocation_id != Some(invocation_id) {
            let read_again_done = self.read_again_done;
            *self = Self { invocation_id: Some(invocation_id), read_again_done, ..Self::default() };
        }
    }

    /// The server has told where it stands.
    pub(crate) fn told(&mut self, cursor: Option<i64>) {
        self.cursor = cursor;
        self.told_at = Some(Instant::now());
    }

    /// Notes objects to look up.
    pub(crate) fn wish(&mut self, look_up: &[ObjectGuid]) {
        for guid in look_up {
            if !self.look_up.contains(guid) {
                self.look_up.push(*guid);
            }
        }
    }

    fn applied(&mut self, answer: PartAnswer) {
        self.told(answer.cursor);
        self.wish(&answer.look_up);
    }
}

/// What a turn works with.
pub(crate) struct Turn<'t> {
    pub connection: &'t Connection,
    pub settings: &'t AgentSettings,
    pub watched: &'t [ObjectGuid],
    pub fence: i64,
    pub read_again: i64,
    pub pause: Duration,
    pub out: &'t mpsc::Sender<Shipment>,
}

impl Turn<'_> {
    /// Looks whether anything moved, and reads it. Returns `highestCommittedUSN`.
    pub(crate) async fn take(&self, memory: &mut Memory) -> Result<i64, Stop> {
        // Read before any search, on the same connection: what changes during a search is read next time.
        let usn = self.connection.highest_usn().await?;
        match memory.cursor {
            Some(cursor) if usn >= cursor && !self.wants_all(memory) => {
                if usn > cursor {
                    self.delta(memory, cursor, usn).await?;
                }
            }
            // Lower than the cursor: the domain controller was restored from a backup.
            Some(_) | None => self.full(memory, usn).await?,
        }
        self.groups(memory, usn).await?;
        self.look_ups(memory).await?;
        Ok(usn)
    }

    fn wants_all(&self, memory: &Memory) -> bool {
        memory.read_all || self.read_again > memory.read_again_done
    }

    async fn full(&self, memory: &mut Memory, usn: i64) -> Result<(), Stop> {
        tracing::info!(usn, "reading the whole domain");
        let began = Instant::now();
        let transfer = self.transfer(memory, None, usn, Kind::Full);
        let applied = read_all(self.connection, self.settings, transfer).await?;
        memory.hidden = applied.hidden;
        memory.read_all = false;
        memory.read_again_done = self.read_again.max(memory.read_again_done);
        memory.known = Known::default();
        self.remember(memory, applied);
        tracing::info!(usn, took_ms = began.elapsed().as_millis() as u64, "the whole domain was read");
        Ok(())
    }

    async fn delta(&self, memory: &mut Memory, cursor: i64, usn: i64) -> Result<(), Stop> {
        let transfer = self.transfer(memory, Some(cursor), usn, Kind::Delta);
        let applied = read_since(self.connection, self.settings, cursor, transfer).await?;
        tracing::debug!(from = cursor, to = usn, "changes were read");
        self.remember(memory, applied);
        Ok(())
    }

    fn remember(&self, memory: &mut Memory, applied: Applied) {
        memory.known.lists.extend(applied.digests);
        memory.applied(applied.answer);
    }

    /// Reads the watched groups again, if anything moved since and they have rested.
    async fn groups(&self, memory: &mut Memory, usn: i64) -> Result<(), Stop> {
        memory.known.forget_unwatched(self.watched);
        let new = self.watched.iter().any(|group| !memory.known.knows(*group));
        if new || memory.lists.is_due(usn, self.pause, REST[0]) {
            let began = Instant::now();
            self.lists(memory).await?;
            memory.lists.note(began, usn);
        }
        if new || memory.primary.is_due(usn, self.pause, REST[1]) {
            let began = Instant::now();
            self.primary(memory).await?;
            memory.primary.note(began, usn);
        }
        Ok(())
    }

    async fn lists(&self, memory: &mut Memory) -> Result<(), Stop> {
        let Some(mut transfer) = self.addition(memory) else { return Ok(()) };
        let known = &mut memory.known;
        let gone =
            groups::put_changed(self.connection, self.settings, self.watched, known, &mut transfer).await?;
        if !transfer.is_empty() {
            let (answer, digests) = transfer.finish().await?;
            memory.known.lists.extend(digests);
            memory.applied(answer);
        }
        memory.known.gone = gone;
        Ok(())
    }

    async fn primary(&self, memory: &mut Memory) -> Result<(), Stop> {
        let Some(mut transfer) = self.addition(memory) else { return Ok(()) };
        let changed =
            groups::put_primary(self.connection, self.settings, &memory.known, &mut transfer).await?;
        if !transfer.is_empty() {
            let (answer, _) = transfer.finish().await?;
            memory.known.primary.extend(changed);
            memory.applied(answer);
        }
        Ok(())
    }

    /// Answers what the server asked about. What it asks in return waits for the next turn.
    async fn look_ups(&self, memory: &mut Memory) -> Result<(), Stop> {
        if memory.look_up.is_empty() {
            return Ok(());
        }
        let Some(mut transfer) = self.addition(memory) else { return Ok(()) };
        let count = memory.look_up.len().min(LOOK_UPS_AT_ONCE);
        for guid in &memory.look_up[..count] {
            look_up(self.connection, self.settings, self.watched, *guid, &mut transfer).await?;
        }
        let (answer, digests) = transfer.finish().await?;
        memory.known.lists.extend(digests);
        memory.look_up.drain(..count);
        memory.applied(answer);
        Ok(())
    }

    /// A transfer that adds facts without moving the cursor; `None` before the first full read.
    fn addition(&self, memory: &Memory) -> Option<Transfer<'_>> {
        memory.cursor.map(|cursor| self.transfer(memory, Some(cursor), cursor, Kind::Delta))
    }

    fn transfer(&self, memory: &Memory, from: Option<i64>, to: i64, kind: Kind) -> Transfer<'_> {
        let invocation_id = memory.invocation_id.unwrap_or_default();
        let header = Header { fence: self.fence, invocation_id, from, to, kind };
        Transfer::begin(header, self.out)
    }
}
