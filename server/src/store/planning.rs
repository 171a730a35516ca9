//! What a plan is made of, gathered from the mirrors: one statement for each part, whatever the number of subjects.

use std::collections::{BTreeMap, BTreeSet};

use planner::input::{
    Claimant, GroupLink, GroupSubject, JumpCloudGroup, JumpCloudUser, Manager, MovedOutAnswer, Password,
    Presence, Rival, UserLink, UserSubject,
};
use protocol::directory::{Group, User};
use protocol::{CaptureId, DomainId, ObjectGuid, OrganizationId};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

fn presence(text: &str) -> Presence {
    match text {
        "deleted" => Presence::Deleted,
        "unreadable" => Presence::Unreadable,
        _ => Presence::Present,
    }
}

/// Every group of the domain that is there.
pub async fn list_groups(
    db: impl PgExecutor<'_>,
    domain: DomainId,
) -> sqlx::Result<BTreeMap<ObjectGuid, Group>> {
    let rows = sqlx::query!(
        r#"select guid as "guid: ObjectGuid", body as "body: Json<Group>"
           from directory_groups where domain_id = $1 and presence <> 'deleted'"#,
        domain.0
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.guid, row.body.0)).collect())
}

/// Child group -> the groups that list it.
pub async fn list_parents(
    db: impl PgExecutor<'_>,
    domain: DomainId,
) -> sqlx::Result<BTreeMap<ObjectGuid, BTreeSet<ObjectGuid>>> {
    let rows = sqlx::query!(
        r#"select m.member_guid as "child: ObjectGuid", m.group_guid as "parent: ObjectGuid"
           from directory_groups g
           join memberships m on m.domain_id = g.domain_id and m.member_guid = g.guid
           where g.domain_id = $1 and g.presence <> 'deleted'"#,
        domain.0
    )
    .fetch_all(db)
    .await?;
    let mut parents = BTreeMap::<_, BTreeSet<_>>::new();
    for row in rows {
        parents.entry(row.child).or_default().insert(row.parent);
    }
    Ok(parents)
}

pub async fn list_group_links(
    db: impl PgExecutor<'_>,
    domain: DomainId,
) -> sqlx::Result<BTreeMap<ObjectGuid, String>> {
    let rows = sqlx::query!(
        r#"select guid as "guid: ObjectGuid", jumpcloud_id from links where domain_id = $1 and kind = 'group'"#,
        domain.0
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.guid, row.jumpcloud_id)).collect())
}

/// Groups whose members are not ours to change: JumpCloud computes them, or a person has to decide about the name.
pub async fn list_closed_groups(
    db: impl PgExecutor<'_>,
    organization: OrganizationId,
    domain: DomainId,
) -> sqlx::Result<BTreeSet<ObjectGuid>> {
    let guids = sqlx::query_scalar!(
        r#"select g.guid as "guid: ObjectGuid" from directory_groups g
           left join links l on l.domain_id = g.domain_id and l.guid = g.guid
           left join jumpcloud_groups j on j.organization_id = $2 and j.id = l.jumpcloud_id
           where g.domain_id = $1 and ((l.guid is null and g.verdict = 'conflict') or coalesce((j.body->>'dynamic')::boolean, false))"#,
        domain.0,
        organization.0
    )
    .fetch_all(db)
    .await?;
    Ok(guids.into_iter().collect())
}

/// The users to plan, with their links, mirror rows, rivals, claimants and managers.
pub async fn list_users(
    conn: &mut PgConnection,
    organization: OrganizationId,
    domain: DomainId,
    guids: &[ObjectGuid],
) -> sqlx::Result<BTreeMap<ObjectGuid, UserSubject>> {
    let guids: Vec<Uuid> = guids.iter().map(|guid| guid.0).collect();
    let mut subjects = list_bodies(conn, organization, domain, &guids).await?;
    add_direct_groups(conn, domain, &guids, &mut subjects).await?;
    add_memberships(conn, organization, domain, &guids, &mut subjects).await?;
    add_rivals(conn, organization, domain, &guids, &mut subjects).await?;
    add_claimants(conn, organization, domain, &guids, &mut subjects).await?;
    Ok(subjects)
}

