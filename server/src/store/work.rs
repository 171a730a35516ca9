//! Operations as people look for them: searched, held by what they come from, refused by error code.

use chrono::{DateTime, Utc};
use planner::plan::Change;
use protocol::{DomainId, HoldId, ObjectGuid, OperationId};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};

use super::access::Reach;
use super::operations::{Row, select_operations};

/// What a list of operations is limited to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Search<'a> {
    pub domain: Option<DomainId>,
    pub state: Option<&'a str>,
    pub kind: Option<&'a str>,
    pub subject: Option<ObjectGuid>,
    pub error_code: Option<&'a str>,
    /// Matches the subject's name, sAMAccountName, UPN and mail.
    pub query: Option<&'a str>,
}

/// Newest first, older than `after`.
pub async fn list(
    db: impl PgExecutor<'_>,
    reach: &Reach,
    search: &Search<'_>,
    after: Option<OperationId>,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    select_operations!(
        "o where ($1::uuid is null or domain_id = $1) and ($2::text is null or state = $2)
           and ($3::text is null or kind = $3) and ($4::uuid is null or subject = $4)
           and ($5::text is null or error_code = $5) and ($6::uuid is null or id < $6)
           and ($7::text is null
                or exists (select from directory_users u where u.domain_id = o.domain_id and u.guid = o.subject
                           and u.search like lower($7))
                or exists (select from directory_groups g where g.domain_id = o.domain_id and g.guid = o.subject
                           and (g.sam_account_name ilike $7 or g.dn ilike $7)))
           and ($9::uuid[] is null or domain_id in (select d.id from domains d where d.organization_id = any($9)))
         order by id desc limit $8",
        search.domain.map(|id| id.0),
        search.state,
        search.kind,
        search.subject.map(|guid| guid.0),
        search.error_code,
        after.map(|id| id.0),
        search.query.map(super::subjects::contains),
        limit,
        reach.ids()
    )
    .fetch_all(db)
    .await
}

/// Operations that can be done now, or are being done: what waits for a user or group that JumpCloud does not have yet is
/// not among them.
pub async fn count_under_way(db: impl PgExecutor<'_>, domain: DomainId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from operations o
           where o.domain_id = $1 and o.state in ('ready', 'leased')
             and (not o.needs_link or exists (select from links l where l.domain_id = o.domain_id and l.guid = o.subject))
             and (o.target is null or exists (select from links l where l.domain_id = o.domain_id and l.guid = o.target))"#,
        domain.0
    )
    .fetch_one(db)
    .await
}

/// What a hold has or had, newest first: of one cause if it is given, and only what waits if that is asked.
pub async fn list_held(
    db: impl PgExecutor<'_>,
    hold: HoldId,
    cause: Option<&str>,
    only_waiting: bool,
    after: Option<OperationId>,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    select_operations!(
        "where hold_id = $1 and ($2::text is null or cause = $2) and (not $3 or state = 'held')
           and ($4::uuid is null or id < $4)
         order by id desc limit $5",
        hold.0,
        cause,
        only_waiting,
        after.map(|id| id.0),
        limit
    )
    .fetch_all(db)
    .await
}

/// How much of a hold comes from one thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CauseCount {
    pub cause: String,
    pub waiting: i64,
    /// With what was decided.
    pub all: i64,
}

/// The largest first.
pub async fn count_by_cause(db: impl PgExecutor<'_>, hold: HoldId) -> sqlx::Result<Vec<CauseCount>> {
    sqlx::query_as!(
        CauseCount,
        r#"select coalesce(cause, '') as "cause!", count(*) filter (where state = 'held') as "waiting!",
                  count(*) filter (where state <> 'superseded') as "all!"
           from operations where hold_id = $1
           group by cause having count(*) filter (where state <> 'superseded') > 0 order by 2 desc, 3 desc, 1"#,
        hold.0
    )
    .fetch_all(db)
    .await
}

/// Parked operations of one error code.
#[derive(Clone, Debug)]
pub struct Failures {
    pub error_code: String,
    pub count: i64,
    /// How many of them are passwords that are erased: trying again cannot help.
    pub lost: i64,
    /// JumpCloud's words for one of them.
    pub message: Option<String>,
    pub last_at: Option<DateTime<Utc>>,
}

/// The most frequent first.
pub async fn count_by_error(
    db: impl PgExecutor<'_>,
    reach: &Reach,
    domain: Option<DomainId>,
) -> sqlx::Result<Vec<Failures>> {
    sqlx::query_as!(
        Failures,
        r#"select error_code as "error_code!", count(*) as "count!",
                  count(*) filter (where kind = 'set_password' and error_code in ('password_refused', 'password_unreadable'))
                  as "lost!",
                  (array_agg(error_message order by id desc))[1] as message, max(settled_at) as last_at
           from operations
           where state = 'parked' and error_code is not null and ($1::uuid is null or domain_id = $1)
             and ($2::uuid[] is null or domain_id in (select d.id from domains d where d.organization_id = any($2)))
           group by error_code order by 2 desc, 1"#,
        domain.map(|id| id.0),
        reach.ids()
    )
    .fetch_all(db)
    .await
}

/// Tries again every parked operation of an error code, passwords that are erased aside. Returns whose they are.
pub async fn update_retry_all(
    conn: &mut PgConnection,
    reach: &Reach,
    domain: Option<DomainId>,
    error_code: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<(DomainId, ObjectGuid)>> {
    let rows = sqlx::query!(
        r#"update operations set state = 'ready', next_attempt_at = $3, error_code = null, error_message = null,
                  settled_at = null
           where state = 'parked' and error_code = $2 and ($1::uuid is null or domain_id = $1)
             and not (kind = 'set_password' and error_code in ('password_refused', 'password_unreadable'))
             and ($4::uuid[] is null or domain_id in (select d.id from domains d where d.organization_id = any($4)))
           returning domain_id as "domain: DomainId", subject as "subject: ObjectGuid""#,
        domain.map(|id| id.0),
        error_code,
        now,
        reach.ids()
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.domain, row.subject)).collect())
}
