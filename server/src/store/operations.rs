//! The outbox: what is to be done, what is being done, what was done.

use chrono::{DateTime, Utc};
use planner::origin::Origin;
use planner::plan::Change;
use protocol::{DomainId, HoldId, ObjectGuid, OperationId, OrganizationId};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// An operation as it is kept.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: OperationId,
    pub domain_id: DomainId,
    pub subject: ObjectGuid,
    pub target: Option<ObjectGuid>,
    pub kind: String,
    pub change: Json<Change>,
    /// What a destructive one comes from: an origin as text.
    pub cause: Option<String>,
    pub state: String,
    pub hold_id: Option<HoldId>,
    pub attempts: i32,
    pub next_attempt_at: DateTime<Utc>,
    pub before: Option<Value>,
    pub answer: Option<String>,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    pub created_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

macro_rules! select_operations {
    ($tail:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select id as "id: OperationId", domain_id as "domain_id: DomainId", subject as "subject: ObjectGuid",
                      target as "target: ObjectGuid", kind, change as "change: Json<Change>", cause, state,
                      hold_id as "hold_id: HoldId", attempts, next_attempt_at, before, answer, error_code,
                      error_message, created_at, settled_at
               from operations "# + $tail
            $(, $arg)*
        )
    };
}

pub(super) use select_operations;

/// What is alive for these subjects: ready, leased, held or parked.
pub async fn list_live(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    subjects: &[ObjectGuid],
) -> sqlx::Result<Vec<Row>> {
    let subjects: Vec<Uuid> = subjects.iter().map(|guid| guid.0).collect();
    select_operations!(
        "where domain_id = $1 and subject = any($2) and state in ('ready', 'leased', 'held', 'parked')",
        domain.0,
        &subjects
    )
    .fetch_all(db)
    .await
}

pub async fn find(db: impl PgExecutor<'_>, id: OperationId) -> sqlx::Result<Option<Row>> {
    select_operations!("where id = $1", id.0).fetch_optional(db).await
}

/// Newest first, older than `after`.
pub async fn list(
    db: impl PgExecutor<'_>,
    domain: Option<DomainId>,
    state: Option<&str>,
    hold: Option<HoldId>,
    after: Option<OperationId>,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    select_operations!(
        "where ($1::uuid is null or domain_id = $1) and ($2::text is null or state = $2)
           and ($3::uuid is null or hold_id = $3) and ($4::uuid is null or id < $4)
         order by id desc limit $5",
        domain.map(|id| id.0),
        state,
        hold.map(|id| id.0),
        after.map(|id| id.0),
        limit
    )
    .fetch_all(db)
    .await
}

/// The last operations of one subject, newest first.
pub async fn list_of(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    subject: ObjectGuid,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    select_operations!(
        "where domain_id = $1 and subject = $2 order by id desc limit $3",
        domain.0,
        subject.0,
        limit
    )
    .fetch_all(db)
    .await
}