async fn list_bodies(
    conn: &mut PgConnection,
    organization: OrganizationId,
    domain: DomainId,
    guids: &[Uuid],
) -> sqlx::Result<BTreeMap<ObjectGuid, UserSubject>> {
    let rows = sqlx::query!(
        r#"select u.guid as "guid: ObjectGuid", u.body as "body: Json<User>", u.presence, u.moved_out_answer,
                  u.takeover_decision, u.manager as "manager: ObjectGuid", ml.jumpcloud_id as "manager_id?",
                  exists (select from directory_users mu where mu.domain_id = u.domain_id and mu.guid = u.manager
                          and mu.presence = 'present') as "manager_known!",
                  exists (select from operations mo where mo.domain_id = u.domain_id and mo.subject = u.manager
                          and mo.kind in ('create_user', 'link_user')
                          and mo.state in ('ready', 'leased', 'held', 'parked')) as "manager_expected!",
                  l.jumpcloud_id as "jumpcloud_id?", l.suspended_by_us as "suspended_by_us?", l.leaving_since,
                  l.taken_over as "taken_over?", l.password_expired as "password_expired?",
                  j.body as "jumpcloud?: Json<JumpCloudUser>",
                  a.jumpcloud_id is not null as "associated!",
                  p.capture as "capture?: CaptureId", p.pwd_last_set as "captured_last_set?", p.message as refusal
           from directory_users u
           left join links l on l.domain_id = u.domain_id and l.guid = u.guid
           left join links ml on ml.domain_id = u.domain_id and ml.guid = u.manager
           left join jumpcloud_users j on j.organization_id = $2 and j.id = l.jumpcloud_id
           left join jumpcloud_associations a
             on a.domain_id = u.domain_id and a.kind = 'user' and a.jumpcloud_id = l.jumpcloud_id
           left join passwords p
             on p.domain_id = u.domain_id and p.guid = u.guid and p.state in ('waiting', 'refused')
           where u.domain_id = $1 and u.guid = any($3)"#,
        domain.0,
        organization.0,
        guids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let link = row.jumpcloud_id.map(|jumpcloud_id| UserLink {
                jumpcloud_id,
                suspended_by_us: row.suspended_by_us.unwrap_or_default(),
                leaving_since: row.leaving_since,
                taken_over: row.taken_over.unwrap_or_default(),
                password_expired: row.password_expired.unwrap_or_default(),
            });
            let manager = row.manager.filter(|_| row.manager_known).map(|guid| Manager {
                guid,
                jumpcloud_id: row.manager_id,
                expected: row.manager_expected,
            });
            let subject = UserSubject {
                presence: presence(&row.presence),
                user: Some(row.body.0),
                link,
                jumpcloud: row.jumpcloud.map(|body| body.0),
                associated: row.associated,
                manager,
                moved_out_answer: match row.moved_out_answer.as_deref() {
                    Some("follow") => Some(MovedOutAnswer::Follow),
                    Some("dissociate") => Some(MovedOutAnswer::Dissociate),
                    _ => None,
                },
                takeover_decision: row.takeover_decision,
                password: row.capture.map(|capture| Password {
                    capture,
                    must_change: row.captured_last_set == Some(0),
                    refusal: row.refusal,
                }),
                ..UserSubject::default()
            };
            (row.guid, subject)
        })
        .collect())
}

async fn add_direct_groups(
    conn: &mut PgConnection,
    domain: DomainId,
    guids: &[Uuid],
    subjects: &mut BTreeMap<ObjectGuid, UserSubject>,
) -> sqlx::Result<()> {
    let rows = sqlx::query!(
        r#"select m.member_guid as "user: ObjectGuid", m.group_guid as "group: ObjectGuid"
           from memberships m where m.domain_id = $1 and m.member_guid = any($2)"#,
        domain.0,
        guids
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        if let Some(subject) = subjects.get_mut(&row.user) {
            subject.direct_groups.insert(row.group);
        }
    }
    Ok(())
}

