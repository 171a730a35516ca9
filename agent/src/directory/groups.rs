//! The groups in scope, read again after the directory has moved: deleting a user takes it off every list without
//! touching the groups, and a primary group has no list at all. What is read beside the watcher is only compared; what
//! has changed the watcher reads and sends itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use protocol::ObjectGuid;

use super::connect::Connection;
use super::errors::Failure;
use super::members::{ListDigest, MemberList};
use super::objects::FIRST_MEMBERS;
use super::search::{PAGE, Search, guid_filter};

const DOING: &str = "Reading the groups again";

/// Groups per search: enough to save round trips, few enough for a filter.
const AT_ONCE: usize = 50;

/// What the lists held when they were last accepted by the server.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub lists: BTreeMap<ObjectGuid, ListDigest>,
    pub primary: BTreeMap<ObjectGuid, ListDigest>,
    /// The last part of each watched group's SID, where it could be read.
    pub rids: BTreeMap<ObjectGuid, Option<u32>>,
    /// Watched groups that were not found, and of which the server has been told.
    pub gone: BTreeSet<ObjectGuid>,
}

impl Known {
    /// True once the group has been read, or looked for in vain.
    pub(crate) fn knows(&self, group: ObjectGuid) -> bool {
        self.rids.contains_key(&group) || self.gone.contains(&group)
    }

    /// True if it has not been read yet whose primary group some group is.
    pub(crate) fn lacks_primary(&self) -> bool {
        self.rids.iter().any(|(group, rid)| rid.is_some() && !self.primary.contains_key(group))
    }

    /// Drops what is not watched any more, so that it is told anew if it is watched again.
    pub(crate) fn forget_unwatched(&mut self, watched: &[ObjectGuid]) {
        let is_watched = |group: &ObjectGuid| watched.binary_search(group).is_ok();
        self.lists.retain(|group, _| is_watched(group));
        self.primary.retain(|group, _| is_watched(group));
        self.rids.retain(|group, _| is_watched(group));
        self.gone.retain(is_watched);
    }
}

/// The watched groups as they are.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    pub digests: BTreeMap<ObjectGuid, ListDigest>,
    pub rids: BTreeMap<ObjectGuid, Option<u32>>,
    /// Watched, but not found.
    pub unseen: BTreeSet<ObjectGuid>,
}

/// Reads the lists, keeping only their digests.
pub(crate) async fn lists(
    connection: Arc<Connection>,
    domain: String,
    watched: Arc<[ObjectGuid]>,
) -> Result<Lists, Failure> {
    let mut lists = Lists { unseen: watched.iter().copied().collect(), ..Lists::default() };
    for some in watched.chunks(AT_ONCE) {
        let filter = some.iter().map(|guid| guid_filter(*guid)).collect::<String>();
        let attributes = ["objectGUID", "objectSid", "uSNChanged", FIRST_MEMBERS];
        let search = Search::subtree(DOING, &domain, format!("(|{filter})"), &attributes);
        let mut pages = connection.pages(search, PAGE);
        while let Some(mut entry) = pages.next().await? {
            let Some(guid) = entry.guid() else { continue };
            lists.unseen.remove(&guid);
            lists.rids.insert(guid, entry.sid().and_then(|sid| sid.rid()));
            let list = MemberList::of(&connection, guid, &mut entry);
            lists.digests.insert(guid, ListDigest::of(list).await?);
        }
    }
    Ok(lists)
}

/// Reads whose primary group each group is: sixteen octets for each user, the one list that is held as a whole.
pub(crate) async fn primary_members(
    connection: Arc<Connection>,
    domain: String,
    groups: Vec<(ObjectGuid, u32)>,
) -> Result<BTreeMap<ObjectGuid, Vec<ObjectGuid>>, Failure> {
    let mut members = BTreeMap::new();
    for some in groups.chunks(AT_ONCE) {
        let by_rid: BTreeMap<u32, ObjectGuid> = some.iter().map(|(guid, rid)| (*rid, *guid)).collect();
        let filter = by_rid.keys().map(|rid| format!("(primaryGroupID={rid})")).collect::<String>();
        let attributes = ["objectGUID", "primaryGroupID"];
        let search = Search::subtree(DOING, &domain, format!("(|{filter})"), &attributes);
        members.extend(by_rid.values().map(|group| (*group, Vec::new())));
        let mut pages = connection.pages(search, 1000);
        while let Some(entry) = pages.next().await? {
            let group = entry.number("primaryGroupID").and_then(|rid| by_rid.get(&rid));
            let list = group.and_then(|group| members.get_mut(group));
            if let (Some(guid), Some(list)) = (entry.guid(), list) {
                list.push(guid);
            }
        }
    }
    Ok(members)
}

/// Who is on a list.
pub(crate) fn digest_of(members: &[ObjectGuid]) -> ListDigest {
    let mut digest = ListDigest::default();
    members.iter().for_each(|guid| digest.add(*guid));
    digest
}
