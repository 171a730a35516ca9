//! Whose current AD password JumpCloud has. The rule stands here once, as a macro over one statement.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use protocol::{DomainId, ObjectGuid};
use sqlx::PgExecutor;
use uuid::Uuid;

/// How one user in scope is covered.
#[derive(Clone, Debug)]
pub struct Covered {
    pub guid: ObjectGuid,
    pub sam_account_name: Option<String>,
    pub display_name: Option<String>,
    pub mail: Option<String>,
    /// `delivered`, `waiting`, `refused`, `expired`, `missed` or `never_captured`.
    pub state: String,
    /// Why it was refused or has expired.
    pub message: Option<String>,
    /// When the current AD password was set; none if that cannot be told.
    pub changed_at: Option<DateTime<Utc>>,
    /// The database of the domain controller on which it was set.
    pub invocation_id: Option<Uuid>,
    pub captured_at: Option<DateTime<Utc>>,
    /// When JumpCloud last took a password of this user.
    pub delivered_at: Option<DateTime<Utc>>,
}

// What was captured counts if it is the user's current password, or a later one than the watcher has seen so far. A
// change that was seen and not captured is missed after a minute; one from before anything was captured never was.
// FILETIME counts 100 ns from 1601.
macro_rules! select_coverage {
    ($type:ty, $before:literal $(+ $first:literal)*, $after:literal $(+ $more:literal)* $(, $arg:expr)*) => {
        sqlx::query_as!(
            $type,
            $before $(+ $first)* + r#" from (
               select u.guid, u.sam_account_name, u.display_name, u.mail, p.message, p.captured_at, p.delivered_at,
                      u.pwd_invocation_id as invocation_id, s.set_at as changed_at, u.pwd_last_set,
                      case when p.guid is not null and p.state <> 'erased' and (
                                case when p.version is not null and u.pwd_version is not null
                                     then (p.version, p.changed_at, p.invocation_id)
                                          >= (u.pwd_version, u.pwd_changed_at, u.pwd_invocation_id)
                                     else p.pwd_last_set >= coalesce(u.pwd_last_set, 0) end)
                           then p.state
                           when s.set_at > d.captures_since and u.pwd_seen_at <= $2::timestamptz - interval '60 seconds'
                           then 'missed'
                           when s.set_at > d.captures_since then 'waiting'
                           else 'never_captured' end as state
               from directory_users u
               join domains d on d.id = u.domain_id
               left join passwords p on p.domain_id = u.domain_id and p.guid = u.guid
               cross join lateral (
                   select coalesce(u.pwd_changed_at, case when u.pwd_last_set > 0
                       then timestamptz '1601-01-01 00:00:00Z' + make_interval(secs => u.pwd_last_set / 10000000.0) end) as set_at
               ) s
               where u.domain_id = $1 and u.in_scope and u.presence = 'present'
            ) c "# + $after $(+ $more)*
            $(, $arg)*
        )
    };
}

pub(super) use select_coverage;

/// How the passwords of some users stand; those that are not in scope are left out.
pub async fn list_states(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    now: DateTime<Utc>,
    users: &[ObjectGuid],
) -> sqlx::Result<BTreeMap<ObjectGuid, String>> {
    struct State {
        guid: ObjectGuid,
        state: String,
    }
    let users: Vec<Uuid> = users.iter().map(|guid| guid.0).collect();
    let rows = select_coverage!(
        State,
        r#"select c.guid as "guid!: ObjectGuid", c.state as "state!""#,
        "where c.guid = any($3)",
        domain.0,
        now,
        &users
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.guid, row.state)).collect())
}

/// Users in scope in the order of their objectGUID, after one.
pub async fn list(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    now: DateTime<Utc>,
    state: Option<&str>,
    after: Option<ObjectGuid>,
    limit: i64,
) -> sqlx::Result<Vec<Covered>> {
    select_coverage!(
        Covered,
        r#"select c.guid as "guid!: ObjectGuid", c.sam_account_name, c.display_name, c.mail, c.state as "state!", c.message as "message?",
                  c.changed_at as "changed_at?", c.invocation_id as "invocation_id?", c.captured_at as "captured_at?",
                  c.delivered_at as "delivered_at?""#,
        "where ($3::text is null or c.state = $3) and ($4::uuid is null or c.guid > $4) order by c.guid limit $5",
        domain.0,
        now,
        state,
        after.map(|guid| guid.0),
        limit
    )
    .fetch_all(db)
    .await
}

/// One user; none if it is not in scope.
pub async fn find(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    now: DateTime<Utc>,
    user: ObjectGuid,
) -> sqlx::Result<Option<Covered>> {
    select_coverage!(
        Covered,
        r#"select c.guid as "guid!: ObjectGuid", c.sam_account_name, c.display_name, c.mail, c.state as "state!", c.message as "message?",
                  c.changed_at as "changed_at?", c.invocation_id as "invocation_id?", c.captured_at as "captured_at?",
                  c.delivered_at as "delivered_at?""#,
        "where c.guid = $3",
        domain.0,
        now,
        user.0
    )
    .fetch_optional(db)
    .await
}

/// How many users in scope are in each state.
#[derive(Debug)]
pub struct Count {
    pub state: String,
    pub count: i64,
}

pub async fn count(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Count>> {
    select_coverage!(
        Count,
        r#"select c.state as "state!", count(*) as "count!""#,
        "group by c.state order by c.state",
        domain.0,
        now
    )
    .fetch_all(db)
    .await
}

/// Missed changes, by the database of the domain controller on which they were made.
#[derive(Debug)]
pub struct Missed {
    pub invocation_id: Option<Uuid>,
    pub users: i64,
    pub last_at: Option<DateTime<Utc>>,
}

pub async fn list_missed(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Missed>> {
    select_coverage!(
        Missed,
        r#"select c.invocation_id as "invocation_id?", count(*) as "users!", max(c.changed_at) as "last_at?""#,
        "where c.state = 'missed' group by c.invocation_id order by c.invocation_id",
        domain.0,
        now
    )
    .fetch_all(db)
    .await
}
