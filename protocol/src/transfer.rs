//! What the watcher read, on its way to the server.
//!
//! A transfer is sent in numbered parts of at most [`MAX_PART_BYTES`], staged by the server and applied with the last
//! one: if `from` is still the cursor that the server holds for this domain controller, and the sender still holds the
//! watcher lease. Otherwise the answer is 409 with the cursor to resume from.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ObjectGuid;
use crate::directory::{Container, Group, MemberRef, User};

/// No part is larger, as JSON.
pub const MAX_PART_BYTES: usize = 1024 * 1024;

/// `POST /agent/v1/transfers`: one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Drawn by the agent for each transfer; the parts of one share it.
    pub transfer: Uuid,
    /// From 0, without gaps.
    pub number: u32,
    /// True on the last part.
    pub last: bool,
    /// The watcher lease under which this was read.
    pub fence: i64,
    /// The settings revision by which this was read; 0 from an agent that does not tell.
    #[serde(default)]
    pub revision: i64,
    /// Which database of which domain controller was read (MS-ADTS 3.1.1.1.9).
    pub invocation_id: Uuid,
    /// The cursor from which was read; `None` with a full read.
    pub from: Option<i64>,
    /// `highestCommittedUSN`, read on the same connection before the search.
    pub to: i64,
    pub kind: Kind,
    pub records: Vec<Record>,
}

/// What the absence of an object means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Everything that can be read: what is absent has vanished, and the server asks why.
    Full,
    /// What changed since `from`: absence means nothing.
    Delta,
}

/// One thing that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
#[expect(clippy::large_enum_variant, reason = "nearly every record is a user")]
pub enum Record {
    User(User),
    Group(Group),
    Container(Container),
    /// The members of one group. A long list spans several records, `first` on the first and `last` on the last; the
    /// whole replaces what the server had. A list that changed while it was read is begun anew: a record with `first`
    /// voids what this transfer has of the same list before it.
    Members {
        group: ObjectGuid,
        first: bool,
        last: bool,
        members: Vec<MemberRef>,
    },
    /// Everyone whose primary group this is; sent for groups in scope, to notice deletions.
    PrimaryMembers {
        group: ObjectGuid,
        first: bool,
        last: bool,
        members: Vec<ObjectGuid>,
    },
    /// The answer to a look-up by `<GUID=…>`, or a tombstone that could be read. An object that was found is sent as
    /// itself, before this record.
    LookedUp {
        guid: ObjectGuid,
        found: Found,
    },
}

/// What a base search by `<GUID=…>` found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// It is there, and is a user, group or container that was sent as itself.
    Present,
    /// It is there, but is none of those: its most specific object class, lower case (`contact`, `computer`).
    Other(String),
    /// The domain controller answers that there is no such object.
    Missing,
    /// There is something, and we may not read it.
    Unreadable,
}

/// The answer to a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartAnswer {
    /// True once the last part has been applied.
    pub applied: bool,
    /// The cursor that the server now holds for this domain controller.
    pub cursor: Option<i64>,
    /// Objects whose fate the server cannot tell from what it has: look each up by `<GUID=…>` on the same domain
    /// controller and send what was found as a delta with `from == to ==` this cursor.
    #[serde(default)]
    pub look_up: Vec<ObjectGuid>,
}
