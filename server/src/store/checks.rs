//! What the checks of a domain are told from: one statement for each table, whatever the number of users.

use chrono::{DateTime, Utc};
use protocol::{DomainId, ObjectGuid, OrganizationId};
use serde::{Deserialize, Serialize};
use sqlx::PgExecutor;
use sqlx::types::Json;

/// How many users, or groups, a finding is about.
#[derive(Debug)]
pub struct Affected {
    /// `user` or `group`.
    pub kind: String,
    pub finding: String,
    pub count: i64,
    /// The first few by name.
    pub names: Vec<String>,
}

/// Counts whom each finding is about; a finding is one or more reasons of subjects: `(reason, finding)`.
pub async fn list_affected(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    findings: &[(&str, &str)],
) -> sqlx::Result<Vec<Affected>> {
    let (reasons, findings): (Vec<String>, Vec<String>) =
        findings.iter().map(|(reason, finding)| ((*reason).to_owned(), (*finding).to_owned())).unzip();
    sqlx::query_as!(
        Affected,
        r#"with subjects as (
               select 'user' as kind, guid, reasons, coalesce(sam_account_name, dn) as name from directory_users
               where domain_id = $1 and presence <> 'deleted' and reasons <> '[]'
             union all
               select 'group', guid, reasons, coalesce(sam_account_name, dn) from directory_groups
               where domain_id = $1 and presence <> 'deleted' and in_scope and reasons <> '[]'
           ), found as (
               select distinct s.kind, f.finding, s.guid, s.name
               from subjects s
               cross join lateral jsonb_array_elements(s.reasons) r
               join unnest($2::text[], $3::text[]) as f(reason, finding) on f.reason = r->>'code'
           ), ranked as (
               select f.*, row_number() over (partition by f.kind, f.finding order by lower(f.name), f.guid) as place
               from found f
           )
           select kind as "kind!", finding as "finding!", count(*) as "count!",
                  array_agg(name order by place) filter (where place <= 3) as "names!"
           from ranked group by kind, finding order by kind, finding"#,
        domain.0,
        &reasons,
        &findings
    )
    .fetch_all(db)
    .await
}

/// Numbers of one domain.
#[derive(Debug)]
pub struct Tallies {
    /// Members of the integration group, in the container, neither disabled nor expired.
    pub users_in_scope: i64,
    /// Users that are members, wherever they are and however they stand.
    pub members: i64,
    pub groups_in_scope: i64,
    pub groups_synced: i64,
    /// Direct members of the integration group, its primary members included.
    pub direct_members: i64,
    pub taken_over: i64,
    /// Takeovers that are planned.
    pub to_be_taken_over: i64,
    pub open_holds: i64,
    pub ready: i64,
    /// Since when the longest waits of what could be done now.
    pub waits_since: Option<DateTime<Utc>>,
    pub parked: i64,
    /// Why, the most frequent reason first.
    pub parked_codes: Vec<String>,
    /// When one of the newest operations was carried out.
    pub last_done_at: Option<DateTime<Utc>>,
    pub has_sealing_key: bool,
    pub activedirectory: Option<Json<Instance>>,
    pub visible_organizations: Option<Json<Vec<VisibleOrganization>>>,
    pub integration_group_account: Option<String>,
}

/// JumpCloud's object of the domain, as it was last read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    pub use_case: String,
    pub groups_enabled: bool,
    /// JumpCloud's words when it refused to make AD the authority.
    #[serde(default)]
    pub refusal: Option<String>,
}

/// An organization that the credential can see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisibleOrganization {
    pub id: String,
    pub name: String,
}

