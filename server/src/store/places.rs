//! Which organization a thing belongs to.

use protocol::OrganizationId;
use sqlx::PgExecutor;
use uuid::Uuid;

/// What an address names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    Organization,
    Domain,
    Operation,
    Hold,
    Alert,
    Agent,
}

impl Thing {
    pub fn word(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Domain => "domain",
            Self::Operation => "operation",
            Self::Hold => "hold",
            Self::Alert => "alert",
            Self::Agent => "agent",
        }
    }
}

pub async fn find_organization(
    db: impl PgExecutor<'_>,
    thing: Thing,
    id: Uuid,
) -> sqlx::Result<Option<OrganizationId>> {
    let thing = thing.word();
    let found = sqlx::query_scalar!(
        r#"select case $1::text
               when 'organization' then (select o.id from organizations o where o.id = $2)
               when 'domain' then (select d.organization_id from domains d where d.id = $2)
               when 'operation' then
                   (select d.organization_id from operations o join domains d on d.id = o.domain_id where o.id = $2)
               when 'hold' then
                   (select d.organization_id from holds h join domains d on d.id = h.domain_id where h.id = $2)
               when 'alert' then
                   (select coalesce(a.organization_id, d.organization_id)
                    from alerts a left join domains d on d.id = a.domain_id where a.id = $2)
               when 'agent' then
                   (select d.organization_id from agents g join domains d on d.id = g.domain_id where g.id = $2)
           end as "organization: OrganizationId""#,
        thing,
        id
    )
    .fetch_one(db)
    .await?;
    Ok(found)
}
