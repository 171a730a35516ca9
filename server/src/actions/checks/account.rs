//! The service account: it should be able to read, and to do nothing else.

use chrono::Duration;
use protocol::Sid;
use protocol::heartbeat::{Report, ServiceAccount};

use super::{Check, Facts, State};

/// How soon an end is announced.
const NOTICE: Duration = Duration::days(14);
const ACCOUNT_NOTICE: Duration = Duration::days(30);

/// Groups that make privileged: RIDs of the domain, then of `S-1-5-32`.
const OF_DOMAIN: [(u32, &str); 5] = [
    (512, "Domain Admins"),
    (516, "Domain Controllers"),
    (518, "Schema Admins"),
    (519, "Enterprise Admins"),
    (520, "Group Policy Creator Owners"),
];
const BUILTIN: [(u32, &str); 5] = [
    (544, "Administrators"),
    (548, "Account Operators"),
    (549, "Server Operators"),
    (550, "Print Operators"),
    (551, "Backup Operators"),
];
/// The account that every domain is made with.
const ADMINISTRATOR: u32 = 500;

pub(super) fn of(facts: &Facts) -> Vec<Check> {
    let settings = &facts.domain.settings.ldap;
    if settings.bind_user.is_empty() || facts.domain.bind_password.is_none() {
        return vec![Check::new(
            "service_account_missing",
            State::Error,
            "The service account with which agents read the directory is not set.",
            "Set ldap.bind_user and ldap.bind_password in the domain's settings.",
        )];
    }
    let mut checks = vec![
        Check::ok("service_account", format!("Agents bind as {}.", settings.bind_user)),
        name(&settings.bind_user),
    ];
    checks.extend(facts.per_report(object));
    checks.extend(facts.per_report(|report| privileges(facts, report)));
    checks.extend(facts.per_report(|report| membership(facts, report)));
    checks.extend(facts.per_report(|report| password(facts, report)));
    checks.extend(facts.per_report(|report| expiry(facts, report)));
    checks.extend(facts.per_report(domain_root));
    checks.extend(facts.per_report(member_lists));
    checks.extend(facts.per_report(deleted_objects));
    checks.push(attributes(facts));
    checks
}

fn name(bind_user: &str) -> Check {
    let account = bind_user.rsplit('\\').next().unwrap_or(bind_user);
    let account = account.split('@').next().unwrap_or(account);
    let account = account.split(',').next().unwrap_or(account);
    let account = account.split_once('=').map_or(account, |(_, name)| name).trim();
    if account.eq_ignore_ascii_case("JumpCloud") {
        return Check::new(
            "service_account_named_jumpcloud",
            State::Error,
            "The service account is called JumpCloud, a name that JumpCloud keeps for itself.",
            "Use an account of another name, such as jcimport.",
        );
    }
    Check::ok("service_account_name", format!("The service account is called {account}."))
}

fn object(report: &Report) -> Option<Check> {
    Some(match &report.bind_account {
        Some(dn) => Check::ok("service_account_object", format!("The service account is {dn}.")),
        None => Check::new(
            "service_account_not_found",
            State::Warning,
            "The service account does not find its own object, so neither its groups nor its password's end can be checked, \
             and it is not kept out of the sync by its name.",
            "Give it the right to read itself, or write ldap.bind_user as a distinguished name or user principal name.",
        ),
    })
}

fn privileges(facts: &Facts, report: &Report) -> Option<Check> {
    let account = report.account.as_ref();
    let told = account.and_then(|account| account.well_known_groups.as_deref());
    if told.is_none() && facts.account_groups.is_empty() {
        return None;
    }
    let mut found: Vec<&str> = told.unwrap_or_default().iter().filter_map(privileged).collect();
    let read = facts.account_groups.iter().filter_map(|group| Sid::parse(group.sid.as_deref()?));
    found.extend(read.filter_map(|sid| privileged(&sid)));
    found.extend(account.and_then(|account| account.sid.as_ref()?.rid()).and_then(is_administrator));
    found.sort_unstable();
    found.dedup();
    Some(if found.is_empty() {
        Check::ok("service_account_privileges", "The service account is in no privileged group.")
    } else {
        Check::new(
            "service_account_privileged",
            State::Error,
            format!(
                "The service account is privileged ({}). Reading needs no such right, and whoever learns its password has the \
                 domain.",
                found.join(", ")
            ),
            "Take it out of these groups, directly and through others, and give it the right to read only.",
        )
    })
}

fn privileged(sid: &Sid) -> Option<&'static str> {
    let groups = if sid.as_str().starts_with("S-1-5-32-") { BUILTIN } else { OF_DOMAIN };
    let is_of_domain = sid.as_str().starts_with("S-1-5-21-") || sid.as_str().starts_with("S-1-5-32-");
    let rid = sid.rid().filter(|_| is_of_domain)?;
    groups.iter().find(|(known, _)| *known == rid).map(|(_, name)| *name)
}

