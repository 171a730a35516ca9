//! How users and groups of the directory stand: verdicts as the plan gives them, and what pages and the API show.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use planner::plan::Verdict;
use planner::reason::Reason;
use protocol::directory::{Group, User};
use protocol::{DomainId, ObjectGuid};
use serde_json::{Value, json};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// A verdict and whose it is.
pub type Verdicts<'a> = Vec<(ObjectGuid, &'a Verdict)>;

fn rows(verdicts: &Verdicts<'_>) -> Value {
    let row = |(guid, verdict): &(ObjectGuid, &Verdict)| {
        json!({
            "guid": guid, "in_scope": verdict.in_scope, "verdict": verdict.status, "reasons": verdict.reasons,
            "scope_path": verdict.scope_path, "due": verdict.due, "moved_out": verdict.moved_out,
            "username_key": verdict.username.as_deref().map(super::mirror::fold),
            "email_key": verdict.email.as_deref().map(super::mirror::fold),
            "name_key": verdict.group_name.as_deref().map(super::mirror::fold),
            "leaving_since": verdict.leaving_since,
        })
    };
    Value::Array(verdicts.iter().map(row).collect())
}

/// Writes the users' verdicts. Returns those whose scope changed: others may now claim what they claimed.
pub async fn update_user_verdicts(
    conn: &mut PgConnection,
    domain: DomainId,
    verdicts: &Verdicts<'_>,
) -> sqlx::Result<Vec<(Option<String>, Option<String>)>> {
    let rows = rows(verdicts);
    let changed = sqlx::query!(
        r#"with r as (
               select * from jsonb_to_recordset($2) as r(
                   guid uuid, in_scope boolean, verdict text, reasons jsonb, scope_path jsonb, due timestamptz,
                   moved_out boolean)
           ), old as (
               select u.guid, u.in_scope from directory_users u join r on r.guid = u.guid where u.domain_id = $1
           ), written as (
               update directory_users u
               set in_scope = r.in_scope, verdict = r.verdict, reasons = r.reasons, due = r.due,
                   scope_path = array(select jsonb_array_elements_text(r.scope_path)::uuid),
                   moved_out = r.moved_out
               from r where u.domain_id = $1 and u.guid = r.guid
               returning u.guid, u.in_scope, u.username_key, u.email_key
           )
           select w.username_key, w.email_key from written w join old o on o.guid = w.guid
           where o.in_scope is distinct from w.in_scope"#,
        domain.0,
        rows,
    )
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query!(
        "update links l set leaving_since = r.leaving_since
         from jsonb_to_recordset($2) as r(guid uuid, leaving_since timestamptz)
         where l.domain_id = $1 and l.guid = r.guid and l.kind = 'user'
           and l.leaving_since is distinct from r.leaving_since",
        domain.0,
        self::rows(verdicts),
    )
    .execute(conn)
    .await?;
    Ok(changed.into_iter().map(|row| (row.username_key, row.email_key)).collect())
}

/// What changed with the verdicts of groups.
#[derive(Debug, Default)]
pub struct GroupsChanged {
    /// Folded names that are claimed now, or no longer.
    pub name_keys: Vec<String>,
    /// Groups that became synced or ceased to be: their members are planned again.
    pub guids: Vec<ObjectGuid>,
}

/// Writes the groups' verdicts.
pub async fn update_group_verdicts(
    conn: &mut PgConnection,
    domain: DomainId,
    verdicts: &Verdicts<'_>,
) -> sqlx::Result<GroupsChanged> {
    let changed = sqlx::query!(
        r#"with r as (
               select * from jsonb_to_recordset($2) as r(
                   guid uuid, in_scope boolean, verdict text, reasons jsonb, scope_path jsonb, name_key text)
           ), old as (
               select g.guid, g.name_key, g.in_scope, g.verdict from directory_groups g join r on r.guid = g.guid
               where g.domain_id = $1
           ), written as (
               update directory_groups g
               set in_scope = r.in_scope, verdict = r.verdict, reasons = r.reasons, name_key = r.name_key,
                   scope_path = array(select jsonb_array_elements_text(r.scope_path)::uuid)
               from r where g.domain_id = $1 and g.guid = r.guid
               returning g.guid, g.name_key, g.in_scope, g.verdict
           )
           select w.guid as "guid: ObjectGuid", o.name_key as old_key, w.name_key as new_key,
                  o.in_scope is distinct from w.in_scope
                  or (o.verdict in ('conflict', 'excluded')) is distinct from (w.verdict in ('conflict', 'excluded'))
                  as "turned!"
           from written w join old o on o.guid = w.guid
           where o.name_key is distinct from w.name_key or o.in_scope is distinct from w.in_scope
              or o.verdict is distinct from w.verdict"#,
        domain.0,
        rows(verdicts),
    )
    .fetch_all(conn)
    .await?;
    let mut found = GroupsChanged::default();
    for row in changed {
        if row.turned {
            found.guids.push(row.guid);
        }
        found.name_keys.extend([row.old_key, row.new_key].into_iter().flatten());
    }
    Ok(found)
}

