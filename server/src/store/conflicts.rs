//! What only a person can decide, or mend in AD or JumpCloud: matches, names that two want, addresses used elsewhere.

use planner::Reason;
use protocol::{DomainId, ObjectGuid};
use sqlx::PgExecutor;
use sqlx::types::Json;
use uuid::Uuid;

use super::access::Reach;

/// The kinds, as the API names them.
pub const KINDS: [&str; 5] = ["takeover", "taken_name", "duplicate_name", "group_name", "email_used_outside"];

/// One user or group that is in conflict.
#[derive(Clone, Debug)]
pub struct Conflict {
    pub kind: String,
    pub domain_id: DomainId,
    pub guid: ObjectGuid,
    /// `user` or `group`.
    pub object: String,
    pub name: String,
    pub dn: String,
    pub reasons: Json<Vec<Reason>>,
    /// The operation that JumpCloud refused, where it is one.
    pub operation_id: Option<Uuid>,
}

// The kind follows from the first reason; the reasons are the planner's.
macro_rules! select_conflicts {
    ($type:ty, $before:literal, $after:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            $type,
            $before + r#" from (
               select case when u.reasons->0->>'code' in ('duplicate_email', 'duplicate_username') then 'duplicate_name'
                           when u.reasons->0->>'code' in ('email_taken_by_other_user', 'username_taken_by_other_user')
                           then 'taken_name' else 'takeover' end as kind,
                      u.domain_id, u.guid, 'user' as object, coalesce(u.display_name, u.sam_account_name, u.dn) as name,
                      u.dn, u.reasons, null::uuid as operation_id
               from directory_users u where u.verdict = 'conflict'
               union all
               select 'group_name', g.domain_id, g.guid, 'group', coalesce(g.sam_account_name, g.dn), g.dn, g.reasons, null
               from directory_groups g where g.verdict = 'conflict'
               union all
               select 'email_used_outside', o.domain_id, o.subject, 'user',
                      coalesce(u.display_name, u.sam_account_name, u.dn), u.dn,
                      jsonb_build_array(jsonb_build_object('code', o.error_code, 'message', coalesce(o.error_message, ''))),
                      o.id
               from operations o join directory_users u on u.domain_id = o.domain_id and u.guid = o.subject
               where o.state = 'parked' and o.error_code = 'email_used_outside_organization'
            ) c where ($1::uuid is null or c.domain_id = $1)
               and ($2::uuid[] is null or c.domain_id in (select d.id from domains d where d.organization_id = any($2))) "# + $after
            $(, $arg)*
        )
    };
}

/// In the order of their objectGUID, after one.
pub async fn list(
    db: impl PgExecutor<'_>,
    reach: &Reach,
    domain: Option<DomainId>,
    kind: Option<&str>,
    after: Option<ObjectGuid>,
    limit: i64,
) -> sqlx::Result<Vec<Conflict>> {
    select_conflicts!(
        Conflict,
        r#"select c.kind as "kind!", c.domain_id as "domain_id!: DomainId", c.guid as "guid!: ObjectGuid",
                  c.object as "object!", c.name as "name!", c.dn as "dn!", c.reasons as "reasons!: Json<Vec<Reason>>",
                  c.operation_id as "operation_id?""#,
        "and ($3::text is null or c.kind = $3) and ($4::uuid is null or c.guid > $4) order by c.guid limit $5",
        domain.map(|id| id.0),
        reach.ids(),
        kind,
        after.map(|guid| guid.0),
        limit
    )
    .fetch_all(db)
    .await
}

/// How many there are of a kind.
#[derive(Clone, Debug)]
pub struct Count {
    pub kind: String,
    pub count: i64,
}

pub async fn count(
    db: impl PgExecutor<'_>,
    reach: &Reach,
    domain: Option<DomainId>,
) -> sqlx::Result<Vec<Count>> {
    select_conflicts!(
        Count,
        r#"select c.kind as "kind!", count(*) as "count!""#,
        "group by c.kind order by c.kind",
        domain.map(|id| id.0),
        reach.ids()
    )
    .fetch_all(db)
    .await
}
