//! Organizations: JumpCloud tenants and their sealed credentials.

use chrono::{DateTime, Utc};
use protocol::OrganizationId;
use serde_json::Value;
use sqlx::PgExecutor;
use uuid::Uuid;

use super::access::Reach;

/// An organization, credential still sealed.
#[derive(Clone, Debug)]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
    pub base_url: String,
    pub jumpcloud_org_id: Option<String>,
    pub credential_kind: String,
    pub client_id: Option<String>,
    pub token_url: Option<String>,
    pub credential: Vec<u8>,
    pub paused_until: Option<DateTime<Utc>>,
    pub problem_code: Option<String>,
    pub problem_message: Option<String>,
    pub mirror_wanted: i64,
    pub mirror_read: i64,
    pub mirror_read_at: Option<DateTime<Utc>>,
    /// JumpCloud's password policy, as it was last read.
    pub password_policy: Option<Value>,
    /// How many linked objects the last full read found changed by somebody else.
    pub drifted: i64,
    pub created_at: DateTime<Utc>,
}

pub async fn insert(db: impl PgExecutor<'_>, new: &Organization) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into organizations
           (id, name, base_url, jumpcloud_org_id, credential_kind, client_id, token_url, credential, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        new.id.0,
        new.name,
        new.base_url,
        new.jumpcloud_org_id,
        new.credential_kind,
        new.client_id,
        new.token_url,
        new.credential,
        new.created_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn find(db: impl PgExecutor<'_>, id: OrganizationId) -> sqlx::Result<Option<Organization>> {
    sqlx::query_as!(
        Organization,
        r#"select id as "id: OrganizationId", name, base_url, jumpcloud_org_id, credential_kind, client_id, token_url,
                  credential, paused_until, problem_code, problem_message, mirror_wanted, mirror_read, mirror_read_at,
                  password_policy, drifted, created_at
           from organizations where id = $1"#,
        id.0
    )
    .fetch_optional(db)
    .await
}

/// In the order of their names.
pub async fn list(db: impl PgExecutor<'_>, reach: &Reach) -> sqlx::Result<Vec<Organization>> {
    sqlx::query_as!(
        Organization,
        r#"select id as "id: OrganizationId", name, base_url, jumpcloud_org_id, credential_kind, client_id, token_url,
                  credential, paused_until, problem_code, problem_message, mirror_wanted, mirror_read, mirror_read_at,
                  password_policy, drifted, created_at
           from organizations where $1::uuid[] is null or id = any($1) order by lower(name), id"#,
        reach.ids()
    )
    .fetch_all(db)
    .await
}

pub async fn find_by_name(db: impl PgExecutor<'_>, name: &str) -> sqlx::Result<Option<OrganizationId>> {
    sqlx::query_scalar!(
        r#"select id as "id: OrganizationId" from organizations where lower(name) = lower($1)"#,
        name
    )
    .fetch_optional(db)
    .await
}

/// Swaps the credential, if it is still the sealed one that was `seen`, and forgets the problem that it caused.
pub async fn update_credential(
    db: impl PgExecutor<'_>,
    changed: &Organization,
    seen: &[u8],
) -> sqlx::Result<bool> {
    let updated = sqlx::query!(
        "update organizations
         set credential_kind = $2, client_id = $3, token_url = $4, credential = $5,
             paused_until = null, problem_code = null, problem_message = null
         where id = $1 and credential = $6",
        changed.id.0,
        changed.credential_kind,
        changed.client_id,
        changed.token_url,
        changed.credential,
        seen,
    )
    .execute(db)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Sends nothing before `until`, and shows why.
pub async fn update_pause(
    db: impl PgExecutor<'_>,
    id: OrganizationId,
    until: DateTime<Utc>,
    code: &str,
    message: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update organizations set paused_until = $2, problem_code = $3, problem_message = $4 where id = $1",
        id.0,
        until,
        code,
        message
    )
    .execute(db)
    .await?;
    Ok(())
}

/// JumpCloud answers again.
pub async fn update_healthy(db: impl PgExecutor<'_>, id: OrganizationId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update organizations set paused_until = null, problem_code = null, problem_message = null
         where id = $1 and problem_code is not null",
        id.0
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Asks for JumpCloud to be read in full again.
pub async fn update_mirror_wanted(db: impl PgExecutor<'_>, id: OrganizationId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "update organizations set mirror_wanted = mirror_wanted + 1 where id = $1 returning mirror_wanted",
        id.0
    )
    .fetch_one(db)
    .await
}

pub async fn update_mirror_read(
    db: impl PgExecutor<'_>,
    id: OrganizationId,
    wish: i64,
    drifted: i64,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update organizations set mirror_read = greatest(mirror_read, $2), mirror_read_at = $3, drifted = $4 where id = $1",
        id.0,
        wish,
        at,
        drifted
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The process that has the request budget of the organization.
pub async fn find_executor(
    db: impl PgExecutor<'_>,
    id: OrganizationId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Uuid>> {
    let executor = sqlx::query_scalar!(
        "select executor from organizations where id = $1 and executor_until >= $2",
        id.0,
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(executor.flatten())
}

/// The request budget of an organization, as this process has it.
#[derive(Clone, Copy, Debug)]
pub struct Executorship {
    pub until: DateTime<Utc>,
    /// Another process, or none, had it before.
    pub taken_over: bool,
}

/// Takes or keeps the request budget of the organization for this process; a lease that is still long is not written
/// again. `None`: another process has it.
pub async fn lease_executor(
    db: impl PgExecutor<'_>,
    id: OrganizationId,
    process: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> sqlx::Result<Option<Executorship>> {
    sqlx::query_as!(
        Executorship,
        r#"with mine as (
               select executor_until from organizations
               where id = $1 and executor = $2 and executor_until > $3::timestamptz + ($4::timestamptz - $3) / 2
           ), renewed as (
               update organizations o set executor = $2, executor_until = $4
               from (select id, executor from organizations where id = $1) before
               where o.id = before.id and (o.executor = $2 or o.executor is null or o.executor_until < $3)
                 and not exists (select from mine)
               returning o.executor_until, before.executor is distinct from $2 as taken_over
           )
           select executor_until as "until!", false as "taken_over!" from mine
           union all select executor_until, taken_over from renewed"#,
        id.0,
        process,
        now,
        until
    )
    .fetch_optional(db)
    .await
}

/// Gives every budget free: no other process is there.
pub async fn update_executors_gone(db: impl PgExecutor<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "update organizations set executor = null, executor_until = null where executor is not null"
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Gives the budgets of this process free, so that the next one need not wait.
pub async fn update_executor_gone(db: impl PgExecutor<'_>, process: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "update organizations set executor = null, executor_until = null where executor = $1",
        process
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn update_password_policy(
    db: impl PgExecutor<'_>,
    id: OrganizationId,
    policy: &Value,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update organizations set password_policy = $2 where id = $1 and password_policy is distinct from $2",
        id.0,
        policy
    )
    .execute(db)
    .await?;
    Ok(())
}
