//! Domains: settings, identity, the watcher lease and the state of reading.

use chrono::{DateTime, Duration, Utc};
use protocol::{AgentId, DomainId, ObjectGuid, OrganizationId};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::access::Reach;
use crate::settings::DomainSettings;

/// Whether anything is written to JumpCloud.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Mode {
    Preview,
    Active,
    Paused,
}

impl Mode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Active => "active",
            Self::Paused => "paused",
        }
    }
}

/// A domain as it stands.
#[derive(Clone, Debug)]
pub struct Domain {
    pub id: DomainId,
    pub organization_id: OrganizationId,
    pub name: String,
    pub mode: Mode,
    pub revision: i64,
    pub settings: Json<DomainSettings>,
    pub bind_password: Option<Vec<u8>>,
    pub domain_sid: Option<String>,
    pub root_user_container: Option<ObjectGuid>,
    pub integration_group: Option<ObjectGuid>,
    pub integration_group_lost: bool,
    pub bind_account: Option<String>,
    pub activedirectory_id: Option<String>,
    pub activedirectory_ready: bool,
    pub watcher: Option<AgentId>,
    pub watcher_fence: i64,
    /// The watcher's last heartbeat.
    pub watcher_seen_at: Option<DateTime<Utc>>,
    pub last_invocation_id: Option<Uuid>,
    pub last_usn: Option<i64>,
    pub directory_read_at: Option<DateTime<Utc>>,
    pub full_read_at: Option<DateTime<Utc>>,
    pub read_again: i64,
    pub unsettled_since: Option<DateTime<Utc>>,
    pub watched_version: i64,
    pub created_at: DateTime<Utc>,
}

macro_rules! select_domain {
    ($tail:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            Domain,
            r#"select id as "id: DomainId", organization_id as "organization_id: OrganizationId", name,
                      mode as "mode: Mode", revision, settings as "settings: Json<DomainSettings>", bind_password,
                      domain_sid, root_user_container as "root_user_container: ObjectGuid",
                      integration_group as "integration_group: ObjectGuid", integration_group_lost, bind_account,
                      activedirectory_id, activedirectory_ready, watcher as "watcher: AgentId", watcher_fence,
                      (select a.last_seen_at from agents a where a.id = watcher) as watcher_seen_at, last_invocation_id, last_usn, directory_read_at, full_read_at, read_again, unsettled_since,
                      watched_version, created_at
               from domains "# + $tail
            $(, $arg)*
        )
    };
}

/// How long the watcher role holds without a heartbeat.
const WATCHER_LEASE: Duration = Duration::seconds(12);

impl Domain {
    /// The agent that has the watcher role. Its heartbeats are the lease: nothing else need be written to keep it.
    pub fn watcher_now(&self, now: DateTime<Utc>) -> Option<AgentId> {
        self.watcher.filter(|_| self.watcher_seen_at.is_some_and(|seen| seen >= now - WATCHER_LEASE))
    }
}

pub async fn find(db: impl PgExecutor<'_>, id: DomainId) -> sqlx::Result<Option<Domain>> {
    select_domain!("where id = $1", id.0).fetch_optional(db).await
}

/// The domain, kept from changing until the transaction ends: transfers and plans of one domain never interleave.
pub async fn find_locked(conn: &mut PgConnection, id: DomainId) -> sqlx::Result<Option<Domain>> {
    sqlx::query_scalar!("select id from domains where id = $1 for update", id.0)
        .fetch_optional(&mut *conn)
        .await?;
    // A statement of its own: it sees what was committed while the lock was waited for.
    find(conn, id).await
}

pub async fn list(db: impl PgExecutor<'_>, reach: &Reach) -> sqlx::Result<Vec<Domain>> {
    select_domain!("where $1::uuid[] is null or organization_id = any($1) order by name, id", reach.ids())
        .fetch_all(db)
        .await
}

pub async fn list_of(db: impl PgExecutor<'_>, organization: OrganizationId) -> sqlx::Result<Vec<Domain>> {
    select_domain!("where organization_id = $1 order by name, id", organization.0).fetch_all(db).await
}

pub async fn find_by_name(
    db: impl PgExecutor<'_>,
    organization: OrganizationId,
    name: &str,
) -> sqlx::Result<Option<DomainId>> {
    sqlx::query_scalar!(
        r#"select id as "id: DomainId" from domains where organization_id = $1 and name = $2"#,
        organization.0,
        name
    )
    .fetch_optional(db)
    .await
}

