//! Parts of transfers, staged until the last one is there.

use chrono::{DateTime, Utc};
use protocol::transfer::{Part, Record};
use protocol::{AgentId, DomainId};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// Keeps one part; the same part again changes nothing.
pub async fn insert(
    conn: &mut PgConnection,
    domain: DomainId,
    agent: AgentId,
    part: &Part,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into transfer_parts (transfer, number, domain_id, agent_id, body, received_at, records)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (transfer, number) do nothing",
        part.transfer,
        i32::try_from(part.number).unwrap_or(i32::MAX),
        domain.0,
        agent.0,
        Json(&part.records) as _,
        now,
        i32::try_from(part.records.len()).unwrap_or(i32::MAX),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many parts of a transfer are there.
pub async fn count(db: impl PgExecutor<'_>, transfer: Uuid, agent: AgentId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from transfer_parts where transfer = $1 and agent_id = $2"#,
        transfer,
        agent.0
    )
    .fetch_one(db)
    .await
}

/// The records of one part.
pub async fn find(db: impl PgExecutor<'_>, transfer: Uuid, number: i32) -> sqlx::Result<Option<Vec<Record>>> {
    let row = sqlx::query!(
        r#"select body as "body: Json<Vec<protocol::transfer::Record>>" from transfer_parts where transfer = $1 and number = $2"#,
        transfer,
        number
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| row.body.0))
}

pub async fn delete(conn: &mut PgConnection, transfer: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from transfer_parts where transfer = $1", transfer).execute(conn).await?;
    Ok(())
}

/// What was abandoned.
pub async fn delete_older(db: impl PgExecutor<'_>, than: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("delete from transfer_parts where received_at < $1", than).execute(db).await?;
    Ok(())
}
