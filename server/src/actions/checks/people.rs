//! Members that are not synced, or not as they should be, by the reasons that the plan gives.

use super::{Check, Facts, State, count, named};

/// A finding that is made of reasons.
pub(super) struct Rule {
    /// The code when nobody is concerned, and what it says.
    pub fine: (&'static str, &'static str),
    pub code: &'static str,
    pub reasons: &'static [&'static str],
    /// What follows the number: "have no …".
    pub what: (&'static str, &'static str),
    pub then: &'static str,
    pub fix: &'static str,
}

const RULES: [Rule; 10] = [
    Rule {
        fine: ("user_names", "Every member has a first and a last name."),
        code: "users_without_names",
        reasons: &["no_first_name", "no_last_name"],
        what: ("user has no first or last name", "users have no first or last name"),
        then: "JumpCloud needs both, so they are not synced.",
        fix: "Fill in givenName and sn in AD, or give firstname and lastname a fallback in the attribute mappings.",
    },
    Rule {
        fine: ("user_mail", "Every member has an email address."),
        code: "users_without_email",
        reasons: &["no_email", "email_not_valid"],
        what: ("user has no valid email address", "users have no valid email address"),
        then: "JumpCloud needs one, so they are not synced.",
        fix: "Fill in mail in AD.",
    },
    Rule {
        fine: ("user_mail_suffix", "Every address is one that mail can reach from the Internet."),
        code: "email_suffix_not_routable",
        reasons: &["email_suffix_not_routable"],
        what: ("user has an address inside the network only", "users have addresses inside the network only"),
        then: "They are synced, but JumpCloud's mails do not reach them.",
        fix: "Fill in mail in AD with an address that the Internet knows.",
    },
    Rule {
        fine: ("user_mail_unique", "No two members have the same email address."),
        code: "users_with_duplicate_email",
        reasons: &["duplicate_email"],
        what: ("user shares an email address", "users share an email address"),
        then: "An address belongs to one JumpCloud user only, so it is not known who is meant.",
        fix: "Give each its own mail in AD.",
    },
    Rule {
        fine: ("usernames", "JumpCloud allows every member's username."),
        code: "users_with_invalid_username",
        reasons: &["no_username", "username_not_allowed"],
        what: (
            "user has a name that JumpCloud does not allow",
            "users have names that JumpCloud does not allow",
        ),
        then: "Nothing is altered silently, so they are not synced.",
        fix: "Change the name in AD, or choose another username_attribute.",
    },
    Rule {
        fine: ("usernames_unique", "No two members would get the same username."),
        code: "users_with_duplicate_username",
        reasons: &["duplicate_username"],
        what: ("user would share a JumpCloud username", "users would share a JumpCloud username"),
        then: "It is not known who is meant.",
        fix: "Change one of the names in AD, or choose another username_attribute.",
    },
    Rule {
        fine: ("privileged_users", "No privileged user is a member."),
        code: "privileged_users_in_scope",
        reasons: &["privileged"],
        what: ("member is privileged in AD", "members are privileged in AD"),
        then: "Such accounts are never synced, nor their passwords.",
        fix: "Use a separate account for daily work, or take the user out of the privileged groups.",
    },
    Rule {
        fine: ("admin_count", "No member carries a stale adminCount."),
        code: "stale_admin_count",
        reasons: &["stale_admin_count"],
        what: (
            "member carries adminCount without being privileged any more",
            "members carry adminCount without being privileged any more",
        ),
        then: "AD still protects them, so they are not synced.",
        fix: "Clear adminCount in AD and turn permission inheritance on again.",
    },
    Rule {
        fine: ("users_in_container", "Every member lies in the root user container."),
        code: "users_outside_container",
        reasons: &["outside_root_user_container"],
        what: ("member lies outside the root user container", "members lie outside the root user container"),
        then: "They are not synced; who was before is held as it is.",
        fix: "Move them in, or widen root_user_container.",
    },
    Rule {
        fine: ("readable_users", "Every member can be read."),
        code: "users_unreadable",
        reasons: &["unreadable"],
        what: ("member is listed but cannot be read", "members are listed but cannot be read"),
        then: "They are left as they are.",
        fix: "Give the service account the right to read them, or move them back.",
    },
];

/// What the account's check and the count of other members are made of.
const BESIDE: [(&str, &str); 4] = [
    ("unknown_attributes", "attributes_hidden"),
    ("computer", "other_members"),
    ("not_a_user", "other_members"),
    ("not_in_this_domain", "other_members"),
];

/// The reasons and the findings that they make.
pub(super) fn findings() -> impl Iterator<Item = (&'static str, &'static str)> {
    pairs(&RULES).chain(BESIDE)
}

pub(super) fn pairs(rules: &'static [Rule]) -> impl Iterator<Item = (&'static str, &'static str)> {
    rules.iter().flat_map(|rule| rule.reasons.iter().map(|reason| (*reason, rule.code)))
}

pub(super) fn of(facts: &Facts) -> Vec<Check> {
    if facts.domain.directory_read_at.is_none() {
        return Vec::new();
    }
    let mut checks: Vec<Check> = RULES.iter().map(|rule| rule.judge(facts, "user")).collect();
    let others = facts.affected("user", "other_members").map_or(0, |row| row.count);
    checks.push(Check::ok(
        "other_members",
        match others {
            0 => "Every member is a user of this domain.".to_owned(),
            others => format!(
                "{} no user of this domain (computers, contacts, members of other domains), and left out.",
                count(others, "member is", "members are")
            ),
        },
    ));
    checks
}

impl Rule {
    /// The check that this rule makes of the facts.
    pub(super) fn judge(&self, facts: &Facts, kind: &str) -> Check {
        match facts.affected(kind, self.code) {
            None => Check::ok(self.fine.0, self.fine.1),
            Some(row) => {
                let message =
                    format!("{}: {}. {}", count(row.count, self.what.0, self.what.1), named(row), self.then);
                Check::new(self.code, State::Warning, message, self.fix)
            }
        }
    }
}
