//! Settings that were typed and not saved yet.

use chrono::{DateTime, Utc};
use protocol::DomainId;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::settings::DomainSettings;

/// A draft as it is kept.
#[derive(Clone, Debug)]
pub struct Draft {
    pub id: Uuid,
    pub domain_id: DomainId,
    /// The revision that it changes.
    pub revision: i64,
    pub settings: Json<DomainSettings>,
    /// A new one, sealed.
    pub bind_password: Option<Vec<u8>>,
    pub rolls_back_to: Option<i64>,
    pub author: String,
    pub created_at: DateTime<Utc>,
}

pub async fn insert(conn: &mut PgConnection, new: &Draft) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into settings_drafts
           (id, domain_id, revision, settings, bind_password, rolls_back_to, author, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        new.id,
        new.domain_id.0,
        new.revision,
        Json(&new.settings.0) as _,
        new.bind_password,
        new.rolls_back_to,
        new.author,
        new.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Another person's draft is nobody's business.
pub async fn find(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    id: Uuid,
    author: &str,
) -> sqlx::Result<Option<Draft>> {
    sqlx::query_as!(
        Draft,
        r#"select id, domain_id as "domain_id: DomainId", revision, settings as "settings: Json<DomainSettings>",
                  bind_password, rolls_back_to, author, created_at
           from settings_drafts where domain_id = $1 and id = $2 and author = $3"#,
        domain.0,
        id,
        author
    )
    .fetch_optional(db)
    .await
}

pub async fn delete(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from settings_drafts where id = $1", id).execute(conn).await?;
    Ok(())
}

/// What nobody came back to.
pub async fn delete_older(conn: &mut PgConnection, than: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("delete from settings_drafts where created_at < $1", than).execute(conn).await?;
    Ok(())
}
