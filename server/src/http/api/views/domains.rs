//! A domain and the agents on its domain controllers.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use protocol::heartbeat::DirectoryState;
use protocol::{AgentId, DomainId, ObjectGuid, OrganizationId};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::colour;
use crate::http::api::settings::SettingsShown;
use crate::store;
use crate::store::domains::Mode;

/// A domain.
#[derive(Debug, Serialize, ToSchema)]
pub struct Domain {
    pub id: DomainId,
    pub organization_id: OrganizationId,
    #[schema(example = "DC=corp,DC=example,DC=com")]
    pub name: String,
    pub mode: Mode,
    /// Of the settings; also the entity tag.
    #[schema(example = 3)]
    pub revision: i64,
    #[schema(value_type = SettingsShown)]
    pub settings: Value,
    #[schema(example = "S-1-5-21-1004336348-1177238915-682003330")]
    pub domain_sid: Option<String>,
    pub root_user_container_guid: Option<ObjectGuid>,
    pub integration_group_guid: Option<ObjectGuid>,
    /// The integration group is missing, unreadable or suddenly empty: nobody is taken for having left.
    pub integration_group_lost: bool,
    /// JumpCloud's object of the domain.
    pub activedirectory_id: Option<String>,
    /// The agent that reads the directory.
    pub watcher: Option<AgentId>,
    pub directory_read_at: Option<DateTime<Utc>>,
    pub full_read_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    /// How many users and groups stand how; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// Users and groups that wait to be planned; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub being_planned: Option<i64>,
}

/// How many of each status.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Counts {
    pub user: BTreeMap<String, i64>,
    pub group: BTreeMap<String, i64>,
}

impl From<store::domains::Domain> for Domain {
    fn from(row: store::domains::Domain) -> Self {
        Self {
            id: row.id,
            organization_id: row.organization_id,
            mode: row.mode,
            revision: row.revision,
            settings: row.settings.shown(row.bind_password.is_some()),
            name: row.name,
            domain_sid: row.domain_sid,
            root_user_container_guid: row.root_user_container,
            integration_group_guid: row.integration_group,
            integration_group_lost: row.integration_group_lost,
            activedirectory_id: row.activedirectory_id,
            watcher: row.watcher,
            directory_read_at: row.directory_read_at,
            full_read_at: row.full_read_at,
            created_at: row.created_at,
            counts: None,
            being_planned: None,
        }
    }
}

/// An agent.
#[derive(Debug, Serialize, ToSchema)]
pub struct Agent {
    pub id: AgentId,
    pub domain_id: DomainId,
    #[schema(example = "dc1.corp.example.com")]
    pub domain_controller: String,
    #[schema(example = "dc1")]
    pub host: String,
    /// `linux` or `windows`.
    #[schema(example = "linux")]
    pub platform: String,
    #[schema(example = "0.1.0")]
    pub version: String,
    /// `green` while it was heard of within 30 s, `yellow` within 60 s, `red` after.
    #[schema(example = "green")]
    pub status: &'static str,
    pub last_seen_at: Option<DateTime<Utc>>,
    pub enrolled_at: DateTime<Utc>,
    pub applied_revision: i64,
    pub clock_skew_ms: Option<i64>,
    /// `watcher` or `standby`.
    #[schema(example = "watcher")]
    pub role: &'static str,
    pub directory: AgentDirectory,
    /// Why its key is suspended.
    pub suspended: Option<String>,
    /// How the capturing of passwords stands there.
    pub capture: Option<Value>,
}

/// How an agent reaches its directory.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum AgentDirectory {
    Connecting,
    Failed {
        code: String,
        message: String,
    },
    Connected {
        secure: bool,
        dns_host_name: String,
        invocation_id: Uuid,
        highest_committed_usn: i64,
        current_time: Option<DateTime<Utc>>,
    },
}

impl Agent {
    pub fn of(row: &store::agents::Agent, watcher: bool, now: DateTime<Utc>) -> Self {
        Self {
            id: row.id,
            domain_id: row.domain_id,
            domain_controller: row.domain_controller.clone(),
            host: row.host.clone(),
            platform: row.platform.clone(),
            version: row.version.clone(),
            status: colour(row.last_seen_at, now),
            last_seen_at: row.last_seen_at,
            enrolled_at: row.enrolled_at,
            applied_revision: row.applied_revision,
            clock_skew_ms: row.clock_skew_ms,
            role: if watcher { "watcher" } else { "standby" },
            directory: AgentDirectory::of(row.directory.as_deref()),
            suspended: row.suspended_reason.clone(),
            capture: row.capture.as_deref().map(|capture| json!(capture)),
        }
    }
}

impl AgentDirectory {
    fn of(state: Option<&DirectoryState>) -> Self {
        match state {
            None | Some(DirectoryState::Connecting) => Self::Connecting,
            Some(DirectoryState::Failed { code, message }) => {
                Self::Failed { code: code.clone(), message: message.clone() }
            }
            Some(DirectoryState::Connected { secure, report }) => Self::Connected {
                secure: *secure,
                dns_host_name: report.dns_host_name.clone(),
                invocation_id: report.invocation_id,
                highest_committed_usn: report.highest_committed_usn,
                current_time: report.current_time,
            },
        }
    }
}
