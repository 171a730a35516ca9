//! Captured passwords on their way from an agent to the server, and how the capturing stands.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::directory::PasswordVersion;
use crate::sealing::{Envelope, SealingKey};
use crate::{CaptureId, ObjectGuid};

/// No message carries more captures.
pub const MAX_CAPTURES: usize = 100;

/// `POST /agent/v1/captures`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captures {
    pub captures: Vec<Captured>,
}

/// A password that the domain controller has accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    pub envelope: Envelope,
    /// Whose it is, as the capturing domain controller knows the account.
    pub user: ObjectGuid,
    /// Which of the user's passwords it is.
    pub stamp: PasswordStamp,
}

/// Which of a user's passwords one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordStamp {
    /// `pwdLastSet`, FILETIME; 0 means that the user must change it at the next log-on.
    pub pwd_last_set: i64,
    /// From `replPropertyMetaData`, where that may be read.
    #[serde(default)]
    pub version: Option<PasswordVersion>,
}

impl PasswordStamp {
    /// True if this password replaces `other` in AD, as replication settles it (MS-DRSR 4.1.10.6.6: the higher version
    /// wins, then the later time, then the greater invocationId). Without versions the later `pwdLastSet` wins.
    pub fn replaces(&self, other: &Self) -> bool {
        match (self.version, other.version) {
            (Some(ours), Some(theirs)) => ours > theirs,
            _ => self.pwd_last_set > other.pwd_last_set,
        }
    }

    /// True if both are the same password.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self.version, other.version) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => self.pwd_last_set == other.pwd_last_set && self.pwd_last_set != 0,
        }
    }
}

/// The answer: what became of each capture. The agent forgets those named, and sends the others again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapturesAnswer {
    pub results: Vec<CaptureResult>,
}

/// What became of one capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureResult {
    pub capture: CaptureId,
    #[serde(flatten)]
    pub outcome: CaptureOutcome,
}

/// What became of a capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum CaptureOutcome {
    /// The server has it, durably; or had it already.
    Kept,
    /// The server has a later password of this user.
    Superseded,
    /// It is of no use to the server, for good. `code` is stable.
    Refused { code: String, message: String },
}

/// How the capturing stands on a domain controller; part of the heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureState {
    pub hook: Hook,
    /// The key that the hook seals to; `None`: it keeps nothing yet.
    #[serde(default)]
    pub sealing_key: Option<i32>,
    /// The version of the list of exempt accounts that the hook goes by.
    #[serde(default)]
    pub exempt_version: Option<String>,
    /// Captures that lie in the spool.
    pub waiting: u64,
    #[serde(default)]
    pub oldest_waiting: Option<DateTime<Utc>>,
    #[serde(default)]
    pub last_captured_at: Option<DateTime<Utc>>,
    /// What became of captures since the agent was installed, by stable codes; only ever rises.
    #[serde(default)]
    pub counters: BTreeMap<String, u64>,
}

/// Whether the domain controller hands its password changes to the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Hook {
    /// `chained`: another script is asked as well.
    Installed {
        #[serde(default)]
        chained: bool,
    },
    Missing,
    /// It cannot be told.
    #[serde(other)]
    Unknown,
}

/// What the hook is to go by; part of the answer to a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureOrders {
    pub sealing_key: SealingKey,
    /// Accounts whose passwords are not kept, if the agent has another version of the list.
    #[serde(default)]
    pub exempt: Option<Exempt>,
}

/// Accounts whose passwords never leave the domain controller: the privileged ones, and the service account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exempt {
    pub version: String,
    /// sAMAccountNames, lower case.
    pub accounts: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn stamp(pwd_last_set: i64, version: Option<(u32, i64, u128)>) -> PasswordStamp {
        let version = version.map(|(version, at, id)| PasswordVersion {
            version,
            changed_at: DateTime::from_timestamp(at, 0).unwrap(),
            invocation_id: Uuid::from_u128(id),
        });
        PasswordStamp { pwd_last_set, version }
    }

    #[test]
    fn the_higher_version_replaces_the_lower_whatever_the_clocks_say() {
        let older = stamp(200, Some((3, 50, 2)));
        let newer = stamp(100, Some((4, 40, 1)));
        assert!(newer.replaces(&older) && !older.replaces(&newer));
    }

    #[test]
    fn of_two_domain_controllers_that_changed_it_at_once_the_later_wins() {
        let one = stamp(100, Some((4, 40, 9)));
        let two = stamp(100, Some((4, 41, 1)));
        assert!(two.replaces(&one) && !one.replaces(&two) && !one.is_same(&two));
    }

    #[test]
    fn without_versions_the_time_decides_and_must_change_is_never_the_same() {
        assert!(stamp(2, None).replaces(&stamp(1, Some((9, 9, 9)))));
        assert!(stamp(2, None).is_same(&stamp(2, None)));
        assert!(!stamp(0, None).is_same(&stamp(0, None)));
    }
}
