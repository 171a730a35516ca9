//! What the service account is, and what it may read: for the checks. Nothing else depends on it, so what a domain
//! controller refuses here is merely not known.

use chrono::{DateTime, Utc};
use ldap3::Scope;
use protocol::heartbeat::{Lookup, ServiceAccount};
use protocol::{DistinguishedName, DomainName, Sid};

use super::connect::Connection;
use super::entry::Entry;
use super::search::{Based, Search, guid_base};

const DOING: &str = "Reading what the service account may do";

/// `ADS_UF_DONT_EXPIRE_PASSWD`.
const PASSWORD_NEVER_EXPIRES: i64 = 0x1_0000;
/// From 1601 to 1970.
const FILETIME_EPOCH: i64 = 11_644_473_600;
/// Groups that AD itself makes have smaller RIDs.
const FIRST_OWN_RID: u32 = 1000;

/// The service account as it reads itself. `tokenGroups` are all its groups, nested ones and the primary one included.
pub(super) async fn account(
    connection: &Connection,
    dn: &DistinguishedName,
    integration_group: &Lookup,
) -> Option<ServiceAccount> {
    let attributes = [
        "objectSid",
        "sAMAccountName",
        "userAccountControl",
        "accountExpires",
        "msDS-UserPasswordExpiryTimeComputed",
        "tokenGroups",
    ];
    let entry = entry(connection, dn.as_str(), &attributes).await?;
    let groups: Vec<Sid> =
        entry.values("tokenGroups").iter().filter_map(|sid| Sid::from_octets(sid)).collect();
    let groups = Some(groups).filter(|groups| !groups.is_empty());
    let group = match integration_group {
        Lookup::Present { guid, .. } => self::entry(connection, &guid_base(*guid), &["objectSid"]).await,
        Lookup::Missing | Lookup::Unreadable => None,
    };
    let group = group.and_then(|group| group.sid());
    let in_integration_group = groups.as_ref().zip(group).map(|(groups, group)| groups.contains(&group));
    let well_known =
        groups.map(|groups| groups.into_iter().filter(|sid| sid.rid() < Some(FIRST_OWN_RID)).collect());
    let control: Option<i64> = entry.number("userAccountControl");
    Some(ServiceAccount {
        sid: entry.sid(),
        sam_account_name: entry.owned("sAMAccountName"),
        well_known_groups: well_known,
        in_integration_group,
        password_never_expires: control.map(|bits| bits & PASSWORD_NEVER_EXPIRES != 0),
        password_expires_at: time(&entry, "msDS-UserPasswordExpiryTimeComputed"),
        account_expires_at: time(&entry, "accountExpires"),
    })
}

/// Whether `member` of the integration group shows what `memberOf` of its members says.
pub(super) async fn members_readable(
    connection: &Connection,
    domain: &DomainName,
    integration_group: &Lookup,
) -> Option<bool> {
    let Lookup::Present { dn, .. } = integration_group else { return None };
    let lists = Search {
        scope: Scope::Base,
        ..Search::subtree(DOING, dn.as_str(), "(member=*)".to_owned(), &["objectClass"])
    };
    if any(connection, lists).await? {
        return Some(true);
    }
    let filter = format!("(memberOf={})", ldap3::ldap_escape(dn.as_str()));
    let has_members =
        any(connection, Search::subtree(DOING, domain.as_str(), filter, &["objectClass"])).await?;
    has_members.then_some(false)
}

/// Whether the container of deleted objects shows.
pub(super) async fn deleted_objects_readable(connection: &Connection, domain: &DomainName) -> Option<bool> {
    let base = format!("CN=Deleted Objects,{domain}");
    let filter = "(objectClass=*)".to_owned();
    let search = Search {
        scope: Scope::Base,
        deleted: true,
        ..Search::subtree(DOING, &base, filter, &["objectClass"])
    };
    any(connection, search).await
}

async fn entry(connection: &Connection, base: &str, attributes: &[&str]) -> Option<Entry> {
    match connection.base(DOING, base, attributes).await.ok()? {
        Based::Found(entry) => Some(entry),
        Based::Missing | Based::Refused => None,
    }
}

async fn any(connection: &Connection, search: Search) -> Option<bool> {
    let found = connection.pages(search, 1).unless_refused().next().await.ok()?;
    Some(found.is_some())
}

/// FILETIME; 0 and 2^63-1 mean never.
fn time(entry: &Entry, attribute: &str) -> Option<DateTime<Utc>> {
    let ticks = entry.number::<i64>(attribute).filter(|ticks| !matches!(*ticks, 0 | i64::MAX))?;
    DateTime::from_timestamp(ticks.div_euclid(10_000_000) - FILETIME_EPOCH, 0)
}
