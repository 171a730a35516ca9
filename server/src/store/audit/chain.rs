//! The chain of the audit's events, as it is checked.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// One link, and the event that it was made for.
#[derive(Debug)]
pub struct Link {
    pub position: i64,
    pub event_id: i64,
    pub previous: Vec<u8>,
    pub hash: Vec<u8>,
    pub event: Option<Content>,
}

/// What of an event is hashed.
#[derive(Debug)]
pub struct Content {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub actor_kind: String,
    pub actor_id: Option<Uuid>,
    pub actor: String,
    pub action: String,
    pub subject: Option<String>,
    pub domain_id: Option<Uuid>,
    /// As PostgreSQL writes jsonb.
    pub detail: String,
}

/// Has every statement of the transaction see the same events, whatever is appended meanwhile.
pub async fn update_isolation(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("set transaction isolation level repeatable read, read only").execute(conn).await?;
    Ok(())
}

/// In order, after one.
pub async fn list(db: impl PgExecutor<'_>, after: i64, limit: i64) -> sqlx::Result<Vec<Link>> {
    let rows = sqlx::query!(
        r#"select c.position, c.event_id, c.previous, c.hash, e.id as "id?", e.at as "at?", e.actor_kind as "actor_kind?",
                  e.actor_id, e.actor as "actor?", e.action as "action?", e.subject, e.domain_id, e.detail::text as "detail?"
           from audit_chain c left join audit_events e on e.id = c.event_id
           where c.position > $1 order by c.position limit $2"#,
        after,
        limit
    )
    .fetch_all(db)
    .await?;
    let links = rows.into_iter().map(|row| Link {
        position: row.position,
        event_id: row.event_id,
        previous: row.previous,
        hash: row.hash,
        event: row.id.and_then(|id| {
            Some(Content {
                id,
                at: row.at?,
                actor_kind: row.actor_kind?,
                actor_id: row.actor_id,
                actor: row.actor?,
                action: row.action?,
                subject: row.subject,
                domain_id: row.domain_id,
                detail: row.detail?,
            })
        }),
    });
    Ok(links.collect())
}

/// Events that were put in past the chain.
pub async fn list_unchained(db: impl PgExecutor<'_>, limit: i64) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        "select e.id from audit_events e
         where not exists (select from audit_chain c where c.event_id = e.id) order by e.id limit $1",
        limit
    )
    .fetch_all(db)
    .await
}
