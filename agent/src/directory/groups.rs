//! The groups in scope, read again after the directory has moved: deleting a user takes it off every list without
//! touching the groups, and a primary group has no list at all.

use std::collections::{BTreeMap, BTreeSet};

use protocol::ObjectGuid;
use protocol::heartbeat::AgentSettings;

use super::connect::Connection;
use super::errors::Failure;
use super::look_up::look_up;
use super::members::{ListDigest, MemberList};
use super::objects::FIRST_MEMBERS;
use super::search::{PAGE, Search, guid_filter};
use super::transfer::{Stop, Transfer};

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

    /// Drops what is not watched any more, so that it is told anew if it is watched again.
    pub(crate) fn forget_unwatched(&mut self, watched: &[ObjectGuid]) {
        let is_watched = |group: &ObjectGuid| watched.binary_search(group).is_ok();
        self.lists.retain(|group, _| is_watched(group));
        self.primary.retain(|group, _| is_watched(group));
        self.rids.retain(|group, _| is_watched(group));
        self.gone.retain(is_watched);
    }
}

/// Reads the lists and puts those in that are not as they were. Returns the groups that were not found.
pub(crate) async fn put_changed(
    connection: &Connection,
    settings: &AgentSettings,
    watched: &[ObjectGuid],
    known: &mut Known,
    transfer: &mut Transfer<'_>,
) -> Result<BTreeSet<ObjectGuid>, Stop> {
    let mut unseen: BTreeSet<ObjectGuid> = watched.iter().copied().collect();
    for some in watched.chunks(AT_ONCE) {
        let filter = some.iter().map(|guid| guid_filter(*guid)).collect::<String>();
        let attributes = ["objectGUID", "objectSid", "uSNChanged", FIRST_MEMBERS];
        let search = Search::subtree(DOING, settings.domain.as_str(), format!("(|{filter})"), &attributes);
        let mut pages = connection.pages(search, PAGE);
        while let Some(mut entry) = pages.next().await? {
            let Some(guid) = entry.guid() else { continue };
            unseen.remove(&guid);
            known.rids.insert(guid, entry.sid().and_then(|sid| sid.rid()));
            let list = MemberList::of(connection, guid, &mut entry);
            put_if_changed(connection, guid, list, known, transfer).await?;
        }
    }
    for guid in unseen.difference(&known.gone).copied() {
        look_up(connection, settings, watched, guid, transfer).await?;
    }
    Ok(unseen)
}

/// A long list is read twice, once to see whether it changed and once to send it, so that it is never held.
async fn put_if_changed(
    connection: &Connection,
    guid: ObjectGuid,
    list: MemberList<'_>,
    known: &Known,
    transfer: &mut Transfer<'_>,
) -> Result<(), Stop> {
    let before = known.lists.get(&guid);
    if list.is_whole() {
        if before != Some(&list.digest()?) {
            transfer.put_members(guid, list).await?;
        }
    } else if before.is_none() {
        transfer.put_members(guid, list).await?;
    } else if before != Some(&ListDigest::of(list).await?) {
        transfer.put_members(guid, MemberList::from_start(connection, guid)).await?;
    }
    Ok(())
}

/// Reads whose primary group each watched group is, and puts those in that are not as they were.
pub(crate) async fn put_primary(
    connection: &Connection,
    settings: &AgentSettings,
    known: &Known,
    transfer: &mut Transfer<'_>,
) -> Result<BTreeMap<ObjectGuid, ListDigest>, Stop> {
    let mut changed = BTreeMap::new();
    let all: Vec<(ObjectGuid, u32)> =
        known.rids.iter().filter_map(|(guid, rid)| Some((*guid, (*rid)?))).collect();
    for some in all.chunks(AT_ONCE) {
        let mut members = primary_members(connection, settings, some).await?;
        for (group, rid) in some {
            let list = members.remove(rid).unwrap_or_default();
            let mut digest = ListDigest::default();
            list.iter().for_each(|guid| digest.add(guid.0.as_bytes()));
            if known.primary.get(group) != Some(&digest) {
                transfer.put_primary(*group, list).await?;
                changed.insert(*group, digest);
            }
        }
    }
    Ok(changed)
}

/// Sixteen octets for each: the one list that is held as a whole.
async fn primary_members(
    connection: &Connection,
    settings: &AgentSettings,
    groups: &[(ObjectGuid, u32)],
) -> Result<BTreeMap<u32, Vec<ObjectGuid>>, Failure> {
    let filter = groups.iter().map(|(_, rid)| format!("(primaryGroupID={rid})")).collect::<String>();
    let filter = format!("(&(objectClass=user)(!(objectClass=computer))(|{filter}))");
    let attributes = ["objectGUID", "primaryGroupID"];
    let search = Search::subtree(DOING, settings.domain.as_str(), filter, &attributes);
    let mut pages = connection.pages(search, 1000);
    let mut members: BTreeMap<u32, Vec<ObjectGuid>> = BTreeMap::new();
    while let Some(entry) = pages.next().await? {
        if let (Some(guid), Some(rid)) = (entry.guid(), entry.number("primaryGroupID")) {
            members.entry(rid).or_default().push(guid);
        }
    }
    Ok(members)
}
