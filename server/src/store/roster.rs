//! Users and groups as lists show them: searched, filtered, by name or by objectGUID.

use chrono::{DateTime, Utc};
use planner::reason::Reason;
use protocol::directory::{Group, User};
use protocol::{DomainId, ObjectGuid};
use sqlx::PgExecutor;
use sqlx::types::Json;
use uuid::Uuid;

use super::coverage::select_coverage;
use super::subjects::{GroupView, UserView, contains};

/// What a list is limited to.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub struct Filter<'a> {
    /// Matches name, sAMAccountName, UPN, mail and distinguished name.
    pub query: Option<&'a str>,
    pub status: Option<&'a str>,
    /// The code of one of the reasons.
    pub reason: Option<&'a str>,
    /// How the current AD password stands; users only.
    pub password: Option<&'a str>,
}

/// What a list is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    #[default]
    ObjectGuid,
    Name,
}

/// All users of the domain that match, or some by their objectGUIDs; in the order of the objectGUID, or of the name.
macro_rules! list_users {
    (all, $order:ident, $($arg:expr),*) => {
        list_users!($order, "directory_users p", "and ($5::text is null or p.search like lower($5))", $($arg),*)
    };
    (some, $order:ident, $($arg:expr),*) => {
        list_users!($order, "unnest($5::uuid[]) found(guid) join directory_users p on p.guid = found.guid", "", $($arg),*)
    };
    (guid, $from:literal, $matches:literal, $($arg:expr),*) => {
        list_users!($from, $matches, "and ($4::uuid is null or p.guid > $4) order by p.guid limit $8", $($arg),*)
    };
    (name, $from:literal, $matches:literal, $($arg:expr),*) => {
        list_users!(
            $from,
            $matches,
            "and (lower(left(coalesce(p.display_name, p.sam_account_name, p.dn), 200)), p.guid) > (
                 coalesce((select lower(left(coalesce(s.display_name, s.sam_account_name, s.dn), 200))
                           from directory_users s where s.domain_id = $1 and s.guid = $4), ''),
                 coalesce($4, '00000000-0000-0000-0000-000000000000'::uuid))
             order by lower(left(coalesce(p.display_name, p.sam_account_name, p.dn), 200)), p.guid limit $8",
            $($arg),*
        )
    };
    ($from:literal, $matches:literal, $tail:literal, $($arg:expr),*) => {
        select_coverage!(
            UserView,
            r#"select p.guid as "guid: ObjectGuid", p.body as "body: Json<User>", p.dn, p.presence, p.status,
                      p.reasons as "reasons: Json<Vec<Reason>>", p.in_scope,
                      p.scope_path as "scope_path: Vec<ObjectGuid>", p.moved_out, p.due,
                      l.jumpcloud_id as "jumpcloud_id?", j.body->>'username' as jumpcloud_username,
                      l.linked_at as "linked_at?", l.leaving_since,
                      l.suspended_by_us as "suspended_by_us?", l.taken_over as "taken_over?"
               from "# + $from + r#" left join links l on l.domain_id = p.domain_id and l.guid = p.guid
               left join jumpcloud_users j on j.organization_id = l.organization_id and j.id = l.jumpcloud_id
               where p.domain_id = $1 "# + $matches + r#"
                 and ($6::text is null or p.status = $6)
                 and ($7::text is null or p.reasons @> jsonb_build_array(jsonb_build_object('code', $7)))
                 and ($3::text is null or p.guid in (select c.guid"#,
            "where c.state = $3)) " + $tail
            $(, $arg)*
        )
    };
}

/// Up to here those that match are found first and ordered then: few matches would have the walk through the names read
/// every user of the domain, many end it soon.
const FEW: i64 = 1000;

/// The users that match, if they are few.
async fn list_matches(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    pattern: &str,
) -> sqlx::Result<Option<Vec<Uuid>>> {
    let found = sqlx::query_scalar!(
        "select guid from directory_users where domain_id = $1 and search like lower($2) order by guid limit $3",
        domain.0,
        pattern,
        FEW + 1
    )
    .fetch_all(db)
    .await?;
    Ok((found.len() as u64 <= FEW.unsigned_abs()).then_some(found))
}

/// Users after one.
pub async fn list_users(
    db: impl PgExecutor<'_> + Copy,
    domain: DomainId,
    now: DateTime<Utc>,
    filter: &Filter<'_>,
    sort: Sort,
    after: Option<ObjectGuid>,
    limit: i64,
) -> sqlx::Result<Vec<UserView>> {
    let (pattern, after) = (filter.query.map(contains), after.map(|guid| guid.0));
    let (password, status, reason) = (filter.password, filter.status, filter.reason);
    let few = match &pattern {
        Some(pattern) => list_matches(db, domain, pattern).await?,
        None => None,
    };
    macro_rules! page {
        ($which:ident, $order:ident, $matches:expr) => {
            list_users!($which, $order, domain.0, now, password, after, $matches, status, reason, limit)
                .fetch_all(db)
                .await
        };
    }
    match (sort, &few) {
        (Sort::ObjectGuid, Some(few)) => page!(some, guid, few),
        (Sort::ObjectGuid, None) => page!(all, guid, pattern),
        (Sort::Name, Some(few)) => page!(some, name, few),
        (Sort::Name, None) => page!(all, name, pattern),
    }
}

macro_rules! list_groups {
    ($tail:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            GroupView,
            r#"select g.guid as "guid: ObjectGuid", g.body as "body: Json<Group>", g.dn, g.presence, g.status,
                      g.reasons as "reasons: Json<Vec<Reason>>", g.in_scope, l.jumpcloud_id as "jumpcloud_id?",
                      j.body->>'name' as jumpcloud_name, g.adopt,
                      (select count(*) from jumpcloud_members m
                       where m.organization_id = l.organization_id and m.group_id = l.jumpcloud_id) as "jumpcloud_members!",
                      (select count(*) from memberships m
                       where m.domain_id = g.domain_id and m.group_guid = g.guid and not m.vanished) as "members!"
               from directory_groups g
               left join links l on l.domain_id = g.domain_id and l.guid = g.guid
               left join jumpcloud_groups j on j.organization_id = l.organization_id and j.id = l.jumpcloud_id
               where g.domain_id = $1 and ($3::text is null or g.status = $3)
                 and ($4::text is null or g.sam_account_name ilike $4 or g.dn ilike $4)
                 and ($5::text is null or g.reasons @> jsonb_build_array(jsonb_build_object('code', $5))) "# + $tail
            $(, $arg)*
        )
    };
}

