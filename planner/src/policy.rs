//! The part of a domain's settings that decides what is planned. Names and defaults are those of the settings page.

use serde::{Deserialize, Serialize};

pub use crate::mapping::{AttributeMapping, MappingSource};

/// What the administrator chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    pub username_attribute: UsernameAttribute,
    pub email: EmailSource,
    pub sync_additional_attributes: bool,
    pub attribute_mappings: Vec<AttributeMapping>,
    pub user_dissociation_action: DissociationAction,
    pub group_dissociation_action: GroupDissociationAction,
    pub user_disable_action: DissociationAction,
    pub user_expire_action: DissociationAction,
    /// Days between suspending and removing; 0 removes at once.
    pub removal_grace_days: u32,
    pub user_takeover_action: TakeoverAction,
    pub password_must_change_action: MustChangeAction,
    pub group_sync: bool,
    /// `{sAMAccountName}`, `{cn}` and `{domain}` (the DNS name) are replaced.
    pub group_name_template: String,
    pub guard: Guard,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            username_attribute: UsernameAttribute::SamAccountName,
            email: EmailSource::MailElseUserPrincipalName,
            sync_additional_attributes: true,
            attribute_mappings: Vec::new(),
            user_dissociation_action: DissociationAction::Remove,
            group_dissociation_action: GroupDissociationAction::Unbind,
            user_disable_action: DissociationAction::Suspend,
            user_expire_action: DissociationAction::Suspend,
            removal_grace_days: 7,
            user_takeover_action: TakeoverAction::Retain,
            password_must_change_action: MustChangeAction::Send,
            group_sync: true,
            group_name_template: "{sAMAccountName}".into(),
            guard: Guard::default(),
        }
    }
}

/// Which AD attribute becomes the JumpCloud username.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum UsernameAttribute {
    #[serde(rename = "sAMAccountName")]
    SamAccountName,
    /// The part before `@`.
    #[serde(rename = "userPrincipalName")]
    UserPrincipalName,
}

/// Which AD attribute becomes the JumpCloud email address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EmailSource {
    /// `mail`, and where that is empty `userPrincipalName`.
    #[serde(rename = "mail_else_userPrincipalName")]
    MailElseUserPrincipalName,
    #[serde(rename = "mail")]
    Mail,
    #[serde(rename = "userPrincipalName")]
    UserPrincipalName,
}

/// What happens to a JumpCloud user whose AD user leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DissociationAction {
    Remove,
    Unbind,
    Suspend,
}

/// What happens to a JumpCloud group whose AD group leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GroupDissociationAction {
    Unbind,
    Remove,
}

/// What happens to an existing JumpCloud user that is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TakeoverAction {
    Retain,
    Deactivate,
}

/// What happens to a password that the user must change at the next log-on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MustChangeAction {
    /// It goes to JumpCloud as any other, so that a new user can sign in with the first password.
    Send,
    /// It is kept back until it expires; the one that the user chooses is sent.
    Hold,
}

/// Limits of the guard, apart for each kind of destructive operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    pub window_hours: u32,
    pub users: Limit,
    pub suspends: Limit,
    pub groups: Limit,
    pub memberships: Limit,
}

impl Default for Guard {
    fn default() -> Self {
        let limit = |min_count, max_percent, max_count| Limit { min_count, max_percent, max_count };
        Self {
            window_hours: 24,
            users: limit(3, 5, 500),
            suspends: limit(10, 10, 500),
            groups: limit(3, 5, 100),
            memberships: limit(50, 20, 5_000),
        }
    }
}

/// Above `min(max_count, max(min_count, max_percent of the linked objects))` in the window, a kind is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Limit {
    pub min_count: u32,
    pub max_percent: u32,
    pub max_count: u32,
}
