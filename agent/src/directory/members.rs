//! Reading one group's `member` list in ranges (MS-ADTS 3.1.1.3.1.3.3), so that it comes out as it was at one moment.
//!
//! A list that changed between two ranges is begun anew. A change of members moves the group's `uSNChanged`; a member
//! that is deleted does not, but shifts all that stand behind it, so each range repeats the last value of the one before.

use std::sync::Arc;

use protocol::ObjectGuid;
use protocol::directory::MemberRef;
use ring::digest::{SHA256, digest};

use super::connect::Connection;
use super::entry::{Entry, Range};
use super::errors::Failure;
use super::name::Name;
use super::search::{Based, guid_base};

const DOING: &str = "Reading the members of a group";

/// Values to ask for at once. Windows gives 1,500 of them by default; Samba goes through the whole list for each range.
const RANGE: usize = 5_000;

/// A list that changes faster than it can be read.
const MAX_RESTARTS: u8 = 8;

/// A group's list, range by range.
pub(crate) struct MemberList<'c> {
    connection: &'c Connection,
    group: ObjectGuid,
    usn: Option<i64>,
    /// The first range, which came with the group.
    held: Option<Range>,
    next: usize,
    last: Option<ObjectGuid>,
    ended: bool,
    restarts: u8,
}

/// Some members, in order.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// The list begins here, also if it had begun before.
    pub first: bool,
    pub last: bool,
    pub members: Vec<MemberRef>,
}

impl<'c> MemberList<'c> {
    /// Begins with what `entry`, the group itself, brought along.
    pub(crate) fn of(connection: &'c Connection, group: ObjectGuid, entry: &mut Entry) -> Self {
        let held = Some(entry.take_members());
        let usn = entry.number("uSNChanged");
        Self { connection, group, usn, held, next: 0, last: None, ended: false, restarts: 0 }
    }

    /// Begins by asking for the first range.
    pub(crate) fn from_start(connection: &'c Connection, group: ObjectGuid) -> Self {
        Self { connection, group, usn: None, held: None, next: 0, last: None, ended: false, restarts: 0 }
    }

    /// The next members; `None` after the last ones.
    pub(crate) async fn next(&mut self) -> Result<Option<Chunk>, Failure> {
        while !self.ended {
            let range = match self.held.take() {
                Some(range) => Some(range),
                None => self.ask().await?,
            };
            if let Some(chunk) = range.map(|range| self.accept(range)).transpose()?.flatten() {
                return Ok(Some(chunk));
            }
            self.restart()?;
        }
        Ok(None)
    }

    /// Asks for the range that begins with the last value read. `None`: the group has moved meanwhile.
    async fn ask(&mut self) -> Result<Option<Range>, Failure> {
        let low = self.next.saturating_sub(1);
        let attributes = ["uSNChanged".to_owned(), format!("member;range={low}-{}", low + RANGE - 1)];
        match self.connection.base(DOING, &guid_base(self.group), &attributes).await? {
            Based::Found(mut entry) => {
                let usn = entry.number("uSNChanged");
                if self.next == 0 {
                    self.usn = usn;
                }
                Ok((usn == self.usn).then(|| entry.take_members()))
            }
            Based::Missing | Based::Refused => {
                Err(Failure::incomplete(DOING, "the group vanished meanwhile"))
            }
        }
    }

    /// Takes a range over; `None` if it does not continue what was read before.
    fn accept(&mut self, range: Range) -> Result<Option<Chunk>, Failure> {
        let first = self.next == 0;
        let Range { values, low, more } = range;
        let total = low + values.len();
        let mut members = Vec::with_capacity(values.len());
        for value in values {
            members.push(understand(&value)?);
        }
        if !first {
            let repeated = members.first().map(|member| member.guid);
            if low + 1 != self.next || repeated != self.last {
                return Ok(None);
            }
            members.remove(0);
            if members.is_empty() && more {
                return Err(Failure::incomplete(DOING, "a range came without values"));
            }
        }
        self.last = members.last().map(|member| member.guid).or(self.last);
        self.next = total;
        self.ended = !more;
        Ok(Some(Chunk { first, last: !more, members }))
    }

    fn restart(&mut self) -> Result<(), Failure> {
        self.restarts += 1;
        if self.restarts > MAX_RESTARTS {
            return Err(Failure::incomplete(DOING, "the list changes faster than it can be read"));
        }
        (self.next, self.last, self.usn) = (0, None, None);
        Ok(())
    }
}

fn understand(value: &[u8]) -> Result<MemberRef, Failure> {
    let name = std::str::from_utf8(value).ok().and_then(Name::parse);
    name.and_then(Name::member).ok_or_else(|| Failure::incomplete(DOING, "a member could not be understood"))
}

/// Who is on a list, in 24 octets and whatever the order: equal digests mean equal lists. Names do not count, so that
/// renaming one member does not send all of them; [`Names`] are for that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListDigest {
    sum: u128,
    count: u64,
}

impl ListDigest {
    pub(crate) fn add_member(&mut self, member: &MemberRef) {
        self.add(member.guid);
    }

    pub(crate) fn add(&mut self, guid: ObjectGuid) {
        let mut half = [0; 16];
        half.copy_from_slice(&digest(&SHA256, guid.0.as_bytes()).as_ref()[..16]);
        self.sum = self.sum.wrapping_add(u128::from_le_bytes(half));
        self.count += 1;
    }

    /// Reads a whole list without keeping it.
    pub(crate) async fn of(mut list: MemberList<'_>) -> Result<(Self, Names), Failure> {
        let (mut digest, mut names) = (Self::default(), Names::default());
        while let Some(chunk) = list.next().await? {
            if chunk.first {
                (digest, names) = (Self::default(), Names::default());
            }
            for member in &chunk.members {
                digest.add_member(member);
                names.add(member);
            }
        }
        Ok((digest, names))
    }
}

/// Shares into which the members of a list are divided by their GUIDs.
const SHARES: usize = 32;

/// What the members of a list are called, share by share: a member that was renamed or moved is in a share that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names(Arc<[u64; SHARES]>);

/// Some of the shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares([bool; SHARES]);

impl Names {
    fn add(&mut self, member: &MemberRef) {
        let named = [member.guid.0.as_bytes(), member.dn.as_str().as_bytes()].concat();
        let mut eighth = [0; 8];
        eighth.copy_from_slice(&digest(&SHA256, &named).as_ref()[..8]);
        let share = &mut Arc::make_mut(&mut self.0)[share_of(member.guid)];
        *share = share.wrapping_add(u64::from_le_bytes(eighth));
    }

    /// The shares in which somebody is called otherwise than `before`, or was not there; all of them if nothing is known.
    pub(crate) fn changed_since(&self, before: Option<&Self>) -> Shares {
        let differs = |share: usize| before.is_none_or(|before| before.0[share] != self.0[share]);
        Shares(std::array::from_fn(differs))
    }
}

impl Shares {
    pub(crate) fn is_empty(self) -> bool {
        self.0.iter().all(|share| !share)
    }

    pub(crate) fn contains(self, guid: ObjectGuid) -> bool {
        self.0[share_of(guid)]
    }
}

fn share_of(guid: ObjectGuid) -> usize {
    usize::from(guid.0.as_bytes()[15]) % SHARES
}