/// Groups after one.
pub async fn list_groups(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    filter: &Filter<'_>,
    sort: Sort,
    after: Option<ObjectGuid>,
    limit: i64,
) -> sqlx::Result<Vec<GroupView>> {
    let (pattern, after) = (filter.query.map(contains), after.map(|guid| guid.0));
    match sort {
        Sort::ObjectGuid => {
            list_groups!(
                "and ($2::uuid is null or g.guid > $2) order by g.guid limit $6",
                domain.0,
                after,
                filter.status,
                pattern,
                filter.reason,
                limit
            )
            .fetch_all(db)
            .await
        }
        Sort::Name => {
            list_groups!(
                "and (lower(left(coalesce(g.sam_account_name, g.dn), 200)), g.guid) > (
                     coalesce((select lower(left(coalesce(s.sam_account_name, s.dn), 200))
                               from directory_groups s where s.domain_id = $1 and s.guid = $2), ''),
                     coalesce($2, '00000000-0000-0000-0000-000000000000'::uuid))
                 order by lower(left(coalesce(g.sam_account_name, g.dn), 200)), g.guid limit $6",
                domain.0,
                after,
                filter.status,
                pattern,
                filter.reason,
                limit
            )
            .fetch_all(db)
            .await
        }
    }
}

/// How many users have a reason.
#[derive(Debug)]
pub struct ReasonCount {
    pub code: String,
    pub count: i64,
}

/// The most frequent first.
pub async fn count_user_reasons(db: impl PgExecutor<'_>, domain: DomainId) -> sqlx::Result<Vec<ReasonCount>> {
    sqlx::query_as!(
        ReasonCount,
        r#"select code as "code!", sum(alike.count)::bigint as "count!"
           from (select reason_codes, count(*) from directory_users
                 where domain_id = $1 and reasons <> '[]' group by reason_codes) alike
           cross join lateral jsonb_array_elements_text(alike.reason_codes) code
           group by 1 order by 2 desc, 1"#,
        domain.0
    )
    .fetch_all(db)
    .await
}

/// What a group lists that is no user of the mirror: it could not be read, or is something else.
#[derive(Debug)]
pub struct Unread {
    pub guid: ObjectGuid,
    pub dn: String,
    /// The group that lists it.
    pub group: String,
    pub group_guid: ObjectGuid,
    /// What it is, where a look-up has told.
    pub class: Option<String>,
}

/// Members of groups that match `query` by their distinguished name and are neither a user nor a group of the mirror.
pub async fn list_unread(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    query: &str,
    limit: i64,
) -> sqlx::Result<Vec<Unread>> {
    sqlx::query_as!(
        Unread,
        r#"select distinct on (m.member_guid) m.member_guid as "guid: ObjectGuid", m.member_dn as dn,
                  coalesce(g.sam_account_name, g.dn) as "group!", g.guid as "group_guid: ObjectGuid", o.class as "class?"
           from memberships m
           join directory_groups g on g.domain_id = m.domain_id and g.guid = m.group_guid
           left join directory_others o on o.domain_id = m.domain_id and o.guid = m.member_guid
           where m.domain_id = $1 and m.member_dn ilike $2
             and not exists (select from directory_users u where u.domain_id = m.domain_id and u.guid = m.member_guid)
             and not exists (select from directory_groups s where s.domain_id = m.domain_id and s.guid = m.member_guid)
           order by m.member_guid limit $3"#,
        domain.0,
        contains(query),
        limit
    )
    .fetch_all(db)
    .await
}
