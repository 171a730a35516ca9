//! JumpCloud's side: the credential, what it may do, and what is there already.

use chrono::Duration;

use super::people::{Rule, pairs};
use super::{Check, Facts, State, count};
use crate::store::domains::Mode;
use crate::store::organizations::Organization;

/// JumpCloud is read in full every six hours.
const MIRROR_AGE: Duration = Duration::hours(12);

const RULES: [Rule; 3] = [
    Rule {
        fine: ("matches", "Every user matches one JumpCloud user, or none."),
        code: "ambiguous_matches",
        reasons: &["ambiguous_match", "email_taken_by_other_user", "username_taken_by_other_user"],
        what: (
            "user matches a JumpCloud user that may be somebody else",
            "users match JumpCloud users that may be somebody else",
        ),
        then: "A guess could hand one person's account to another, so nothing is done.",
        fix: "Decide about each on the user's page, or correct the name or mail of one of the two.",
    },
    Rule {
        fine: ("foreign_matches", "No user matches a JumpCloud administrator or another source's user."),
        code: "matches_that_are_left_alone",
        reasons: &["matches_privileged_user", "managed_by_other_source"],
        what: (
            "user matches a JumpCloud user with administrator rights or of another source",
            "users match JumpCloud users with administrator rights or of another source",
        ),
        then: "Such users are never taken over.",
        fix: "Take the rights away in JumpCloud, release the user there, or change the name or mail in AD.",
    },
    Rule {
        fine: ("drift", "Nobody was deleted or suspended in JumpCloud against AD."),
        code: "users_changed_in_jumpcloud",
        reasons: &["deleted_in_jumpcloud", "suspended_in_jumpcloud"],
        what: (
            "user was deleted or suspended in JumpCloud although AD has it active",
            "users were deleted or suspended in JumpCloud although AD has them active",
        ),
        then: "What a person did there stays.",
        fix: "Activate them in JumpCloud, or disable them in AD.",
    },
];

const GROUP_NAMES: Rule = Rule {
    fine: ("group_names", "Every group's name is free in JumpCloud, or its own."),
    code: "group_names_taken",
    reasons: &["group_name_taken", "group_name_duplicate", "group_is_dynamic"],
    what: (
        "group has a name that JumpCloud, or another AD group, has already",
        "groups have names that JumpCloud, or other AD groups, have already",
    ),
    then: "They are not synced.",
    fix: "Adopt the JumpCloud group on the group's page, or rename one of the two.",
};
const GROUP_RULES: [Rule; 1] = [GROUP_NAMES];

/// The reasons and the findings that they make.
pub(super) fn findings() -> impl Iterator<Item = (&'static str, &'static str)> {
    pairs(&RULES).chain(pairs(&GROUP_RULES))
}

pub(super) fn of(facts: &Facts) -> Vec<Check> {
    let organization = &facts.organization;
    let mut checks =
        vec![credential(organization), rights(facts), organization_id(facts), mirror(facts), instance(facts)];
    if facts.domain.directory_read_at.is_some() && organization.mirror_read_at.is_some() {
        checks.extend(RULES.iter().map(|rule| rule.judge(facts, "user")));
        checks.extend(GROUP_RULES.iter().map(|rule| rule.judge(facts, "group")));
        checks.push(takeovers(facts));
    }
    checks
}

fn credential(organization: &Organization) -> Check {
    match (&organization.problem_code, &organization.problem_message) {
        (Some(code), message) => Check::new(
            code,
            State::Error,
            message.clone().unwrap_or_default(),
            "See the organization: renew its credential, or wait if JumpCloud cannot be reached. Nothing is lost meanwhile.",
        )
        .or_like("jumpcloud_credential"),
        (None, _) => Check::ok("jumpcloud_credential", "JumpCloud accepts the organization's credential."),
    }
}

/// Reading is proven by what was read, writing only by what was written.
fn rights(facts: &Facts) -> Check {
    let fix = "Give the administrator or service account the role Administrator or Manager in JumpCloud.";
    if facts.organization.problem_code.as_deref() == Some("permission_denied") {
        let message = "JumpCloud refused something because the credential lacks the right to it.";
        return Check::new("credential_lacks_rights", State::Error, message, fix);
    }
    match (facts.organization.mirror_read_at, facts.tallies.last_done_at) {
        (None, _) => Check::new(
            "credential_rights_unknown",
            State::Unknown,
            "Nothing has been read in full with this credential yet.",
            "Wait: it is read by itself.",
        ),
        (Some(_), Some(at)) => Check::ok(
            "jumpcloud_rights",
            format!(
                "The credential may read all that is needed, and has written (on {}).",
                at.format("%F %R UTC")
            ),
        ),
        (Some(_), None) => Check::ok(
            "jumpcloud_rights",
            "The credential may read all that is needed. Whether it may write shows with the first operation.",
        ),
    }
}

