//! Why one user is or is not synced, rule by rule. Each rule is asked through the very function that the plan uses, so the
//! two cannot disagree.

mod fields;
mod step;

use protocol::ObjectGuid;
use protocol::directory::User;
use serde::Serialize;

use crate::context::Context;
use crate::input::{Input, JumpCloudUser, Presence, UserSubject};
use crate::matching::{self, Match};
use crate::person::{Person, Read};
use crate::plan::Cause;
use crate::reason::Reason;
use crate::scope::Membership;
use crate::standing::{self, Expiry};
use crate::{eligibility, groups, state, users};

pub use crate::matching::Candidate;
pub use fields::MappedField;
pub use step::{Rule, RuleState};

/// Why one user is or is not synced.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Explanation {
    /// In the order in which they bear on the user.
    pub steps: Vec<Rule>,
    /// What each JumpCloud field is made of, and what JumpCloud has.
    pub fields: Vec<MappedField>,
    /// Whom an unlinked user could be in JumpCloud.
    pub candidates: Vec<Candidate>,
}

/// Explains one user of the input; none if the input does not have it, or before the domain's own SID is known.
pub fn explain(input: &Input, guid: ObjectGuid) -> Option<Explanation> {
    let context = Context::of(input, input.domain.sid.as_ref()?);
    let subject = input.users.get(&guid)?;
    let person = Person::of(&context, guid, subject);
    let candidates = match (&person.read, person.linked()) {
        (Some(read), None) => matching::candidates(&input.domain, guid, subject, &read.identity),
        (Some(_), Some(_)) | (None, _) => Vec::new(),
    };
    let fields = person.read.as_ref().map(|read| {
        let record = person.linked().map(|(_, record)| record);
        fields::of(read, &input.policy, record)
    });
    Some(Explanation { steps: steps(&person), fields: fields.unwrap_or_default(), candidates })
}

fn steps(person: &Person<'_>) -> Vec<Rule> {
    let read = match (person.subject.presence, &person.read) {
        (Presence::Present, Some(read)) => read,
        (Presence::Deleted, _) => return gone(person, state::reason(Cause::Deleted, None)),
        (Presence::Unreadable, _) | (Presence::Present, None) => return gone(person, standing::unreadable()),
    };
    let mut steps = vec![
        Rule::passed("read", format!("Adit has read the account as {}.", read.user.dn.as_str())),
        membership(person, read.user),
        container(person, read.user),
        account_state(person, read.user),
    ];
    steps.extend(eligible(person, read));
    let is_blocked = steps.iter().any(|step| step.state != RuleState::Passed);
    steps.push(in_jumpcloud(person, read, is_blocked));
    steps
}

/// An account that is not there, or cannot be seen: nothing can be said of the rest.
fn gone(person: &Person<'_>, reason: Reason) -> Vec<Rule> {
    let mut steps = vec![Rule::failed("read", vec![reason])];
    let lost = person.context.scope.is_lost().then(groups::integration_group_lost);
    steps.push(match lost {
        Some(reason) => Rule::unknown("integration_group", reason),
        None => Rule::not_reached("integration_group"),
    });
    let rest = [
        "root_user_container",
        "account_state",
        "account_type",
        "privileged",
        "attributes",
        "names",
        "username",
        "email",
    ];
    steps.extend(rest.map(Rule::not_reached));
    steps.push(not_looked_for(person));
    steps
}

fn membership(person: &Person<'_>, user: &User) -> Rule {
    const CODE: &str = "integration_group";
    let (context, subject) = (person.context, person.subject);
    if context.scope.is_lost() {
        return Rule::unknown(CODE, groups::integration_group_lost());
    }
    match context.scope.membership(subject, user) {
        Membership::In => Rule::passed(CODE, way(context, subject)),
        Membership::Out => Rule::failed(CODE, vec![state::reason(Cause::LeftGroup, None)]),
        Membership::Unknown => Rule::unknown(CODE, eligibility::unreadable_attributes("primaryGroupID")),
    }
}

/// The way from the integration group down to the user, by name.
fn way(context: &Context<'_>, subject: &UserSubject) -> String {
    let path = context.scope.path_of(subject);
    let name = |group: &ObjectGuid| {
        context.input.groups.get(group).map_or_else(|| group.to_string(), |group| group.dn.name())
    };
    let is_primary = path.last().is_some_and(|group| !subject.direct_groups.contains(group));
    let names: Vec<_> = path.iter().map(name).collect();
    let how = match (names.len(), is_primary) {
        (0 | 1, false) => "directly",
        (0 | 1, true) => "which is its primary group",
        (_, false) => "through nested groups",
        (_, true) => "through nested groups, the last of which is its primary group",
    };
    format!("A member of {}, {how}.", names.join(" → "))
}

fn container(person: &Person<'_>, user: &User) -> Rule {
    const CODE: &str = "root_user_container";
    let (input, subject) = (person.context.input, person.subject);
    let container = &input.domain.root_user_container;
    if standing::is_outside(input, subject, user) {
        return Rule::failed(CODE, vec![users::outside(person.linked().is_some())]);
    }
    let message = if user.dn.is_within(container) {
        format!("Inside {}.", container.as_str())
    } else {
        format!("Outside {}, and followed where it is now, as a person decided.", container.as_str())
    };
    Rule::passed(CODE, message)
}

fn account_state(person: &Person<'_>, user: &User) -> Rule {
    const CODE: &str = "account_state";
    match standing::ended(user, person.context.input.now) {
        Ok(Some(cause)) => Rule::failed(CODE, vec![state::reason(cause, None)]),
        Err(reason) => Rule::unknown(CODE, reason),
        Ok(None) => Rule::passed(
            CODE,
            match Expiry::of(user) {
                Expiry::At(end) => {
                    format!("Enabled, and expires on {}.", end.format("%Y-%m-%d at %H:%M UTC"))
                }
                Expiry::Never | Expiry::Unknown => "Enabled, and never expires.".into(),
            },
        ),
    }
}

