//! Administrators, their sessions and their API tokens.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// What an administrator may do.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    sqlx::Type,
    clap::ValueEnum,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Role {
    Owner,
    Operator,
    Helpdesk,
    ReadOnly,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Operator => "operator",
            Self::Helpdesk => "helpdesk",
            Self::ReadOnly => "read_only",
        }
    }

    /// May change what is configured, and decide about holds.
    pub fn may_change(self) -> bool {
        match self {
            Self::Owner | Self::Operator => true,
            Self::Helpdesk | Self::ReadOnly => false,
        }
    }
}

/// An administrator.
#[derive(Clone, Debug)]
pub struct AdminRow {
    pub id: Uuid,
    pub email: String,
    pub password_hash: String,
    pub role: Role,
}

/// Adds the administrator, or gives the one of that address a new password and role.
pub async fn insert(conn: &mut PgConnection, new: &AdminRow, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into admins (id, email, password_hash, role, created_at) values ($1, $2, $3, $4, $5)
         on conflict (lower(email)) do update set password_hash = excluded.password_hash, role = excluded.role",
        new.id,
        new.email,
        new.password_hash,
        new.role.as_str(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn find_by_email(db: impl PgExecutor<'_>, email: &str) -> sqlx::Result<Option<AdminRow>> {
    sqlx::query_as!(
        AdminRow,
        r#"select id, email, password_hash, role as "role: Role" from admins where lower(email) = lower($1)"#,
        email
    )
    .fetch_optional(db)
    .await
}

pub async fn count(db: impl PgExecutor<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from admins"#).fetch_one(db).await
}

/// A session and whose it is.
#[derive(Clone, Debug)]
pub struct SessionRow {
    pub admin_id: Uuid,
    pub email: String,
    pub role: Role,
    pub csrf_token: String,
}

pub async fn insert_session(
    conn: &mut PgConnection,
    digest: &[u8],
    admin: Uuid,
    csrf_token: &str,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into sessions (digest, admin_id, csrf_token, created_at, last_seen_at, expires_at)
         values ($1, $2, $3, $4, $4, $5)",
        digest,
        admin,
        csrf_token,
        now,
        expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The session, if it has neither expired nor lain idle since `idle_since`.
pub async fn find_session(
    db: impl PgExecutor<'_>,
    digest: &[u8],
    now: DateTime<Utc>,
    idle_since: DateTime<Utc>,
) -> sqlx::Result<Option<SessionRow>> {
    sqlx::query_as!(
        SessionRow,
        r#"select s.admin_id, a.email, a.role as "role: Role", s.csrf_token
           from sessions s join admins a on a.id = s.admin_id
           where s.digest = $1 and s.expires_at > $2 and s.last_seen_at > $3"#,
        digest,
        now,
        idle_since
    )
    .fetch_optional(db)
    .await
}

/// At most once a minute, so that reading pages does not write.
pub async fn update_session_seen(
    db: impl PgExecutor<'_>,
    digest: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update sessions set last_seen_at = $2 where digest = $1 and last_seen_at < $2::timestamptz - interval '1 minute'",
        digest,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn delete_session(db: impl PgExecutor<'_>, digest: &[u8]) -> sqlx::Result<()> {
    sqlx::query!("delete from sessions where digest = $1", digest).execute(db).await?;
    Ok(())
}

pub async fn delete_sessions_of(conn: &mut PgConnection, admin: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from sessions where admin_id = $1", admin).execute(conn).await?;
    Ok(())
}

/// How often signing in failed lately, and when last.
pub async fn find_login_failures(
    db: impl PgExecutor<'_>,
    account: &str,
) -> sqlx::Result<Option<(i32, DateTime<Utc>)>> {
    let row = sqlx::query!("select failures, last_at from login_failures where account = $1", account)
        .fetch_optional(db)
        .await?;
    Ok(row.map(|row| (row.failures, row.last_at)))
}

/// Counts one more. Returns how often signing in failed lately.
pub async fn insert_login_failure(
    db: impl PgExecutor<'_>,
    account: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "insert into login_failures (account, failures, last_at) values ($1, 1, $2)
         on conflict (account) do update
         set failures = case when login_failures.last_at < $2::timestamptz - interval '15 minutes' then 1
                             else login_failures.failures + 1 end,
             last_at = $2
         returning failures",
        account,
        now
    )
    .fetch_one(db)
    .await
}

pub async fn delete_login_failures(conn: &mut PgConnection, account: &str) -> sqlx::Result<()> {
    sqlx::query!("delete from login_failures where account = $1", account).execute(conn).await?;
    Ok(())
}

/// An API token; the token itself is kept as a digest only.
#[derive(Clone, Debug)]
pub struct ApiTokenRow {
    pub id: Uuid,
    pub name: String,
    pub role: Role,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

pub async fn insert_api_token(conn: &mut PgConnection, new: &ApiTokenRow, digest: &[u8]) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into api_tokens (id, name, role, digest, created_at) values ($1, $2, $3, $4, $5)",
        new.id,
        new.name,
        new.role.as_str(),
        digest,
        new.created_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn find_api_token(db: impl PgExecutor<'_>, digest: &[u8]) -> sqlx::Result<Option<ApiTokenRow>> {
    sqlx::query_as!(
        ApiTokenRow,
        r#"select id, name, role as "role: Role", created_at, last_used_at from api_tokens where digest = $1"#,
        digest
    )
    .fetch_optional(db)
    .await
}

/// At most once a minute.
pub async fn update_api_token_used(
    db: impl PgExecutor<'_>,
    id: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update api_tokens set last_used_at = $2
         where id = $1 and (last_used_at is null or last_used_at < $2::timestamptz - interval '1 minute')",
        id,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn list_api_tokens(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<ApiTokenRow>> {
    sqlx::query_as!(
        ApiTokenRow,
        r#"select id, name, role as "role: Role", created_at, last_used_at from api_tokens order by created_at, id"#
    )
    .fetch_all(db)
    .await
}

/// Returns its name.
pub async fn delete_api_token(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("delete from api_tokens where id = $1 returning name", id).fetch_optional(conn).await
}
