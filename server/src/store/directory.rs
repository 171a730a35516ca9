//! The mirror of the directory: what a transfer writes. One statement serves a whole part.

use protocol::directory::{Container, Group, MemberRef, User};
use protocol::{DistinguishedName, DomainId, ObjectGuid};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// A user with the names it would have in JumpCloud, folded.
#[derive(Debug)]
pub struct UserRow {
    pub user: User,
    pub username_key: Option<String>,
    pub email_key: Option<String>,
}

/// What became of a user in the mirror.
#[derive(Debug)]
pub struct Upserted {
    pub guid: ObjectGuid,
    pub old_username_key: Option<String>,
    pub old_email_key: Option<String>,
}

/// Writes users whose attributes differ from what is there; an unchanged one costs nothing. Returns the changed ones.
/// With `only_new` those that are known already stay as they are.
pub async fn insert_users(
    conn: &mut PgConnection,
    domain: DomainId,
    users: &[UserRow],
    only_new: bool,
) -> sqlx::Result<Vec<Upserted>> {
    let guids: Vec<Uuid> = users.iter().map(|row| row.user.guid.0).collect();
    let rows: Vec<Value> = users.iter().map(user_row).collect();
    let found = sqlx::query!(
        r#"with incoming as (
               select * from jsonb_to_recordset($3) as r(
                   guid uuid, body jsonb, dn text, dn_key text, sam text, upn text, mail text, display text,
                   primary_group_id bigint, manager uuid, username_key text, email_key text)
           ), known as (
               select guid, username_key, email_key from directory_users where domain_id = $1 and guid = any($2)
           ), written as (
               insert into directory_users as u
                   (domain_id, guid, body, dn, dn_key, sam_account_name, user_principal_name, mail, display_name,
                    primary_group_id, manager, username_key, email_key)
               select $1, guid, body, dn, dn_key, sam, upn, mail, display, primary_group_id, manager, username_key,
                      email_key
               from incoming
               on conflict (domain_id, guid) do update
               set body = excluded.body, presence = 'present', dn = excluded.dn, dn_key = excluded.dn_key,
                   sam_account_name = excluded.sam_account_name, user_principal_name = excluded.user_principal_name,
                   mail = excluded.mail, display_name = excluded.display_name,
                   primary_group_id = excluded.primary_group_id, manager = excluded.manager,
                   username_key = excluded.username_key, email_key = excluded.email_key,
                   moved_out_answer = case when u.dn_key = excluded.dn_key then u.moved_out_answer end
               where not $4 and (u.body is distinct from excluded.body or u.presence <> 'present'
                                 or u.username_key is distinct from excluded.username_key
                                 or u.email_key is distinct from excluded.email_key)
               returning guid
           )
           select w.guid as "guid!: ObjectGuid", k.username_key, k.email_key
           from written w left join known k on k.guid = w.guid"#,
        domain.0,
        &guids,
        Value::Array(rows),
        only_new,
    )
    .fetch_all(conn)
    .await?;
    Ok(found
        .into_iter()
        .map(|row| Upserted {
            guid: row.guid,
            old_username_key: row.username_key,
            old_email_key: row.email_key,
        })
        .collect())
}