/// Adds planned operations. Returns how many there were.
pub async fn insert(
    conn: &mut PgConnection,
    organization: OrganizationId,
    domain: DomainId,
    planned: &[(planner::Operation, Option<Origin>)],
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let rows: Vec<Value> = planned
        .iter()
        .map(|(operation, origin)| {
            serde_json::json!({
                "id": Uuid::now_v7(), "subject": operation.subject, "target": operation.target,
                "kind": operation.change.kind(), "rank": operation.change.rank(),
                "lane": operation.change.lane() as i16, "guard": operation.change.guard(),
                "cause": origin.map(|origin| origin.to_string()),
                "change": operation.change, "needs_link": operation.change.needs_subject_link(),
            })
        })
        .collect();
    let done = sqlx::query!(
        "insert into operations
           (id, domain_id, organization_id, subject, target, kind, rank, lane, guard, cause, change, needs_link,
            state, next_attempt_at, created_at)
         select id, $1, $2, subject, target, kind, rank, lane, guard, cause, change, needs_link, 'ready', $4, $4
         from jsonb_to_recordset($3) as r(id uuid, subject uuid, target uuid, kind text, rank smallint, lane smallint,
                                          guard text, cause text, change jsonb, needs_link boolean)",
        domain.0,
        organization.0,
        Value::Array(rows),
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// The plan no longer wants them.
pub async fn update_superseded(
    conn: &mut PgConnection,
    ids: &[Uuid],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update operations set state = 'superseded', settled_at = $2
         where id = any($1) and state in ('ready', 'held', 'parked')",
        ids,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An operation to carry out, with what is needed for it.
#[derive(Clone, Debug)]
pub struct Leased {
    pub id: OperationId,
    pub domain_id: DomainId,
    pub subject: ObjectGuid,
    pub target: Option<ObjectGuid>,
    pub change: Json<Change>,
    pub attempts: i32,
    pub created_at: DateTime<Utc>,
    /// JumpCloud id of the subject.
    pub subject_id: Option<String>,
    /// JumpCloud id of the target.
    pub target_id: Option<String>,
    pub activedirectory_id: Option<String>,
}

/// Leases up to `limit` operations of one organization, urgent ones first and at most one of each subject. Looks no further
/// than it must: the queue may be long.
pub async fn lease(
    conn: &mut PgConnection,
    organization: OrganizationId,
    token: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    max_lane: i16,
    limit: i64,
) -> sqlx::Result<Vec<Leased>> {
    sqlx::query_as!(
        Leased,
        r#"with scanned as (
               select o.id, o.domain_id, o.subject, o.lane
               from operations o
               join domains d on d.id = o.domain_id and d.mode = 'active'
               where o.organization_id = $1 and o.state = 'ready' and o.next_attempt_at <= $3 and o.lane <= $5
                 and (not o.needs_link or exists (select from links l where l.domain_id = o.domain_id and l.guid = o.subject))
                 and (o.target is null or exists (select from links l where l.domain_id = o.domain_id and l.guid = o.target))
                 and (o.kind not in ('associate_user', 'associate_group') or d.activedirectory_id is not null)
                 and not exists (select from operations l
                                 where l.domain_id = o.domain_id and l.subject = o.subject and l.state = 'leased')
                 and not exists (select from operations e
                                 where e.domain_id = o.domain_id and e.subject = o.subject and e.state = 'ready'
                                   and e.rank < o.rank and e.rank < 60
                                   and (e.rank = 0 or e.next_attempt_at <= $3)
                                   and (e.kind not in ('associate_user', 'associate_group') or d.activedirectory_id is not null))
               order by o.lane, o.id limit $6::bigint * 4 for update of o skip locked
           ), one_each as (
               select distinct on (domain_id, subject) id, lane from scanned order by domain_id, subject, lane, id
           ), chosen as (
               select id from one_each order by lane, id limit $6::bigint
           )
           update operations o
           set state = 'leased', lease_token = $2, lease_until = $4, attempts = o.attempts + 1
           from chosen c, domains d
           where o.id = c.id and d.id = o.domain_id
           returning o.id as "id: OperationId", o.domain_id as "domain_id: DomainId", o.subject as "subject: ObjectGuid",
                     o.target as "target: ObjectGuid", o.change as "change: Json<Change>", o.attempts, o.created_at,
                     (select l.jumpcloud_id from links l where l.domain_id = o.domain_id and l.guid = o.subject) as subject_id,
                     (select l.jumpcloud_id from links l where l.domain_id = o.domain_id and l.guid = o.target) as target_id,
                     d.activedirectory_id"#,
        organization.0,
        token,
        now,
        until,
        max_lane,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Whether anything of the organization is under way.
pub async fn has_leased(db: impl PgExecutor<'_>, organization: OrganizationId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from operations where organization_id = $1 and state = 'leased') as "leased!""#,
        organization.0
    )
    .fetch_one(db)
    .await
}

/// Puts back what was leased by a process that died: all whose lease has run out, and of an organization that was taken
/// over all but what is leased under the token. What has a successor by now is superseded.
pub async fn update_leases_ended(
    db: impl PgExecutor<'_>,
    taken_over: Option<(OrganizationId, Uuid)>,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "update operations o
         set state = case when exists (
                 select from operations s where s.domain_id = o.domain_id and s.subject = o.subject and s.kind = o.kind
                   and s.target is not distinct from o.target and s.state in ('ready', 'held', 'parked'))
             then 'superseded' else 'ready' end,
             lease_token = null, lease_until = null
         where state = 'leased' and (lease_until < $1 or organization_id = $2 and lease_token <> $3)",
        now,
        taken_over.map(|(id, _)| id.0),
        taken_over.map(|(_, token)| token)
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// How an operation ended.
#[derive(Clone, Debug)]
pub struct Settlement<'a> {
    pub state: &'a str,
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub before: Option<Value>,
    pub answer: Option<&'a str>,
    pub error_code: Option<&'a str>,
    pub error_message: Option<&'a str>,
}

/// Settles what was leased under `token`. False: the lease was lost, and somebody else settles it.
pub async fn update_settled(
    conn: &mut PgConnection,
    id: OperationId,
    token: Uuid,
    end: &Settlement<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update operations o
         set state = case when $3 in ('ready', 'parked') and exists (
                 select from operations s where s.domain_id = o.domain_id and s.subject = o.subject and s.kind = o.kind
                   and s.target is not distinct from o.target and s.state in ('ready', 'held', 'parked'))
             then 'superseded' else $3 end,
             lease_token = null, lease_until = null, next_attempt_at = coalesce($4, next_attempt_at),
             before = coalesce($5, before), answer = $6, error_code = $7, error_message = $8,
             settled_at = case when $3 = 'ready' then null else $9::timestamptz end
         where id = $1 and lease_token = $2",
        id.0,
        token,
        end.state,
        end.next_attempt_at,
        end.before,
        end.answer,
        end.error_code,
        end.error_message,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// A parked operation is tried again, and one that waits for its next attempt at once.
pub async fn update_retry(
    conn: &mut PgConnection,
    id: OperationId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update operations set state = 'ready', next_attempt_at = $2, error_code = null, error_message = null,
                settled_at = null
         where id = $1 and state in ('parked', 'ready')",
        id.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// How many operations there are, by kind and state.
#[derive(Debug)]
pub struct Count {
    pub kind: String,
    pub state: String,
    pub count: i64,
}

pub async fn count_planned(db: impl PgExecutor<'_>, domain: DomainId) -> sqlx::Result<Vec<Count>> {
    sqlx::query_as!(
        Count,
        r#"select kind, state, count(*) as "count!" from operations
           where domain_id = $1 and state in ('ready', 'leased', 'held', 'parked')
           group by kind, state order by kind, state"#,
        domain.0
    )
    .fetch_all(db)
    .await
}

/// The last two operations done of each subject, kind and target, newest first: what was written again and again.
pub async fn list_last_done(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    subjects: &[ObjectGuid],
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<Row>> {
    let subjects: Vec<Uuid> = subjects.iter().map(|guid| guid.0).collect();
    select_operations!(
        "where id in (
             select id from (
                 select id, row_number() over (partition by subject, kind, target order by settled_at desc, id desc) as place
                 from operations
                 where domain_id = $1 and subject = any($2) and state = 'done' and settled_at >= $3 and guard is null
                   and kind <> 'restore_user' and kind <> 'add_member'
             ) last where place <= 2)
         order by settled_at desc, id desc",
        domain.0,
        &subjects,
        since
    )
    .fetch_all(db)
    .await
}

/// Parks what was just planned: JumpCloud keeps another value than the one we write.
pub async fn update_parked_as_futile(
    conn: &mut PgConnection,
    domain: DomainId,
    subject: ObjectGuid,
    kind: &str,
    target: Option<ObjectGuid>,
    message: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update operations set state = 'parked', error_code = 'jumpcloud_keeps_another_value', error_message = $5
         where domain_id = $1 and subject = $2 and kind = $3 and target is not distinct from $4 and state = 'ready'",
        domain.0,
        subject.0,
        kind,
        target.map(|guid| guid.0),
        message
    )
    .execute(conn)
    .await?;
    Ok(())
}
