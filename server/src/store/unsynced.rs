//! Users that are not synced, and why: the other half of a preview.

use planner::reason::Reason;
use protocol::{DomainId, ObjectGuid};
use sqlx::PgExecutor;
use sqlx::types::Json;

/// How many users have a reason as their first.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[schema(as = ReasonCount)]
pub struct Counted {
    pub code: String,
    pub count: i64,
}

/// Users that are excluded or in conflict, by their first reason; the most frequent first.
pub async fn count(db: impl PgExecutor<'_>, domain: DomainId) -> sqlx::Result<Vec<Counted>> {
    sqlx::query_as!(
        Counted,
        r#"select coalesce(reason, '') as "code!", count(*) as "count!" from directory_users
           where domain_id = $1 and status in ('excluded', 'conflict') group by reason order by 2 desc, 1"#,
        domain.0
    )
    .fetch_all(db)
    .await
}

/// A user that is not synced.
#[derive(Clone, Debug)]
pub struct Unsynced {
    pub guid: ObjectGuid,
    pub dn: String,
    pub sam_account_name: Option<String>,
    pub display_name: Option<String>,
    pub mail: Option<String>,
    pub status: String,
    pub reasons: Json<Vec<Reason>>,
    pub jumpcloud_id: Option<String>,
}

/// In the order of their objectGUID, after one.
pub async fn list(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    reason: Option<&str>,
    after: Option<ObjectGuid>,
    limit: i64,
) -> sqlx::Result<Vec<Unsynced>> {
    sqlx::query_as!(
        Unsynced,
        r#"select u.guid as "guid: ObjectGuid", u.dn, u.sam_account_name, u.display_name, u.mail, u.status,
                  u.reasons as "reasons: Json<Vec<Reason>>", l.jumpcloud_id as "jumpcloud_id?"
           from directory_users u left join links l on l.domain_id = u.domain_id and l.guid = u.guid
           where u.domain_id = $1 and u.status in ('excluded', 'conflict') and ($2::text is null or u.reason = $2)
             and ($3::uuid is null or u.guid > $3)
           order by u.guid limit $4"#,
        domain.0,
        reason,
        after.map(|guid| guid.0),
        limit
    )
    .fetch_all(db)
    .await
}