pub async fn insert(conn: &mut PgConnection, new: &Domain) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into domains (id, organization_id, name, revision, settings, bind_password, created_at)
         values ($1, $2, $3, 1, $4, $5, $6)",
        new.id.0,
        new.organization_id.0,
        new.name,
        Json(&new.settings.0) as _,
        new.bind_password,
        new.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A new revision of the settings.
pub async fn update_settings(
    conn: &mut PgConnection,
    id: DomainId,
    settings: &DomainSettings,
    bind_password: Option<&[u8]>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "update domains set settings = $2, bind_password = $3, revision = revision + 1 where id = $1 returning revision",
        id.0,
        Json(settings) as _,
        bind_password,
    )
    .fetch_one(conn)
    .await
}

pub async fn update_mode(conn: &mut PgConnection, id: DomainId, mode: Mode) -> sqlx::Result<()> {
    sqlx::query!("update domains set mode = $2 where id = $1", id.0, mode.as_str()).execute(conn).await?;
    Ok(())
}

/// Everything is to be read again.
pub async fn update_read_again(db: impl PgExecutor<'_>, id: DomainId) -> sqlx::Result<()> {
    sqlx::query!("update domains set read_again = read_again + 1 where id = $1", id.0).execute(db).await?;
    Ok(())
}

