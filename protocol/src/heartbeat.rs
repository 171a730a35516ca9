//! The heartbeat, every [`PERIOD`]: the agent says how it is, the answer says what it is to do. There is no second channel.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::captures::{CaptureOrders, CaptureState};
use crate::{DistinguishedName, DomainName, ObjectGuid, Secret, Sid};

/// How often an agent sends one.
pub const PERIOD: Duration = Duration::from_secs(3);

/// `POST /agent/v1/heartbeat`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Drawn at each start of the process: two that alternate under one key are a clone.
    pub instance: Uuid,
    /// Rises with each heartbeat of the instance; an older one is a replay and has no effect.
    pub sequence: u64,
    pub version: String,
    /// The machine's own name.
    pub host: String,
    pub platform: Platform,
    /// The agent's clock when it sent this.
    pub clock: DateTime<Utc>,
    /// The settings revision that the agent works by; 0 before the first.
    pub applied_revision: i64,
    /// The version of the watched-groups list that the agent has; 0 before the first.
    #[serde(default)]
    pub watched_groups_version: i64,
    /// The last `read_again` wish that the agent has carried out.
    #[serde(default)]
    pub read_again_done: i64,
    pub directory: DirectoryState,
    /// How the capturing of passwords stands; `None` from an agent that cannot capture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<CaptureState>,
}

/// What the agent runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    Linux,
    Windows,
}

/// How the agent stands with its domain controller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum DirectoryState {
    /// No settings yet, or the first connection is under way.
    Connecting,
    /// Bound. `secure` is false on a connection without TLS.
    Connected { secure: bool, report: Box<Report> },
    /// Not bound, or what was found is not the domain that the settings name. `code` is stable.
    Failed { code: String, message: String },
}

/// What the agent found on its domain controller. Read at each connection, and again every half minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// `dnsHostName` of the domain controller.
    pub dns_host_name: String,
    pub invocation_id: Uuid,
    pub highest_committed_usn: i64,
    /// `currentTime` of the domain controller's rootDSE.
    pub current_time: Option<DateTime<Utc>>,
    /// `objectSid` of the domain's head.
    pub domain_sid: Option<Sid>,
    /// The settings revision by whose names was looked; 0 from an agent that does not tell.
    #[serde(default)]
    pub revision: i64,
    /// What the settings' names were found to be.
    pub root_user_container: Lookup,
    pub integration_group: Lookup,
    /// The service account itself, by the name it binds with.
    pub bind_account: Option<DistinguishedName>,
    /// `replUpToDateVector` of the domain's head, where it may be read: invocationId -> highest USN seen from it.
    #[serde(default)]
    pub replication_vector: BTreeMap<Uuid, i64>,
    /// Every domain controller of the domain, as its computer accounts tell.
    #[serde(default)]
    pub domain_controllers: Vec<DomainController>,
    /// `pwdProperties` bit 0 of the domain's head: complexity is on.
    pub password_complexity: Option<bool>,
    /// `minPwdLength` of the domain's head.
    pub min_password_length: Option<i64>,
    /// `pwdHistoryLength` of the domain's head.
    #[serde(default)]
    pub password_history_length: Option<i64>,
    /// `minPwdAge` of the domain's head, in whole days.
    #[serde(default)]
    pub min_password_age_days: Option<i64>,
    /// When the certificate of the LDAPS listener ends.
    #[serde(default)]
    pub certificate_expires_at: Option<DateTime<Utc>>,
    /// How many users lack an attribute that every user has (`userAccountControl`, `pwdLastSet`): missing rights.
    #[serde(default)]
    pub users_with_hidden_attributes: u64,
    /// When the domain controller last had everything from each of the others, where `replUpToDateVector` tells.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub replicated_at: BTreeMap<Uuid, DateTime<Utc>>,
    /// `isSynchronized` of the rootDSE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synchronized: Option<bool>,
    /// How far the domain controller's clock is ahead of the agent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_ahead_ms: Option<i64>,
    /// What the service account may read of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<ServiceAccount>,
    /// The integration group's `member` shows whom `memberOf` says it has; `None`: it has nobody, or that cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members_readable: Option<bool>,
    /// The service account may read Deleted Objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_objects_readable: Option<bool>,
}

/// The service account as it reads itself; `None` is what it may not read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceAccount {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Sid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sam_account_name: Option<String>,
    /// The built-in and well-known groups it is in (RID below 1000), nested ones and the primary group included, by
    /// `tokenGroups`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub well_known_groups: Option<Vec<Sid>>,
    /// Whether `tokenGroups` names the integration group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_integration_group: Option<bool>,
    /// `userAccountControl` says that the password does not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_never_expires: Option<bool>,
    /// `msDS-UserPasswordExpiryTimeComputed`, where it is a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_expires_at: Option<DateTime<Utc>>,
    /// `accountExpires`, where it is a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_expires_at: Option<DateTime<Utc>>,
}

/// What a name in the settings was found to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "found")]
pub enum Lookup {
    Present {
        guid: ObjectGuid,
        dn: DistinguishedName,
        #[serde(default)]
        group_type: Option<i64>,
    },
    Missing,
    Unreadable,
}

/// A domain controller as the directory lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DomainController {
    pub dns_host_name: String,
    /// A read-only domain controller: no password is changed there.
    pub read_only: bool,
    /// Holds the PDC emulator role.
    pub pdc: bool,
}

/// The answer to a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directives {
    pub server_time: DateTime<Utc>,
    /// The current settings revision.
    pub revision: i64,
    /// The settings, if the agent works by another revision.
    #[serde(default)]
    pub settings: Option<AgentSettings>,
    pub role: Role,
    /// The groups whose members the watcher re-reads, if the agent has another version of the list.
    #[serde(default)]
    pub watched_groups: Option<WatchedGroups>,
    /// Rises when everything is to be read again; compared with `read_again_done`.
    #[serde(default)]
    pub read_again: i64,
    /// Objects to look up by `<GUID=…>`, as in [`crate::transfer::PartAnswer::look_up`].
    #[serde(default)]
    pub look_up: Vec<ObjectGuid>,
    /// What the password hook goes by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<CaptureOrders>,
}

/// What the agent is to do about the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "role")]
pub enum Role {
    /// Watch and report. `cursor` is where the server stands with this agent's domain controller; `None`: read in full.
    Watcher { fence: i64, cursor: Option<i64> },
    /// Keep the connection, report its state, read nothing.
    Standby,
    /// Close the connection: the domain is not served, or the agent is suspended.
    #[serde(other)]
    Idle,
}

/// Groups whose members are re-read after the USN has moved: deleting a user changes them without touching them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchedGroups {
    pub version: i64,
    pub groups: Vec<ObjectGuid>,
}

/// The part of a domain's settings that an agent works by. Kept in memory only: it carries the bind password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSettings {
    pub revision: i64,
    pub domain: DomainName,
    pub root_user_container: DistinguishedName,
    pub integration_group: DistinguishedName,
    pub bind_user: String,
    pub bind_password: Secret,
    /// Trusted certificate authorities, PEM; `None`: the machine's own.
    pub ca_pem: Option<String>,
    /// `sha256:` and 64 hexadecimal digits of the DER certificate: trust exactly this one.
    pub server_fingerprint: Option<String>,
    /// Plain LDAP is permitted where LDAPS fails.
    pub allow_insecure: bool,
    pub poll_interval_ms: u64,
    /// LDAP names of the attributes to read besides those that [`crate::directory::User`] names.
    pub attributes: Vec<String>,
}
