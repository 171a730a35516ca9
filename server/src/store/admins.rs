//! Administrators, and the links with which they choose a password.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

pub use super::access::{Access, Reach, Role, Roles};

/// An administrator.
#[derive(Clone, Debug)]
pub struct AdminRow {
    pub id: Uuid,
    pub email: String,
    /// None until one was chosen.
    pub password_hash: Option<String>,
    pub role: Role,
    pub roles: Option<Json<Roles>>,
    pub disabled_at: Option<DateTime<Utc>>,
    /// Sealed.
    pub totp_secret: Option<Vec<u8>>,
    pub totp_offered: Option<Vec<u8>>,
    /// Who they are at the single sign-on provider: issuer and subject, since they first came from there.
    pub sign_on_issuer: Option<String>,
    pub sign_on_subject: Option<String>,
    pub created_at: DateTime<Utc>,
    /// When a session of it was last used.
    pub last_seen_at: Option<DateTime<Utc>>,
}

impl AdminRow {
    pub fn access(&self) -> Access {
        Access::of(self.role, self.roles.clone())
    }
}

macro_rules! select_admins {
    ($tail:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            AdminRow,
            r#"select id, email, password_hash, role as "role: Role", roles as "roles: Json<Roles>", disabled_at, totp_secret,
                      totp_offered, sign_on_issuer, sign_on_subject, created_at,
                      (select max(s.last_seen_at) from sessions s where s.admin_id = a.id) as last_seen_at
               from admins a "# + $tail
            $(, $arg)*
        )
    };
}

/// Adds an administrator.
pub async fn insert(
    conn: &mut PgConnection,
    id: Uuid,
    email: &str,
    password_hash: Option<&str>,
    access: &Access,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into admins (id, email, password_hash, role, roles, created_at) values ($1, $2, $3, $4, $5, $6)",
        id,
        email,
        password_hash,
        access.role_column(),
        access.roles_column() as _,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A role for everything and a password; whoever was disabled may sign in again.
pub async fn update(
    conn: &mut PgConnection,
    id: Uuid,
    password_hash: &str,
    access: &Access,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update admins set password_hash = $2, role = $3, roles = $4, disabled_at = null where id = $1",
        id,
        password_hash,
        access.role_column(),
        access.roles_column() as _
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn update_access(conn: &mut PgConnection, id: Uuid, access: &Access) -> sqlx::Result<()> {
    sqlx::query!(
        "update admins set role = $2, roles = $3 where id = $1",
        id,
        access.role_column(),
        access.roles_column() as _
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn update_disabled(
    conn: &mut PgConnection,
    id: Uuid,
    disabled_at: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!("update admins set disabled_at = $2 where id = $1", id, disabled_at).execute(conn).await?;
    Ok(())
}

pub async fn update_password(
    conn: &mut PgConnection,
    id: Uuid,
    password_hash: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query!("update admins set password_hash = $2 where id = $1", id, password_hash)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn find(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<Option<AdminRow>> {
    select_admins!("where id = $1", id).fetch_optional(db).await
}

pub async fn find_by_email(db: impl PgExecutor<'_>, email: &str) -> sqlx::Result<Option<AdminRow>> {
    select_admins!("where lower(email) = lower($1)", email).fetch_optional(db).await
}

/// Whoever is known by that name at the single sign-on provider.
pub async fn find_by_sign_on(
    db: impl PgExecutor<'_>,
    issuer: &str,
    subject: &str,
) -> sqlx::Result<Option<AdminRow>> {
    select_admins!("where sign_on_issuer = $1 and sign_on_subject = $2", issuer, subject)
        .fetch_optional(db)
        .await
}

/// Who they are at the single sign-on provider, issuer and subject; none: not known yet.
pub async fn update_sign_on(
    conn: &mut PgConnection,
    id: Uuid,
    known_as: Option<(&str, &str)>,
) -> sqlx::Result<()> {
    let (issuer, subject) = known_as.unzip();
    sqlx::query!(
        "update admins set sign_on_issuer = $2, sign_on_subject = $3 where id = $1",
        id,
        issuer,
        subject
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// By their addresses.
pub async fn list(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<AdminRow>> {
    select_admins!("order by lower(email)").fetch_all(db).await
}

pub async fn count(db: impl PgExecutor<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from admins"#).fetch_one(db).await
}

/// Owners of everything who may sign in, others than one; nobody becomes or stops being one until the transaction ends.
pub async fn count_other_owners(conn: &mut PgConnection, than: Uuid) -> sqlx::Result<i64> {
    lease(conn).await?;
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from admins
           where id <> $1 and role = 'owner' and roles is null and disabled_at is null and password_hash is not null"#,
        than
    )
    .fetch_one(conn)
    .await
}

/// Keeps the administrators as they are until the transaction ends.
pub async fn lease(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("lock table admins in share row exclusive mode").execute(conn).await?;
    Ok(())
}

/// A link with which the administrator chooses a password; an earlier one holds no longer.
pub async fn insert_invitation(
    conn: &mut PgConnection,
    admin: Uuid,
    digest: &[u8],
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into invitations (admin_id, digest, expires_at) values ($1, $2, $3)
         on conflict (admin_id) do update set digest = excluded.digest, expires_at = excluded.expires_at",
        admin,
        digest,
        expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose link it is, if it still holds.
pub async fn find_invitation(
    db: impl PgExecutor<'_>,
    digest: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<AdminRow>> {
    select_admins!(
        "where disabled_at is null and id = (select i.admin_id from invitations i where i.digest = $1 and i.expires_at > $2)",
        digest,
        now
    )
    .fetch_optional(db)
    .await
}

/// Spends the link if it still holds. Returns whose it was.
pub async fn spend_invitation(
    conn: &mut PgConnection,
    digest: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "delete from invitations i using admins a
         where i.digest = $1 and i.expires_at > $2 and a.id = i.admin_id and a.disabled_at is null
         returning i.admin_id",
        digest,
        now
    )
    .fetch_optional(conn)
    .await
}

pub async fn delete_invitation(conn: &mut PgConnection, admin: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from invitations where admin_id = $1", admin).execute(conn).await?;
    Ok(())
}