/// The ways by which subjects were members, as their last verdicts say.
pub async fn list_scope_paths(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    guids: &[ObjectGuid],
) -> sqlx::Result<BTreeMap<ObjectGuid, Vec<ObjectGuid>>> {
    let guids: Vec<Uuid> = guids.iter().map(|guid| guid.0).collect();
    let rows = sqlx::query!(
        r#"select guid as "guid!: ObjectGuid", scope_path as "scope_path!: Vec<ObjectGuid>"
           from directory_users where domain_id = $1 and guid = any($2)
           union all
           select guid, scope_path from directory_groups where domain_id = $1 and guid = any($2)"#,
        domain.0,
        &guids
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.guid, row.scope_path)).collect())
}

/// Takes the outbox into account: what is parked has failed, what is held is held, what is to be done is pending.
pub async fn update_status(
    conn: &mut PgConnection,
    domain: DomainId,
    guids: &[ObjectGuid],
) -> sqlx::Result<()> {
    let guids: Vec<Uuid> = guids.iter().map(|guid| guid.0).collect();
    sqlx::query!(
        "with live as (
             select subject, bool_or(state = 'parked') as parked, bool_or(state = 'held') as held
             from operations
             where domain_id = $1 and subject = any($2) and state in ('ready', 'leased', 'held', 'parked')
             group by subject
         ), new as (
             select u.guid, case when l.held then 'held' when l.parked then 'failed'
                                 when l.subject is not null and coalesce(u.verdict, 'synced') = 'synced' then 'pending'
                                 else coalesce(u.verdict, 'pending') end as status
             from directory_users u left join live l on l.subject = u.guid
             where u.domain_id = $1 and u.guid = any($2)
         )
         update directory_users u set status = new.status from new
         where u.domain_id = $1 and u.guid = new.guid and u.status <> new.status",
        domain.0,
        &guids
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "with live as (
             select subject, bool_or(state = 'parked') as parked, bool_or(state = 'held') as held
             from operations
             where domain_id = $1 and subject = any($2) and state in ('ready', 'leased', 'held', 'parked')
             group by subject
         ), new as (
             select g.guid, case when l.held then 'held' when l.parked then 'failed'
                                 when l.subject is not null and coalesce(g.verdict, 'synced') = 'synced' then 'pending'
                                 else coalesce(g.verdict, 'pending') end as status
             from directory_groups g left join live l on l.subject = g.guid
             where g.domain_id = $1 and g.guid = any($2)
         )
         update directory_groups g set status = new.status from new
         where g.domain_id = $1 and g.guid = new.guid and g.status <> new.status",
        domain.0,
        &guids
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Remembers which JumpCloud user a person chose.
pub async fn update_takeover_decision(
    conn: &mut PgConnection,
    domain: DomainId,
    guid: ObjectGuid,
    jumpcloud_id: &str,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update directory_users set takeover_decision = $3 where domain_id = $1 and guid = $2",
        domain.0,
        guid.0,
        jumpcloud_id
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Remembers that the JumpCloud group of this name is to be adopted.
pub async fn update_adopt(conn: &mut PgConnection, domain: DomainId, guid: ObjectGuid) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update directory_groups set adopt = true where domain_id = $1 and guid = $2",
        domain.0,
        guid.0
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// A user as pages and the API show it.
#[derive(Clone, Debug)]
pub struct UserView {
    pub guid: ObjectGuid,
    pub body: Json<User>,
    pub dn: String,
    pub presence: String,
    pub status: String,
    pub reasons: Json<Vec<Reason>>,
    pub in_scope: Option<bool>,
    pub scope_path: Vec<ObjectGuid>,
    pub moved_out: bool,
    pub due: Option<DateTime<Utc>>,
    pub jumpcloud_id: Option<String>,
    pub jumpcloud_username: Option<String>,
    pub linked_at: Option<DateTime<Utc>>,
    pub leaving_since: Option<DateTime<Utc>>,
    pub suspended_by_us: Option<bool>,
    pub taken_over: Option<bool>,
}

macro_rules! select_users {
    ($tail:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            UserView,
            r#"select u.guid as "guid: ObjectGuid", u.body as "body: Json<User>", u.dn, u.presence, u.status,
                      u.reasons as "reasons: Json<Vec<Reason>>", u.in_scope,
                      u.scope_path as "scope_path: Vec<ObjectGuid>", u.moved_out, u.due,
                      l.jumpcloud_id as "jumpcloud_id?", j.body->>'username' as jumpcloud_username,
                      l.linked_at as "linked_at?", l.leaving_since,
                      l.suspended_by_us as "suspended_by_us?", l.taken_over as "taken_over?"
               from directory_users u left join links l on l.domain_id = u.domain_id and l.guid = u.guid
               left join jumpcloud_users j on j.organization_id = l.organization_id and j.id = l.jumpcloud_id "# + $tail
            $(, $arg)*
        )
    };
}

