//! A plan: the operations that would make JumpCloud agree, and how each subject stands.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use protocol::{CaptureId, ObjectGuid};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::reason::{Reason, Status};

/// What to do, and why. A value, never a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// In the order of (subject, rank, target).
    pub operations: Vec<Operation>,
    /// How each subject of the input stands, operations aside.
    pub verdicts: BTreeMap<ObjectGuid, Verdict>,
}

/// How a subject stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// A member of the integration group, inside the container, neither disabled nor expired: to be synced if eligible.
    pub in_scope: bool,
    pub status: Status,
    pub reasons: Vec<Reason>,
    /// The groups through which the subject is a member, the integration group first; empty if it is none.
    pub scope_path: Vec<ObjectGuid>,
    /// When the clock alone will change this verdict: expiry, end of the grace period.
    pub due: Option<DateTime<Utc>>,
    /// Since when the user is leaving; the server keeps it with the link.
    pub leaving_since: Option<DateTime<Utc>>,
    /// A person must say what to do with a user moved out of the root user container.
    pub moved_out: bool,
    /// A user's username and email as they would be in JumpCloud; the server finds rivals and claimants by them.
    pub username: Option<String>,
    pub email: Option<String>,
    /// A group's name as it would be in JumpCloud.
    pub group_name: Option<String>,
}

/// One step. It names objectGUIDs; JumpCloud ids are looked up in the links when it is carried out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PlannedStep))]
pub struct Operation {
    pub subject: ObjectGuid,
    /// The group of a membership, the manager of `set_manager`.
    pub target: Option<ObjectGuid>,
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub change: Change,
}

/// What a step does. One of each kind per subject and target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Change {
    /// `POST /systemusers` with the identity and the marks of the source; `state` is omitted on purpose.
    CreateUser {
        fields: Fields,
    },
    /// Marks an existing JumpCloud user as ours.
    LinkUser {
        jumpcloud_id: String,
        fields: Fields,
    },
    /// `POST /systemusers/{id}/expire`, after a takeover with `deactivate`.
    ExpirePassword,
    /// `POST /activedirectories/{id}/associations`.
    AssociateUser,
    SuspendUser {
        cause: Cause,
        /// False for a user that was STAGED: lifting the suspension would activate it, which is for a person to do.
        /// Only a restorable suspension is noted as `suspended_by_us`.
        restorable: bool,
    },
    RestoreUser,
    /// `PUT /systemusers/{id}` with the captured password. Only the capture is named here; its content stays sealed.
    SetPassword {
        capture: CaptureId,
    },
    SetUsername {
        username: String,
    },
    /// Fields that differ, by JumpCloud's names; `phoneNumbers` and `addresses` as maps by type, `attributes` by name.
    UpdateUser {
        fields: Fields,
    },
    /// Target: the manager; without one the manager is cleared.
    SetManager,
    UnbindUser {
        cause: Cause,
    },
    DeleteUser {
        cause: Cause,
    },
    CreateGroup {
        name: String,
    },
    /// Takes over the group of that name, as an administrator decided.
    AdoptGroup {
        jumpcloud_id: String,
        name: String,
    },
    AssociateGroup,
    RenameGroup {
        name: String,
    },
    UnbindGroup,
    DeleteGroup,
    /// Target: the group.
    AddMember,
    /// Target: the group.
    RemoveMember,
}

/// JumpCloud fields and their new values.
pub type Fields = BTreeMap<String, Value>;

/// Why a user is dissociated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// No longer in the integration group, directly or nested.
    LeftGroup,
    Deleted,
    Disabled,
    Expired,
    /// Moved out of the container, and a person said to dissociate.
    MovedOut,
}

/// Destructive operations count apart by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardKind {
    /// Deleting and unbinding users.
    Users,
    Suspends,
    /// Deleting and unbinding groups.
    Groups,
    /// Removing members.
    Memberships,
}

/// Who waits for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Passwords and ends of access.
    Urgent,
    Normal,
    /// Bulk.
    Bulk,
}

/// What [`Change::kind`] may be.
pub const KINDS: [&str; 20] = [
    "create_user",
    "link_user",
    "expire_password",
    "associate_user",
    "suspend_user",
    "restore_user",
    "set_password",
    "set_username",
    "update_user",
    "set_manager",
    "unbind_user",
    "delete_user",
    "create_group",
    "adopt_group",
    "associate_group",
    "rename_group",
    "unbind_group",
    "delete_group",
    "add_member",
    "remove_member",
];

impl Plan {
    /// Puts the operations into their order.
    pub(crate) fn sort(&mut self) {
        self.operations
            .sort_by_key(|step| (step.subject, step.change.rank(), step.target, step.change.kind()));
    }
}

