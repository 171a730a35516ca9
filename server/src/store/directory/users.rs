//! Users of the mirror.

use chrono::{DateTime, Utc};
use protocol::directory::User;
use protocol::{DomainId, ObjectGuid};
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
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Upserted>> {
    let guids: Vec<Uuid> = users.iter().map(|row| row.user.guid.0).collect();
    let rows: Vec<Value> = users.iter().map(user_row).collect();
    let found = sqlx::query!(
        r#"with incoming as (
               select * from jsonb_to_recordset($3) as r(
                   guid uuid, body jsonb, dn text, dn_key text, sam text, upn text, mail text, display text,
                   primary_group_id bigint, manager uuid, username_key text, email_key text,
                   pwd_last_set bigint, pwd_version bigint, pwd_changed_at timestamptz, pwd_invocation_id uuid)
           ), known as (
               select guid, username_key, email_key from directory_users where domain_id = $1 and guid = any($2)
           ), written as (
               insert into directory_users as u
                   (domain_id, guid, body, dn, dn_key, sam_account_name, user_principal_name, mail, display_name,
                    primary_group_id, manager, username_key, email_key, pwd_last_set, pwd_version, pwd_changed_at,
                    pwd_invocation_id, pwd_seen_at)
               select $1, guid, body, dn, dn_key, sam, upn, mail, display, primary_group_id, manager, username_key,
                      email_key, pwd_last_set, pwd_version, pwd_changed_at, pwd_invocation_id, $5
               from incoming
               on conflict (domain_id, guid) do update
               set body = excluded.body, presence = 'present', dn = excluded.dn, dn_key = excluded.dn_key,
                   sam_account_name = excluded.sam_account_name, user_principal_name = excluded.user_principal_name,
                   mail = excluded.mail, display_name = excluded.display_name,
                   primary_group_id = excluded.primary_group_id, manager = excluded.manager,
                   username_key = excluded.username_key, email_key = excluded.email_key,
                   moved_out_answer = case when u.dn_key = excluded.dn_key then u.moved_out_answer end,
                   pwd_last_set = excluded.pwd_last_set, pwd_version = excluded.pwd_version,
                   pwd_changed_at = excluded.pwd_changed_at, pwd_invocation_id = excluded.pwd_invocation_id,
                   pwd_seen_at = case
                       when (u.pwd_version, u.pwd_invocation_id) is not distinct from (excluded.pwd_version, excluded.pwd_invocation_id)
                        and (excluded.pwd_version is not null or u.pwd_last_set is not distinct from excluded.pwd_last_set)
                       then u.pwd_seen_at else excluded.pwd_seen_at end
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
        now,
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
        "pwd_last_set": user.pwd_last_set, "pwd_version": user.password_version.map(|found| found.version),
        "pwd_changed_at": user.password_version.map(|found| found.changed_at),
        "pwd_invocation_id": user.password_version.map(|found| found.invocation_id),
    })
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
