//! What the heartbeat tells about the domain controller and its domain: read at each connection and again every half minute.

use protocol::heartbeat::{AgentSettings, DomainController, Lookup, Report};
use protocol::{DistinguishedName, DomainName};
use uuid::Uuid;

use super::connect::Connection;
use super::entry::Entry;
use super::errors::{Code, Failure};
use super::name::Name;
use super::search::{Based, PAGE, Search};
use super::{own_rights, root_dse::RootDse, vector};
use crate::clock;

const DOING: &str = "Reading what the domain is like";

/// Reads the whole report, and makes sure that this is the domain of the settings.
pub(crate) async fn read(connection: &Connection, settings: &AgentSettings) -> Result<Report, Failure> {
    let root = connection.root_dse().await?;
    if root.domain.as_str() != settings.domain.as_str() {
        return Err(wrong_domain(&root.domain, &settings.domain));
    }
    let head = found(connection.base(DOING, root.domain.as_str(), &HEAD).await?);
    let text = |entry: &Option<Entry>, name| entry.as_ref().and_then(|entry| entry.owned(name));
    let clock_ahead_ms = root.current_time.map(|theirs| (theirs - clock::now()).num_milliseconds());
    let vector = head.as_ref().and_then(|head| head.octets("replUpToDateVector"));
    let integration_group = look_up(connection, &settings.integration_group).await?;
    let bind_account = bind_account(connection, settings).await?;
    let account = match &bind_account {
        Some(dn) => own_rights::account(connection, dn, &integration_group).await,
        None => None,
    };
    Ok(Report {
        dns_host_name: root.dns_host_name.clone(),
        invocation_id: invocation_id(connection, &root).await?,
        highest_committed_usn: root.highest_committed_usn,
        current_time: root.current_time,
        domain_sid: head.as_ref().and_then(Entry::sid),
        revision: settings.revision,
        root_user_container: look_up(connection, &settings.root_user_container).await?,
        replication_vector: vector.map(vector::parse).unwrap_or_default(),
        replicated_at: vector.map(vector::times).unwrap_or_default(),
        domain_controllers: domain_controllers(connection, &root, text(&head, "fSMORoleOwner")).await?,
        password_complexity: head
            .as_ref()
            .and_then(|head| head.number::<i64>("pwdProperties"))
            .map(|bits| bits & 1 != 0),
        min_password_length: head.as_ref().and_then(|head| head.number("minPwdLength")),
        password_history_length: head.as_ref().and_then(|head| head.number("pwdHistoryLength")),
        min_password_age_days: head.as_ref().and_then(|head| head.number("minPwdAge")).map(days),
        certificate_expires_at: connection.certificate_expires_at(),
        users_with_hidden_attributes: 0,
        synchronized: root.synchronized,
        clock_ahead_ms,
        members_readable: own_rights::members_readable(connection, &root.domain, &integration_group).await,
        deleted_objects_readable: own_rights::deleted_objects_readable(connection, &root.domain).await,
        integration_group,
        bind_account,
        account,
    })
}

const HEAD: [&str; 7] = [
    "objectSid",
    "pwdProperties",
    "minPwdLength",
    "pwdHistoryLength",
    "minPwdAge",
    "replUpToDateVector",
    "fSMORoleOwner",
];

fn wrong_domain(there: &DomainName, wanted: &DomainName) -> Failure {
    Failure::new(
        Code::WrongDomain,
        format!(
            "The domain controller serves {there}, not {wanted}. Enroll this machine with a token of {there}, or with \
             the address of a domain controller of {wanted}."
        ),
    )
}

/// Intervals in AD are negative, in 100 ns (MS-ADTS 3.1.1.3.4.7 minPwdAge).
fn days(interval: i64) -> i64 {
    interval.saturating_neg() / (24 * 3600 * 10_000_000)
}

fn found(based: Based) -> Option<Entry> {
    match based {
        Based::Found(entry) => Some(entry),
        Based::Missing | Based::Refused => None,
    }
}

