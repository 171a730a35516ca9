//! Whether JumpCloud already has the user. Only an equal email address links by itself; everything that leaves a doubt is a
//! conflict for a person.

use protocol::ObjectGuid;
use serde::Serialize;

use crate::identity::{Identity, same};
use crate::input::{Domain, JumpCloudUser, Rival, UserSubject};
use crate::reason::Reason;

/// What JumpCloud has for a user without a link.
#[derive(Debug, PartialEq)]
pub(crate) enum Match<'a> {
    Nobody,
    /// The same person.
    Found(&'a JumpCloudUser),
    Conflict(Vec<Reason>),
}

pub(crate) fn find<'a>(
    domain: &Domain,
    guid: ObjectGuid,
    subject: &'a UserSubject,
    identity: &Identity,
) -> Match<'a> {
    let claims = claims(subject, identity, None);
    if !claims.is_empty() {
        return Match::Conflict(claims);
    }
    let rivals: Vec<_> = rivals(guid, subject, identity).collect();
    let mut untouchable: Vec<_> =
        rivals.iter().filter_map(|rival| untouchable(domain, rival, identity)).collect();
    untouchable.sort();
    if !untouchable.is_empty() {
        return Match::Conflict(untouchable);
    }
    match rivals.as_slice() {
        [] => Match::Nobody,
        [rival] if has_email(&rival.user, identity) || is_decided(subject, rival) => {
            Match::Found(&rival.user)
        }
        [rival] => Match::Conflict(vec![same_username_only(&rival.user)]),
        several => Match::Conflict(vec![several_match(several)]),
    }
}

/// A JumpCloud user that an unlinked user of the directory could be.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Candidate {
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub user: JumpCloudUser,
    pub same_email: bool,
    pub same_username: bool,
    /// What keeps it from being taken over, whoever decides; none if it may be chosen.
    pub obstacle: Option<Reason>,
}

/// Whom the user could be, and who of them may be chosen: exactly what [`find`] would accept a decision for.
pub(crate) fn candidates(
    domain: &Domain,
    guid: ObjectGuid,
    subject: &UserSubject,
    identity: &Identity,
) -> Vec<Candidate> {
    let rivals: Vec<_> = rivals(guid, subject, identity).collect();
    let several = (rivals.len() > 1).then(|| several_match(&rivals));
    let claimed = claims(subject, identity, None).into_iter().next();
    let obstacle = |rival: &Rival| {
        untouchable(domain, rival, identity).or_else(|| several.clone()).or_else(|| claimed.clone())
    };
    let candidate = |rival: &&Rival| Candidate {
        user: rival.user.clone(),
        same_email: has_email(&rival.user, identity),
        same_username: has_username(&rival.user, identity),
        obstacle: obstacle(rival),
    };
    let mut candidates: Vec<_> = rivals.iter().map(candidate).collect();
    candidates.sort_by(|a, b| a.user.id.cmp(&b.user.id));
    candidates
}

/// What keeps a linked user from getting its new email address or username.
pub(crate) fn collisions(
    guid: ObjectGuid,
    subject: &UserSubject,
    identity: &Identity,
    record: &JumpCloudUser,
) -> Vec<Reason> {
    let mut reasons = claims(subject, identity, Some(record));
    if reasons.is_empty() {
        for rival in rivals(guid, subject, identity) {
            if has_email(&rival.user, identity) && !has_email(record, identity) {
                reasons.push(email_taken(&rival.user));
            }
            if has_username(&rival.user, identity) && !has_username(record, identity) {
                reasons.push(username_taken(&rival.user));
            }
        }
        reasons.sort();
    }
    reasons
}

fn rivals<'a>(
    guid: ObjectGuid,
    subject: &'a UserSubject,
    identity: &Identity,
) -> impl Iterator<Item = &'a Rival> {
    subject.rivals.iter().filter(move |rival| {
        rival.linked_to != Some(guid)
            && (has_email(&rival.user, identity) || has_username(&rival.user, identity))
    })
}

