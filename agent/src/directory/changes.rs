//! Reading the directory: all of it, or what changed since a cursor. Entries become records as they come.

use std::collections::BTreeMap;

use ldap3::Scope;
use protocol::heartbeat::{AgentSettings, Lookup, Report};
use protocol::transfer::{Found, PartAnswer, Record};
use protocol::{DistinguishedName, ObjectGuid};

use super::connect::Connection;
use super::entry::Entry;
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
    /// What the settings name may be called otherwise now.
    pub renamed: bool,
}

/// The integration group as the last report has it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Named(Option<(ObjectGuid, DistinguishedName)>);

impl Named {
    pub(crate) fn of(report: &Report) -> Self {
        match &report.integration_group {
            Lookup::Present { guid, dn, .. } => Self(Some((*guid, dn.clone()))),
            Lookup::Missing | Lookup::Unreadable => Self(None),
        }
    }

    /// A unit may be the container, or stand above it or the group.
    fn may_be_renamed_by(&self, guid: ObjectGuid, entry: &Entry) -> bool {
        let is = |class: &str| entry.classes().iter().any(|known| known == class);
        let group = match &self.0 {
            Some((group, dn)) => *group == guid && entry.name().is_some_and(|name| name.dn != *dn),
            None => is("group"),
        };
        group || is("organizationalunit") || is("container")
    }
}

/// Reads everything that can be read.
pub(crate) async fn read_all(
    connection: &Connection,
    settings: &AgentSettings,
    mut transfer: Transfer<'_>,
) -> Result<Applied, Stop> {
    const DOING: &str = "Reading the whole domain";
    let (hidden, renamed) =
        read_matching(connection, settings, DOING, KINDS.to_owned(), &Named::default(), &mut transfer)
            .await?;
    if transfer.is_empty() {
        // Every domain has containers: it is the rights that are missing, not the objects.
        let why = "it returned nothing at all, so the service account may not read the domain";
        return Err(Failure::incomplete(DOING, why).into());
    }
    let (answer, digests) = transfer.finish().await?;
    Ok(Applied { answer, digests, hidden, renamed })
}

/// Reads what changed since `cursor`.
pub(crate) async fn read_since(
    connection: &Connection,
    settings: &AgentSettings,
    cursor: i64,
    named: &Named,
    mut transfer: Transfer<'_>,
) -> Result<Applied, Stop> {
    const DOING: &str = "Reading what changed";
    let filter = format!("(&(uSNChanged>={}){KINDS})", cursor.saturating_add(1));
    let (hidden, renamed) = read_matching(connection, settings, DOING, filter, named, &mut transfer).await?;
    put_deleted(connection, settings.domain.as_str(), cursor, &mut transfer).await?;
    let (answer, digests) = transfer.finish().await?;
    Ok(Applied { answer, digests, hidden, renamed })
}

async fn read_matching(
    connection: &Connection,
    settings: &AgentSettings,
    doing: &'static str,
    filter: String,
    named: &Named,
    transfer: &mut Transfer<'_>,
) -> Result<(u64, bool), Stop> {
    let attributes = objects::attributes(&settings.attributes);
    let base = settings.domain.as_str().to_owned();
    let search = Search { doing, base, scope: Scope::Subtree, filter, attributes, deleted: false };
    let mut pages = connection.pages(search, PAGE);
    let (mut hidden, mut renamed) = (0, false);
    while let Some(entry) = pages.next().await? {
        let known = entry.guid().or_else(|| entry.name()?.guid);
        let guid =
            known.ok_or_else(|| Failure::incomplete(doing, "an object came without its objectGUID"))?;
        let is_user = entry.octets("sAMAccountName").is_some() && entry.octets("groupType").is_none();
        if is_user && (entry.octets("userAccountControl").is_none() || entry.octets("pwdLastSet").is_none()) {
            hidden += 1;
        }
        renamed |= named.may_be_renamed_by(guid, &entry);
        if put_object(connection, settings, guid, entry, transfer).await? == Found::Unreadable {
            // Its class or name is hidden. It is not left out in silence: whoever leaves it out calls it gone.
            transfer.put(Record::LookedUp { guid, found: Found::Unreadable }).await?;
        }
    }
    Ok((hidden, renamed))
}
