//! What an administrator or an API token may do, and where.

use std::collections::BTreeMap;

use protocol::OrganizationId;
use sqlx::types::Json;
use uuid::Uuid;

/// What somebody may do.
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
    clap::ValueEnum,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Role {
    // From the least to the most.
    ReadOnly,
    Helpdesk,
    Operator,
    Owner,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Owner, Self::Operator, Self::Helpdesk, Self::ReadOnly];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Operator => "operator",
            Self::Helpdesk => "helpdesk",
            Self::ReadOnly => "read_only",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// A role for each of some organizations.
pub type Roles = BTreeMap<OrganizationId, Role>;

/// Where somebody has which role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    Everywhere(Role),
    /// Nothing else is there for them.
    Only(Roles),
}

impl Access {
    /// From the two columns that keep it.
    pub(super) fn of(role: Role, roles: Option<Json<Roles>>) -> Self {
        roles.map_or(Self::Everywhere(role), |roles| Self::Only(roles.0))
    }

    /// The role for the whole installation.
    pub fn everywhere(&self) -> Option<Role> {
        match self {
            Self::Everywhere(role) => Some(*role),
            Self::Only(_) => None,
        }
    }

    /// The role in one organization; none: it is not there for them.
    pub fn at(&self, organization: OrganizationId) -> Option<Role> {
        match self {
            Self::Everywhere(role) => Some(*role),
            Self::Only(roles) => roles.get(&organization).copied(),
        }
    }

    /// The most that they may do somewhere.
    pub fn most(&self) -> Role {
        match self {
            Self::Everywhere(role) => *role,
            Self::Only(roles) => roles.values().copied().max().unwrap_or(Role::ReadOnly),
        }
    }

    /// The organizations that are there for them.
    pub fn reach(&self) -> Reach {
        self.reach_of(Role::ReadOnly)
    }

    /// The organizations where they have at least the role.
    pub fn reach_of(&self, least: Role) -> Reach {
        match self {
            Self::Everywhere(role) if *role >= least => Reach::EVERYTHING,
            Self::Everywhere(_) => Reach(Some(Vec::new())),
            Self::Only(roles) => {
                Reach(Some(roles.iter().filter(|(_, role)| **role >= least).map(|(id, _)| id.0).collect()))
            }
        }
    }

    pub(super) fn role_column(&self) -> &'static str {
        self.everywhere().unwrap_or(Role::ReadOnly).as_str()
    }

    pub(super) fn roles_column(&self) -> Option<Json<Roles>> {
        match self {
            Self::Everywhere(_) => None,
            Self::Only(roles) => Some(Json(roles.clone())),
        }
    }
}

/// Whose rows a list gives. What is not in it does not exist for whoever asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach(Option<Vec<Uuid>>);

impl Reach {
    /// For the server itself, and for whoever has a role for the whole installation.
    pub const EVERYTHING: Self = Self(None);

    /// The organizations; none: all of them.
    pub(super) fn ids(&self) -> Option<&[Uuid]> {
        self.0.as_deref()
    }

    pub fn is_everything(&self) -> bool {
        self.0.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_for_one_organization_is_none_for_another() {
        let (one, other) = (OrganizationId(Uuid::from_u128(1)), OrganizationId(Uuid::from_u128(2)));
        let access = Access::Only(Roles::from([(one, Role::Operator)]));
        assert_eq!((access.at(one), access.at(other)), (Some(Role::Operator), None));
        assert_eq!((access.everywhere(), access.most()), (None, Role::Operator));
        assert_eq!(access.reach().ids(), Some(&[one.0][..]));
        assert_eq!(access.reach_of(Role::Owner).ids(), Some(&[][..]));
        assert!(Access::Everywhere(Role::ReadOnly).reach().is_everything());
        assert!(!Access::Everywhere(Role::ReadOnly).reach_of(Role::Helpdesk).is_everything());
    }
}
