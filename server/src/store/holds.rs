//! Holds: destructive operations that a person decides about, and the counts by which the guard asks for one.

use chrono::{DateTime, Utc};
use protocol::{DomainId, HoldId, ObjectGuid, OperationId};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::access::Reach;

/// A hold as it is kept.
#[derive(Clone, Debug)]
pub struct Hold {
    pub id: HoldId,
    pub domain_id: DomainId,
    pub kind: String,
    pub state: String,
    pub allowed: i64,
    pub linked: i64,
    /// What the guard had counted as done in the window when it opened the hold.
    pub done: Option<i64>,
    /// What was ready then.
    pub ready: Option<i64>,
    pub opened_at: DateTime<Utc>,
    pub decided_at: Option<DateTime<Utc>>,
    pub decided_by: Option<String>,
    /// Operations that wait in it, or users that were moved out.
    pub waiting: i64,
}

macro_rules! select_holds {
    ($tail:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            Hold,
            r#"select id as "id: HoldId", domain_id as "domain_id: DomainId", kind, state, allowed, linked, done, ready,
                      opened_at,
                      decided_at, decided_by,
                      case when kind = 'moved_out' and state = 'open'
                           then (select count(*) from directory_users u
                                 where u.domain_id = h.domain_id and u.moved_out and u.moved_out_answer is null)
                           else (select count(*) from operations o where o.hold_id = h.id and o.state = 'held')
                      end as "waiting!"
               from holds h "# + $tail
            $(, $arg)*
        )
    };
}

/// Open ones first, then newest first.
pub async fn list(db: impl PgExecutor<'_>, reach: &Reach) -> sqlx::Result<Vec<Hold>> {
    select_holds!(
        "where ($1::uuid[] is null or domain_id in (select d.id from domains d where d.organization_id = any($1)))
         order by (state = 'open') desc, opened_at desc, id limit 500",
        reach.ids()
    )
    .fetch_all(db)
    .await
}

pub async fn find(db: impl PgExecutor<'_>, id: HoldId) -> sqlx::Result<Option<Hold>> {
    select_holds!("where id = $1", id.0).fetch_optional(db).await
}

/// What the guard compares.
#[derive(Debug)]
pub struct Counts {
    pub done: i64,
    pub ready: i64,
    pub linked: i64,
}

/// Destructive operations of one kind: done or under way since `since` without anybody's approval, and ready; and how
/// many linked objects of the kind there are.
pub async fn count(
    conn: &mut PgConnection,
    domain: DomainId,
    kind: &str,
    since: DateTime<Utc>,
) -> sqlx::Result<Counts> {
    let operations = sqlx::query!(
        r#"select count(*) filter (where state = 'leased' or (state = 'done' and settled_at >= $3)) as "done!",
                  count(*) filter (where state = 'ready') as "ready!"
           from operations where domain_id = $1 and guard = $2 and not approved
             and (state in ('ready', 'leased') or (state = 'done' and settled_at >= $3))"#,
        domain.0,
        kind,
        since
    )
    .fetch_one(&mut *conn)
    .await?;
    let linked = if kind == "memberships" {
        sqlx::query_scalar!(
            r#"select count(*) as "count!" from links g
               join jumpcloud_members m on m.organization_id = g.organization_id and m.group_id = g.jumpcloud_id
               where g.domain_id = $1 and g.kind = 'group'"#,
            domain.0
        )
        .fetch_one(conn)
        .await?
    } else {
        let of = if kind == "groups" { "group" } else { "user" };
        sqlx::query_scalar!(
            r#"select count(*) as "count!" from links where domain_id = $1 and kind = $2"#,
            domain.0,
            of
        )
        .fetch_one(conn)
        .await?
    };
    Ok(Counts { done: operations.done, ready: operations.ready, linked })
}

/// Holds every ready operation of the kind that nobody approved, in the open hold or a new one. Returns the hold if it
/// is a new one, and whose operations are held.
pub async fn insert(
    conn: &mut PgConnection,
    domain: DomainId,
    kind: &str,
    may_pass: i64,
    counts: &Counts,
    now: DateTime<Utc>,
) -> sqlx::Result<(Option<HoldId>, Vec<ObjectGuid>)> {
    let opened = sqlx::query_scalar!(
        r#"insert into holds (id, domain_id, kind, allowed, linked, done, ready, opened_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8)
           on conflict (domain_id, kind) where state = 'open' do nothing
           returning id as "id: HoldId""#,
        Uuid::now_v7(),
        domain.0,
        kind,
        may_pass,
        counts.linked,
        counts.done,
        counts.ready,
        now
    )
    .fetch_optional(&mut *conn)
    .await?;
    let subjects = sqlx::query_scalar!(
        r#"update operations set state = 'held',
                  hold_id = (select id from holds where domain_id = $1 and kind = $2 and state = 'open')
           where domain_id = $1 and guard = $2 and state = 'ready' and not approved
           returning subject as "subject: ObjectGuid""#,
        domain.0,
        kind
    )
    .fetch_all(conn)
    .await?;
    Ok((opened, subjects))
}

