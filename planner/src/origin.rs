//! What in the directory or the settings an end of access comes from, so that a person decides about one thing that
//! happened instead of about a thousand users.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use protocol::ObjectGuid;

use crate::input::{Input, IntegrationGroup, Presence};
use crate::plan::{Cause, GuardKind, Operation};
use crate::scope::Scope;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// No longer a member of this group; of which is not known where no plan had seen the membership.
    LeftGroup(Option<ObjectGuid>),
    /// This group, through which they were members, is no longer nested in the integration group.
    GroupLeft(ObjectGuid),
    /// This group, through which they were members, was deleted.
    GroupDeleted(ObjectGuid),
    /// The settings name another integration group.
    IntegrationGroupChanged,
    Deleted,
    Disabled,
    Expired,
    MovedOut,
}

impl Origin {
    /// Stable, snake case.
    pub fn code(self) -> &'static str {
        match self {
            Self::LeftGroup(_) => "left_group",
            Self::GroupLeft(_) => "group_left",
            Self::GroupDeleted(_) => "group_deleted",
            Self::IntegrationGroupChanged => "integration_group_changed",
            Self::Deleted => "deleted",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::MovedOut => "moved_out",
        }
    }

    /// The group that it is about.
    pub fn group(self) -> Option<ObjectGuid> {
        match self {
            Self::LeftGroup(group) => group,
            Self::GroupLeft(group) | Self::GroupDeleted(group) => Some(group),
            Self::IntegrationGroupChanged
            | Self::Deleted
            | Self::Disabled
            | Self::Expired
            | Self::MovedOut => None,
        }
    }
}

/// The code, and the group after a colon: what operations of one origin share.
impl fmt::Display for Origin {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.group() {
            Some(group) => write!(to, "{}:{group}", self.code()),
            None => to.write_str(self.code()),
        }
    }
}

/// Not the text of an origin.
#[derive(Debug, PartialEq, Eq)]
pub struct NoOrigin;

impl FromStr for Origin {
    type Err = NoOrigin;

    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        let (code, group) = match text.split_once(':') {
            Some((code, group)) => (code, Some(group.parse().map_err(|_| NoOrigin)?)),
            None => (text, None),
        };
        match (code, group) {
            ("left_group", group) => Ok(Self::LeftGroup(group)),
            ("group_left", Some(group)) => Ok(Self::GroupLeft(group)),
            ("group_deleted", Some(group)) => Ok(Self::GroupDeleted(group)),
            ("integration_group_changed", None) => Ok(Self::IntegrationGroupChanged),
            ("deleted", None) => Ok(Self::Deleted),
            ("disabled", None) => Ok(Self::Disabled),
            ("expired", None) => Ok(Self::Expired),
            ("moved_out", None) => Ok(Self::MovedOut),
            _ => Err(NoOrigin),
        }
    }
}

/// Tells origins, from how things are and the ways by which the subjects were members before.
#[derive(Debug)]
pub struct Origins<'a> {
    input: &'a Input,
    before: &'a BTreeMap<ObjectGuid, Vec<ObjectGuid>>,
    scope: OnceLock<Option<Scope<'a>>>,
}

impl<'a> Origins<'a> {
    /// `before`: each subject's `scope_path` of its last verdict.
    pub fn new(input: &'a Input, before: &'a BTreeMap<ObjectGuid, Vec<ObjectGuid>>) -> Self {
        Self { input, before, scope: OnceLock::new() }
    }

    /// What a destructive operation comes from; none for any other.
    pub fn of(&self, operation: &Operation) -> Option<Origin> {
        Some(match operation.change.guard()? {
            GuardKind::Users | GuardKind::Suspends => match operation.change.cause()? {
                Cause::LeftGroup => self.left(operation.subject),
                Cause::Deleted => Origin::Deleted,
                Cause::Disabled => Origin::Disabled,
                Cause::Expired => Origin::Expired,
                Cause::MovedOut => Origin::MovedOut,
            },
            GuardKind::Groups if self.is_deleted(operation.subject) => Origin::Deleted,
            GuardKind::Groups => self.left(operation.subject),
            GuardKind::Memberships => Origin::LeftGroup(operation.target),
        })
    }

    /// Walked only if somebody left.
    fn scope(&self) -> Option<&Scope<'a>> {
        let walk = || Some(Scope::of(self.input, self.input.domain.sid.as_ref()?));
        self.scope.get_or_init(walk).as_ref()
    }

    fn is_deleted(&self, group: ObjectGuid) -> bool {
        let subject = self.input.group_subjects.get(&group);
        subject.is_some_and(|subject| subject.presence == Presence::Deleted)
    }

    /// Where the way by which the subject was a member broke off.
    fn left(&self, subject: ObjectGuid) -> Origin {
        let before = self.before.get(&subject).into_iter().flatten().copied();
        let above: Vec<_> = before.filter(|group| *group != subject).collect();
        let (Some(first), Some(last)) = (above.first(), above.last()) else {
            return Origin::LeftGroup(None);
        };
        if self.input.domain.integration_group != IntegrationGroup::Present(*first) {
            return Origin::IntegrationGroupChanged;
        }
        let is_out = |group: &&ObjectGuid| !self.scope().is_some_and(|scope| scope.has_group(**group));
        match above.iter().find(is_out) {
            None => Origin::LeftGroup(Some(*last)),
            Some(group) if self.input.groups.contains_key(group) => Origin::GroupLeft(*group),
            Some(group) => Origin::GroupDeleted(*group),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_read_as_it_is_written() {
        let group = "00000000-0000-0000-0000-000000000001".parse().unwrap();
        let all = [
            Origin::LeftGroup(None),
            Origin::LeftGroup(Some(group)),
            Origin::GroupLeft(group),
            Origin::GroupDeleted(group),
            Origin::IntegrationGroupChanged,
            Origin::Deleted,
            Origin::Disabled,
            Origin::Expired,
            Origin::MovedOut,
        ];
        for origin in all {
            assert_eq!(origin.to_string().parse(), Ok(origin));
        }
        assert_eq!("disabled:x".parse::<Origin>(), Err(NoOrigin));
    }
}
