//! Who is a member: the group graph, walked once per plan. Nesting may form cycles, and the primary group counts although
//! `member` leaves it out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use protocol::directory::{Group, User};
use protocol::{ObjectGuid, Sid};

use crate::input::{Input, IntegrationGroup, UserSubject};

/// Groups of the domain that make their members privileged, by RID: Domain Admins, Domain Controllers, Schema Admins,
/// Enterprise Admins, Group Policy Creator Owners.
pub const PRIVILEGED_RIDS: [u32; 5] = [512, 516, 518, 519, 520];

/// Built-in groups that do: Administrators, Account, Server, Print and Backup Operators.
const PRIVILEGED_BUILTIN: [&str; 5] =
    ["S-1-5-32-544", "S-1-5-32-548", "S-1-5-32-549", "S-1-5-32-550", "S-1-5-32-551"];

type Above = BTreeMap<ObjectGuid, BTreeSet<ObjectGuid>>;

/// The groups below the integration group and below the privileged ones.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    input: &'a Input,
    /// Group in scope -> the group that brought it in; the integration group itself has none.
    reached: BTreeMap<ObjectGuid, Option<ObjectGuid>>,
    privileged: BTreeSet<ObjectGuid>,
    by_rid: BTreeMap<u32, ObjectGuid>,
    /// Group that lists a subject -> itself and every group in scope above it.
    above: Above,
}

/// Whether a user is in the integration group, directly or nested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    In,
    Out,
    /// The primary group could not be read, and no other group brings the user in.
    Unknown,
}

impl<'a> Scope<'a> {
    /// Walks the graph from the integration group and from the privileged groups downwards.
    pub(crate) fn of(input: &'a Input, domain: &Sid) -> Self {
        let children = children(&input.parents);
        let reached = match input.domain.integration_group {
            IntegrationGroup::Present(guid) => below([guid], &children),
            IntegrationGroup::Lost => BTreeMap::new(),
        };
        let privileged = privileged_groups(input);
        let by_rid =
            input.groups.values().filter_map(|group| Some((rid_in(group, domain)?, group.guid))).collect();
        let mut scope = Self { input, reached, privileged, by_rid, above: Above::new() };
        scope.above = scope.closures();
        scope
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.input.domain.integration_group == IntegrationGroup::Lost
    }

    /// True if the group is the integration group or nested in it.
    pub(crate) fn has_group(&self, group: ObjectGuid) -> bool {
        self.reached.contains_key(&group)
    }

    /// Every group in scope.
    pub(crate) fn groups(&self) -> impl Iterator<Item = ObjectGuid> + '_ {
        self.reached.keys().copied()
    }

    /// The shortest way down to a group in scope, both ends included; empty if it is not in scope.
    pub(crate) fn path_to(&self, group: ObjectGuid) -> Vec<ObjectGuid> {
        let mut path = Vec::new();
        let mut at = self.has_group(group).then_some(group);
        while let Some(here) = at {
            path.push(here);
            at = self.reached.get(&here).copied().flatten();
        }
        path.reverse();
        path
    }

    /// The shortest way by which a user is a member; empty if it is none.
    pub(crate) fn path_of(&self, subject: &UserSubject) -> Vec<ObjectGuid> {
        let paths =
            self.direct(subject).filter(|group| self.has_group(*group)).map(|group| self.path_to(group));
        paths.min_by_key(|path| (path.len(), path.clone())).unwrap_or_default()
    }

    pub(crate) fn membership(&self, subject: &UserSubject, user: &User) -> Membership {
        if self.direct(subject).any(|group| self.has_group(group)) {
            Membership::In
        } else if user.primary_group_id.is_none() {
            Membership::Unknown
        } else {
            Membership::Out
        }
    }

    /// Every group in scope that has the user, nesting flattened.
    pub(crate) fn groups_of(&self, subject: &UserSubject) -> BTreeSet<ObjectGuid> {
        self.direct(subject).filter_map(|group| self.above.get(&group)).flatten().copied().collect()
    }

    /// The group that makes the user privileged, or that leads to one that does.
    pub(crate) fn privileged_by(&self, subject: &UserSubject) -> Option<String> {
        if let Some(group) = self.direct(subject).find(|group| self.privileged.contains(group)) {
            return Some(
                self.input.groups.get(&group).map_or_else(|| group.to_string(), |group| group.dn.name()),
            );
        }
        let primary = subject.user.as_ref().and_then(|user| user.primary_group_id);
        primary.filter(|rid| PRIVILEGED_RIDS.contains(rid)).map(|rid| format!("primary group {rid}"))
    }

    /// The groups that list the user, and its primary group.
    fn direct<'s>(&'s self, subject: &'s UserSubject) -> impl Iterator<Item = ObjectGuid> + 's {
        let primary = subject.user.as_ref().and_then(|user| user.primary_group_id);
        let primary = primary.and_then(|rid| self.by_rid.get(&rid));
        subject.direct_groups.iter().chain(primary).copied()
    }

    fn closures(&self) -> Above {
        let direct: BTreeSet<_> =
            self.input.users.values().flat_map(|subject| self.direct(subject)).collect();
        let in_scope = direct.into_iter().filter(|group| self.has_group(*group));
        in_scope.map(|group| (group, self.above(group))).collect()
    }

    /// Whatever lies between the group and one in scope is in scope itself, so no other group need be passed.
    fn above(&self, group: ObjectGuid) -> BTreeSet<ObjectGuid> {
        let mut found = BTreeSet::from([group]);
        let mut waiting = vec![group];
        while let Some(parents) = waiting.pop().map(|group| self.input.parents.get(&group)) {
            for parent in parents.into_iter().flatten() {
                if self.has_group(*parent) && found.insert(*parent) {
                    waiting.push(*parent);
                }
            }
        }
        found
    }
}

/// The groups whose members are privileged, nested ones included.
pub fn privileged_groups(input: &Input) -> BTreeSet<ObjectGuid> {
    let Some(domain) = &input.domain.sid else { return BTreeSet::new() };
    let tops = input.groups.values().filter(|group| is_privileged_group(group, domain));
    below(tops.map(|group| group.guid), &children(&input.parents)).into_keys().collect()
}

fn children(parents: &BTreeMap<ObjectGuid, BTreeSet<ObjectGuid>>) -> Above {
    let mut children = Above::new();
    for (child, parents) in parents {
        for parent in parents {
            children.entry(*parent).or_default().insert(*child);
        }
    }
    children
}

/// Every group at or below the given ones, with the group through which it was reached first: breadth first, so that the
/// ways are the shortest.
fn below(
    tops: impl IntoIterator<Item = ObjectGuid>,
    children: &Above,
) -> BTreeMap<ObjectGuid, Option<ObjectGuid>> {
    let mut reached: BTreeMap<_, _> = tops.into_iter().map(|top| (top, None)).collect();
    let mut waiting: VecDeque<_> = reached.keys().copied().collect();
    while let Some(group) = waiting.pop_front() {
        for child in children.get(&group).into_iter().flatten() {
            reached.entry(*child).or_insert_with(|| {
                waiting.push_back(*child);
                Some(group)
            });
        }
    }
    reached
}

fn rid_in(group: &Group, domain: &Sid) -> Option<u32> {
    group.sid.as_ref().filter(|sid| sid.is_of(domain)).and_then(Sid::rid)
}

fn is_privileged_group(group: &Group, domain: &Sid) -> bool {
    rid_in(group, domain).is_some_and(|rid| PRIVILEGED_RIDS.contains(&rid))
        || group.sid.as_ref().is_some_and(|sid| PRIVILEGED_BUILTIN.contains(&sid.as_str()))
}
