//! Users and groups of the directory.

use chrono::{DateTime, Utc};
use planner::reason::Reason;
use protocol::ObjectGuid;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::store::coverage;
use crate::store::subjects::{GroupView, UserView};

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub struct User {
    pub id: ObjectGuid,
    pub object_guid: ObjectGuid,
    #[schema(example = "ada")]
    pub sam_account_name: Option<String>,
    #[schema(example = "ada@corp.example.com")]
    pub user_principal_name: Option<String>,
    #[schema(example = "CN=Ada Lovelace,OU=Staff,DC=corp,DC=example,DC=com")]
    pub distinguished_name: String,
    #[schema(example = "ada@example.com")]
    pub mail: Option<String>,
    pub given_name: Option<String>,
    pub sn: Option<String>,
    /// `present`, `deleted` or `unreadable`.
    #[schema(example = "present")]
    pub presence: String,
    /// `synced`, `pending`, `excluded`, `conflict`, `held` or `failed`.
    #[schema(example = "synced")]
    pub status: String,
    pub reasons: Vec<Reason>,
    pub in_scope: Option<bool>,
    /// The groups through which it is in scope, the integration group first.
    pub scope_path: Vec<ObjectGuid>,
    pub jumpcloud_id: Option<String>,
    pub jumpcloud_username: Option<String>,
    pub linked_at: Option<DateTime<Utc>>,
    pub leaving_since: Option<DateTime<Utc>>,
    pub suspended_by_adit: Option<bool>,
    pub taken_over: Option<bool>,
    /// When time alone changes what is planned for it.
    pub due: Option<DateTime<Utc>>,
}

impl From<&UserView> for User {
    fn from(row: &UserView) -> Self {
        Self {
            id: row.guid,
            object_guid: row.guid,
            sam_account_name: row.body.sam_account_name.clone(),
            user_principal_name: row.body.user_principal_name.clone(),
            distinguished_name: row.dn.clone(),
            mail: row.body.mail.clone(),
            given_name: row.body.given_name.clone(),
            sn: row.body.sn.clone(),
            presence: row.presence.clone(),
            status: row.status.clone(),
            reasons: row.reasons.0.clone(),
            in_scope: row.in_scope,
            scope_path: row.scope_path.clone(),
            jumpcloud_id: row.jumpcloud_id.clone(),
            jumpcloud_username: row.jumpcloud_username.clone(),
            linked_at: row.linked_at,
            leaving_since: row.leaving_since,
            suspended_by_adit: row.suspended_by_us,
            taken_over: row.taken_over,
            due: row.due,
        }
    }
}

/// A user's password.
#[derive(Debug, Serialize, ToSchema)]
pub struct Covered {
    pub id: ObjectGuid,
    pub object_guid: ObjectGuid,
    #[schema(example = "ada")]
    pub sam_account_name: Option<String>,
    pub mail: Option<String>,
    pub display_name: Option<String>,
    /// `delivered`, `waiting`, `refused`, `expired`, `missed` or `never_captured`.
    #[schema(example = "delivered")]
    pub state: String,
    /// Why it was refused or has expired.
    pub message: Option<String>,
    /// When the current AD password was set.
    pub changed_at: Option<DateTime<Utc>>,
    /// The database of the domain controller on which it was set.
    pub invocation_id: Option<Uuid>,
    pub captured_at: Option<DateTime<Utc>>,
    pub delivered_at: Option<DateTime<Utc>>,
}

impl From<&coverage::Covered> for Covered {
    fn from(row: &coverage::Covered) -> Self {
        Self {
            id: row.guid,
            object_guid: row.guid,
            sam_account_name: row.sam_account_name.clone(),
            mail: row.mail.clone(),
            display_name: row.display_name.clone(),
            state: row.state.clone(),
            message: row.message.clone(),
            changed_at: row.changed_at,
            invocation_id: row.invocation_id,
            captured_at: row.captured_at,
            delivered_at: row.delivered_at,
        }
    }
}

/// A security group.
#[derive(Debug, Serialize, ToSchema)]
pub struct Group {
    pub id: ObjectGuid,
    pub object_guid: ObjectGuid,
    #[schema(example = "Engineering")]
    pub sam_account_name: Option<String>,
    #[schema(example = "CN=Engineering,OU=Staff,DC=corp,DC=example,DC=com")]
    pub distinguished_name: String,
    #[schema(example = "present")]
    pub presence: String,
    #[schema(example = "synced")]
    pub status: String,
    pub reasons: Vec<Reason>,
    pub in_scope: Option<bool>,
    /// Direct members in the directory.
    pub members: i64,
    pub jumpcloud_id: Option<String>,
    pub jumpcloud_name: Option<String>,
    /// A person decided that the JumpCloud group of the name is this one.
    pub adopted: bool,
    pub jumpcloud_members: i64,
}

impl From<&GroupView> for Group {
    fn from(row: &GroupView) -> Self {
        Self {
            id: row.guid,
            object_guid: row.guid,
            sam_account_name: row.body.sam_account_name.clone(),
            distinguished_name: row.dn.clone(),
            presence: row.presence.clone(),
            status: row.status.clone(),
            reasons: row.reasons.0.clone(),
            in_scope: row.in_scope,
            members: row.members,
            jumpcloud_id: row.jumpcloud_id.clone(),
            jumpcloud_name: row.jumpcloud_name.clone(),
            adopted: row.adopt && row.jumpcloud_id.is_some(),
            jumpcloud_members: row.jumpcloud_members,
        }
    }
}
