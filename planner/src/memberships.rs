//! Which JumpCloud groups a user belongs in: nesting flattened, and only groups that are ours.

use std::collections::BTreeSet;

use protocol::ObjectGuid;

use crate::context::Context;
use crate::input::UserSubject;
use crate::plan::Change;

/// What to change so that the user, who is in `now`, is in the groups it should be in.
pub(crate) fn changes(
    context: &Context<'_>,
    subject: &UserSubject,
    now: &BTreeSet<ObjectGuid>,
) -> Vec<(Change, Option<ObjectGuid>)> {
    let wanted = context.scope.groups_of(subject);
    // A group that left the scope is none of ours any more: it is dissociated as a whole, and its members stay in it.
    let is_ours = |group: &&ObjectGuid| context.member_groups.contains(*group);
    let add = wanted.difference(now).filter(is_ours).map(|group| (Change::AddMember, Some(*group)));
    let remove = now.difference(&wanted).filter(is_ours).map(|group| (Change::RemoveMember, Some(*group)));
    add.chain(remove).collect()
}
