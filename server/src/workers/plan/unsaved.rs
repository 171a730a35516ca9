//! Plans that are stored nowhere: of settings that are only tried, and of one user as things stand. They are made by the
//! same function as the real one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use planner::mapping::{Trial, try_out};
use planner::{Explanation, Input, Plan};
use protocol::ObjectGuid;
use sqlx::PgConnection;

use super::gather;
use crate::settings::DomainSettings;
use crate::store;
use crate::store::domains::Domain;

/// The plan of one user as things stand.
pub async fn dry_run(
    conn: &mut PgConnection,
    domain: &Domain,
    user: ObjectGuid,
    now: DateTime<Utc>,
) -> anyhow::Result<Plan> {
    let input = input(conn, domain, &domain.settings, &[(user, "user".into())], now).await?;
    Ok(planner::plan(&input))
}

/// Why users are or are not synced, rule by rule, as things stand.
pub async fn explain(
    conn: &mut PgConnection,
    domain: &Domain,
    users: &[ObjectGuid],
    now: DateTime<Utc>,
) -> anyhow::Result<BTreeMap<ObjectGuid, Explanation>> {
    let subjects: Vec<_> = users.iter().map(|user| (*user, "user".to_owned())).collect();
    let input = input(conn, domain, &domain.settings, &subjects, now).await?;
    Ok(users.iter().filter_map(|user| Some((*user, planner::explain(&input, *user)?))).collect())
}

/// What the attribute table of these settings gives for one user. `None` before the domain was read.
pub async fn try_mappings(
    conn: &mut PgConnection,
    domain: &Domain,
    settings: &DomainSettings,
    user: ObjectGuid,
    now: DateTime<Utc>,
) -> anyhow::Result<Option<Trial>> {
    let input = input(conn, domain, settings, &[(user, "user".into())], now).await?;
    Ok(try_out(&input, user))
}

/// What the settings name and nobody has asked a domain controller for: such a value looks empty, and may not be. While a
/// full read has yet to bring what the saved settings need, that is everything that has no value.
pub(super) async fn not_read_yet(
    conn: &mut PgConnection,
    domain: &Domain,
    settings: &DomainSettings,
) -> sqlx::Result<Vec<String>> {
    let wanted = settings.policy().attributes_to_read();
    if store::domains::find_awaits_read(&mut *conn, domain.id).await? {
        return Ok(wanted);
    }
    let read: BTreeSet<_> = lower(&domain.settings.policy().attributes_to_read());
    Ok(wanted.into_iter().filter(|name| !read.contains(&name.to_lowercase())).collect())
}

async fn input(
    conn: &mut PgConnection,
    domain: &Domain,
    settings: &DomainSettings,
    subjects: &[(ObjectGuid, String)],
    now: DateTime<Utc>,
) -> anyhow::Result<Input> {
    let unread = lower(&not_read_yet(conn, domain, settings).await?);
    Ok(Input { unread, ..gather::input(conn, domain, settings, subjects, now).await? })
}

pub(super) fn lower(names: &[String]) -> BTreeSet<String> {
    names.iter().map(|name| name.to_lowercase()).collect()
}
