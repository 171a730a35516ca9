//! The steps that bring a member into step. A user that is still to be created or linked gets all of them at once: they
//! wait for its link, so that the preview shows what activation does.

use std::collections::BTreeSet;

use protocol::ObjectGuid;

use crate::context::Planned;
use crate::input::{AccountState, JumpCloudUser, UserLink};
use crate::mapping::Target;
use crate::memberships;
use crate::person::{Person, Read};
use crate::plan::{Change, Verdict};
use crate::policy::{MustChangeAction, TakeoverAction};
use crate::reason::{Reason, Status};
use crate::standing::Standing;
use crate::state;
use crate::wanted::Empty;

type Step = (Change, Option<ObjectGuid>);

pub(crate) fn created(person: &Person<'_>, read: &Read<'_>) -> Planned {
    let making = Change::CreateUser { fields: read.wanted.creation() };
    let mut steps = vec![(making, None), (Change::AssociateUser, None)];
    steps.extend(password(person));
    steps.extend(attributes(person, read, &read.wanted.created(), Empty::Clears));
    steps.extend(memberships::changes(person.context, person.subject, &BTreeSet::new()));
    finish(person, read, steps, Vec::new())
}

/// State, password and bindings stay as they are; only `deactivate` expires the password.
pub(crate) fn taken_over(person: &Person<'_>, read: &Read<'_>, record: &JumpCloudUser) -> Planned {
    let fields = read.wanted.marks();
    let mut steps = vec![(Change::LinkUser { jumpcloud_id: record.id.clone(), fields }, None)];
    if person.context.input.policy.user_takeover_action == TakeoverAction::Deactivate {
        steps.push((Change::ExpirePassword, None));
    }
    steps.push((Change::AssociateUser, None));
    steps.extend(password(person));
    steps.extend(attributes(person, read, &read.wanted.marked(record.clone()), Empty::Keeps));
    steps.extend(memberships::changes(person.context, person.subject, &BTreeSet::new()));
    let is_suspended = record.state == AccountState::Suspended;
    finish(person, read, steps, is_suspended.then(state::suspended_in_jumpcloud).into_iter().collect())
}

pub(crate) fn linked(
    person: &Person<'_>,
    read: &Read<'_>,
    link: &UserLink,
    record: &JumpCloudUser,
) -> Planned {
    let is_lost = person.context.scope.is_lost();
    let mut steps: Vec<Step> = Vec::new();
    let mut reasons = Vec::new();
    match state::restore(link, record) {
        Ok(change) => steps.extend(change.filter(|_| !is_lost).map(|change| (change, None))),
        Err(reason) => reasons.push(reason),
    }
    let deactivates = person.context.input.policy.user_takeover_action == TakeoverAction::Deactivate;
    if link.taken_over && !link.password_expired && deactivates {
        steps.push((Change::ExpirePassword, None));
    }
    if !person.subject.associated {
        steps.push((Change::AssociateUser, None));
    }
    steps.extend(password(person));
    reasons.extend(refusal(person));
    let empty = if link.taken_over { Empty::Keeps } else { Empty::Clears };
    steps.extend(attributes(person, read, record, empty));
    steps.extend(memberships::changes(person.context, person.subject, &person.subject.memberships));
    finish(person, read, steps, reasons)
}

/// One that was refused stays planned, so that the operation that says so is not superseded before there is another.
fn password(person: &Person<'_>) -> Option<Step> {
    let hold = person.context.input.policy.password_must_change_action == MustChangeAction::Hold;
    let password = person.subject.password.as_ref().filter(|password| !(password.must_change && hold))?;
    Some((Change::SetPassword { capture: password.capture }, None))
}

fn refusal(person: &Person<'_>) -> Option<Reason> {
    let words = person.subject.password.as_ref()?.refusal.as_deref()?;
    Some(Reason::new("password_refused", words))
}

/// Each in a step of its own, so that one that is refused keeps none of the others back.
fn attributes(person: &Person<'_>, read: &Read<'_>, record: &JumpCloudUser, empty: Empty) -> Vec<Step> {
    let username = read.wanted.new_username(record).map(|username| (Change::SetUsername { username }, None));
    let fields = read.wanted.differences(record, empty);
    let update = (!fields.is_empty()).then_some((Change::UpdateUser { fields }, None));
    username.into_iter().chain(update).chain(manager(person, read, record, empty)).collect()
}

/// A manager that AD names but that is not known to us is left as it is.
fn manager(person: &Person<'_>, read: &Read<'_>, record: &JumpCloudUser, empty: Empty) -> Option<Step> {
    if !person.context.table.has(&Target::Manager) {
        return None;
    }
    let target = match &person.subject.manager {
        Some(manager) if manager.guid == person.guid => return None,
        Some(manager) if manager.jumpcloud_id.is_some() => {
            (manager.jumpcloud_id != record.manager).then_some(Some(manager.guid))
        }
        Some(manager) => manager.expected.then_some(Some(manager.guid)),
        None => {
            let clears = empty == Empty::Clears && read.user.manager.is_none() && record.manager.is_some();
            clears.then_some(None)
        }
    };
    target.map(|target| (Change::SetManager, target))
}

fn finish(person: &Person<'_>, read: &Read<'_>, steps: Vec<Step>, mut reasons: Vec<Reason>) -> Planned {
    reasons.extend(read.identity.warnings());
    reasons.extend(read.wanted.warnings());
    let is_pending = steps.iter().any(|step| !waits_for_others(person, step));
    let status = if is_pending { Status::Pending } else { Status::Synced };
    let in_scope = matches!(person.standing, Standing::Member | Standing::Lost);
    Planned { changes: steps, verdict: Verdict { in_scope, ..person.verdict(status, reasons) } }
}

/// A user is no less in step because a group or a manager is not there yet.
fn waits_for_others(person: &Person<'_>, (change, target): &Step) -> bool {
    match (change, target) {
        (Change::AddMember, Some(group)) => !person.context.input.group_links.contains_key(group),
        (Change::SetManager, Some(_)) => {
            person.subject.manager.as_ref().is_some_and(|manager| manager.jumpcloud_id.is_none())
        }
        _ => false,
    }
}