pub async fn find_tallies(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Tallies>> {
    sqlx::query_as!(
        Tallies,
        r#"select u.in_scope as "users_in_scope!", u.members as "members!", g.in_scope as "groups_in_scope!",
                  g.synced as "groups_synced!",
                  (select count(*) from memberships m
                   where m.domain_id = d.id and m.group_guid = d.integration_group and not m.vanished)
                  + (select count(*) from directory_groups i
                     join directory_users p on p.domain_id = i.domain_id and p.primary_group_id = i.rid
                     where i.domain_id = d.id and i.guid = d.integration_group) as "direct_members!",
                  (select count(*) from links l where l.domain_id = d.id and l.kind = 'user' and l.taken_over) as "taken_over!",
                  (select count(*) from operations o where o.domain_id = d.id and o.kind = 'link_user'
                     and o.state in ('ready', 'leased', 'held', 'parked')) as "to_be_taken_over!",
                  (select count(*) from holds h where h.domain_id = d.id and h.state = 'open') as "open_holds!",
                  q.ready as "ready!", q.waits_since, p.parked as "parked!", p.codes as "parked_codes!",
                  (select o.settled_at from operations o where o.domain_id = d.id and o.state = 'done'
                   order by o.id desc limit 1) as last_done_at,
                  exists (select from sealing_keys) as "has_sealing_key!",
                  d.activedirectory as "activedirectory: Json<Instance>",
                  o.visible_organizations as "visible_organizations: Json<Vec<VisibleOrganization>>",
                  (select i.sam_account_name from directory_groups i
                   where i.domain_id = d.id and i.guid = d.integration_group) as integration_group_account
           from domains d
           join organizations o on o.id = d.organization_id
           cross join lateral (
               select count(*) filter (where u.in_scope) as in_scope,
                      count(*) filter (where cardinality(u.scope_path) > 0) as members
               from directory_users u where u.domain_id = d.id and u.presence = 'present'
           ) u
           cross join lateral (
               select count(*) filter (where g.in_scope) as in_scope,
                      count(*) filter (where g.in_scope and g.verdict in ('synced', 'pending')) as synced
               from directory_groups g where g.domain_id = d.id and g.presence = 'present'
           ) g
           cross join lateral (
               select count(*) as ready, min(o.next_attempt_at) filter (where o.next_attempt_at <= $2) as waits_since
               from operations o where o.domain_id = d.id and o.state = 'ready'
           ) q
           cross join lateral (
               select coalesce(sum(c.count), 0)::bigint as parked,
                      coalesce(array_agg(c.code order by c.count desc, c.code), '{}') as codes
               from (select coalesce(o.error_code, 'refused') as code, count(*) as count from operations o
                     where o.domain_id = d.id and o.state = 'parked' group by 1) c
           ) p
           where d.id = $1"#,
        domain.0,
        now
    )
    .fetch_optional(db)
    .await
}

/// A group that an account is in.
#[derive(Debug)]
pub struct GroupAbove {
    pub guid: ObjectGuid,
    pub sid: Option<String>,
    pub name: String,
}

/// The groups of an account, nested ones and the primary group included, as far as they have been read.
pub async fn list_groups_above(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    account_dn_key: &str,
) -> sqlx::Result<Vec<GroupAbove>> {
    sqlx::query_as!(
        GroupAbove,
        r#"with recursive account as (
               select guid, primary_group_id from directory_users where domain_id = $1 and dn_key = $2
           ), direct as (
               select m.group_guid as guid from memberships m join account a on a.guid = m.member_guid
               where m.domain_id = $1
             union
               select g.guid from directory_groups g join account a on a.primary_group_id = g.rid
               where g.domain_id = $1 and g.body->>'sid' like 'S-1-5-21-%'
           ), above as (
               select guid from direct
             union
               select m.group_guid from memberships m join above b on b.guid = m.member_guid where m.domain_id = $1
           )
           select g.guid as "guid: ObjectGuid", g.body->>'sid' as sid, coalesce(g.sam_account_name, g.dn) as "name!"
           from directory_groups g join above b on b.guid = g.guid
           where g.domain_id = $1 and g.presence = 'present' order by g.dn"#,
        domain.0,
        account_dn_key
    )
    .fetch_all(db)
    .await
}

/// The other domains of the organization whose integration group is called `account_name` now.
pub async fn list_group_namesakes(
    db: impl PgExecutor<'_>,
    organization: OrganizationId,
    except: DomainId,
    account_name: &str,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "select d.name from domains d
         join directory_groups g on g.domain_id = d.id and g.guid = d.integration_group
         where d.organization_id = $1 and d.id <> $2 and lower(g.sam_account_name) = lower($3) order by d.name",
        organization.0,
        except.0,
        account_name
    )
    .fetch_all(db)
    .await
}

/// How the database itself stands.
#[derive(Debug)]
pub struct Database {
    pub version: String,
    pub read_only: bool,
    pub octets: i64,
}

pub async fn find_database(db: impl PgExecutor<'_>) -> sqlx::Result<Database> {
    sqlx::query_as!(
        Database,
        r#"select current_setting('server_version') as "version!",
                  pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean as "read_only!",
                  pg_database_size(current_database()) as "octets!""#
    )
    .fetch_one(db)
    .await
}

/// Why AD could not be made the authority stays known for as long as it is not.
pub async fn update_instance(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    instance: Option<&Instance>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update domains d set activedirectory = n.value
         from (select case when o.activedirectory->>'use_case' = $2::jsonb->>'use_case' and $2->>'refusal' is null
                           then o.activedirectory || ($2 - 'refusal') else $2 end as value
               from domains o where o.id = $1) n
         where d.id = $1 and d.activedirectory is distinct from n.value",
        domain.0,
        instance.map(Json) as _
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn update_visible_organizations(
    db: impl PgExecutor<'_>,
    organization: OrganizationId,
    visible: Option<&[VisibleOrganization]>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update organizations set visible_organizations = $2 where id = $1 and visible_organizations is distinct from $2",
        organization.0,
        visible.map(Json) as _
    )
    .execute(db)
    .await?;
    Ok(())
}
