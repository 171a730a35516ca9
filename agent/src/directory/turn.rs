//! One turn of the watcher on one connection: one tiny search when nothing moved; otherwise what moved, the groups in
//! scope, and the objects that the server asks about.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use protocol::ObjectGuid;
use protocol::heartbeat::AgentSettings;
use protocol::transfer::{Kind, PartAnswer};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::Options;
use super::background::Background;
use super::changes::{Applied, Named, read_all, read_since};
use super::connect::Connection;
use super::groups::{self, Known, Lists, digest_of};
use super::look_up::look_up;
use super::members::MemberList;
use super::transfer::{Header, Shipment, Stop, Transfer};

/// How many times as long as it took the re-read of the lists rests.
const LISTS_REST: u32 = 3;

/// The same for the primary groups, for which every user is visited.
const PRIMARY_REST: u32 = 10;

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
    pub named: Named,
    /// What was read may have renamed what the settings name: a report is due.
    pub renamed: bool,
    known: Known,
}

/// What is read beside the watcher.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    lists: Background<Lists>,
    primary: Background<BTreeMap<ObjectGuid, Vec<ObjectGuid>>>,
}

impl Memory {
    pub(crate) fn new(read_again_done: i64) -> Self {
        Self { read_again_done, ..Self::default() }
    }

    /// Forgets what belongs to another domain controller's database.
    pub(crate) fn adopt(&mut self, invocation_id: Uuid) {
        if self.invocation_id != Some(invocation_id) {
            *self = Self { invocation_id: Some(invocation_id), ..Self::new(self.read_again_done) };
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
    pub options: &'t Options,
    pub settings: &'t Arc<AgentSettings>,
    pub watched: &'t Arc<[ObjectGuid]>,
    pub fence: i64,
    pub read_again: i64,
    pub out: &'t mpsc::Sender<Shipment>,
}

impl Turn<'_> {
    /// Looks whether anything moved, and reads it. Returns `highestCommittedUSN`.
    pub(crate) async fn take(&self, memory: &mut Memory, beside: &mut Beside) -> Result<i64, Stop> {
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
        self.groups(memory, beside, usn).await?;
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
        // Who is out of sight stays so, and the server asks for whom this read did not show.
        memory.known = Known { names: std::mem::take(&mut memory.known.names), ..Known::default() };
        self.remember(memory, applied);
        tracing::info!(usn, took_ms = began.elapsed().as_millis() as u64, "the whole domain was read");
        Ok(())
    }

    async fn delta(&self, memory: &mut Memory, cursor: i64, usn: i64) -> Result<(), Stop> {
        let transfer = self.transfer(memory, Some(cursor), usn, Kind::Delta);
        let applied = read_since(self.connection, self.settings, cursor, &memory.named, transfer).await?;
        memory.renamed |= applied.renamed;
        tracing::debug!(from = cursor, to = usn, "changes were read");
        self.remember(memory, applied);
        Ok(())
    }

    fn remember(&self, memory: &mut Memory, applied: Applied) {
        memory.known.lists.extend(applied.digests);
        memory.applied(applied.answer);
    }

    /// Has the watched groups read again, if anything moved since and the last read has rested; and sends what a read
    /// that has ended found changed.
    async fn groups(&self, memory: &mut Memory, beside: &mut Beside, usn: i64) -> Result<(), Stop> {
        memory.known.forget_unwatched(self.watched);
        let new = self.watched.iter().any(|group| !memory.known.knows(*group));
        let domain = || self.settings.domain.as_str().to_owned();
        let pause = self.options.group_pause;
        if let Some(lists) = beside.lists.ended().await {
            self.compare_lists(memory, lists?).await?;
        } else if beside.lists.is_due(usn, pause, LISTS_REST) || new && !beside.lists.is_running() {
            let (domain, watched, names) = (domain(), self.watched.clone(), memory.known.names.clone());
            let read = |connection| groups::lists(connection, domain, watched, names);
            beside.lists.begin(self.options, self.settings, usn, read);
        }
        if let Some(members) = beside.primary.ended().await {
            self.compare_primary(memory, members?).await?;
        } else if beside.primary.is_due(usn, pause, PRIMARY_REST)
            || memory.known.lacks_primary() && !beside.primary.is_running()
        {
            let rids = &memory.known.rids;
            let groups: Vec<_> = rids.iter().filter_map(|(guid, rid)| Some((*guid, (*rid)?))).collect();
            if groups.is_empty() {
                return Ok(());
            }
            let domain = domain();
            let read = |connection| groups::primary_members(connection, domain, groups);
            beside.primary.begin(self.options, self.settings, usn, read);
        }
        Ok(())
    }

    async fn compare_lists(&self, memory: &mut Memory, lists: Lists) -> Result<(), Stop> {
        let Some(mut transfer) = self.addition(memory) else { return Ok(()) };
        let is_watched = |group: &ObjectGuid| self.watched.binary_search(group).is_ok();
        for (group, digest) in lists.digests {
            if is_watched(&group) && memory.known.lists.get(&group) != Some(&digest) {
                transfer.put_members(group, MemberList::from_start(self.connection, group)).await?;
            }
        }
        for group in lists.unseen.difference(&memory.known.gone).copied().filter(is_watched) {
            look_up(self.connection, self.settings, self.watched, group, &mut transfer).await?;
        }
        if !transfer.is_empty() {
            let (answer, digests) = transfer.finish().await?;
            memory.known.lists.extend(digests);
            memory.applied(answer);
        }
        memory.known.rids.extend(lists.rids);
        memory.known.names.extend(lists.names);
        memory.known.gone = lists.unseen;
        // Out of sight may be hidden, deleted or of another domain: each is looked up.
        memory.wish(&lists.out_of_sight.into_iter().collect::<Vec<_>>());
        Ok(())
    }

    async fn compare_primary(
        &self,
        memory: &mut Memory,
        members: BTreeMap<ObjectGuid, Vec<ObjectGuid>>,
    ) -> Result<(), Stop> {
        let Some(mut transfer) = self.addition(memory) else { return Ok(()) };
        let mut digests = BTreeMap::new();
        for (group, list) in members {
            let digest = digest_of(&list);
            if memory.known.primary.get(&group) != Some(&digest) {
                transfer.put_primary(group, list).await?;
                digests.insert(group, digest);
            }
        }
        if !transfer.is_empty() {
            let (answer, _) = transfer.finish().await?;
            memory.known.primary.extend(digests);
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
        let revision = self.settings.revision;
        let header = Header { fence: self.fence, revision, invocation_id, from, to, kind };
        Transfer::begin(header, self.out)
    }
}