/// Other AD users that want the same. Whoever is linked was first; among those who are not, nobody is.
fn claims(subject: &UserSubject, identity: &Identity, record: Option<&JumpCloudUser>) -> Vec<Reason> {
    let holds =
        |has: fn(&JumpCloudUser, &Identity) -> bool| record.is_some_and(|record| has(record, identity));
    let (holds_email, holds_username) = (holds(has_email), holds(has_username));
    let mut reasons = Vec::new();
    for claimant in subject.claimants.iter().filter(|claimant| claimant.linked || subject.link.is_none()) {
        let name = &claimant.name;
        if claimant.same_email && !holds_email {
            let message =
                format!("The AD user {name} has the same email address. Give each its own mail in AD.");
            reasons.push(Reason::new("duplicate_email", message));
        }
        if claimant.same_username && !holds_username {
            let message =
                format!("The AD user {name} would get the same JumpCloud username. Give each its own in AD.");
            reasons.push(Reason::new("duplicate_username", message));
        }
    }
    reasons.sort();
    reasons
}

/// Why this JumpCloud user must not be taken over, whoever decides.
fn untouchable(domain: &Domain, rival: &Rival, identity: &Identity) -> Option<Reason> {
    let user = &rival.user;
    let is_other = |source: &String| domain.activedirectory_id.as_ref() != Some(source);
    if rival.linked_to.is_some() {
        Some(if has_email(user, identity) { email_taken(user) } else { username_taken(user) })
    } else if user.privileged {
        Some(Reason::new(
            "matches_privileged_user",
            format!(
                "The JumpCloud user {} has administrator rights, and such users are never taken over. Take the rights away \
                 in JumpCloud, or change the name or mail in AD.",
                shown(user)
            ),
        ))
    } else {
        user.restricted_by.iter().any(is_other).then(|| {
            Reason::new(
                "managed_by_other_source",
                format!(
                    "The JumpCloud user {} is managed by another source. Release it there, or change the name or mail in \
                     AD.",
                    shown(user)
                ),
            )
        })
    }
}

fn has_email(user: &JumpCloudUser, identity: &Identity) -> bool {
    identity.email.as_deref().is_some_and(|email| same(email, &user.email))
}

fn has_username(user: &JumpCloudUser, identity: &Identity) -> bool {
    identity.username.as_deref().is_some_and(|username| same(username, &user.username))
}

fn is_decided(subject: &UserSubject, rival: &Rival) -> bool {
    subject.takeover_decision.as_ref() == Some(&rival.user.id)
}

fn email_taken(user: &JumpCloudUser) -> Reason {
    let message = format!(
        "The email address belongs to the JumpCloud user {}, who is somebody else. Change mail in AD or the address of \
         that user.",
        shown(user)
    );
    Reason::new("email_taken_by_other_user", message)
}

fn username_taken(user: &JumpCloudUser) -> Reason {
    let message = format!(
        "The username belongs to the JumpCloud user {}, who is somebody else. Change the name in AD or that of that user.",
        shown(user)
    );
    Reason::new("username_taken_by_other_user", message)
}

fn same_username_only(user: &JumpCloudUser) -> Reason {
    let message = format!(
        "The JumpCloud user {} has the same username but another email address. Decide whether it is the same person; if \
         not, change the username of one of them.",
        shown(user)
    );
    Reason::new("ambiguous_match", message)
}

fn several_match(rivals: &[&Rival]) -> Reason {
    let mut names: Vec<_> = rivals.iter().map(|rival| shown(&rival.user)).collect();
    names.sort();
    let message = format!(
        "The username and the email address belong to different JumpCloud users: {}. Rename or remove all but the one \
         that is this person.",
        names.join(" and ")
    );
    Reason::new("ambiguous_match", message)
}

fn shown(user: &JumpCloudUser) -> String {
    format!("\"{}\" ({})", user.username, user.email)
}
