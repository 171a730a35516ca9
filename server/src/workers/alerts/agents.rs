//! Agents that are not there, or not as they should be.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::heartbeat::DirectoryState;

use super::of_domain;
use crate::actions::coverage::name_of;
use crate::store::agents::Agent;
use crate::store::alerts::{Code, Condition, Severity};
use crate::store::domains::Domain;

/// An agent that says nothing for longer is silent.
const SILENT: TimeDelta = TimeDelta::seconds(60);
/// One that has just been enrolled has so long to start.
const STARTING: TimeDelta = TimeDelta::minutes(10);
/// Kerberos allows five minutes; signatures of ours hold for one.
const SKEW_MS: i64 = 5_000;
const CERTIFICATE: TimeDelta = TimeDelta::days(30);
const CERTIFICATE_SOON: TimeDelta = TimeDelta::days(7);

pub(super) fn conditions(domain: &Domain, agents: &[Agent], now: DateTime<Utc>) -> Vec<Condition> {
    agents.iter().flat_map(|agent| of_agent(domain, agent, now)).collect()
}

fn of_agent(domain: &Domain, agent: &Agent, now: DateTime<Utc>) -> Vec<Condition> {
    let name = name_of(agent);
    let id = agent.id.to_string();
    if let Some(reason) = agent.suspended_reason.as_ref().filter(|_| agent.suspended_at.is_some()) {
        return vec![of_domain(domain, Code::AgentSuspended, id, format!("{name}: {reason}"), "")];
    }
    if let Some(message) = silence(agent, now) {
        return vec![of_domain(domain, Code::AgentSilent, id, format!("{name}: {message}"), "")];
    }
    let mut found = Vec::new();
    if let Some(skew) = agent.clock_skew_ms.filter(|skew| skew.abs() > SKEW_MS) {
        let side = if skew > 0 { "ahead of" } else { "behind" };
        let message = format!("{name}: its clock is {} s {side} the server's.", skew.abs() / 1000);
        found.push(of_domain(domain, Code::ClockSkew, id.clone(), message, ""));
    }
    match agent.directory.as_deref() {
        Some(DirectoryState::Failed { message, .. }) => {
            let message = format!("{name}: {message}");
            found.push(of_domain(domain, Code::DirectoryUnreachable, id, message, ""));
        }
        Some(DirectoryState::Connected { report, .. }) => {
            found.extend(report.certificate_expires_at.and_then(|at| certificate(domain, &name, at, now)));
        }
        Some(DirectoryState::Connecting) | None => {}
    }
    found
}

fn silence(agent: &Agent, now: DateTime<Utc>) -> Option<String> {
    match agent.last_seen_at {
        Some(seen) if seen < now - SILENT => {
            Some(format!("nothing was heard of it since {}.", seen.format("%F %T UTC")))
        }
        None if agent.enrolled_at < now - STARTING => {
            Some(format!("it was enrolled on {} and never seen.", agent.enrolled_at.format("%F %T UTC")))
        }
        Some(_) | None => None,
    }
}

/// Told twice: a month before, and a week before.
fn certificate(domain: &Domain, name: &str, at: DateTime<Utc>, now: DateTime<Utc>) -> Option<Condition> {
    let (stage, severity) = match at - now {
        left if left < CERTIFICATE_SOON => ("week", Severity::Critical),
        left if left < CERTIFICATE => ("month", Severity::Warning),
        _ => return None,
    };
    let verb = if at <= now { "expired" } else { "expires" };
    let message = format!("{name}: its LDAPS certificate {verb} on {}.", at.format("%F"));
    let condition = of_domain(domain, Code::CertificateExpiring, format!("{name} {stage}"), message, "");
    Some(Condition { severity, ..condition })
}