fn organization_id(facts: &Facts) -> Check {
    let given = facts.organization.jumpcloud_org_id.as_deref();
    let visible = facts.tallies.visible_organizations.as_deref().map(Vec::as_slice).unwrap_or_default();
    let list = || {
        let names = visible.iter().take(5).map(|one| format!("{} = {}", one.id, one.name));
        names.collect::<Vec<_>>().join(", ")
    };
    match given {
        Some(id) if !visible.is_empty() && !visible.iter().any(|one| one.id == id) => Check::new(
            "organization_id_differs",
            State::Error,
            format!("The organization id is {id}, but the credential belongs to {}.", list()),
            "Use a credential of that organization, or add the organization again with the right id.",
        ),
        None if visible.len() > 1 => Check::new(
            "organization_id_missing",
            State::Error,
            format!("The credential can see several organizations ({}), and none is chosen.", list()),
            "Add the organization with its id.",
        ),
        Some(id) => Check::ok("jumpcloud_organization", format!("The organization id is {id}.")),
        None => Check::ok("jumpcloud_organization", "The credential belongs to one organization only."),
    }
}

fn mirror(facts: &Facts) -> Check {
    match facts.organization.mirror_read_at {
        Some(at) if at < facts.now - MIRROR_AGE => Check::new(
            "jumpcloud_read_outdated",
            State::Warning,
            format!(
                "JumpCloud was last read in full on {}; changes made there since are not known.",
                at.format("%F %R UTC")
            ),
            "See the organization's credential, and the server's log.",
        ),
        Some(at) => {
            Check::ok("jumpcloud_read", format!("JumpCloud was read in full on {}.", at.format("%F %R UTC")))
        }
        None => Check::new(
            "jumpcloud_read",
            State::Unknown,
            "JumpCloud has not been read in full yet.",
            "Wait: it is read by itself.",
        ),
    }
}

fn instance(facts: &Facts) -> Check {
    let is_active = facts.domain.mode == Mode::Active;
    let found = facts.tallies.activedirectory.as_deref();
    match found {
        Some(instance) if instance.use_case == "ADASAUTHORITY" && instance.groups_enabled => Check::ok(
            "activedirectory",
            "JumpCloud has an AD instance of the domain, with AD as its authority.",
        ),
        Some(instance) if is_active => {
            let words = instance.refusal.as_deref().map(|words| format!(" JumpCloud said: {words}"));
            let message = format!(
                "JumpCloud's AD instance of the domain does not have AD as its authority, or groups are off.{}",
                words.unwrap_or_default()
            );
            let fix = "In JumpCloud, under Directory Integrations > Active Directory, choose \"Manage users and passwords in AD\" \
                       for this domain.";
            Check::new("activedirectory_not_authority", State::Warning, message, fix)
        }
        Some(_) => Check::ok(
            "activedirectory",
            "JumpCloud has an AD instance of the domain; activation makes AD its authority.",
        ),
        None if is_active && facts.domain.activedirectory_id.is_none() => Check::new(
            "activedirectory_missing",
            State::Warning,
            "JumpCloud has no AD instance of the domain yet. It is made before anything else is written.",
            "Wait a minute; then see the organization's credential.",
        ),
        None if is_active => Check::ok("activedirectory", "JumpCloud has an AD instance of the domain."),
        None => {
            Check::ok("activedirectory", "JumpCloud has no AD instance of the domain; activation makes one.")
        }
    }
}

fn takeovers(facts: &Facts) -> Check {
    let (done, planned) = (facts.tallies.taken_over, facts.tallies.to_be_taken_over);
    let done = count(
        done,
        "user that JumpCloud had before was taken over",
        "users that JumpCloud had before were taken over",
    );
    let planned = match planned {
        0 => "no more are planned".to_owned(),
        planned => format!("{planned} more are planned, as the preview lists them"),
    };
    Check::ok("takeovers", format!("{done}; {planned}."))
}