pub async fn find_user(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    guid: ObjectGuid,
) -> sqlx::Result<Option<UserView>> {
    select_users!("where u.domain_id = $1 and u.guid = $2", domain.0, guid.0).fetch_optional(db).await
}

/// A `like` pattern that finds `text` anywhere.
pub(super) fn contains(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

/// A group as pages and the API show it.
#[derive(Clone, Debug)]
pub struct GroupView {
    pub guid: ObjectGuid,
    pub body: Json<Group>,
    pub dn: String,
    pub presence: String,
    pub status: String,
    pub reasons: Json<Vec<Reason>>,
    pub in_scope: Option<bool>,
    pub jumpcloud_id: Option<String>,
    pub jumpcloud_name: Option<String>,
    /// A person decided that the JumpCloud group of the name is this one.
    pub adopt: bool,
    /// Members that JumpCloud has.
    pub jumpcloud_members: i64,
    /// Direct members in the directory.
    pub members: i64,
}

macro_rules! select_groups {
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
               left join jumpcloud_groups j on j.organization_id = l.organization_id and j.id = l.jumpcloud_id "# + $tail
            $(, $arg)*
        )
    };
}

pub async fn find_group(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    guid: ObjectGuid,
) -> sqlx::Result<Option<GroupView>> {
    select_groups!("where g.domain_id = $1 and g.guid = $2", domain.0, guid.0).fetch_optional(db).await
}

/// How many users and groups stand how.
#[derive(Debug)]
pub struct StatusCount {
    pub kind: String,
    pub status: String,
    pub count: i64,
}

pub async fn count_by_status(db: impl PgExecutor<'_>, domain: DomainId) -> sqlx::Result<Vec<StatusCount>> {
    sqlx::query_as!(
        StatusCount,
        r#"select 'user' as "kind!", status as "status!", count(*) as "count!" from directory_users where domain_id = $1 group by status
           union all
           select 'group', status, count(*) from directory_groups where domain_id = $1 group by status
           order by 1, 2"#,
        domain.0
    )
    .fetch_all(db)
    .await
}

/// Every user and group of a domain, for a what-if plan: who is linked first, as only they have something to lose.
pub async fn list_guids(
    db: impl PgExecutor<'_>,
    domain: DomainId,
) -> sqlx::Result<Vec<(ObjectGuid, String)>> {
    let rows = sqlx::query!(
        r#"select s.guid as "guid!: ObjectGuid", s.kind as "kind!" from (
               select guid, 'group' as kind from directory_groups where domain_id = $1
               union all select guid, 'user' from directory_users where domain_id = $1
           ) s left join links l on l.domain_id = $1 and l.guid = s.guid
           order by s.kind, l.guid is null, s.guid"#,
        domain.0
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.guid, row.kind)).collect())
}

/// Users that were moved out of the root user container and about whom nobody has decided.
pub async fn list_moved_out(db: impl PgExecutor<'_>, domain: DomainId) -> sqlx::Result<Vec<UserView>> {
    select_users!(
        "where u.domain_id = $1 and u.moved_out and u.moved_out_answer is null order by u.guid",
        domain.0
    )
    .fetch_all(db)
    .await
}

/// What a user or group is called, for lists that know its objectGUID only.
#[derive(Clone, Debug)]
pub struct Name {
    pub guid: ObjectGuid,
    pub domain_id: DomainId,
    /// `user` or `group`.
    pub kind: String,
    pub name: String,
    pub dn: String,
}

pub async fn list_names(db: impl PgExecutor<'_>, guids: &[ObjectGuid]) -> sqlx::Result<Vec<Name>> {
    let guids: Vec<Uuid> = guids.iter().map(|guid| guid.0).collect();
    sqlx::query_as!(
        Name,
        // By way of the domains, as the indexes begin with them.
        r#"select u.guid as "guid!: ObjectGuid", u.domain_id as "domain_id!: DomainId", 'user' as "kind!",
                  coalesce(u.display_name, u.sam_account_name, u.dn) as "name!", u.dn as "dn!"
           from domains d join directory_users u on u.domain_id = d.id and u.guid = any($1)
           union all
           select g.guid, g.domain_id, 'group', coalesce(g.sam_account_name, g.dn), g.dn
           from domains d join directory_groups g on g.domain_id = d.id and g.guid = any($1)"#,
        &guids
    )
    .fetch_all(db)
    .await
}
