//! What happens to one user: created, linked, kept in step, frozen, or on its way out.

use crate::context::{Context, Planned};
use crate::groups::integration_group_lost;
use crate::input::{JumpCloudUser, Presence, UserLink};
use crate::matching::{self, Match};
use crate::person::{Person, Read};
use crate::plan::{Cause, Plan, Verdict};
use crate::reason::{Reason, Status};
use crate::standing::{self, Standing};
use crate::{state, sync};

pub(crate) fn plan(context: &Context<'_>, plan: &mut Plan) {
    for (guid, subject) in &context.input.users {
        planned(&Person::of(context, *guid, subject)).file(*guid, plan);
    }
}

pub(crate) fn planned(person: &Person<'_>) -> Planned {
    match person.linked() {
        Some((link, record)) => linked(person, link, record),
        None => unlinked(person),
    }
}

fn linked(person: &Person<'_>, link: &UserLink, record: &JumpCloudUser) -> Planned {
    match (&person.standing, &person.read) {
        (Standing::Member, Some(read)) => in_step(person, read, link, record),
        (Standing::Leaving(cause), _) => leaving(person, *cause, link, record),
        (Standing::MovedOut(ended), _) => moved_out(person, *ended, link, record),
        (Standing::Lost, _) => while_lost(person, link, record),
        (Standing::Unknown(reason), _) => frozen_as_leaving(person, link, vec![reason.clone()]),
        (Standing::Member, None) => frozen_as_leaving(person, link, Vec::new()),
    }
}

fn in_step(person: &Person<'_>, read: &Read<'_>, link: &UserLink, record: &JumpCloudUser) -> Planned {
    let ineligible = person.ineligible();
    if !ineligible.is_empty() {
        return person.left_alone(Status::Excluded, ineligible);
    }
    let collisions = matching::collisions(person.guid, person.subject, &read.identity, record);
    if !collisions.is_empty() {
        return person.left_alone(Status::Conflict, collisions);
    }
    sync::linked(person, read, link, record)
}

fn leaving(person: &Person<'_>, cause: Cause, link: &UserLink, record: &JumpCloudUser) -> Planned {
    let input = person.context.input;
    let departure = state::depart(&input.policy, input.now, cause, link, record);
    let status = if departure.changes.is_empty() { Status::Excluded } else { Status::Pending };
    let verdict = person.verdict(status, vec![state::reason(cause, departure.due)]);
    Planned {
        changes: departure.changes.into_iter().map(|change| (change, None)).collect(),
        verdict: Verdict { due: departure.due, leaving_since: departure.since, ..verdict },
    }
}

/// Held until a person says what the move means; only an account that AD itself has ended is locked out meanwhile.
fn moved_out(person: &Person<'_>, ended: Option<Cause>, link: &UserLink, record: &JumpCloudUser) -> Planned {
    let lock_out = ended.and_then(|cause| state::lock_out(&person.context.input.policy, cause, record));
    let reasons = [outside(true)].into_iter().chain(ended.map(|cause| state::reason(cause, None)));
    let verdict = person.verdict(Status::Held, reasons.collect());
    Planned {
        changes: lock_out.into_iter().map(|change| (change, None)).collect(),
        verdict: Verdict { moved_out: true, leaving_since: link.leaving_since, ..verdict },
    }
}

/// Whether the user is still a member cannot be told: its attributes go on, its state and its groups stay.
fn while_lost(person: &Person<'_>, link: &UserLink, record: &JumpCloudUser) -> Planned {
    let mut reasons = doubts(person);
    let mut planned = match &person.read {
        Some(read) if reasons.is_empty() && link.leaving_since.is_none() => {
            in_step(person, read, link, record)
        }
        _ => {
            if person.subject.presence == Presence::Present {
                reasons.extend(person.ineligible());
            }
            frozen_as_leaving(person, link, reasons)
        }
    };
    planned.verdict.reasons.push(integration_group_lost());
    planned
}

/// What would matter to a user's state if the integration group were there.
fn doubts(person: &Person<'_>) -> Vec<Reason> {
    let (subject, input) = (person.subject, person.context.input);
    let presence = match (subject.presence, &person.read) {
        (Presence::Deleted, _) => Some(state::reason(Cause::Deleted, None)),
        (Presence::Unreadable, _) | (Presence::Present, None) => Some(standing::unreadable()),
        (Presence::Present, Some(_)) => None,
    };
    let Some(read) = person.read.as_ref().filter(|_| presence.is_none()) else {
        return presence.into_iter().collect();
    };
    let place = standing::is_outside(input, subject, read.user).then(|| outside(true));
    let ended = match standing::ended(read.user, input.now) {
        Ok(cause) => cause.map(|cause| state::reason(cause, None)),
        Err(unknown) => Some(unknown),
    };
    place.into_iter().chain(ended).collect()
}

/// Frozen without knowing whether the user is leaving: what was known stays known.
fn frozen_as_leaving(person: &Person<'_>, link: &UserLink, reasons: Vec<Reason>) -> Planned {
    let mut planned = person.left_alone(Status::Excluded, reasons);
    planned.verdict.leaving_since = link.leaving_since;
    planned
}

fn unlinked(person: &Person<'_>) -> Planned {
    let (context, subject) = (person.context, person.subject);
    let mut reasons: Vec<Reason> = match &person.standing {
        Standing::Member => Vec::new(),
        Standing::Leaving(cause) => vec![state::reason(*cause, None)],
        Standing::MovedOut(ended) => {
            [outside(false)].into_iter().chain(ended.map(|cause| state::reason(cause, None))).collect()
        }
        Standing::Lost => vec![integration_group_lost()],
        Standing::Unknown(reason) => vec![reason.clone()],
    };
    let is_member = !context.scope.path_of(subject).is_empty() && subject.presence == Presence::Present;
    if is_member {
        reasons
            .extend(person.ineligible().into_iter().filter(|reason| !reasons_name(&person.standing, reason)));
    }
    match &person.read {
        Some(read) if reasons.is_empty() => appear(person, read),
        _ => {
            reasons.extend(subject.link.as_ref().map(|_| deleted_in_jumpcloud()));
            person.left_alone(Status::Excluded, reasons)
        }
    }
}

/// True if the standing already gave this reason; eligibility names every unreadable attribute at once.
fn reasons_name(standing: &Standing, reason: &Reason) -> bool {
    matches!(standing, Standing::Unknown(known) if known.code == reason.code)
}

/// A user that JumpCloud does not have as ours, and should.
fn appear(person: &Person<'_>, read: &Read<'_>) -> Planned {
    match matching::find(&person.context.input.domain, person.guid, person.subject, &read.identity) {
        Match::Conflict(reasons) => person.left_alone(Status::Conflict, reasons),
        Match::Found(record) => sync::taken_over(person, read, record),
        Match::Nobody => sync::created(person, read),
    }
}

pub(crate) fn outside(is_linked: bool) -> Reason {
    let message = if is_linked {
        "The user was moved out of the root user container but is still a member of the integration group. Choose whether \
         to follow it, to dissociate it, or to widen the container."
    } else {
        "The user lies outside the root user container. Move it in, or widen the container."
    };
    Reason::new("outside_root_user_container", message)
}

pub(crate) fn deleted_in_jumpcloud() -> Reason {
    Reason::new(
        "deleted_in_jumpcloud",
        "JumpCloud no longer has this user, so nothing is left to be done there.",
    )
}