/// Forgets which objects the settings' names were found to be: the names were changed by an administrator.
pub async fn update_pins_forgotten(conn: &mut PgConnection, id: DomainId) -> sqlx::Result<()> {
    sqlx::query!(
        "update domains set root_user_container = null, integration_group = null, integration_group_lost = false
         where id = $1",
        id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Pins the domain by its SID, its group and its container; what is pinned already stays.
pub async fn update_pins(
    conn: &mut PgConnection,
    id: DomainId,
    sid: Option<&str>,
    container: Option<ObjectGuid>,
    group: Option<ObjectGuid>,
    bind_account: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update domains
         set domain_sid = coalesce(domain_sid, $2), root_user_container = coalesce(root_user_container, $3),
             integration_group = coalesce(integration_group, $4), bind_account = coalesce($5, bind_account)
         where id = $1",
        id.0,
        sid,
        container.map(|guid| guid.0),
        group.map(|guid| guid.0),
        bind_account,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn update_integration_group_lost(
    conn: &mut PgConnection,
    id: DomainId,
    lost: bool,
) -> sqlx::Result<()> {
    sqlx::query!("update domains set integration_group_lost = $2 where id = $1", id.0, lost)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn update_activedirectory(db: impl PgExecutor<'_>, id: DomainId, object: &str) -> sqlx::Result<()> {
    sqlx::query!("update domains set activedirectory_id = $2 where id = $1", id.0, object)
        .execute(db)
        .await?;
    Ok(())
}

/// The object is set up, as far as JumpCloud lets us.
pub async fn update_activedirectory_ready(db: impl PgExecutor<'_>, id: DomainId) -> sqlx::Result<()> {
    sqlx::query!("update domains set activedirectory_ready = true where id = $1", id.0).execute(db).await?;
    Ok(())
}

/// Nothing is planned before a full read has brought what the settings need.
pub async fn update_awaits_read(conn: &mut PgConnection, id: DomainId, awaits: bool) -> sqlx::Result<bool> {
    let done =
        sqlx::query!("update domains set awaits_read = $2 where id = $1 and awaits_read <> $2", id.0, awaits)
            .execute(conn)
            .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether a full read has yet to bring what the settings need.
pub async fn find_awaits_read(db: impl PgExecutor<'_>, id: DomainId) -> sqlx::Result<bool> {
    let awaits = sqlx::query_scalar!("select awaits_read from domains where id = $1", id.0);
    Ok(awaits.fetch_optional(db).await?.unwrap_or_default())
}

/// Asks for a full read if planning still waits for one.
pub async fn update_read_again_if_awaited(conn: &mut PgConnection, id: DomainId) -> sqlx::Result<()> {
    sqlx::query!("update domains set read_again = read_again + 1 where id = $1 and awaits_read", id.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Gives the watcher role of a domain that is locked to an agent. Returns the fencing number.
pub async fn lease_watcher(conn: &mut PgConnection, id: DomainId, agent: AgentId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "update domains set watcher = $2, watcher_fence = watcher_fence + 1 where id = $1 returning watcher_fence",
        id.0,
        agent.0,
    )
    .fetch_one(conn)
    .await
}

/// Gives the watcher role free, if this agent has it.
pub async fn update_watcher_gone(db: impl PgExecutor<'_>, agent: AgentId) -> sqlx::Result<()> {
    sqlx::query!("update domains set watcher = null where watcher = $1", agent.0).execute(db).await?;
    Ok(())
}

/// A transfer was applied: the state of reading moves in the transaction that holds its objects.
pub async fn update_read(
    conn: &mut PgConnection,
    id: DomainId,
    invocation_id: Uuid,
    usn: i64,
    full_read_at: Option<DateTime<Utc>>,
    unsettled_since: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into cursors (domain_id, invocation_id, usn) values ($1, $2, $3)
         on conflict (domain_id, invocation_id) do update set usn = excluded.usn",
        id.0,
        invocation_id,
        usn
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update domains
         set last_invocation_id = case when $5::timestamptz is null then $2 else last_invocation_id end,
             last_usn = case when $5::timestamptz is null then $3 else last_usn end,
             full_read_at = coalesce($4, full_read_at),
             directory_read_at = coalesce(directory_read_at, $4),
             unsettled_since = $5
         where id = $1",
        id.0,
        invocation_id,
        usn,
        full_read_at,
        unsettled_since,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn find_cursor(
    db: impl PgExecutor<'_>,
    id: DomainId,
    invocation_id: Uuid,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "select usn from cursors where domain_id = $1 and invocation_id = $2",
        id.0,
        invocation_id
    )
    .fetch_optional(db)
    .await
}

/// The groups whose members the watcher re-reads: the integration group and everything nested in it.
pub async fn update_watched_groups(conn: &mut PgConnection, id: DomainId) -> sqlx::Result<()> {
    sqlx::query!(
        "with recursive nested(guid) as (
             select integration_group from domains where id = $1 and integration_group is not null
           union
             select m.member_guid from nested n
             join memberships m on m.domain_id = $1 and m.group_guid = n.guid
             join directory_groups g on g.domain_id = $1 and g.guid = m.member_guid and g.presence = 'present'
         ), wanted as (select coalesce(array_agg(guid order by guid), '{}') as guids from nested)
         update domains set watched_groups = wanted.guids, watched_version = watched_version + 1
         from wanted where id = $1 and watched_groups is distinct from wanted.guids",
        id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn list_watched_groups(
    db: impl PgExecutor<'_>,
    id: DomainId,
) -> sqlx::Result<(i64, Vec<ObjectGuid>)> {
    let row = sqlx::query!(
        r#"select watched_version, watched_groups as "watched_groups: Vec<ObjectGuid>" from domains where id = $1"#,
        id.0
    )
    .fetch_one(db)
    .await?;
    Ok((row.watched_version, row.watched_groups))
}

/// One revision of a domain's settings.
#[derive(Clone, Debug)]
pub struct Revision {
    pub revision: i64,
    pub settings: Json<DomainSettings>,
    pub bind_password: Option<Vec<u8>>,
    pub author: String,
    pub created_at: DateTime<Utc>,
}

pub async fn insert_revision(
    conn: &mut PgConnection,
    id: DomainId,
    revision: i64,
    author: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into settings_revisions (domain_id, revision, settings, bind_password, author, created_at)
         select id, $2, settings, bind_password, $3, $4 from domains where id = $1",
        id.0,
        revision,
        author,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Newest first.
pub async fn list_revisions(db: impl PgExecutor<'_>, id: DomainId) -> sqlx::Result<Vec<Revision>> {
    sqlx::query_as!(
        Revision,
        r#"select revision, settings as "settings: Json<DomainSettings>", bind_password, author, created_at
           from settings_revisions where domain_id = $1 order by revision desc"#,
        id.0
    )
    .fetch_all(db)
    .await
}

/// Asks for a full read where the last one, and the last time it was asked for, lie before `before`; sooner where the
/// domain controller that is read may still have been lagging behind.
pub async fn update_read_again_in_time(
    db: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
    unsettled_before: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update domains set read_again = read_again + 1, full_read_at = $1
         where full_read_at < case when unsettled_since is null then $2 else $3::timestamptz end",
        now,
        before,
        unsettled_before
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Passwords are captured in the domain from now on, if they were not before.
pub async fn update_captures_since(
    conn: &mut PgConnection,
    id: DomainId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update domains set captures_since = $2 where id = $1 and captures_since is null",
        id.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Since when passwords are captured in the domain; the outer none: there is no such domain.
pub async fn find_captures_since(
    db: impl PgExecutor<'_>,
    id: DomainId,
) -> sqlx::Result<Option<Option<DateTime<Utc>>>> {
    sqlx::query_scalar!("select captures_since from domains where id = $1", id.0).fetch_optional(db).await
}