fn user_row(row: &UserRow) -> Value {
    let user = &row.user;
    let display = user.attributes.get("displayName").cloned().unwrap_or_else(|| {
        [user.given_name.as_deref(), user.sn.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ")
    });
    json!({
        "guid": user.guid, "body": user, "dn": user.dn.as_str(), "dn_key": user.dn.key(),
        "sam": user.sam_account_name, "upn": user.user_principal_name, "mail": user.mail,
        "display": (!display.is_empty()).then_some(display), "primary_group_id": user.primary_group_id,
        "manager": user.manager, "username_key": row.username_key, "email_key": row.email_key,
    })
}

/// Writes groups that differ. Returns the changed ones, and whether what changed bears on anybody else's scope.
pub async fn insert_groups(
    conn: &mut PgConnection,
    domain: DomainId,
    groups: &[Group],
    only_new: bool,
) -> sqlx::Result<Vec<ObjectGuid>> {
    let rows: Vec<Value> = groups
        .iter()
        .map(|group| {
            json!({
                "guid": group.guid, "body": group, "dn": group.dn.as_str(), "dn_key": group.dn.key(),
                "sam": group.sam_account_name, "rid": group.sid.as_ref().and_then(protocol::Sid::rid),
            })
        })
        .collect();
    let found = sqlx::query_scalar!(
        r#"insert into directory_groups as g (domain_id, guid, body, dn, dn_key, sam_account_name, rid)
           select $1, guid, body, dn, dn_key, sam, rid from jsonb_to_recordset($2) as r(
               guid uuid, body jsonb, dn text, dn_key text, sam text, rid bigint)
           on conflict (domain_id, guid) do update
           set body = excluded.body, presence = 'present', dn = excluded.dn, dn_key = excluded.dn_key,
               sam_account_name = excluded.sam_account_name, rid = excluded.rid
           where not $3 and (g.body is distinct from excluded.body or g.presence <> 'present')
           returning guid as "guid: ObjectGuid""#,
        domain.0,
        Value::Array(rows),
        only_new,
    )
    .fetch_all(conn)
    .await?;
    Ok(found)
}

/// Writes one container. Returns its former name, if it was renamed.
pub async fn insert_container(
    conn: &mut PgConnection,
    domain: DomainId,
    container: &Container,
) -> sqlx::Result<Option<DistinguishedName>> {
    let old = sqlx::query_scalar!(
        "select dn from directory_containers where domain_id = $1 and guid = $2 for update",
        domain.0,
        container.guid.0
    )
    .fetch_optional(&mut *conn)
    .await?;
    if old.as_deref() == Some(container.dn.as_str()) {
        return Ok(None);
    }
    sqlx::query!(
        "insert into directory_containers (domain_id, guid, dn, dn_key) values ($1, $2, $3, $4)
         on conflict (domain_id, guid) do update set dn = excluded.dn, dn_key = excluded.dn_key",
        domain.0,
        container.guid.0,
        container.dn.as_str(),
        container.dn.key(),
    )
    .execute(conn)
    .await?;
    Ok(old.and_then(|old| DistinguishedName::parse(&old).ok()))
}

/// A container was renamed: everything below it is called otherwise, though no object of it was touched. Returns the
/// users and groups it bears on.
pub async fn update_below(
    conn: &mut PgConnection,
    domain: DomainId,
    old: &DistinguishedName,
    new: &DistinguishedName,
) -> sqlx::Result<Vec<ObjectGuid>> {
    let (old_dn, new_dn, old_key, new_key) = (old.as_str(), new.as_str(), old.key(), new.key());
    let users = sqlx::query_scalar!(
        r#"update directory_users
           set dn = left(dn, -length($2)) || $3, dn_key = left(dn_key, -length($4)) || $5,
               body = jsonb_set(body, '{dn}', to_jsonb(left(dn, -length($2)) || $3))
           where domain_id = $1 and right(dn_key, length($4) + 1) = ',' || $4 and lower(right(dn, length($2))) = lower($2)
           returning guid as "guid: ObjectGuid""#,
        domain.0, old_dn, new_dn, old_key, new_key
    )
    .fetch_all(&mut *conn)
    .await?;
    let groups = sqlx::query_scalar!(
        r#"update directory_groups
           set dn = left(dn, -length($2)) || $3, dn_key = left(dn_key, -length($4)) || $5,
               body = jsonb_set(body, '{dn}', to_jsonb(left(dn, -length($2)) || $3))
           where domain_id = $1 and right(dn_key, length($4) + 1) = ',' || $4 and lower(right(dn, length($2))) = lower($2)
           returning guid as "guid: ObjectGuid""#,
        domain.0, old_dn, new_dn, old_key, new_key
    )
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query!(
        "update directory_containers
         set dn = left(dn, -length($2)) || $3, dn_key = left(dn_key, -length($4)) || $5
         where domain_id = $1 and right(dn_key, length($4) + 1) = ',' || $4 and lower(right(dn, length($2))) = lower($2)",
        domain.0, old_dn, new_dn, old_key, new_key
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update memberships
         set member_dn = left(member_dn, -length($2)) || $3, member_dn_key = left(member_dn_key, -length($4)) || $5
         where domain_id = $1 and right(member_dn_key, length($4) + 1) = ',' || $4
           and lower(right(member_dn, length($2))) = lower($2)",
        domain.0, old_dn, new_dn, old_key, new_key
    )
    .execute(conn)
    .await?;
    Ok(users.into_iter().chain(groups).collect())
}

/// What a group's list became.
#[derive(Debug, Default)]
pub struct MembersChange {
    pub added: Vec<ObjectGuid>,
    pub vanished: Vec<ObjectGuid>,
}

/// Makes the mirror's list of `group` equal to `members`. A member that is no longer listed is marked as vanished and
/// counts on, until a look-up tells whether it left or was deleted.
pub async fn insert_members(
    conn: &mut PgConnection,
    domain: DomainId,
    group: ObjectGuid,
    members: &[MemberRef],
    only_new: bool,
) -> sqlx::Result<MembersChange> {
    let rows: Vec<Value> = members
        .iter()
        .map(|member| json!({"guid": member.guid, "dn": member.dn.as_str(), "dn_key": member.dn.key(), "sid": member.sid}))
        .collect();
    let written = sqlx::query!(
        r#"with known as (
               select member_guid from memberships where domain_id = $1 and group_guid = $2 and not vanished
           )
           insert into memberships as m (domain_id, group_guid, member_guid, member_dn, member_dn_key, member_sid)
           select $1, $2, guid, dn, dn_key, sid from jsonb_to_recordset($3) as r(guid uuid, dn text, dn_key text, sid text)
           on conflict (domain_id, group_guid, member_guid) do update
           set member_dn = excluded.member_dn, member_dn_key = excluded.member_dn_key, member_sid = excluded.member_sid,
               vanished = false
           where m.vanished or m.member_dn <> excluded.member_dn
           returning member_guid as "guid: ObjectGuid", member_guid not in (select member_guid from known) as "is_new!""#,
        domain.0,
        group.0,
        Value::Array(rows),
    )
    .fetch_all(&mut *conn)
    .await?;
    let added = written.into_iter().filter(|row| row.is_new).map(|row| row.guid).collect();
    if only_new {
        return Ok(MembersChange { added, vanished: Vec::new() });
    }
    let listed: Vec<Uuid> = members.iter().map(|member| member.guid.0).collect();
    let vanished = sqlx::query_scalar!(
        r#"update memberships set vanished = true
           where domain_id = $1 and group_guid = $2 and not vanished
             and not exists (select from unnest($3::uuid[]) as listed(guid) where listed.guid = member_guid)
           returning member_guid as "guid: ObjectGuid""#,
        domain.0,
        group.0,
        &listed,
    )
    .fetch_all(conn)
    .await?;
    Ok(MembersChange { added, vanished })
}