fn is_administrator(rid: u32) -> Option<&'static str> {
    (rid == ADMINISTRATOR).then_some("it is the domain's Administrator")
}

fn membership(facts: &Facts, report: &Report) -> Option<Check> {
    let told = report.account.as_ref().and_then(|account| account.in_integration_group);
    let group = facts.domain.integration_group;
    let read = facts.account_groups.iter().any(|above| Some(above.guid) == group);
    if told.is_none() && facts.account_groups.is_empty() {
        return None;
    }
    Some(if read || told == Some(true) {
        Check::new(
            "service_account_in_integration_group",
            State::Error,
            "The service account is a member of the integration group, directly or through another group.",
            "Take it out: it is not a person, and is never synced.",
        )
    } else {
        Check::ok("service_account_membership", "The service account is not in the integration group.")
    })
}

fn password(facts: &Facts, report: &Report) -> Option<Check> {
    let ServiceAccount { password_never_expires, password_expires_at, .. } = report.account.as_ref()?;
    let fix = "Set \"Password never expires\" on the account, and change its password by hand from time to time: here and in \
               AD.";
    Some(match (password_never_expires, password_expires_at) {
        (_, Some(at)) if *at < facts.now + NOTICE => Check::new(
            "service_account_password_expiring",
            State::Error,
            format!(
                "The service account's password expires on {}. After that nothing is read.",
                at.format("%F %R UTC")
            ),
            fix,
        ),
        (_, Some(at)) => Check::new(
            "service_account_password_expires",
            State::Warning,
            format!("The service account's password expires on {}.", at.format("%F")),
            fix,
        ),
        (Some(true), None) => {
            Check::ok("service_account_password", "The service account's password never expires.")
        }
        (Some(false), None) => {
            Check::ok("service_account_password", "By the domain's policy no password expires.")
        }
        (None, None) => Check::new(
            "service_account_password",
            State::Unknown,
            "The service account may not read whether its password expires.",
            "Give it the right to read its own userAccountControl.",
        ),
    })
}

fn expiry(facts: &Facts, report: &Report) -> Option<Check> {
    Some(match report.account.as_ref()?.account_expires_at {
        Some(at) if at < facts.now + ACCOUNT_NOTICE => Check::new(
            "service_account_expiring",
            State::Warning,
            format!("The service account itself expires on {}.", at.format("%F")),
            "Extend its accountExpires in AD.",
        ),
        Some(at) => Check::ok(
            "service_account_expiry",
            format!("The service account lasts until {}.", at.format("%F")),
        ),
        None => Check::ok("service_account_expiry", "The service account does not expire."),
    })
}

fn domain_root(report: &Report) -> Option<Check> {
    let readable = report.domain_sid.is_some() && report.password_complexity.is_some();
    Some(if readable {
        Check::ok("domain_root", "The domain's root can be read.")
    } else {
        Check::new(
            "domain_root_unreadable",
            State::Warning,
            "The service account may not read the domain's root: its SID, or its password policy.",
            "Give it the right to read the properties of the domain object itself.",
        )
    })
}

fn member_lists(report: &Report) -> Option<Check> {
    Some(match report.members_readable? {
        true => Check::ok("member_lists", "The integration group's members can be read."),
        false => Check::new(
            "member_lists_unreadable",
            State::Error,
            "Users say that they are members of the integration group, but the service account may not read the group's list. \
             Nobody is synced.",
            "Give it the right to read the property member of groups.",
        ),
    })
}

fn deleted_objects(report: &Report) -> Option<Check> {
    let message = match report.deleted_objects_readable? {
        true => "The service account may read Deleted Objects.",
        false => {
            "The service account may not read Deleted Objects, and need not: deletions are found by the member lists."
        }
    };
    Some(Check::ok("deleted_objects", message))
}

fn attributes(facts: &Facts) -> Check {
    let hidden = facts.reports().map(|(_, report)| report.users_with_hidden_attributes).max().unwrap_or(0);
    let affected = facts.affected("user", "attributes_hidden");
    let users = affected.map_or(0, |row| row.count).max(i64::try_from(hidden).unwrap_or(i64::MAX));
    if users == 0 {
        return Check::ok("user_attributes", "What every user has can be read of every user.");
    }
    let who = affected.map(|row| format!(" ({})", super::named(row))).unwrap_or_default();
    Check::new(
        "attributes_hidden",
        State::Warning,
        format!(
            "{users} users{who} lack userAccountControl, pwdLastSet or accountExpires: the service account may not read them, so \
             these users are left as they are.",
        ),
        "Grant the service account Read All Properties on user objects at the domain's root.",
    )
}
