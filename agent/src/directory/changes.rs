//! Reading the directory: all of it, or what changed since a cursor. Entries become records as they come.

use std::collections::BTreeMap;

use ldap3::Scope;
use protocol::ObjectGuid;
use protocol::heartbeat::AgentSettings;
use protocol::transfer::{Found, PartAnswer, Record};

use super::connect::Connection;
use super::errors::Failure;
use super::look_up::{put_deleted, put_object};
use super::members::ListDigest;
use super::objects::{self, KINDS};
use super::search::{PAGE, Search};
use super::transfer::{Stop, Transfer};

/// What a read came to.
pub(crate) struct Applied {
    pub answer: PartAnswer,
    pub digests: BTreeMap<ObjectGuid, ListDigest>,
    /// Users without an attribute that every user has: we may not read it.
    pub hidden: u64,
}

/// Reads everything that can be read.
pub(crate) async fn read_all(
    connection: &Connection,
    settings: &AgentSettings,
    mut transfer: Transfer<'_>,
) -> Result<Applied, Stop> {
    const DOING: &str = "Reading the whole domain";
    let hidden = read_matching(connection, settings, DOING, KINDS.to_owned(), &mut transfer).await?;
    if transfer.is_empty() {
        // Every domain has containers: it is the rights that are missing, not the objects.
        let why = "it returned nothing at all, so the service account may not read the domain";
        return Err(Failure::incomplete(DOING, why).into());
    }
    let (answer, digests) = transfer.finish().await?;
    Ok(Applied { answer, digests, hidden })
}

/// Reads what changed since `cursor`.
pub(crate) async fn read_since(
    connection: &Connection,
    settings: &AgentSettings,
    cursor: i64,
    mut transfer: Transfer<'_>,
) -> Result<Applied, Stop> {
    const DOING: &str = "Reading what changed";
    let filter = format!("(&(uSNChanged>={}){KINDS})", cursor.saturating_add(1));
    let hidden = read_matching(connection, settings, DOING, filter, &mut transfer).await?;
    put_deleted(connection, settings.domain.as_str(), cursor, &mut transfer).await?;
    let (answer, digests) = transfer.finish().await?;
    Ok(Applied { answer, digests, hidden })
}

async fn read_matching(
    connection: &Connection,
    settings: &AgentSettings,
    doing: &'static str,
    filter: String,
    transfer: &mut Transfer<'_>,
) -> Result<u64, Stop> {
    let attributes = objects::attributes(&settings.attributes);
    let base = settings.domain.as_str().to_owned();
    let search = Search { doing, base, scope: Scope::Subtree, filter, attributes, deleted: false };
    let mut pages = connection.pages(search, PAGE);
    let mut hidden = 0;
    while let Some(entry) = pages.next().await? {
        let named = entry.guid().or_else(|| entry.name()?.guid);
        let guid =
            named.ok_or_else(|| Failure::incomplete(doing, "an object came without its objectGUID"))?;
        let is_user = entry.octets("sAMAccountName").is_some() && entry.octets("groupType").is_none();
        if is_user && (entry.octets("userAccountControl").is_none() || entry.octets("pwdLastSet").is_none()) {
            hidden += 1;
        }
        if put_object(connection, settings, guid, entry, transfer).await? == Found::Unreadable {
            // Its class or name is hidden. It is not left out in silence: whoever leaves it out calls it gone.
            transfer.put(Record::LookedUp { guid, found: Found::Unreadable }).await?;
        }
    }
    Ok(hidden)
}
