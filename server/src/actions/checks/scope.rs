//! What the settings name: the root user container and the integration group, and who is in them.

use protocol::DistinguishedName;
use protocol::heartbeat::{Lookup, Report};

use super::{Check, Facts, State, count};
use crate::store::domains::Domain;

/// MS-ADTS 2.2.12.
const UNIVERSAL: i64 = 8;
const DOMAIN_LOCAL: i64 = 4;
const SECURITY: i64 = 0x8000_0000;

pub(super) fn of(facts: &Facts) -> Vec<Check> {
    let domain = &facts.domain;
    let mut checks = facts.per_report(|report| Some(container(domain, &report.root_user_container)));
    checks.extend(facts.per_report(|report| Some(group(domain, &report.integration_group))));
    checks.extend(facts.per_report(|report| group_type(domain, &report.integration_group)));
    checks.extend(facts.per_report(group_place));
    checks.push(group_name(facts));
    if domain.directory_read_at.is_some() {
        checks.push(members(facts));
        checks.push(container_content(facts));
        checks.push(groups(facts));
    } else if domain.integration_group_lost {
        checks.push(lost());
    }
    checks
}

fn container(domain: &Domain, found: &Lookup) -> Check {
    let name = &domain.settings.root_user_container;
    match (found, domain.root_user_container) {
        (Lookup::Present { .. }, _) => Check::ok("root_user_container", format!("{name} is there.")),
        (Lookup::Missing, Some(_)) => Check::new(
            "root_user_container_renamed",
            State::Warning,
            format!("{name} is no longer called so; it is followed by its objectGUID."),
            "Set root_user_container to its current name.",
        ),
        (Lookup::Missing, None) => Check::new(
            "root_user_container_missing",
            State::Error,
            format!("There is no {name} in the directory. Nothing is synced."),
            "Correct root_user_container in the settings.",
        ),
        (Lookup::Unreadable, _) => Check::new(
            "root_user_container_unreadable",
            State::Error,
            format!("The service account may not read {name}."),
            "Delegate read access on it to the service account.",
        ),
    }
}

fn group(domain: &Domain, found: &Lookup) -> Check {
    let name = &domain.settings.integration_group;
    match (found, domain.integration_group) {
        (Lookup::Present { .. }, _) => Check::ok("integration_group", format!("{name} is there.")),
        (Lookup::Missing, Some(_)) => Check::new(
            "integration_group_renamed",
            State::Warning,
            format!(
                "{name} is no longer called so, or was deleted; a renamed one is followed by its objectGUID."
            ),
            "Set integration_group to its current name.",
        ),
        (Lookup::Missing, None) => Check::new(
            "integration_group_missing",
            State::Error,
            format!("There is no {name} in the directory. Nothing is synced."),
            "Create it, or correct integration_group in the settings.",
        ),
        (Lookup::Unreadable, _) => Check::new(
            "integration_group_unreadable",
            State::Error,
            format!("The service account may not read {name}."),
            "Delegate read access on it to the service account.",
        ),
    }
}

fn group_type(domain: &Domain, found: &Lookup) -> Option<Check> {
    let Lookup::Present { group_type: Some(bits), .. } = found else { return None };
    let name = &domain.settings.integration_group;
    Some(if bits & SECURITY == 0 {
        Check::new(
            "integration_group_not_security",
            State::Error,
            format!("{name} is a distribution group."),
            "Make it a security group in AD.",
        )
    } else if bits & (UNIVERSAL | DOMAIN_LOCAL) != 0 {
        Check::new(
            "integration_group_not_global",
            State::Warning,
            format!("{name} is a universal or domain local group."),
            "Make it a global group, as JumpCloud asks for: members of other domains are left out anyway.",
        )
    } else {
        Check::ok("integration_group_type", "The integration group is a global security group.")
    })
}

fn group_place(report: &Report) -> Option<Check> {
    let (Lookup::Present { dn: container, .. }, Lookup::Present { dn: group, .. }) =
        (&report.root_user_container, &report.integration_group)
    else {
        return None;
    };
    Some(if group.is_within(container) {
        Check::ok("integration_group_place", "The integration group lies in the root user container.")
    } else {
        Check::new(
            "integration_group_outside_container",
            State::Warning,
            format!(
                "{group} lies outside {container}. Its members count, but it becomes no JumpCloud group itself."
            ),
            "Move it into the root user container, or widen the container.",
        )
    })
}

fn group_name(facts: &Facts) -> Check {
    let parsed = DistinguishedName::parse(&facts.domain.settings.integration_group);
    let configured = parsed.map(|dn| dn.name()).unwrap_or_default();
    let name = facts.tallies.integration_group_account.clone().unwrap_or(configured);
    if facts.namesakes.is_empty() {
        return Check::ok(
            "integration_group_name",
            format!("No other domain of the organization has an integration group called {name}."),
        );
    }
    let message = format!(
        "The integration group of {} is called {name} as well: both would be one JumpCloud group.",
        facts.namesakes.join(", ")
    );
    Check::new(
        "integration_group_name_shared",
        State::Error,
        message,
        format!("Rename one of them in AD, such as \"{name} ({})\".", facts.domain.name),
    )
}

fn lost() -> Check {
    Check::new(
        "integration_group_lost",
        State::Error,
        "The integration group is missing, unreadable or suddenly empty. That is never taken for \"everybody left\": \
         nothing is suspended, removed or taken out of a group until it is back.",
        "Restore the group and its members, or name another one in the settings.",
    )
}

fn members(facts: &Facts) -> Check {
    let tallies = &facts.tallies;
    if facts.domain.integration_group_lost {
        lost()
    } else if facts.domain.integration_group.is_some() && tallies.direct_members == 0 {
        Check::new(
            "integration_group_empty",
            State::Warning,
            "The integration group has no members that the service account can see, so nobody is synced.",
            "Add users or groups to it in AD.",
        )
    } else {
        Check::ok(
            "integration_group_members",
            format!(
                "{} through the integration group, {} in scope.",
                count(tallies.members, "user is a member", "users are members"),
                tallies.users_in_scope
            ),
        )
    }
}

fn container_content(facts: &Facts) -> Check {
    let outside = facts.affected("user", "users_outside_container").map_or(0, |row| row.count);
    let members = facts.tallies.members;
    if members > 0 && outside >= members {
        return Check::new(
            "container_holds_nobody",
            State::Warning,
            "All members of the integration group lie outside the root user container, so nobody is synced.",
            "Name the container in which they are, or move them.",
        );
    }
    Check::ok(
        "container_content",
        format!("{} in the root user container.", count(members - outside, "member lies", "members lie")),
    )
}

fn groups(facts: &Facts) -> Check {
    let tallies = &facts.tallies;
    let message = if facts.domain.settings.group_sync {
        format!(
            "{} in scope, {} of them as JumpCloud groups. Distribution groups and groups outside the root user container pass \
             their members on, and become none.",
            count(tallies.groups_in_scope, "group is", "groups are"),
            tallies.groups_synced
        )
    } else {
        format!(
            "{} in scope; group_sync is off, so none becomes a JumpCloud group.",
            count(tallies.groups_in_scope, "group is", "groups are")
        )
    };
    Check::ok("groups_in_scope", message)
}
