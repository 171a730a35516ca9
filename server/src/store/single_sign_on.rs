//! The OpenID Connect provider through which administrators may sign in.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

/// A provider, and us as it knows us.
#[derive(Clone, Debug)]
pub struct Provider {
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    /// Sealed.
    pub client_secret: Option<Vec<u8>>,
    pub trusts_email: bool,
    pub changed_at: DateTime<Utc>,
}

pub async fn find(db: impl PgExecutor<'_>) -> sqlx::Result<Option<Provider>> {
    sqlx::query_as!(
        Provider,
        "select name, issuer, client_id, client_secret, trusts_email, changed_at from single_sign_on"
    )
    .fetch_optional(db)
    .await
}

/// The provider, which nobody else changes until the transaction ends.
pub async fn find_locked(conn: &mut PgConnection) -> sqlx::Result<Option<Provider>> {
    sqlx::query!("lock table single_sign_on in share row exclusive mode").execute(&mut *conn).await?;
    find(conn).await
}

/// Instead of the one there was.
pub async fn insert(conn: &mut PgConnection, row: &Provider) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into single_sign_on (name, issuer, client_id, client_secret, trusts_email, changed_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (is_only) do update set name = excluded.name, issuer = excluded.issuer,
            client_id = excluded.client_id, client_secret = excluded.client_secret,
            trusts_email = excluded.trusts_email, changed_at = excluded.changed_at",
        row.name,
        row.issuer,
        row.client_id,
        row.client_secret,
        row.trusts_email,
        row.changed_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn delete(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("delete from single_sign_on").execute(conn).await?;
    Ok(())
}
