//! What one agent's last heartbeat tells: is it alive, is it bound, did it find what the settings name.

use chrono::{DateTime, Duration, Utc};
use protocol::heartbeat::{DirectoryState, Lookup, Report};

use super::{Check, State};
use crate::actions::heartbeats::{ALIVE, sid_problem};
use crate::store::agents::Agent;
use crate::store::domains::Domain;

/// Everything that one agent's last heartbeat tells.
pub(super) fn of_agent(domain: &Domain, agent: &Agent, now: DateTime<Utc>) -> Vec<Check> {
    let mut checks = vec![alive(agent, now).of(agent)];
    if let Some(reason) = &agent.suspended_reason {
        let fix = "Enroll the domain controller's agent again with a new token.";
        checks.push(Check::new("agent_suspended", State::Error, reason.clone(), fix).of(agent));
    }
    if agent.applied_revision != domain.revision && agent.last_seen_at.is_some() {
        let message =
            format!("The agent works by revision {} of {}.", agent.applied_revision, domain.revision);
        checks.push(
            Check::new(
                "settings_not_applied",
                State::Warning,
                message,
                "It follows with its next heartbeat.",
            )
            .of(agent),
        );
    }
    if let Some(skew) = agent.clock_skew_ms.filter(|skew| skew.abs() > 5_000) {
        let message =
            format!("The domain controller's clock differs from the server's by {} s.", skew / 1000);
        checks.push(Check::new("clock_skew", State::Warning, message, "Synchronise both by NTP.").of(agent));
    }
    match agent.directory.as_deref() {
        None | Some(DirectoryState::Connecting) => {
            let message = "The agent has not reached its domain controller's LDAP service yet.";
            checks.push(Check::new("ldap", State::Unknown, message, "Wait a few seconds.").of(agent));
        }
        Some(DirectoryState::Failed { code, message }) => {
            let fix = fix_for(code);
            checks.push(Check::new(code, State::Error, message.clone(), fix).of(agent));
        }
        Some(DirectoryState::Connected { secure, report }) => {
            checks.extend(connected(domain, *secure, report, now).into_iter().map(|check| check.of(agent)));
        }
    }
    checks
}

fn alive(agent: &Agent, now: DateTime<Utc>) -> Check {
    let fix = "Start the service adit-agent on the domain controller, and see that it reaches this server.";
    match agent.last_seen_at {
        Some(seen) if seen > now - ALIVE => {
            Check::ok("agent", format!("The agent is alive (version {}).", agent.version))
        }
        Some(seen) => {
            let message = format!("The agent has been silent since {}.", seen.format("%F %T UTC"));
            let state = if seen > now - Duration::seconds(60) { State::Warning } else { State::Error };
            Check::new("agent_silent", state, message, fix)
        }
        None => {
            Check::new("agent_silent", State::Unknown, "The agent has been enrolled but not seen yet.", fix)
        }
    }
}

fn fix_for(code: &str) -> &'static str {
    match code {
        "bind_refused" => {
            "Correct ldap.bind_user and ldap.bind_password in the settings; agents use them at once."
        }
        "account_locked" => "Unlock the service account in AD, and see what locked it.",
        "account_disabled" => "Enable the service account in AD.",
        "account_expired" => "Extend the service account's accountExpires in AD.",
        "password_expired" | "password_must_change" => {
            "Give the service account a new password in AD that does not expire, and set it in the settings."
        }
        "certificate_untrusted" => {
            "Set ldap.ca_pem to the CA that signed the domain controller's certificate, or ldap.server_fingerprint."
        }
        "certificate_name_mismatch" => {
            "Enroll the agent with a name that stands in the certificate: --domain-controller ldaps://dc1.example.com."
        }
        "certificate_expired" => "Renew the domain controller's certificate.",
        "ldaps_unreachable" => {
            "Enable LDAPS on the domain controller (port 636), or enroll with the right --domain-controller."
        }
        "not_active_directory" => "Enroll the agent with the address of an AD domain controller.",
        "wrong_domain" => {
            "Correct the domain's name, or enroll the agent with a domain controller of this domain."
        }
        "strong_auth_required" => "Use LDAPS: the domain controller refuses simple binds without TLS.",
        _ => "See the agent's log on the domain controller.",
    }
}

fn connected(domain: &Domain, secure: bool, report: &Report, now: DateTime<Utc>) -> Vec<Check> {
    let mut checks = vec![if secure {
        Check::ok("ldap", format!("Bound to {} over LDAPS.", report.dns_host_name))
    } else {
        Check::new(
            "ldap_insecure",
            State::Warning,
            "The directory is read without TLS.",
            "Enable LDAPS and clear ldap.allow_insecure.",
        )
    }];
    if let Some(problem) = sid_problem(domain, report) {
        checks.push(Check::new(
            "domain_sid_changed",
            State::Error,
            problem,
            "Enroll the agent with a domain controller of the right domain.",
        ));
    }
    if let Some(expires) = report.certificate_expires_at.filter(|at| *at < now + Duration::days(30)) {
        let message = format!("The LDAPS certificate expires on {}.", expires.format("%F"));
        checks.push(Check::new("certificate_expiring", State::Warning, message, "Renew it."));
    }
    checks.push(container(domain, &report.root_user_container));
    checks.push(group(domain, &report.integration_group));
    if report.users_with_hidden_attributes > 0 {
        let message = format!(
            "{} users lack userAccountControl, pwdLastSet or accountExpires: the service account may not read them, so these \
             users are left as they are.",
            report.users_with_hidden_attributes
        );
        let fix = "Grant the service account Read All Properties on user objects at the domain's root.";
        checks.push(Check::new("attributes_hidden", State::Warning, message, fix));
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

/// MS-ADTS 2.2.12.
const UNIVERSAL: i64 = 8;
const DOMAIN_LOCAL: i64 = 4;

fn group(domain: &Domain, found: &Lookup) -> Check {
    let name = &domain.settings.integration_group;
    match (found, domain.integration_group) {
        (Lookup::Present { group_type: Some(bits), .. }, _) if bits & 0x8000_0000 == 0 => Check::new(
            "integration_group_not_security",
            State::Error,
            format!("{name} is a distribution group."),
            "Make it a security group in AD.",
        ),
        (Lookup::Present { group_type: Some(bits), .. }, _) if bits & (UNIVERSAL | DOMAIN_LOCAL) != 0 => {
            Check::new(
                "integration_group_not_global",
                State::Warning,
                format!("{name} is a universal or domain local group."),
                "A global group is what JumpCloud's article asks for; members of other domains are left out.",
            )
        }
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
