//! Groups of the mirror, without their members.

use protocol::directory::Group;
use protocol::{DomainId, ObjectGuid};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgExecutor};

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
