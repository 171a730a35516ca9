//! Sessions of administrators. What the cookie holds is kept as a digest only.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::access::{Access, Role, Roles};

/// A session and whose it is.
#[derive(Clone, Debug)]
pub struct SessionRow {
    pub id: Uuid,
    pub admin_id: Uuid,
    pub email: String,
    pub role: Role,
    pub roles: Option<Json<Roles>>,
    pub csrf_token: String,
    /// When it was last shown who holds it.
    pub confirmed_at: DateTime<Utc>,
}

impl SessionRow {
    pub fn access(&self) -> Access {
        Access::of(self.role, self.roles.clone())
    }
}

/// A session that is opened.
#[derive(Debug)]
pub struct NewSession<'a> {
    pub id: Uuid,
    pub digest: &'a [u8],
    pub admin: Uuid,
    pub csrf_token: &'a str,
    pub address: Option<&'a str>,
    pub browser: Option<&'a str>,
    pub expires_at: DateTime<Utc>,
}

pub async fn insert(conn: &mut PgConnection, new: &NewSession<'_>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into sessions
           (id, digest, admin_id, csrf_token, address, browser, created_at, last_seen_at, confirmed_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7, $7, $8)",
        new.id,
        new.digest,
        new.admin,
        new.csrf_token,
        new.address,
        new.browser,
        now,
        new.expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The session, if it has neither expired nor lain idle since `idle_since`.
pub async fn find(
    db: impl PgExecutor<'_>,
    digest: &[u8],
    now: DateTime<Utc>,
    idle_since: DateTime<Utc>,
) -> sqlx::Result<Option<SessionRow>> {
    sqlx::query_as!(
        SessionRow,
        r#"select s.id, s.admin_id, a.email, a.role as "role: Role", a.roles as "roles: Json<Roles>", s.csrf_token,
                  s.confirmed_at
           from sessions s join admins a on a.id = s.admin_id
           where s.digest = $1 and s.expires_at > $2 and s.last_seen_at > $3 and a.disabled_at is null"#,
        digest,
        now,
        idle_since
    )
    .fetch_optional(db)
    .await
}

/// A session as its holder tells it from others.
#[derive(Clone, Debug)]
pub struct Listed {
    pub id: Uuid,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub address: Option<String>,
    pub browser: Option<String>,
}

/// The sessions of one administrator that have not ended, the one used last first.
pub async fn list(
    db: impl PgExecutor<'_>,
    admin: Uuid,
    now: DateTime<Utc>,
    idle_since: DateTime<Utc>,
) -> sqlx::Result<Vec<Listed>> {
    sqlx::query_as!(
        Listed,
        "select id, created_at, last_seen_at, expires_at, address, browser from sessions
         where admin_id = $1 and expires_at > $2 and last_seen_at > $3 order by last_seen_at desc, id",
        admin,
        now,
        idle_since
    )
    .fetch_all(db)
    .await
}

/// At most once a minute, so that reading pages does not write.
pub async fn update_seen(db: impl PgExecutor<'_>, digest: &[u8], now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update sessions set last_seen_at = $2 where digest = $1 and last_seen_at < $2::timestamptz - interval '1 minute'",
        digest,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// By what its cookie holds.
pub async fn delete_by_digest(conn: &mut PgConnection, digest: &[u8]) -> sqlx::Result<()> {
    sqlx::query!("delete from sessions where digest = $1", digest).execute(conn).await?;
    Ok(())
}

/// One session of an administrator. False: there is no such session.
pub async fn delete(conn: &mut PgConnection, admin: Uuid, id: Uuid) -> sqlx::Result<bool> {
    let done =
        sqlx::query!("delete from sessions where admin_id = $1 and id = $2", admin, id).execute(conn).await?;
    Ok(done.rows_affected() > 0)
}

/// Every session of an administrator but one. Returns how many.
pub async fn delete_of(conn: &mut PgConnection, admin: Uuid, but: Option<Uuid>) -> sqlx::Result<u64> {
    let done =
        sqlx::query!("delete from sessions where admin_id = $1 and id is distinct from $2", admin, but)
            .execute(conn)
            .await?;
    Ok(done.rows_affected())
}

/// What ended by itself.
pub async fn delete_ended(
    db: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    idle_since: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("delete from sessions where expires_at <= $1 or last_seen_at <= $2", now, idle_since)
        .execute(db)
        .await?;
    Ok(())
}

/// It was shown again who holds the session.
pub async fn update_confirmed(conn: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update sessions set confirmed_at = $2 where id = $1", id, now).execute(conn).await?;
    Ok(())
}