/// Which of a hold's operations a decision is about.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    All,
    Named(&'a [OperationId]),
    /// All that come from one thing.
    Cause(&'a str),
}

impl Which<'_> {
    fn ids(self) -> Option<Vec<Uuid>> {
        match self {
            Self::Named(ids) => Some(ids.iter().map(|id| id.0).collect()),
            Self::All | Self::Cause(_) => None,
        }
    }

    /// The operations, where it names them.
    pub fn named(&self) -> Option<&[OperationId]> {
        match self {
            Self::Named(ids) => Some(ids),
            Self::All | Self::Cause(_) => None,
        }
    }

    /// The cause, where it is about one.
    pub fn cause(&self) -> Option<&str> {
        match self {
            Self::Cause(cause) => Some(cause),
            Self::All | Self::Named(_) => None,
        }
    }
}

/// Lets held operations of one hold pass. Returns whose they are.
pub async fn update_approved(
    conn: &mut PgConnection,
    id: HoldId,
    which: Which<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<ObjectGuid>> {
    let ids = which.ids();
    sqlx::query_scalar!(
        r#"update operations set state = 'ready', approved = true, next_attempt_at = $4
           where hold_id = $1 and state = 'held' and ($2::uuid[] is null or id = any($2)) and ($3::text is null or cause = $3)
           returning subject as "subject: ObjectGuid""#,
        id.0,
        ids.as_deref(),
        which.cause(),
        now
    )
    .fetch_all(conn)
    .await
}

/// Parks held operations of one hold. The plan keeps a parked one as it is. Returns whose they are.
pub async fn update_rejected(
    conn: &mut PgConnection,
    id: HoldId,
    which: Which<'_>,
    message: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<ObjectGuid>> {
    let ids = which.ids();
    sqlx::query_scalar!(
        r#"update operations set state = 'parked', error_code = 'rejected_by_administrator', error_message = $4,
                  settled_at = $5
           where hold_id = $1 and state = 'held' and ($2::uuid[] is null or id = any($2)) and ($3::text is null or cause = $3)
           returning subject as "subject: ObjectGuid""#,
        id.0,
        ids.as_deref(),
        which.cause(),
        message,
        now
    )
    .fetch_all(conn)
    .await
}

/// Closes the hold once nothing waits in it.
pub async fn update_decided(
    conn: &mut PgConnection,
    id: HoldId,
    state: &str,
    by: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update holds h set decided_at = $4, decided_by = $3,
                state = case when exists (select from operations where hold_id = h.id and state = 'held') then 'open'
                             else $2 end
         where id = $1",
        id.0,
        state,
        by,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Open holds of which nothing is left: what they held was superseded.
pub async fn update_emptied(
    conn: &mut PgConnection,
    domain: DomainId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update holds h set state = 'superseded', decided_at = $2
         where domain_id = $1 and state = 'open' and kind <> 'moved_out'
           and not exists (select from operations where hold_id = h.id and state = 'held')",
        domain.0,
        now
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update holds h set state = 'superseded', decided_at = $2
         where domain_id = $1 and state = 'open' and kind = 'moved_out'
           and not exists (select from directory_users u
                           where u.domain_id = $1 and u.moved_out and u.moved_out_answer is null)",
        domain.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Opens the hold of users that were moved out of the root user container, if there are any and it is not open yet.
pub async fn insert_moved_out(
    conn: &mut PgConnection,
    domain: DomainId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<HoldId>> {
    sqlx::query_scalar!(
        r#"insert into holds (id, domain_id, kind, allowed, linked, opened_at)
           select $2, $1, 'moved_out', 0, (select count(*) from links where domain_id = $1 and kind = 'user'), $3
           where exists (select from directory_users
                         where domain_id = $1 and moved_out and moved_out_answer is null)
           on conflict (domain_id, kind) where state = 'open' do nothing
           returning id as "id: HoldId""#,
        domain.0,
        Uuid::now_v7(),
        now
    )
    .fetch_optional(conn)
    .await
}

/// The answer for users that were moved out.
pub async fn update_moved_out(
    conn: &mut PgConnection,
    domain: DomainId,
    answer: &str,
    users: &[ObjectGuid],
) -> sqlx::Result<()> {
    let users: Vec<_> = users.iter().map(|guid| guid.0).collect();
    sqlx::query!(
        "update directory_users set moved_out_answer = $2 where domain_id = $1 and guid = any($3)",
        domain.0,
        answer,
        &users
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An open hold, as every page announces it.
#[derive(Debug)]
pub struct OpenHold {
    pub id: HoldId,
    pub domain_id: DomainId,
    /// The domain's name.
    pub domain: String,
    pub kind: String,
    /// Operations, or users that were moved out.
    pub waiting: i64,
}

pub async fn list_open(db: impl PgExecutor<'_>, reach: &Reach) -> sqlx::Result<Vec<OpenHold>> {
    sqlx::query_as!(
        OpenHold,
        r#"select h.id as "id: HoldId", h.domain_id as "domain_id: DomainId", d.name as domain, h.kind,
                  case when h.kind = 'moved_out'
                       then (select count(*) from directory_users u
                             where u.domain_id = h.domain_id and u.moved_out and u.moved_out_answer is null)
                       else (select count(*) from operations o where o.hold_id = h.id and o.state = 'held')
                  end as "waiting!"
           from holds h join domains d on d.id = h.domain_id
           where h.state = 'open' and ($1::uuid[] is null or d.organization_id = any($1))
           order by h.opened_at, h.id"#,
        reach.ids()
    )
    .fetch_all(db)
    .await
}
