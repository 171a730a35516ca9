//! Fills the planner's input from the mirrors.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use planner::Input;
use planner::input::{Domain as DomainFacts, IntegrationGroup};
use protocol::{DistinguishedName, DomainName, ObjectGuid, Sid};
use sqlx::PgConnection;

use crate::settings::DomainSettings;
use crate::store;
use crate::store::domains::Domain;

/// What JumpCloud shows as the source of our users. The word that its own agent writes is not public.
pub(super) const EXTERNAL_SOURCE_TYPE: &str = "active_directory";

/// The input for some subjects of a domain, each with its kind.
pub(super) async fn input(
    conn: &mut PgConnection,
    domain: &Domain,
    settings: &DomainSettings,
    subjects: &[(ObjectGuid, String)],
    now: DateTime<Utc>,
) -> anyhow::Result<Input> {
    let mut input = without_subjects(conn, domain, settings, now).await?;
    set_subjects(conn, domain, &mut input, subjects).await?;
    Ok(input)
}

/// What is the same for every subject of the domain.
pub(super) async fn without_subjects(
    conn: &mut PgConnection,
    domain: &Domain,
    settings: &DomainSettings,
    now: DateTime<Utc>,
) -> anyhow::Result<Input> {
    let organization = domain.organization_id;
    Ok(Input {
        now,
        policy: settings.policy(),
        unread: BTreeSet::new(),
        domain: facts(conn, domain, settings).await?,
        groups: store::planning::list_groups(&mut *conn, domain.id).await?,
        parents: store::planning::list_parents(&mut *conn, domain.id).await?,
        group_links: store::planning::list_group_links(&mut *conn, domain.id).await?,
        closed_groups: store::planning::list_closed_groups(&mut *conn, organization, domain.id).await?,
        users: BTreeMap::new(),
        group_subjects: BTreeMap::new(),
    })
}

/// Has the input be about these subjects, and no others.
pub(super) async fn set_subjects(
    conn: &mut PgConnection,
    domain: &Domain,
    input: &mut Input,
    subjects: &[(ObjectGuid, String)],
) -> anyhow::Result<()> {
    let of_kind = |wanted: &str| -> Vec<ObjectGuid> {
        subjects.iter().filter(|(_, kind)| kind == wanted).map(|(guid, _)| *guid).collect()
    };
    let organization = domain.organization_id;
    input.users = store::planning::list_users(conn, organization, domain.id, &of_kind("user")).await?;
    input.group_subjects =
        store::planning::list_group_subjects(conn, organization, domain.id, &of_kind("group")).await?;
    Ok(())
}

pub(super) async fn facts(
    conn: &mut PgConnection,
    domain: &Domain,
    settings: &DomainSettings,
) -> anyhow::Result<DomainFacts> {
    let container = current_container(conn, domain, settings).await?;
    let integration_group = match current_group(conn, domain, settings).await? {
        Some(guid) => IntegrationGroup::Present(guid),
        None => IntegrationGroup::Lost,
    };
    Ok(DomainFacts {
        name: DomainName::parse(&domain.name)?,
        sid: domain.domain_sid.as_deref().and_then(Sid::parse),
        root_user_container: container,
        integration_group,
        bind_account: domain.bind_account.as_deref().and_then(|dn| DistinguishedName::parse(dn).ok()),
        activedirectory_id: domain.activedirectory_id.clone(),
        external_source_type: EXTERNAL_SOURCE_TYPE.into(),
    })
}

/// The container by its objectGUID, so that a rename is followed; by its name where other settings are tried.
async fn current_container(
    conn: &mut PgConnection,
    domain: &Domain,
    settings: &DomainSettings,
) -> anyhow::Result<DistinguishedName> {
    if let Some(guid) = domain.root_user_container
        && settings.root_user_container == domain.settings.root_user_container
        && let Some(dn) = store::directory::find_container_dn(conn, domain.id, guid).await?
    {
        return Ok(DistinguishedName::parse(&dn)?);
    }
    Ok(DistinguishedName::parse(&settings.root_user_container)?)
}

/// The group as it was pinned; by its name where other settings are tried.
async fn current_group(
    conn: &mut PgConnection,
    domain: &Domain,
    settings: &DomainSettings,
) -> anyhow::Result<Option<ObjectGuid>> {
    if settings.integration_group == domain.settings.integration_group {
        return Ok(domain.integration_group.filter(|_| !domain.integration_group_lost));
    }
    let name = DistinguishedName::parse(&settings.integration_group)?;
    Ok(store::planning::find_group_named(conn, domain.id, name.key()).await?)
}
