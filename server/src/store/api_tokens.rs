//! API tokens. The token itself is kept as a digest only.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::access::{Access, Role, Roles};

/// An API token.
#[derive(Clone, Debug)]
pub struct ApiTokenRow {
    pub id: Uuid,
    pub name: String,
    pub role: Role,
    pub roles: Option<Json<Roles>>,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
}

impl ApiTokenRow {
    pub fn access(&self) -> Access {
        Access::of(self.role, self.roles.clone())
    }
}

macro_rules! select_tokens {
    ($tail:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            ApiTokenRow,
            r#"select id, name, role as "role: Role", roles as "roles: Json<Roles>", created_at, last_used_at, expires_at
               from api_tokens "# + $tail
            $(, $arg)*
        )
    };
}

/// A token that is made.
#[derive(Debug)]
pub struct NewToken<'a> {
    pub id: Uuid,
    pub name: &'a str,
    pub access: &'a Access,
    pub digest: &'a [u8],
    pub expires_at: Option<DateTime<Utc>>,
}

pub async fn insert(conn: &mut PgConnection, new: &NewToken<'_>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into api_tokens (id, name, role, roles, digest, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        new.id,
        new.name,
        new.access.role_column(),
        new.access.roles_column() as _,
        new.digest,
        now,
        new.expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The token, if it has not expired.
pub async fn find_by_digest(
    db: impl PgExecutor<'_>,
    digest: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<ApiTokenRow>> {
    select_tokens!("where digest = $1 and (expires_at is null or expires_at > $2)", digest, now)
        .fetch_optional(db)
        .await
}

pub async fn find(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<Option<ApiTokenRow>> {
    select_tokens!("where id = $1", id).fetch_optional(db).await
}

/// At most once a minute.
pub async fn update_used(db: impl PgExecutor<'_>, id: Uuid, now: DateTime<Utc>) -> sqlx::Result<()> {
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

/// In the order in which they were made, after one.
pub async fn list(
    db: impl PgExecutor<'_>,
    after: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<ApiTokenRow>> {
    select_tokens!("where $1::uuid is null or id > $1 order by id limit $2", after, limit).fetch_all(db).await
}

/// Returns its name.
pub async fn delete(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("delete from api_tokens where id = $1 returning name", id).fetch_optional(conn).await
}