/// Users whose primary group this is in the mirror, but who were not listed: they were deleted, or changed it.
pub async fn list_missing_primary_members(
    conn: &mut PgConnection,
    domain: DomainId,
    group: ObjectGuid,
    listed: &[ObjectGuid],
) -> sqlx::Result<Vec<ObjectGuid>> {
    let listed: Vec<Uuid> = listed.iter().map(|guid| guid.0).collect();
    sqlx::query_scalar!(
        r#"select u.guid as "guid: ObjectGuid" from directory_users u
           join directory_groups g on g.domain_id = u.domain_id and g.rid = u.primary_group_id
           where u.domain_id = $1 and g.guid = $2 and u.presence = 'present'
             and not exists (select from unnest($3::uuid[]) as listed(guid) where listed.guid = u.guid)"#,
        domain.0,
        group.0,
        &listed,
    )
    .fetch_all(conn)
    .await
}

/// The look-up found it, so what no longer lists it was really left. Returns the groups it left.
pub async fn delete_vanished(
    conn: &mut PgConnection,
    domain: DomainId,
    guid: ObjectGuid,
) -> sqlx::Result<Vec<ObjectGuid>> {
    sqlx::query_scalar!(
        r#"delete from memberships where domain_id = $1 and member_guid = $2 and vanished
           returning group_guid as "guid: ObjectGuid""#,
        domain.0,
        guid.0
    )
    .fetch_all(conn)
    .await
}