pub(crate) async fn invocation_id(connection: &Connection, root: &RootDse) -> Result<Uuid, Failure> {
    let entry = found(connection.base(DOING, &root.ntds_settings, &["invocationId"]).await?);
    let octets = entry.and_then(|entry| entry.octets("invocationId").map(<[u8]>::to_vec));
    octets.and_then(|octets| octets.try_into().ok()).map(Uuid::from_bytes_le).ok_or_else(|| {
        Failure::new(
            Code::LdapError,
            "The domain controller does not tell its invocationId: the service account must be able to read \
             CN=Sites in the configuration partition, as authenticated users can by default.",
        )
    })
}

/// What a name in the settings is.
pub(crate) async fn look_up(connection: &Connection, dn: &DistinguishedName) -> Result<Lookup, Failure> {
    let attributes = ["objectGUID", "objectClass", "groupType"];
    let entry = match connection.base(DOING, dn.as_str(), &attributes).await? {
        Based::Found(entry) => entry,
        Based::Missing => return Ok(Lookup::Missing),
        Based::Refused => return Ok(Lookup::Unreadable),
    };
    let name = entry.name();
    let guid = entry.guid().or_else(|| name.as_ref()?.guid);
    Ok(match (guid, name) {
        (Some(guid), Some(name)) if !entry.classes().is_empty() => {
            Lookup::Present { guid, dn: name.dn, group_type: entry.number("groupType") }
        }
        _ => Lookup::Unreadable,
    })
}

/// The service account, by whichever form of its name.
async fn bind_account(
    connection: &Connection,
    settings: &AgentSettings,
) -> Result<Option<DistinguishedName>, Failure> {
    let user = settings.bind_user.trim();
    let filter = match (user.split_once('\\'), user.split_once('@')) {
        (Some((_, account)), _) => format!("(sAMAccountName={})", ldap3::ldap_escape(account)),
        (None, Some((account, _))) => format!(
            "(|(userPrincipalName={})(sAMAccountName={}))",
            ldap3::ldap_escape(user),
            ldap3::ldap_escape(account)
        ),
        (None, None) => {
            let entry = found(connection.base(DOING, user, &["objectClass"]).await?);
            return Ok(entry.and_then(|entry| entry.name()).map(|name| name.dn));
        }
    };
    let search = Search::subtree(DOING, settings.domain.as_str(), filter, &["objectClass"]);
    let entry = connection.pages(search, PAGE).next().await?;
    Ok(entry.and_then(|entry| entry.name()).map(|name| name.dn))
}

/// Every domain controller's account: writable ones have the primary group 516, read-only ones 521.
async fn domain_controllers(
    connection: &Connection,
    root: &RootDse,
    role_owner: Option<String>,
) -> Result<Vec<DomainController>, Failure> {
    let pdc = match role_owner.as_deref().and_then(Name::parse).and_then(|name| name.dn.parent()) {
        Some(server) => found(connection.base(DOING, server.as_str(), &["dNSHostName"]).await?),
        None => None,
    };
    let pdc = pdc.and_then(|entry| entry.text("dNSHostName").map(str::to_lowercase));
    let filter = "(&(objectClass=computer)(|(primaryGroupID=516)(primaryGroupID=521)))".to_owned();
    let attributes = ["dNSHostName", "primaryGroupID"];
    let mut pages = connection.pages(Search::subtree(DOING, root.domain.as_str(), filter, &attributes), PAGE);
    let mut all = Vec::new();
    while let Some(entry) = pages.next().await? {
        let Some(dns_host_name) = entry.text("dNSHostName").map(str::to_lowercase) else { continue };
        let read_only = entry.number("primaryGroupID") == Some(521);
        let pdc = pdc.as_ref() == Some(&dns_host_name);
        all.push(DomainController { dns_host_name, read_only, pdc });
    }
    all.sort();
    Ok(all)
}
