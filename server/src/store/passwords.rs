//! Captured passwords, sealed, until JumpCloud has them: the newest of each user.

use chrono::{DateTime, Utc};
use protocol::captures::{Captured, PasswordStamp};
use protocol::directory::PasswordVersion;
use protocol::sealing::{Envelope, Label};
use protocol::{AgentId, CaptureId, DomainId, ObjectGuid};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// Which password of a user we have.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub capture: CaptureId,
    pub stamp: PasswordStamp,
}

/// Locks and returns what we have of a user.
pub async fn find_locked(
    conn: &mut PgConnection,
    domain: DomainId,
    user: ObjectGuid,
) -> sqlx::Result<Option<Known>> {
    let row = sqlx::query!(
        r#"select capture as "capture: CaptureId", pwd_last_set, version, changed_at, invocation_id
           from passwords where domain_id = $1 and guid = $2 for update"#,
        domain.0,
        user.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Known {
        capture: row.capture,
        stamp: PasswordStamp {
            pwd_last_set: row.pwd_last_set,
            version: version(row.version, row.changed_at, row.invocation_id),
        },
    }))
}

fn version(
    version: Option<i64>,
    changed_at: Option<DateTime<Utc>>,
    invocation_id: Option<Uuid>,
) -> Option<PasswordVersion> {
    let version = u32::try_from(version?).ok()?;
    Some(PasswordVersion { version, changed_at: changed_at?, invocation_id: invocation_id? })
}

/// Keeps a password in the place of the user's former one.
pub async fn insert(conn: &mut PgConnection, captured: &Captured, now: DateTime<Utc>) -> sqlx::Result<()> {
    let Captured { envelope: Envelope { label, sealed }, user, stamp } = captured;
    sqlx::query!(
        "insert into passwords
           (domain_id, guid, capture, agent_id, account, captured_at, received_at, pwd_last_set, version, changed_at,
            invocation_id, key_id, sealed, state)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'waiting')
         on conflict (domain_id, guid) do update
         set capture = excluded.capture, agent_id = excluded.agent_id, account = excluded.account,
             captured_at = excluded.captured_at, received_at = excluded.received_at,
             pwd_last_set = excluded.pwd_last_set, version = excluded.version, changed_at = excluded.changed_at,
             invocation_id = excluded.invocation_id, key_id = excluded.key_id, sealed = excluded.sealed,
             state = 'waiting', code = null, message = null, settled_at = null",
        label.domain.0,
        user.0,
        label.capture.0,
        label.agent.0,
        label.account,
        label.captured_at,
        now,
        stamp.pwd_last_set,
        stamp.version.map(|version| i64::from(version.version)),
        stamp.version.map(|version| version.changed_at),
        stamp.version.map(|version| version.invocation_id),
        label.key,
        sealed,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The envelope, as long as this capture is the one that waits.
pub async fn find_waiting(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    user: ObjectGuid,
    capture: CaptureId,
) -> sqlx::Result<Option<Envelope>> {
    let row = sqlx::query!(
        r#"select agent_id as "agent: AgentId", account, captured_at, key_id, sealed as "sealed!"
           from passwords where domain_id = $1 and guid = $2 and capture = $3 and state = 'waiting'"#,
        domain.0,
        user.0,
        capture.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Envelope {
        label: Label {
            capture,
            domain,
            agent: row.agent,
            account: row.account,
            captured_at: row.captured_at,
            key: row.key_id,
        },
        sealed: row.sealed,
    }))
}

/// Why this capture was refused, if it was.
pub async fn find_refusal(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    user: ObjectGuid,
    capture: CaptureId,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        r#"select coalesce(message, '') as "message!" from passwords
           where domain_id = $1 and guid = $2 and capture = $3 and state = 'refused'"#,
        domain.0,
        user.0,
        capture.0
    )
    .fetch_optional(db)
    .await
}

/// How a password ended.
#[derive(Clone, Copy, Debug)]
pub enum End<'a> {
    Delivered,
    Refused { code: &'a str, message: &'a str },
}

/// JumpCloud has answered: the ciphertext goes.
pub async fn update_ended(
    conn: &mut PgConnection,
    domain: DomainId,
    user: ObjectGuid,
    capture: CaptureId,
    end: End<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let (state, code, message, delivered_at) = match end {
        End::Delivered => ("delivered", None, None, Some(now)),
        End::Refused { code, message } => ("refused", Some(code), Some(message), None),
    };
    sqlx::query!(
        "update passwords
         set state = $4, code = $5, message = $6, sealed = null, settled_at = $7,
             delivered_at = coalesce($8, delivered_at)
         where domain_id = $1 and guid = $2 and capture = $3 and state = 'waiting'",
        domain.0,
        user.0,
        capture.0,
        state,
        code,
        message,
        now,
        delivered_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Erases the waiting passwords of users who are exempt by now.
pub async fn update_exempt_erased(
    conn: &mut PgConnection,
    domain: DomainId,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "update passwords p
         set state = 'erased', sealed = null, settled_at = $2, code = 'privileged',
             message = 'The account is privileged in AD, so its password is not kept.'
         from domains d
         where p.domain_id = $1 and d.id = $1 and p.state = 'waiting' and p.guid = any(d.exempt_users)",
        domain.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// A password whose time has run out.
#[derive(Clone, Copy, Debug)]
pub struct Expired {
    pub domain_id: DomainId,
    pub guid: ObjectGuid,
}

/// Erases what has waited too long for a user that is not synced. What only waits for JumpCloud does not expire.
pub async fn update_expired(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Vec<Expired>> {
    sqlx::query_as!(
        Expired,
        r#"update passwords p
           set state = 'expired', sealed = null, settled_at = $1, code = 'hold_expired',
               message = case when u.guid is null
                   then 'No user of the directory has this objectGUID, and the time to wait for one ran out.'
                   else 'The user was not synced, or the password had to be changed first, before the time to wait ran out.' end
           from domains d, passwords w left join directory_users u on u.domain_id = w.domain_id and u.guid = w.guid
           where p.state = 'waiting' and d.id = p.domain_id and w.domain_id = p.domain_id and w.guid = p.guid
             and p.received_at < $1::timestamptz - greatest(
                 make_interval(hours => coalesce(d.settings->>'password_hold_hours', '24')::int), interval '10 minutes')
             and (d.mode = 'preview' or not exists (
                 select from operations o where o.domain_id = p.domain_id and o.subject = p.guid
                   and o.kind = 'set_password' and o.state in ('ready', 'leased', 'held', 'parked')))
           returning p.domain_id as "domain_id: DomainId", p.guid as "guid: ObjectGuid""#,
        now
    )
    .fetch_all(conn)
    .await
}
