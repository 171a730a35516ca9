//! The groups in scope, read again after the directory has moved: deleting a user takes it off every list without
//! touching the groups, a primary group has no list at all, and of a user that is moved out of sight nothing but its name
//! on the lists is left. What is read beside the watcher is only compared; what has changed the watcher reads and sends
//! itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use protocol::ObjectGuid;

use super::connect::Connection;
use super::errors::Failure;
use super::members::{ListDigest, MemberList, Names, Shares};
use super::objects::FIRST_MEMBERS;
use super::search::{PAGE, Search, guid_filter};

const DOING: &str = "Reading the groups again";

/// Groups per search: enough to save round trips, few enough for a filter.
const AT_ONCE: usize = 50;

/// The same for members of which only the GUID is asked for.
const MEMBERS_AT_ONCE: usize = 200;

/// Members out of sight that one read names. Where there are more, it is the rights that were lost, and the next read of
/// everything tells.
const OUT_OF_SIGHT: usize = 500;

/// What the lists held when they were last accepted by the server.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub lists: BTreeMap<ObjectGuid, ListDigest>,
    pub primary: BTreeMap<ObjectGuid, ListDigest>,
    /// What the members were called when it was last seen that they are in sight.
    pub names: BTreeMap<ObjectGuid, Names>,
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
        self.names.retain(|group, _| is_watched(group));
        self.rids.retain(|group, _| is_watched(group));
        self.gone.retain(is_watched);
    }
}

/// The watched groups as they are.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    pub digests: BTreeMap<ObjectGuid, ListDigest>,
    pub names: BTreeMap<ObjectGuid, Names>,
    pub rids: BTreeMap<ObjectGuid, Option<u32>>,
    /// Watched, but not found.
    pub unseen: BTreeSet<ObjectGuid>,
    /// Members that are called otherwise than before, and that no search finds.
    pub out_of_sight: BTreeSet<ObjectGuid>,
}

/// Reads the lists, keeping only their digests. Members that are called otherwise than in `before` are looked for.
pub(crate) async fn lists(
    connection: Arc<Connection>,
    domain: String,
    watched: Arc<[ObjectGuid]>,
    before: BTreeMap<ObjectGuid, Names>,
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
            let (digest, names) = ListDigest::of(list).await?;
            let changed = names.changed_since(before.get(&guid));
            if !changed.is_empty() {
                look_for(&connection, &domain, guid, changed, &mut lists.out_of_sight).await?;
            }
            lists.digests.insert(guid, digest);
            lists.names.insert(guid, names);
        }
    }
    Ok(lists)
}

/// Looks for the members of some shares, many at once: whoever was renamed or moved within sight is found.
async fn look_for(
    connection: &Connection,
    domain: &str,
    group: ObjectGuid,
    shares: Shares,
    out_of_sight: &mut BTreeSet<ObjectGuid>,
) -> Result<(), Failure> {
    let mut list = MemberList::from_start(connection, group);
    while let Some(chunk) = list.next().await? {
        let wanted = chunk.members.iter().map(|member| member.guid).filter(|guid| shares.contains(*guid));
        for some in wanted.collect::<Vec<_>>().chunks(MEMBERS_AT_ONCE) {
            let mut missing: BTreeSet<_> = some.iter().copied().collect();
            let filter = some.iter().map(|guid| guid_filter(*guid)).collect::<String>();
            let search = Search::subtree(DOING, domain, format!("(|{filter})"), &["objectGUID"]);
            let mut pages = connection.pages(search, PAGE);
            while let Some(entry) = pages.next().await? {
                if let Some(guid) = entry.guid() {
                    missing.remove(&guid);
                }
            }
            let room = OUT_OF_SIGHT.saturating_sub(out_of_sight.len());
            out_of_sight.extend(missing.into_iter().take(room));
        }
    }
    Ok(())
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