async fn add_memberships(
    conn: &mut PgConnection,
    organization: OrganizationId,
    domain: DomainId,
    guids: &[Uuid],
    subjects: &mut BTreeMap<ObjectGuid, UserSubject>,
) -> sqlx::Result<()> {
    let rows = sqlx::query!(
        r#"select l.guid as "user: ObjectGuid", g.guid as "group: ObjectGuid"
           from links l
           join jumpcloud_members m on m.organization_id = $2 and m.user_id = l.jumpcloud_id
           join links g on g.domain_id = $1 and g.kind = 'group' and g.jumpcloud_id = m.group_id
           where l.domain_id = $1 and l.guid = any($3)"#,
        domain.0,
        organization.0,
        guids
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        if let Some(subject) = subjects.get_mut(&row.user) {
            subject.memberships.insert(row.group);
        }
    }
    Ok(())
}

async fn add_rivals(
    conn: &mut PgConnection,
    organization: OrganizationId,
    domain: DomainId,
    guids: &[Uuid],
    subjects: &mut BTreeMap<ObjectGuid, UserSubject>,
) -> sqlx::Result<()> {
    let rows = sqlx::query!(
        r#"with wanted as (
               select u.guid, u.username_key, u.email_key, l.jumpcloud_id from directory_users u
               left join links l on l.domain_id = u.domain_id and l.guid = u.guid
               where u.domain_id = $1 and u.guid = any($3)
           ), found as (
               select w.guid, w.jumpcloud_id, j.id, j.body from wanted w
               join jumpcloud_users j on j.organization_id = $2 and j.email_key = w.email_key and j.email_key <> ''
             union
               select w.guid, w.jumpcloud_id, j.id, j.body from wanted w
               join jumpcloud_users j on j.organization_id = $2 and j.username_key = w.username_key and j.username_key <> ''
           )
           select f.guid as "guid!: ObjectGuid", f.body as "body!: Json<JumpCloudUser>",
                  l.guid as "linked_to?: ObjectGuid"
           from found f
           left join links l on l.organization_id = $2 and l.kind = 'user' and l.jumpcloud_id = f.id
           where f.jumpcloud_id is distinct from f.id
           order by f.guid, f.id"#,
        domain.0,
        organization.0,
        guids
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        if let Some(subject) = subjects.get_mut(&row.guid) {
            subject.rivals.push(Rival { user: row.body.0, linked_to: row.linked_to });
        }
    }
    Ok(())
}

async fn add_claimants(
    conn: &mut PgConnection,
    organization: OrganizationId,
    domain: DomainId,
    guids: &[Uuid],
    subjects: &mut BTreeMap<ObjectGuid, UserSubject>,
) -> sqlx::Result<()> {
    let rows = sqlx::query!(
        r#"with wanted as (
               select guid, username_key, email_key from directory_users where domain_id = $1 and guid = any($3)
           ), pairs as (
               select w.guid, u.domain_id, u.guid as other from wanted w
               join directory_users u on u.username_key = w.username_key
             union
               select w.guid, u.domain_id, u.guid from wanted w join directory_users u on u.email_key = w.email_key
           )
           select p.guid as "guid!: ObjectGuid", u.guid as "other: ObjectGuid",
                  coalesce(u.sam_account_name, u.dn) as "name!",
                  coalesce(u.username_key = w.username_key, false) as "same_username!",
                  coalesce(u.email_key = w.email_key, false) as "same_email!",
                  l.guid is not null as "linked!"
           from pairs p
           join wanted w on w.guid = p.guid
           join domains d on d.id = p.domain_id and d.organization_id = $2
           join directory_users u on u.domain_id = p.domain_id and u.guid = p.other
           left join links l on l.domain_id = u.domain_id and l.guid = u.guid
           where (p.domain_id <> $1 or p.other <> p.guid) and u.presence = 'present'
             and (u.in_scope is not false or l.guid is not null)
           order by p.guid, u.guid"#,
        domain.0,
        organization.0,
        guids
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        if let Some(subject) = subjects.get_mut(&row.guid) {
            subject.claimants.push(Claimant {
                guid: row.other,
                name: row.name,
                same_email: row.same_email,
                same_username: row.same_username,
                linked: row.linked,
            });
        }
    }
    Ok(())
}

