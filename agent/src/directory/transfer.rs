//! What was read, cut into parts and handed over. One part is on its way while the next one fills; the reader waits for
//! the way to be free, so memory never holds more.

use std::collections::BTreeMap;

use protocol::ObjectGuid;
use protocol::transfer::{Kind, Part, PartAnswer, Record};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::errors::Failure;
use super::members::{ListDigest, MemberList};

/// What a part may hold, as JSON. Far below what the wire permits, as two of them are in memory.
const PART_BYTES: usize = 256 * 1024;

/// Members in one record: one record always fits into a part.
const MEMBERS_PER_RECORD: usize = 500;

/// A part on its way out, and where its answer is awaited.
#[derive(Debug)]
pub struct Shipment {
    pub part: Part,
    pub answer: oneshot::Sender<Result<PartAnswer, Refusal>>,
}

/// Why a part was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The server stands elsewhere: resume from there.
    Cursor(Option<i64>),
    /// Somebody else watches now.
    LeaseLost,
    /// The server could not be reached, or had another reason.
    Failed(String),
}

/// Why a read ended before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The domain controller.
    Directory(Failure),
    /// The server.
    Server(Refusal),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Directory(failure)
    }
}

/// What all parts of a transfer say about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub fence: i64,
    pub revision: i64,
    pub invocation_id: Uuid,
    pub from: Option<i64>,
    pub to: i64,
    pub kind: Kind,
}

/// A transfer under way. Dropped before [`Transfer::finish`], it was never complete, and the server forgets it.
pub(crate) struct Transfer<'o> {
    id: Uuid,
    header: Header,
    out: &'o mpsc::Sender<Shipment>,
    number: u32,
    records: Vec<Record>,
    bytes: usize,
    on_its_way: Option<oneshot::Receiver<Result<PartAnswer, Refusal>>>,
    /// What the lists in this transfer hold, to be remembered once it has been applied.
    pub(crate) digests: BTreeMap<ObjectGuid, ListDigest>,
}

impl<'o> Transfer<'o> {
    pub(crate) fn begin(header: Header, out: &'o mpsc::Sender<Shipment>) -> Self {
        Self {
            id: Uuid::new_v4(),
            header,
            out,
            number: 0,
            records: Vec::new(),
            bytes: 0,
            on_its_way: None,
            digests: BTreeMap::new(),
        }
    }

    /// True if nothing has been put in.
    pub(crate) fn is_empty(&self) -> bool {
        self.number == 0 && self.records.is_empty()
    }

    pub(crate) async fn put(&mut self, record: Record) -> Result<(), Stop> {
        let size = size_of(&record) + 1;
        if self.bytes + size > PART_BYTES && !self.records.is_empty() {
            self.send(false).await?;
        }
        self.bytes += size;
        self.records.push(record);
        Ok(())
    }

    /// Puts a group's members in, as many records as they need.
    pub(crate) async fn put_members(
        &mut self,
        group: ObjectGuid,
        mut list: MemberList<'_>,
    ) -> Result<(), Stop> {
        let mut digest = ListDigest::default();
        while let Some(chunk) = list.next().await? {
            if chunk.first {
                digest = ListDigest::default();
            }
            chunk.members.iter().for_each(|member| digest.add_member(member));
            for (first, last, members) in records_of(chunk.first, chunk.last, chunk.members) {
                self.put(Record::Members { group, first, last, members }).await?;
            }
        }
        self.digests.insert(group, digest);
        Ok(())
    }

    /// Puts in whose primary group this is.
    pub(crate) async fn put_primary(
        &mut self,
        group: ObjectGuid,
        members: Vec<ObjectGuid>,
    ) -> Result<(), Stop> {
        for (first, last, members) in records_of(true, true, members) {
            self.put(Record::PrimaryMembers { group, first, last, members }).await?;
        }
        Ok(())
    }

    /// Sends the last part and waits until the whole has been applied.
    pub(crate) async fn finish(mut self) -> Result<(PartAnswer, BTreeMap<ObjectGuid, ListDigest>), Stop> {
        self.send(true).await?;
        let answer = self.settle().await?.ok_or_else(|| lost("the server did not answer"))?;
        Ok((answer, self.digests))
    }

    async fn send(&mut self, last: bool) -> Result<(), Stop> {
        self.settle().await?;
        let part = Part {
            transfer: self.id,
            number: self.number,
            last,
            fence: self.header.fence,
            revision: self.header.revision,
            invocation_id: self.header.invocation_id,
            from: self.header.from,
            to: self.header.to,
            kind: self.header.kind,
            records: std::mem::take(&mut self.records),
        };
        let (answer, awaited) = oneshot::channel();
        self.out.send(Shipment { part, answer }).await.map_err(|_| lost("the agent is stopping"))?;
        self.on_its_way = Some(awaited);
        self.number += 1;
        self.bytes = 0;
        Ok(())
    }

    async fn settle(&mut self) -> Result<Option<PartAnswer>, Stop> {
        let Some(awaited) = self.on_its_way.take() else { return Ok(None) };
        let answer = awaited.await.map_err(|_| lost("the agent is stopping"))?;
        answer.map(Some).map_err(Stop::Server)
    }
}

fn lost(why: &str) -> Stop {
    Stop::Server(Refusal::Failed(why.into()))
}

/// Cuts members into records. A list without members is one record.
fn records_of<T>(first: bool, last: bool, members: Vec<T>) -> Vec<(bool, bool, Vec<T>)> {
    let count = members.len().div_ceil(MEMBERS_PER_RECORD).max(1);
    let mut rest = members.into_iter();
    (0..count)
        .map(|at| {
            let some: Vec<T> = rest.by_ref().take(MEMBERS_PER_RECORD).collect();
            (first && at == 0, last && at + 1 == count, some)
        })
        .collect()
}

/// Counts what is written to it.
struct Count(usize);

impl std::io::Write for Count {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0 += octets.len();
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn size_of(record: &Record) -> usize {
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, record) {
        Ok(()) => count.0,
        Err(_) => PART_BYTES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_so_that_its_ends_are_marked_once() {
        let cut = |count: usize| -> Vec<(bool, bool, usize)> {
            let members = vec![(); count];
            records_of(true, true, members).into_iter().map(|(f, l, some)| (f, l, some.len())).collect()
        };
        assert_eq!(cut(0), [(true, true, 0)]);
        assert_eq!(cut(500), [(true, true, 500)]);
        assert_eq!(cut(1100), [(true, false, 500), (false, false, 500), (false, true, 100)]);
    }
}
