//! Directory objects as an agent reads them.
//!
//! A value that could not be read is `None`, which means *unknown*: it is never taken for "enabled", "never expires"
//! or "unprivileged".

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::captures::PasswordStamp;
use crate::{DistinguishedName, ObjectGuid, Sid};

/// `userAccountControl` bit: the account is disabled (MS-ADTS 2.2.16).
pub const ACCOUNT_DISABLED: i64 = 0x2;

/// `sAMAccountType` of an ordinary user (MS-ADTS 2.2.13 `SAM_USER_OBJECT`).
pub const SAM_USER_OBJECT: i64 = 805_306_368;

/// A user as the directory has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub guid: ObjectGuid,
    pub sid: Option<Sid>,
    pub dn: DistinguishedName,
    /// What makes an object with `objectClass=user` an ordinary user, a computer or a trust.
    pub sam_account_type: Option<i64>,
    /// The object's most specific classes, lower case: `user`, `computer`, `msds-groupmanagedserviceaccount`.
    #[serde(default)]
    pub object_class: Vec<String>,
    pub sam_account_name: Option<String>,
    pub user_principal_name: Option<String>,
    pub mail: Option<String>,
    pub given_name: Option<String>,
    pub sn: Option<String>,
    pub user_account_control: Option<i64>,
    /// FILETIME (100 ns since 1601); 0 and `i64::MAX` mean never.
    pub account_expires: Option<i64>,
    /// FILETIME of the last password change; 0 means the user must change it at the next log-on.
    pub pwd_last_set: Option<i64>,
    /// Which password it is by replication's count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_version: Option<PasswordVersion>,
    pub admin_count: Option<i64>,
    /// RID of the primary group, which `member` and `memberOf` leave out.
    pub primary_group_id: Option<u32>,
    pub manager: Option<ObjectGuid>,
    /// Every other attribute that was asked for, by its LDAP name; the first value of each.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

impl User {
    /// Which of the user's passwords is the current one, as far as that can be read.
    pub fn password_stamp(&self) -> Option<PasswordStamp> {
        Some(PasswordStamp { pwd_last_set: self.pwd_last_set?, version: self.password_version })
    }
}

/// The state of `unicodePwd` in `replPropertyMetaData` (MS-DRSR 4.1.10.2.22 PROPERTY_META_DATA_VECTOR). Ordered as
/// replication decides which of two passwords stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PasswordVersion {
    /// `dwVersion`: rises by one with each change.
    pub version: u32,
    /// `timeChanged`, in whole seconds.
    pub changed_at: DateTime<Utc>,
    /// `uuidDsaOriginating`: the domain controller on which it was changed.
    pub invocation_id: Uuid,
}

/// A group as the directory has it, without its members: they travel apart, see [`crate::transfer::Record::Members`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub guid: ObjectGuid,
    pub sid: Option<Sid>,
    pub dn: DistinguishedName,
    pub sam_account_name: Option<String>,
    /// MS-ADTS 2.2.12: bit 31 security, bit 1 global, bit 2 domain local, bit 3 universal.
    pub group_type: Option<i64>,
    pub description: Option<String>,
    pub admin_count: Option<i64>,
}

impl Group {
    /// A security group, as opposed to a distribution group.
    pub fn is_security(&self) -> bool {
        self.group_type.is_some_and(|bits| bits & 0x8000_0000 != 0)
    }
}

/// An organizational unit or container: renaming one changes the names of all below it without touching them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    pub guid: ObjectGuid,
    pub dn: DistinguishedName,
}

/// One value of a group's `member`, as the extended-DN control returns it (MS-ADTS 3.1.1.3.4.1.5).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MemberRef {
    pub guid: ObjectGuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Sid>,
    pub dn: DistinguishedName,
}
