//! What the API shows of each thing. Secrets are never part of it.

mod domains;
mod operations;
mod people;

use chrono::{DateTime, Duration, Utc};
use protocol::{DomainId, OrganizationId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

pub use domains::{Agent, AgentDirectory, Counts, Domain};
pub use operations::{Hold, Operation, OperationError, Planned};
pub use people::{Covered, Group, User};

use crate::actions::audit::hex;
use crate::store;

/// A JumpCloud tenant.
#[derive(Debug, Serialize, ToSchema)]
pub struct Organization {
    pub id: OrganizationId,
    #[schema(example = "Example Inc.")]
    pub name: String,
    #[schema(example = "https://console.jumpcloud.com")]
    pub base_url: String,
    pub org_id: Option<String>,
    pub credential: Credential,
    /// Why JumpCloud takes nothing at present.
    pub problem: Option<OrganizationProblem>,
    /// JumpCloud asked for patience until then.
    pub paused_until: Option<DateTime<Utc>>,
    pub mirror_read_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// What there is to know of a credential.
#[derive(Debug, Serialize, ToSchema)]
pub struct Credential {
    /// `api_key` or `service_account`.
    #[schema(example = "api_key")]
    pub kind: String,
    pub client_id: Option<String>,
    pub token_url: Option<String>,
    pub set: bool,
}

/// Why an organization is not written to.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationProblem {
    #[schema(example = "credential_refused")]
    pub code: String,
    pub message: Option<String>,
}

/// Whether a secret is set; its value is never shown.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Set {
    pub set: bool,
}

impl From<store::organizations::Organization> for Organization {
    fn from(row: store::organizations::Organization) -> Self {
        let message = row.problem_message;
        Self {
            id: row.id,
            name: row.name,
            base_url: row.base_url,
            org_id: row.jumpcloud_org_id,
            credential: Credential {
                kind: row.credential_kind,
                client_id: row.client_id,
                token_url: row.token_url,
                set: true,
            },
            problem: row.problem_code.map(|code| OrganizationProblem { code, message }),
            paused_until: row.paused_until,
            mirror_read_at: row.mirror_read_at,
            created_at: row.created_at,
        }
    }
}

/// An event of the audit.
#[derive(Debug, Serialize, ToSchema)]
pub struct Event {
    #[schema(example = "42")]
    pub id: String,
    pub at: DateTime<Utc>,
    #[schema(example = "ada@example.com")]
    pub actor: String,
    #[schema(example = "admin")]
    pub actor_kind: String,
    pub actor_id: Option<Uuid>,
    #[schema(example = "domain.activated")]
    pub action: String,
    pub subject: Option<String>,
    pub domain_id: Option<DomainId>,
    pub detail: Value,
    /// Its link of the chain, hexadecimal.
    pub hash: Option<String>,
}

impl From<&store::audit::Event> for Event {
    fn from(row: &store::audit::Event) -> Self {
        Self {
            id: row.id.to_string(),
            at: row.at,
            actor: row.actor.clone(),
            actor_kind: row.actor_kind.clone(),
            actor_id: row.actor_id,
            action: row.action.clone(),
            subject: row.subject.clone(),
            domain_id: row.domain_id,
            detail: row.detail.clone(),
            hash: row.hash.as_deref().map(hex),
        }
    }
}

/// Green while it was seen within 30 s, yellow within 60 s, red after.
pub fn colour(last_seen_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> &'static str {
    match last_seen_at {
        Some(seen) if seen > now - Duration::seconds(30) => "green",
        Some(seen) if seen > now - Duration::seconds(60) => "yellow",
        _ => "red",
    }
}
