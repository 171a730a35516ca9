//! Organizational units and containers: renaming one renames everything below it.

use protocol::directory::Container;
use protocol::{DistinguishedName, DomainId, ObjectGuid};
use sqlx::{PgConnection, PgExecutor};

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