impl Change {
    /// The name under which the outbox, the API and the UI know it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CreateUser { .. } => "create_user",
            Self::LinkUser { .. } => "link_user",
            Self::ExpirePassword => "expire_password",
            Self::AssociateUser => "associate_user",
            Self::SuspendUser { .. } => "suspend_user",
            Self::RestoreUser => "restore_user",
            Self::SetPassword { .. } => "set_password",
            Self::SetUsername { .. } => "set_username",
            Self::UpdateUser { .. } => "update_user",
            Self::SetManager => "set_manager",
            Self::UnbindUser { .. } => "unbind_user",
            Self::DeleteUser { .. } => "delete_user",
            Self::CreateGroup { .. } => "create_group",
            Self::AdoptGroup { .. } => "adopt_group",
            Self::AssociateGroup => "associate_group",
            Self::RenameGroup { .. } => "rename_group",
            Self::UnbindGroup => "unbind_group",
            Self::DeleteGroup => "delete_group",
            Self::AddMember => "add_member",
            Self::RemoveMember => "remove_member",
        }
    }

    /// Among the ready operations of a subject the lowest rank goes first. Only making the object precedes everything.
    pub fn rank(&self) -> i16 {
        match self {
            Self::CreateUser { .. }
            | Self::LinkUser { .. }
            | Self::CreateGroup { .. }
            | Self::AdoptGroup { .. } => 0,
            Self::SuspendUser { .. } | Self::RestoreUser | Self::ExpirePassword => 10,
            Self::AssociateUser | Self::AssociateGroup => 20,
            Self::SetPassword { .. } => 30,
            Self::SetUsername { .. } | Self::RenameGroup { .. } => 40,
            Self::UpdateUser { .. } => 50,
            Self::SetManager => 60,
            Self::AddMember | Self::RemoveMember => 70,
            Self::UnbindUser { .. } | Self::DeleteUser { .. } | Self::UnbindGroup | Self::DeleteGroup => 80,
        }
    }

    /// Why a user's access ends, if this ends it.
    pub fn cause(&self) -> Option<Cause> {
        if let Self::SuspendUser { cause, .. } | Self::UnbindUser { cause } | Self::DeleteUser { cause } =
            self
        {
            Some(*cause)
        } else {
            None
        }
    }

    /// Which of the guard's counters it moves, if it is destructive.
    pub fn guard(&self) -> Option<GuardKind> {
        match self {
            Self::DeleteUser { .. } | Self::UnbindUser { .. } => Some(GuardKind::Users),
            Self::SuspendUser { .. } => Some(GuardKind::Suspends),
            Self::DeleteGroup | Self::UnbindGroup => Some(GuardKind::Groups),
            Self::RemoveMember => Some(GuardKind::Memberships),
            Self::CreateUser { .. }
            | Self::LinkUser { .. }
            | Self::ExpirePassword
            | Self::AssociateUser
            | Self::RestoreUser
            | Self::SetPassword { .. }
            | Self::SetUsername { .. }
            | Self::UpdateUser { .. }
            | Self::SetManager
            | Self::CreateGroup { .. }
            | Self::AdoptGroup { .. }
            | Self::AssociateGroup
            | Self::RenameGroup { .. }
            | Self::AddMember => None,
        }
    }

    /// Ends of access and passwords go first; then people; what only follows from others' existence goes last, so that a long import
    /// never has its head behind its own tail.
    pub fn lane(&self) -> Lane {
        match self {
            Self::SuspendUser { .. }
            | Self::RestoreUser
            | Self::ExpirePassword
            | Self::SetPassword { .. }
            | Self::DeleteUser { .. }
            | Self::UnbindUser { .. } => Lane::Urgent,
            Self::CreateUser { .. }
            | Self::LinkUser { .. }
            | Self::SetUsername { .. }
            | Self::UpdateUser { .. }
            | Self::CreateGroup { .. }
            | Self::AdoptGroup { .. }
            | Self::RenameGroup { .. }
            | Self::UnbindGroup
            | Self::DeleteGroup
            | Self::RemoveMember => Lane::Normal,
            Self::AssociateUser | Self::AssociateGroup | Self::SetManager | Self::AddMember => Lane::Bulk,
        }
    }

    /// The subject must be linked before this can be carried out.
    pub fn needs_subject_link(&self) -> bool {
        !matches!(
            self,
            Self::CreateUser { .. }
                | Self::LinkUser { .. }
                | Self::CreateGroup { .. }
                | Self::AdoptGroup { .. }
        )
    }
}
