//! What each agent's last heartbeat tells of itself: is it alive, is it bound, and to what.

use chrono::{DateTime, Duration, Utc};
use protocol::heartbeat::{DirectoryState, Report};

use super::{Check, Facts, State};
use crate::actions::coverage;
use crate::actions::heartbeats::{ALIVE, sid_problem};
use crate::store::agents::Agent;
use crate::store::domains::Domain;

/// Certificates that end sooner are to be renewed.
const CERTIFICATE_NOTICE: Duration = Duration::days(30);
/// Clocks that are further apart are noticed; Kerberos gives up at five minutes.
const CLOCK_TOLERANCE: Duration = Duration::seconds(5);
const DIRECTORY_CLOCK_TOLERANCE: Duration = Duration::seconds(30);
const CLOCK_LIMIT: Duration = Duration::minutes(5);

pub(super) fn of(facts: &Facts) -> Vec<Check> {
    let of_agent = |agent| {
        let name = coverage::name_of(agent);
        one(&facts.domain, agent, facts.now).into_iter().map(move |check| check.on(&name))
    };
    facts.agents.iter().flat_map(of_agent).collect()
}

fn one(domain: &Domain, agent: &Agent, now: DateTime<Utc>) -> Vec<Check> {
    let mut checks = vec![alive(agent, now)];
    if let Some(reason) = &agent.suspended_reason {
        let fix = "Enroll the domain controller's agent again with a new token.";
        checks.push(Check::new("agent_suspended", State::Error, reason.clone(), fix));
    }
    if agent.last_seen_at.is_some() {
        checks.push(settings(domain, agent));
        checks.extend(agent.clock_skew_ms.map(clock));
    }
    match agent.directory.as_deref() {
        None | Some(DirectoryState::Connecting) => {
            let message = "The agent has not reached its domain controller's LDAP service yet.";
            checks.push(Check::new("ldap", State::Unknown, message, "Wait a few seconds."));
        }
        Some(DirectoryState::Failed { code, message }) => {
            checks.push(Check::new(code, State::Error, message.clone(), fix_for(code)).or_like("ldap_error"));
        }
        Some(DirectoryState::Connected { secure, report }) => {
            checks.extend(connected(domain, *secure, report, now));
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

fn settings(domain: &Domain, agent: &Agent) -> Check {
    if agent.applied_revision == domain.revision {
        return Check::ok(
            "settings_applied",
            format!("The agent works by the current settings (revision {}).", domain.revision),
        );
    }
    let message = format!("The agent works by revision {} of {}.", agent.applied_revision, domain.revision);
    Check::new("settings_not_applied", State::Warning, message, "It follows with its next heartbeat.")
}

fn clock(skew_ms: i64) -> Check {
    let fix = "Synchronise both by NTP.";
    let message = format!("The domain controller's clock differs from the server's by {} s.", skew_ms / 1000);
    match Duration::milliseconds(skew_ms).abs() {
        skew if skew > CLOCK_LIMIT => Check::new("clock_skew", State::Error, message, fix),
        skew if skew > CLOCK_TOLERANCE => Check::new("clock_skew", State::Warning, message, fix),
        _ => Check::ok("clock", "The agent's clock agrees with the server's."),
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
    checks.push(match sid_problem(domain, report) {
        None => Check::ok("domain", format!("It is a domain controller of {}.", domain.name)),
        Some(problem) => Check::new(
            "domain_sid_changed",
            State::Error,
            problem,
            "Enroll the agent with a domain controller of the right domain.",
        ),
    });
    checks.push(Check::ok("bind", "The domain controller accepts the service account."));
    checks.extend(report.certificate_expires_at.map(|at| certificate(at, now)));
    checks.extend(report.clock_ahead_ms.map(directory_clock));
    checks
}

fn certificate(ends: DateTime<Utc>, now: DateTime<Utc>) -> Check {
    if ends >= now + CERTIFICATE_NOTICE {
        return Check::ok(
            "certificate",
            format!("The LDAPS certificate is trusted, and valid until {}.", ends.format("%F")),
        );
    }
    let message = format!("The LDAPS certificate expires on {}.", ends.format("%F"));
    Check::new("certificate_expiring", State::Warning, message, "Renew it on the domain controller.")
}

fn directory_clock(ahead_ms: i64) -> Check {
    let message = format!(
        "The domain controller tells a time {} s from the one of the machine that its agent is on.",
        ahead_ms / 1000
    );
    let fix = "Synchronise both by NTP, and see that the agent asks the domain controller it runs on.";
    match Duration::milliseconds(ahead_ms).abs() {
        apart if apart > CLOCK_LIMIT => Check::new("directory_clock_skew", State::Error, message, fix),
        apart if apart > DIRECTORY_CLOCK_TOLERANCE => {
            Check::new("directory_clock_skew", State::Warning, message, fix)
        }
        _ => Check::ok("directory_clock", "The domain controller's clock agrees with its agent's."),
    }
}
