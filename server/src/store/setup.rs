//! What an administrator chooses from while setting a domain up: containers and groups of the directory, with counts.

use protocol::{DomainId, ObjectGuid};
use sqlx::PgExecutor;

use super::subjects::contains;

/// An organizational unit or container.
#[derive(Clone, Debug)]
pub struct ContainerChoice {
    pub guid: ObjectGuid,
    pub dn: String,
    /// Users anywhere below it.
    pub users: i64,
}

/// Containers with the most users first. `query` matches any part of the name, `key` is one whole name.
pub async fn list_containers(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    query: Option<&str>,
    key: Option<&str>,
    limit: i64,
) -> sqlx::Result<Vec<ContainerChoice>> {
    // Users are counted by the name above them first: a directory has few of those.
    sqlx::query_as!(
        ContainerChoice,
        r#"with above as (
             select substr(dn_key, strpos(dn_key, ',') + 1) as dn_key, count(*) as users
             from directory_users where domain_id = $1 and presence = 'present' group by 1
           )
           select c.guid as "guid: ObjectGuid", c.dn,
                  (select coalesce(sum(a.users), 0)::bigint from above a
                   where right(',' || a.dn_key, length(c.dn_key) + 1) = ',' || c.dn_key) as "users!"
           from directory_containers c
           where c.domain_id = $1 and ($2::text is null or c.dn ilike $2) and ($3::text is null or c.dn_key = $3)
           order by 3 desc, length(c.dn), c.dn_key limit $4"#,
        domain.0,
        query.map(contains),
        key,
        limit
    )
    .fetch_all(db)
    .await
}

/// A security group.
#[derive(Clone, Debug)]
pub struct GroupChoice {
    pub guid: ObjectGuid,
    pub dn: String,
    /// Direct members.
    pub members: i64,
}

/// Security groups, those within the container first. `query` matches any part of the name, `key` is one whole name.
pub async fn list_security_groups(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    within: &str,
    query: Option<&str>,
    key: Option<&str>,
    limit: i64,
) -> sqlx::Result<Vec<GroupChoice>> {
    // MS-ADTS 2.2.12: bit 31 security, bit 0 made by the system.
    sqlx::query_as!(
        GroupChoice,
        r#"select g.guid as "guid: ObjectGuid", g.dn,
                  (select count(*) from memberships m
                   where m.domain_id = g.domain_id and m.group_guid = g.guid and not m.vanished) as "members!"
           from directory_groups g
           where g.domain_id = $1 and g.presence = 'present'
             and (($3::text is null and $4::text is null) or g.dn ilike $3 or g.dn_key = $4)
             and ($4::text is not null
                  or (g.body->>'group_type')::bigint & x'80000000'::bigint <> 0 and (g.body->>'group_type')::bigint & 1 = 0)
           order by right(g.dn_key, length($2) + 1) = ',' || $2 desc, g.dn ilike '%jumpcloud%' desc, g.dn_key limit $5"#,
        domain.0,
        within,
        query.map(contains),
        key,
        limit
    )
    .fetch_all(db)
    .await
}

/// How many users the directory has, and how many of them the settings take in.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    pub users: i64,
    pub in_scope: i64,
}

pub async fn count_reach(db: impl PgExecutor<'_>, domain: DomainId) -> sqlx::Result<Reach> {
    sqlx::query_as!(
        Reach,
        r#"select count(*) as "users!", count(*) filter (where in_scope) as "in_scope!"
           from directory_users where domain_id = $1 and presence = 'present'"#,
        domain.0
    )
    .fetch_one(db)
    .await
}

/// Why users who are members are not synced.
#[derive(Clone, Debug)]
pub struct Exclusion {
    pub status: String,
    pub code: String,
    /// As one of them reads it.
    pub message: String,
    pub count: i64,
}

/// The first reason of each member that is excluded or in conflict, counted.
pub async fn list_exclusions(db: impl PgExecutor<'_>, domain: DomainId) -> sqlx::Result<Vec<Exclusion>> {
    sqlx::query_as!(
        Exclusion,
        r#"select status, reasons->0->>'code' as "code!", min(reasons->0->>'message') as "message!", count(*) as "count!"
           from directory_users
           where domain_id = $1 and presence = 'present' and (in_scope or scope_path <> '{}') and status in ('excluded', 'conflict')
             and jsonb_array_length(reasons) > 0
           group by 1, 2 order by 4 desc, 2 limit 30"#,
        domain.0
    )
    .fetch_all(db)
    .await
}

/// Whether something was ever done with the domain, as the audit has it.
pub async fn was_done(db: impl PgExecutor<'_>, domain: DomainId, action: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from audit_events where domain_id = $1 and action = $2) as "done!""#,
        domain.0,
        action
    )
    .fetch_one(db)
    .await
}
