//! Roles as requests give them and answers show them: `role` for every organization, or `organizations` with a role for
//! each of some.

use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::store::admins::{Access, Role, Roles};

/// What was given.
#[derive(Debug)]
pub(super) struct Asked {
    pub role: Option<Role>,
    pub organizations: Option<Roles>,
}

impl Asked {
    pub(super) fn access(self) -> Result<Access> {
        match (self.role, self.organizations) {
            (Some(role), None) => Ok(Access::Everywhere(role)),
            (None, Some(roles)) => Ok(Access::Only(roles)),
            (Some(_), Some(_)) => {
                Err(Error::field("role", "must be left out where `organizations` gives roles"))
            }
            (None, None) => Err(Error::field("role", "is missing: owner, operator, helpdesk or read_only")),
        }
    }
}

/// Where somebody has which role.
#[derive(Debug, Serialize, ToSchema)]
pub struct RolesShown {
    /// For the whole installation; null where there are roles for particular organizations.
    role: Option<Role>,
    /// By the organization's id.
    #[schema(value_type = Option<std::collections::BTreeMap<String, Role>>)]
    organizations: Option<Roles>,
}

impl From<Access> for RolesShown {
    fn from(access: Access) -> Self {
        match access {
            Access::Everywhere(role) => Self { role: Some(role), organizations: None },
            Access::Only(roles) => Self { role: None, organizations: Some(roles) },
        }
    }
}
