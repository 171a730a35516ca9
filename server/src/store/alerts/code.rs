//! What there are alerts of: name, weight, patience, and what to do.

use chrono::TimeDelta;

/// How much an alert matters.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// Somebody should look at it today.
    Warning,
    /// Somebody should look at it now.
    Critical,
}

impl Severity {
    pub const ALL: [Self; 3] = [Self::Notice, Self::Warning, Self::Critical];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text)
    }
}

macro_rules! codes {
    ($($variant:ident $name:literal $severity:ident $opens:literal $closes:literal $title:literal $fix:literal)*) => {
        /// A kind of alert.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code { $($variant),* }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Stable, snake case.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),* }
            }

            /// In a few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// What to do.
            pub fn fix(self) -> &'static str {
                match self { $(Self::$variant => $fix),* }
            }

            /// It must have held for so long before anybody is told.
            pub fn opens_after(self) -> TimeDelta {
                TimeDelta::seconds(match self { $(Self::$variant => $opens),* })
            }

            /// It must have been gone for so long before it is over: what comes and goes is one alert.
            pub fn closes_after(self) -> TimeDelta {
                TimeDelta::seconds(match self { $(Self::$variant => $closes),* })
            }
        }
    };
}

// Name, severity, seconds before it opens, seconds before it closes, title, fix.
codes! {
    AgentSilent "agent_silent" Critical 0 15 "An agent is silent"
        "Start the service adit-agent on the domain controller, and see that it reaches this server."
    AgentSuspended "agent_suspended" Critical 0 0 "An agent was suspended"
        "Find the copy of its state directory, and enroll the agent of each domain controller again with a new token."
    CaptureDegraded "capture_degraded" Warning 0 0 "Passwords are not captured as they should be"
        "See the coverage of the domain."
    CaptureMissing "capture_missing" Critical 0 0 "The password hook is not installed"
        "Run adit-agent capture install on the domain controller."
    CertificateExpiring "certificate_expiring" Warning 0 15 "The certificate of a domain controller expires soon"
        "Renew the domain controller's LDAPS certificate. Where it is pinned, set the new ldap.server_fingerprint."
    ClockSkew "clock_skew" Warning 20 30 "A clock is wrong"
        "Synchronise the domain controller and this server by NTP."
    ConflictOpen "conflict_open" Warning 0 0 "Users or groups are in conflict"
        "Open each and decide which JumpCloud object it is, or correct the name or mail address in AD."
    CredentialRefused "credential_refused" Critical 0 0 "JumpCloud refuses the credential"
        "Enter a new credential on the organization's page, or give its administrator the rights it lacks. Nothing is lost meanwhile."
    DatabaseConnections "database_connections" Warning 20 60 "The database connections are used up"
        "See the server's log for what waits; add servers, or find out what holds the database up."
    DatabaseSlow "database_slow" Warning 20 60 "The database is slow"
        "See the load and the disk of the database server."
    DirectoryUnreachable "directory_unreachable" Critical 60 15 "An agent cannot read its directory"
        "See the checks of the domain: each names its fix."
    DiskFull "disk_full" Critical 0 60 "The disk of the data directory is nearly full"
        "Make room on it: without any the database stops, and nothing is synced."
    DomainControllerUncovered "domain_controller_uncovered" Warning 0 0 "A domain controller has no agent"
        "Enroll an agent on it: passwords that are changed there are missed."
    DriftFound "drift_found" Notice 0 0 "JumpCloud was changed beside Adit"
        "See in JumpCloud's Directory Insights who changes what AD decides; Adit sets it back."
    HoldOpened "hold_opened" Critical 0 0 "Changes wait for a decision"
        "Look at what is held, and approve or reject it."
    IntegrationGroupLost "integration_group_lost" Critical 0 0 "The integration group is gone, unreadable or empty"
        "Restore the group and its members, or name another one in the settings. Nothing is taken away meanwhile."
    JumpCloudUnreachable "jumpcloud_unreachable" Critical 60 15 "JumpCloud cannot be reached"
        "See that this server reaches JumpCloud, and JumpCloud's status page. It goes on by itself."
    OperationsParked "operations_parked" Warning 0 0 "JumpCloud refused changes"
        "Correct the value in AD, or what stands against it in JumpCloud, and retry."
    PasswordMissed "password_missed" Warning 0 0 "Changes of passwords were missed"
        "See that the hook is installed there and healthy, and have these users change their passwords again."
    PasswordRefused "password_refused" Warning 0 0 "JumpCloud refused a password"
        "Bring AD's password policy in line with JumpCloud's, and have the user set another one."
    QueueOld "queue_old" Critical 0 60 "Changes wait for too long"
        "See the operations, and whether JumpCloud answers slowly or throttles this organization."
    ServerCertificateExpiring "server_certificate_expiring" Warning 0 60 "This server's certificate expires soon"
        "Renew the files of ADIT_TLS_CERT and ADIT_TLS_KEY and restart the server. Agents that pin it must be enrolled again."
}

impl Code {
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|code| code.as_str() == text).copied()
    }

    /// Only the server that has it can see it.
    pub fn is_local(self) -> bool {
        matches!(
            self,
            Self::DatabaseConnections | Self::DatabaseSlow | Self::DiskFull | Self::ServerCertificateExpiring
        )
    }
}