/// Sets whether the object is there. Returns whether it was a user or group in the mirror, and changed.
pub async fn update_presence(
    conn: &mut PgConnection,
    domain: DomainId,
    guid: ObjectGuid,
    presence: &str,
) -> sqlx::Result<bool> {
    let users = sqlx::query!(
        "update directory_users set presence = $3 where domain_id = $1 and guid = $2 and presence <> $3",
        domain.0,
        guid.0,
        presence
    )
    .execute(&mut *conn)
    .await?;
    let groups = sqlx::query!(
        "update directory_groups set presence = $3 where domain_id = $1 and guid = $2 and presence <> $3",
        domain.0,
        guid.0,
        presence
    )
    .execute(conn)
    .await?;
    Ok(users.rows_affected() + groups.rows_affected() > 0)
}

/// The object is gone for good: nothing lists it, and it lists nobody.
pub async fn delete_memberships(
    conn: &mut PgConnection,
    domain: DomainId,
    guid: ObjectGuid,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from memberships where domain_id = $1 and (member_guid = $2 or group_guid = $2)",
        domain.0,
        guid.0
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("delete from directory_containers where domain_id = $1 and guid = $2", domain.0, guid.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("delete from directory_others where domain_id = $1 and guid = $2", domain.0, guid.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Remembers what a member is that is neither a user nor a group of this domain.
pub async fn insert_other(
    conn: &mut PgConnection,
    domain: DomainId,
    guid: ObjectGuid,
    class: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into directory_others (domain_id, guid, class) values ($1, $2, $3)
         on conflict (domain_id, guid) do update set class = excluded.class",
        domain.0,
        guid.0,
        class
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts every member that the mirror cannot explain on the list of look-ups: unknown, vanished, or called otherwise in
/// its group than in the mirror (it was moved to where it cannot be read).
pub async fn insert_look_ups_for_members(
    conn: &mut PgConnection,
    domain: DomainId,
    groups: &[ObjectGuid],
    now: chrono::DateTime<chrono::Utc>,
) -> sqlx::Result<()> {
    let groups: Vec<Uuid> = groups.iter().map(|guid| guid.0).collect();
    sqlx::query!(
        "insert into look_ups (domain_id, guid, asked_at)
         select distinct $1::uuid, m.member_guid, $3::timestamptz from memberships m
         left join directory_users u on u.domain_id = $1 and u.guid = m.member_guid
         left join directory_groups g on g.domain_id = $1 and g.guid = m.member_guid
         left join directory_others o on o.domain_id = $1 and o.guid = m.member_guid
         where m.domain_id = $1 and m.group_guid = any($2)
           and (m.vanished
                or (u.guid is null and g.guid is null and o.guid is null)
                or (u.presence = 'present' and u.dn_key <> m.member_dn_key)
                or u.presence = 'deleted' or g.presence = 'deleted')
         on conflict do nothing",
        domain.0,
        &groups,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn insert_look_ups(
    conn: &mut PgConnection,
    domain: DomainId,
    guids: &[ObjectGuid],
    now: chrono::DateTime<chrono::Utc>,
) -> sqlx::Result<()> {
    let guids: Vec<Uuid> = guids.iter().map(|guid| guid.0).collect();
    sqlx::query!(
        "insert into look_ups (domain_id, guid, asked_at) select $1, unnest($2::uuid[]), $3 on conflict do nothing",
        domain.0,
        &guids,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn delete_look_up(conn: &mut PgConnection, domain: DomainId, guid: ObjectGuid) -> sqlx::Result<()> {
    sqlx::query!("delete from look_ups where domain_id = $1 and guid = $2", domain.0, guid.0)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn list_look_ups(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    limit: i64,
) -> sqlx::Result<Vec<ObjectGuid>> {
    sqlx::query_scalar!(
        r#"select guid as "guid: ObjectGuid" from look_ups where domain_id = $1 order by asked_at, guid limit $2"#,
        domain.0,
        limit
    )
    .fetch_all(db)
    .await
}

/// After a full read: what the mirror has and the read did not show is asked for, one by one.
pub async fn insert_look_ups_for_unseen(
    conn: &mut PgConnection,
    domain: DomainId,
    seen: &[ObjectGuid],
    now: chrono::DateTime<chrono::Utc>,
) -> sqlx::Result<()> {
    let seen: Vec<Uuid> = seen.iter().map(|guid| guid.0).collect();
    sqlx::query!(
        "insert into look_ups (domain_id, guid, asked_at)
         select $1, known.guid, $3 from (
             select guid from directory_users where domain_id = $1 and presence = 'present'
             union all select guid from directory_groups where domain_id = $1 and presence = 'present'
             union all select guid from directory_containers where domain_id = $1
         ) known
         where not exists (select from unnest($2::uuid[]) as seen(guid) where seen.guid = known.guid)
         on conflict do nothing",
        domain.0,
        &seen,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many members the group has, users and groups alike; what has vanished counts until it is explained.
pub async fn count_members(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    group: ObjectGuid,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from memberships where domain_id = $1 and group_guid = $2 and not vanished"#,
        domain.0,
        group.0
    )
    .fetch_one(db)
    .await
}

/// Whether the group is there, and its current name.
pub async fn find_group_dn(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    guid: ObjectGuid,
) -> sqlx::Result<Option<(String, String)>> {
    let row = sqlx::query!(
        "select dn, presence from directory_groups where domain_id = $1 and guid = $2",
        domain.0,
        guid.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.dn, row.presence)))
}

pub async fn find_container_dn(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    guid: ObjectGuid,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "select dn from directory_containers where domain_id = $1 and guid = $2",
        domain.0,
        guid.0
    )
    .fetch_optional(db)
    .await
}

/// Users in the order of their objectGUID, to compute their JumpCloud names again.
pub async fn list_bodies(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    after: ObjectGuid,
    limit: i64,
) -> sqlx::Result<Vec<User>> {
    let rows = sqlx::query!(
        r#"select body as "body: sqlx::types::Json<User>" from directory_users
           where domain_id = $1 and guid > $2 order by guid limit $3"#,
        domain.0,
        after.0,
        limit
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| row.body.0).collect())
}

/// What users would be called in JumpCloud, by new settings.
pub async fn update_identity_keys(
    conn: &mut PgConnection,
    domain: DomainId,
    users: &[UserRow],
) -> sqlx::Result<()> {
    let guids: Vec<Uuid> = users.iter().map(|row| row.user.guid.0).collect();
    let usernames: Vec<Option<String>> = users.iter().map(|row| row.username_key.clone()).collect();
    let emails: Vec<Option<String>> = users.iter().map(|row| row.email_key.clone()).collect();
    sqlx::query!(
        "update directory_users u set username_key = r.username_key, email_key = r.email_key
         from unnest($2::uuid[], $3::text[], $4::text[]) as r(guid, username_key, email_key)
         where u.domain_id = $1 and u.guid = r.guid",
        domain.0,
        &guids,
        &usernames as _,
        &emails as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether the object is a user or group of the mirror.
pub async fn is_known(db: impl PgExecutor<'_>, domain: DomainId, guid: ObjectGuid) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from directory_users where domain_id = $1 and guid = $2)
               or exists (select from directory_groups where domain_id = $1 and guid = $2) as "known!""#,
        domain.0,
        guid.0
    )
    .fetch_one(db)
    .await
}
