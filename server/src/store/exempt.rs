//! Accounts whose passwords are never kept: the privileged ones and the service account.

use protocol::captures::Exempt;
use protocol::{DomainId, ObjectGuid};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// What makes an account exempt.
#[derive(Debug)]
pub struct Rule<'a> {
    /// Groups whose members are privileged, nested ones included.
    pub groups: &'a [ObjectGuid],
    /// RIDs of primary groups that make privileged.
    pub primary_groups: &'a [i64],
    /// The service account, as `DistinguishedName::key` spells it.
    pub service_account: Option<&'a str>,
}

/// Finds the accounts anew. True if they are others than before.
pub async fn update(conn: &mut PgConnection, domain: DomainId, rule: &Rule<'_>) -> sqlx::Result<bool> {
    let groups: Vec<Uuid> = rule.groups.iter().map(|guid| guid.0).collect();
    let done = sqlx::query!(
        "with found as (
             select u.guid, lower(u.sam_account_name) as account
             from directory_users u
             where u.domain_id = $1 and u.presence = 'present' and (
                   u.guid in (select m.member_guid from memberships m where m.domain_id = $1 and m.group_guid = any($2))
                or u.primary_group_id = any($3) or u.dn_key = $4)
           union
             select u.guid, lower(u.sam_account_name)
             from directory_users u
             where u.domain_id = $1 and u.presence = 'present' and coalesce(u.body->>'admin_count', '0') <> '0'
         ), list as (
             select coalesce(array_agg(account order by account) filter (where account is not null), '{}') as accounts,
                    coalesce(array_agg(guid order by guid), '{}') as users
             from found
         )
         update domains d
         set exempt_accounts = l.accounts, exempt_users = l.users, exempt_version = md5(array_to_string(l.accounts, chr(10)))
         from list l
         where d.id = $1 and (d.exempt_users <> l.users or d.exempt_accounts <> l.accounts or d.exempt_version = '')",
        domain.0,
        &groups,
        rule.primary_groups,
        rule.service_account,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The list, if it is another one than `version`; none before the directory was read.
pub async fn find_other(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    version: &str,
) -> sqlx::Result<Option<Exempt>> {
    sqlx::query_as!(
        Exempt,
        r#"select exempt_version as version, exempt_accounts as accounts from domains
           where id = $1 and exempt_version not in ($2, '')"#,
        domain.0,
        version
    )
    .fetch_optional(db)
    .await
}

/// True if the user's password must not be kept.
pub async fn contains(db: impl PgExecutor<'_>, domain: DomainId, user: ObjectGuid) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select $2 = any(exempt_users) as "exempt!" from domains where id = $1"#,
        domain.0,
        user.0
    )
    .fetch_one(db)
    .await
}