/// What the account must be, and be called, to become a JumpCloud user.
fn eligible(person: &Person<'_>, read: &Read<'_>) -> Vec<Rule> {
    let (context, user) = (person.context, read.user);
    if let Some(reason) = eligibility::not_a_person(context, user) {
        let rest = ["privileged", "attributes", "names", "username", "email"].map(Rule::not_reached);
        return [Rule::failed("account_type", vec![reason])].into_iter().chain(rest).collect();
    }
    let names = eligibility::names(context, read).collect::<Vec<_>>();
    let wanted = read.wanted.by_name();
    let named: Vec<_> =
        ["firstname", "lastname"].iter().filter_map(|name| wanted.get(*name)).cloned().collect();
    let named = match named.join(" ") {
        named if named.is_empty() => "The mapping leaves the names to JumpCloud.".to_owned(),
        named => named,
    };
    let unreadable = eligibility::unknown_attributes(user);
    vec![
        Rule::passed("account_type", "An ordinary user account of this domain."),
        Rule::all_of(
            "privileged",
            eligibility::privileged(context, person.subject, user).into_iter().collect(),
            "In no privileged group, and adminCount is not set.",
        ),
        match unreadable {
            Some(reason) => Rule::unknown("attributes", reason),
            None => Rule::passed("attributes", "The service account can read every attribute that decides."),
        },
        Rule::all_of("names", names, format!("First and last name are present: {named}.")),
        called(person, read, "username", read.identity.username.as_deref()),
        called(person, read, "email", read.identity.email.as_deref()),
    ]
}

/// One of the two names that JumpCloud takes once only: allowed, and nobody else's.
fn called(person: &Person<'_>, read: &Read<'_>, code: &'static str, value: Option<&str>) -> Rule {
    let problems = read.identity.problems(&person.context.input.policy);
    let reasons = problems.into_iter().chain(clashes(person, read)).filter(|reason| is_about(reason) == code);
    Rule::all_of(
        code,
        reasons.collect(),
        format!("“{}” is allowed in JumpCloud, and nobody else has it.", value.unwrap_or_default()),
    )
}

/// Whom the user clashes with, in AD or in JumpCloud.
fn clashes(person: &Person<'_>, read: &Read<'_>) -> Vec<Reason> {
    let (guid, subject, identity) = (person.guid, person.subject, &read.identity);
    match person.linked() {
        Some((_, record)) => matching::collisions(guid, subject, identity, record),
        None => match matching::find(&person.context.input.domain, guid, subject, identity) {
            Match::Conflict(reasons) => reasons,
            Match::Nobody | Match::Found(_) => Vec::new(),
        },
    }
}

/// Which rule a reason of [`clashes`] or of the identity belongs to.
fn is_about(reason: &Reason) -> &'static str {
    match reason.code.as_str() {
        "no_username" | "username_not_allowed" | "duplicate_username" | "username_taken_by_other_user" => {
            "username"
        }
        "no_email" | "email_not_valid" | "duplicate_email" | "email_taken_by_other_user" => "email",
        _ => "jumpcloud",
    }
}

/// Whom it is, or would be, in JumpCloud.
fn in_jumpcloud(person: &Person<'_>, read: &Read<'_>, is_blocked: bool) -> Rule {
    const CODE: &str = "jumpcloud";
    let clashes: Vec<_> =
        clashes(person, read).into_iter().filter(|reason| is_about(reason) == CODE).collect();
    if let Some((link, record)) = person.linked() {
        let how = if link.taken_over { "It existed before and was taken over." } else { "Adit made it." };
        let suspended = if is_blocked { None } else { state::restore(link, record).err() };
        let note = suspended.map(|reason| format!(" {}", reason.message)).unwrap_or_default();
        return Rule::passed(CODE, format!("Linked to {} ({}). {how}{note}", shown(record), record.id));
    }
    if !clashes.is_empty() {
        let gone = person.subject.link.as_ref().filter(|_| is_blocked).map(|_| users::deleted_in_jumpcloud());
        return Rule::failed(CODE, clashes.into_iter().chain(gone).collect());
    }
    if is_blocked {
        return not_looked_for(person);
    }
    let found = matching::find(&person.context.input.domain, person.guid, person.subject, &read.identity);
    Rule::passed(
        CODE,
        match found {
            Match::Found(record) if person.subject.takeover_decision.as_ref() == Some(&record.id) => {
                format!("Takes over {} ({}), as a person decided.", shown(record), record.id)
            }
            Match::Found(record) => {
                format!("Takes over {} ({}), which has the same email address.", shown(record), record.id)
            }
            Match::Nobody | Match::Conflict(_) => {
                "JumpCloud has nobody of this username or email address, so a user is created.".into()
            }
        },
    )
}

/// An account that the plan does not look for in JumpCloud; it may still be linked.
fn not_looked_for(person: &Person<'_>) -> Rule {
    const CODE: &str = "jumpcloud";
    match (person.linked(), &person.subject.link) {
        (Some((_, record)), _) => Rule::passed(CODE, format!("Linked to {} ({}).", shown(record), record.id)),
        (None, Some(_)) => Rule::not_reached(CODE).because(users::deleted_in_jumpcloud()),
        (None, None) => Rule::not_reached(CODE),
    }
}

fn shown(user: &JumpCloudUser) -> String {
    format!("the JumpCloud user “{}”", user.username)
}
