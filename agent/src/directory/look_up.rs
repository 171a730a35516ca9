//! What became of an object: present, none of ours, missing, or there but hidden from us. The last two look alike to
//! Active Directory, so *missing* is said only when nothing speaks against it.

use ldap3::Scope;
use protocol::ObjectGuid;
use protocol::heartbeat::{AgentSettings, Lookup};
use protocol::transfer::{Found, Record};

use super::connect::Connection;
use super::entry::Entry;
use super::errors::Failure;
use super::members::MemberList;
use super::objects::{self, Object};
use super::report;
use super::search::{Based, Search, guid_base, guid_filter};
use super::transfer::{Stop, Transfer};

const DOING: &str = "Looking an object up";

/// Looks an object up and puts what was found into the transfer. That some watched group can be read tells that the
/// account has not lost its rights.
pub(crate) async fn look_up(
    connection: &Connection,
    settings: &AgentSettings,
    watched: &[ObjectGuid],
    guid: ObjectGuid,
    transfer: &mut Transfer<'_>,
) -> Result<(), Stop> {
    let found = match find(connection, settings, watched, guid).await? {
        Ok(entry) => put_object(connection, settings, guid, entry, transfer).await?,
        Err(absence) => absence,
    };
    transfer.put(Record::LookedUp { guid, found }).await
}

/// Puts an entry in as what it is.
pub(crate) async fn put_object(
    connection: &Connection,
    settings: &AgentSettings,
    guid: ObjectGuid,
    mut entry: Entry,
    transfer: &mut Transfer<'_>,
) -> Result<Found, Stop> {
    match objects::read(&entry, &settings.attributes) {
        None => return Ok(Found::Unreadable),
        Some(Object::Other(class)) => return Ok(Found::Other(class)),
        Some(Object::User(user)) => transfer.put(Record::User(*user)).await?,
        Some(Object::Container(container)) => transfer.put(Record::Container(container)).await?,
        Some(Object::Group(group)) => {
            transfer.put(Record::Group(group)).await?;
            let list = MemberList::of(connection, guid, &mut entry);
            transfer.put_members(guid, list).await?;
        }
    }
    Ok(Found::Present)
}

async fn find(
    connection: &Connection,
    settings: &AgentSettings,
    watched: &[ObjectGuid],
    guid: ObjectGuid,
) -> Result<Result<Entry, Found>, Failure> {
    let attributes = objects::attributes(&settings.attributes);
    match connection.base(DOING, &guid_base(guid), &attributes).await? {
        Based::Found(entry) => return Ok(Ok(entry)),
        Based::Refused => return Ok(Err(Found::Unreadable)),
        Based::Missing => {}
    }
    let domain = settings.domain.as_str();
    let mut search = Search::subtree(DOING, domain, guid_filter(guid), &[]);
    search.attributes = attributes;
    if let Some(entry) = connection.pages(search, 1).next().await? {
        return Ok(Ok(entry));
    }
    let others = watched.iter().copied().filter(|other| *other != guid);
    let hidden =
        is_listed(connection, domain, guid).await? || !can_read(connection, settings, others).await?;
    Ok(Err(if hidden { Found::Unreadable } else { Found::Missing }))
}

/// A group still lists it: what is deleted leaves every list at once, so it is only hidden.
async fn is_listed(connection: &Connection, domain: &str, guid: ObjectGuid) -> Result<bool, Failure> {
    let search = Search::subtree(DOING, domain, format!("(member=<GUID={guid}>)"), &["objectClass"]);
    Ok(connection.pages(search, 1).next().await?.is_some())
}

/// The account can read at all: without its rights, everything would seem to be missing.
async fn can_read(
    connection: &Connection,
    settings: &AgentSettings,
    others: impl Iterator<Item = ObjectGuid>,
) -> Result<bool, Failure> {
    let mut any = false;
    for other in others {
        any = true;
        if let Based::Found(entry) = connection.base(DOING, &guid_base(other), &["objectClass"]).await?
            && !entry.classes().is_empty()
        {
            return Ok(true);
        }
    }
    let container = report::look_up(connection, &settings.root_user_container).await?;
    Ok(!any && matches!(container, Lookup::Present { .. }))
}

/// Puts in what was deleted since `usn`, where the account may see it. Most accounts may not: that is no failure.
pub(crate) async fn put_deleted(
    connection: &Connection,
    domain: &str,
    usn: i64,
    transfer: &mut Transfer<'_>,
) -> Result<(), Stop> {
    let filter = format!("(&(isDeleted=TRUE)(uSNChanged>={}))", usn.saturating_add(1));
    let base = format!("CN=Deleted Objects,{domain}");
    let mut search = Search::subtree("Reading what was deleted", &base, filter, &["objectGUID"]);
    search.scope = Scope::OneLevel;
    search.deleted = true;
    let mut pages = connection.pages(search, super::search::PAGE).unless_refused();
    while let Some(entry) = pages.next().await? {
        if let Some(guid) = entry.guid() {
            transfer.put(Record::LookedUp { guid, found: Found::Missing }).await?;
        }
    }
    Ok(())
}