/// The groups to plan.
pub async fn list_group_subjects(
    conn: &mut PgConnection,
    organization: OrganizationId,
    domain: DomainId,
    guids: &[ObjectGuid],
) -> sqlx::Result<BTreeMap<ObjectGuid, GroupSubject>> {
    let guids: Vec<Uuid> = guids.iter().map(|guid| guid.0).collect();
    let rows = sqlx::query!(
        r#"select g.guid as "guid: ObjectGuid", g.presence, g.adopt, l.jumpcloud_id as "jumpcloud_id?",
                  j.body as "jumpcloud?: Json<JumpCloudGroup>", a.jumpcloud_id is not null as "associated!",
                  (select t.body from jumpcloud_groups t
                   where t.organization_id = $2 and t.name_key = g.name_key and t.id is distinct from l.jumpcloud_id
                   order by t.id limit 1) as "name_taken_by?: Json<JumpCloudGroup>",
                  (select o.guid from directory_groups o
                   join domains d on d.id = o.domain_id and d.organization_id = $2
                   left join links ol on ol.domain_id = o.domain_id and ol.guid = o.guid
                   where o.name_key = g.name_key and o.guid <> g.guid and o.presence = 'present'
                     and (ol.guid is not null or (o.in_scope is not false and o.guid < g.guid))
                   order by o.guid limit 1) as "name_claimed_by?: ObjectGuid"
           from directory_groups g
           left join links l on l.domain_id = g.domain_id and l.guid = g.guid
           left join jumpcloud_groups j on j.organization_id = $2 and j.id = l.jumpcloud_id
           left join jumpcloud_associations a
             on a.domain_id = g.domain_id and a.kind = 'group' and a.jumpcloud_id = l.jumpcloud_id
           where g.domain_id = $1 and g.guid = any($3)"#,
        domain.0,
        organization.0,
        &guids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let subject = GroupSubject {
                presence: presence(&row.presence),
                link: row.jumpcloud_id.map(|jumpcloud_id| GroupLink { jumpcloud_id }),
                jumpcloud: row.jumpcloud.map(|body| body.0),
                associated: row.associated,
                name_taken_by: row.name_taken_by.map(|body| body.0),
                name_claimed_by: row.name_claimed_by,
                adopt: row.adopt,
            };
            (row.guid, subject)
        })
        .collect())
}

/// Those of `guids` that are groups of the domain.
pub async fn list_which_are_groups(
    conn: &mut PgConnection,
    domain: DomainId,
    guids: &[ObjectGuid],
) -> sqlx::Result<Vec<ObjectGuid>> {
    let guids: Vec<Uuid> = guids.iter().map(|guid| guid.0).collect();
    sqlx::query_scalar!(
        r#"select guid as "guid: ObjectGuid" from directory_groups where domain_id = $1 and guid = any($2)"#,
        domain.0,
        &guids
    )
    .fetch_all(conn)
    .await
}

/// The group of that name, as it was read.
pub async fn find_group_named(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    dn_key: &str,
) -> sqlx::Result<Option<ObjectGuid>> {
    sqlx::query_scalar!(
        r#"select guid as "guid: ObjectGuid" from directory_groups
           where domain_id = $1 and dn_key = $2 and presence = 'present'"#,
        domain.0,
        dn_key
    )
    .fetch_optional(db)
    .await
}
