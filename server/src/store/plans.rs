//! The plan as the outbox holds it: counted, told apart and listed for the preview, from one index however long it is.

use chrono::{DateTime, Utc};
use planner::plan::Change;
use protocol::{DomainId, HoldId, ObjectGuid, OperationId};
use serde_json::Value;
use sqlx::PgExecutor;
use sqlx::types::Json;
use uuid::Uuid;

use super::operations::Row;

/// The operations of one kind.
#[derive(Debug)]
pub struct Counted {
    pub kind: String,
    pub count: i64,
    pub held: i64,
    /// Over what they are: another one wherever one of them is another.
    pub fingerprint: String,
}

/// What is planned and not done, by kind.
pub async fn count(db: impl PgExecutor<'_>, domain: DomainId) -> sqlx::Result<Vec<Counted>> {
    sqlx::query_as!(
        Counted,
        r#"select kind, count(*) as "count!", count(*) filter (where state = 'held') as "held!",
                  sum(fingerprint)::text as "fingerprint!"
           from operations where domain_id = $1 and state in ('ready', 'leased', 'held', 'parked')
           group by kind order by kind"#,
        domain.0
    )
    .fetch_all(db)
    .await
}

/// A planned operation, with what JumpCloud has of its subject.
#[derive(Clone, Debug)]
pub struct Planned {
    /// `before` is the JumpCloud user as last read, where the operation has not been carried out.
    pub row: Row,
    pub jumpcloud_id: Option<String>,
}

/// Which operations of a kind are listed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which<'a> {
    /// Why somebody is dissociated: `left_group`, `deleted`, …
    pub cause: Option<&'a str>,
    /// Only what is about one of these.
    pub subjects: Option<&'a [Uuid]>,
}

/// The planned operations of one kind in the order in which they were planned, after one.
pub async fn list(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    kind: &str,
    which: Which<'_>,
    after: Option<OperationId>,
    limit: i64,
) -> sqlx::Result<Vec<Planned>> {
    let rows = sqlx::query!(
        r#"with chosen as (
               select id from operations
               where domain_id = $1 and kind = $2 and state in ('ready', 'leased', 'held', 'parked')
                 and ($3::uuid is null or id > $3) and ($4::text is null or change->>'cause' = $4)
                 and ($5::uuid[] is null or subject = any($5))
               order by id limit $6
           )
           select o.id as "id: OperationId", o.domain_id as "domain_id: DomainId", o.subject as "subject: ObjectGuid",
                  o.target as "target: ObjectGuid", o.kind, o.change as "change: Json<Change>", o.cause, o.state,
                  o.hold_id as "hold_id: HoldId", o.attempts, o.next_attempt_at as "next_attempt_at: DateTime<Utc>",
                  coalesce(o.before, j.body) as "before: Value", o.answer, o.error_code, o.error_message,
                  o.created_at as "created_at: DateTime<Utc>", o.settled_at as "settled_at: DateTime<Utc>",
                  l.jumpcloud_id as "jumpcloud_id?"
           from chosen c
           join operations o on o.id = c.id
           left join links l on l.domain_id = o.domain_id and l.guid = o.subject
           left join jumpcloud_users j on j.organization_id = o.organization_id and j.id = l.jumpcloud_id and l.kind = 'user'
           order by o.id"#,
        domain.0,
        kind,
        after.map(|id| id.0),
        which.cause,
        which.subjects,
        limit,
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Planned {
            jumpcloud_id: row.jumpcloud_id,
            row: Row {
                id: row.id,
                domain_id: row.domain_id,
                subject: row.subject,
                target: row.target,
                kind: row.kind,
                change: row.change,
                cause: row.cause,
                state: row.state,
                hold_id: row.hold_id,
                attempts: row.attempts,
                next_attempt_at: row.next_attempt_at,
                before: row.before,
                answer: row.answer,
                error_code: row.error_code,
                error_message: row.error_message,
                created_at: row.created_at,
                settled_at: row.settled_at,
            },
        })
        .collect())
}

/// Users and groups whose name, sAMAccountName, UPN or mail has the text in it.
pub async fn list_matching(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    query: &str,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        r#"select guid as "guid!" from directory_users where domain_id = $1 and search like lower($2)
           union all
           select guid from directory_groups where domain_id = $1 and (sam_account_name ilike $2 or dn ilike $2)"#,
        domain.0,
        super::subjects::contains(query),
    )
    .fetch_all(db)
    .await
}
