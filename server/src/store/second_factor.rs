//! The second factor of administrators: its sealed secret, the step that was used last, recovery codes as digests.

use sqlx::PgConnection;
use uuid::Uuid;

/// A secret that is shown, and not in force before a code of it was seen.
pub async fn update_offered(conn: &mut PgConnection, admin: Uuid, sealed: Option<&[u8]>) -> sqlx::Result<()> {
    sqlx::query!("update admins set totp_offered = $2 where id = $1", admin, sealed).execute(conn).await?;
    Ok(())
}

/// Puts a secret into force, or with `None` none.
pub async fn update_secret(
    conn: &mut PgConnection,
    admin: Uuid,
    sealed: Option<&[u8]>,
    step: Option<i64>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update admins set totp_secret = $2, totp_step = $3, totp_offered = null where id = $1",
        admin,
        sealed,
        step
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Spends the code of a time step. False: it, or a later one, was used already.
pub async fn spend_step(conn: &mut PgConnection, admin: Uuid, step: i64) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update admins set totp_step = $2 where id = $1 and (totp_step is null or totp_step < $2)",
        admin,
        step
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub async fn insert_recovery_codes(
    conn: &mut PgConnection,
    admin: Uuid,
    digests: &[Vec<u8>],
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into recovery_codes (admin_id, digest) select $1, unnest($2::bytea[])",
        admin,
        digests
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Spends a recovery code. False: it is none, or was used already.
pub async fn spend_recovery_code(conn: &mut PgConnection, admin: Uuid, digest: &[u8]) -> sqlx::Result<bool> {
    let done = sqlx::query!("delete from recovery_codes where admin_id = $1 and digest = $2", admin, digest)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

pub async fn delete_recovery_codes(conn: &mut PgConnection, admin: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from recovery_codes where admin_id = $1", admin).execute(conn).await?;
    Ok(())
}

pub async fn count_recovery_codes(conn: &mut PgConnection, admin: Uuid) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from recovery_codes where admin_id = $1"#, admin)
        .fetch_one(conn)
        .await
}
