//! Roles as requests give them: `role` for every organization, or `organizations` with a role for each of some.

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
