//! The domain controllers of the domain: an agent on each, all of one mind.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use protocol::heartbeat::{DomainController, Report};

use super::{Check, Facts, State};
use crate::actions::coverage;
use crate::store::agents::Agent;

/// What an agent said longer ago does not count as covering.
const RECENT: Duration = Duration::minutes(5);
/// A full read is due every day.
const READ_AGE: Duration = Duration::hours(48);
/// Replication between sites takes up to three hours by default.
const REPLICATION_AGE: Duration = Duration::hours(6);

pub(super) fn of(facts: &Facts) -> Vec<Check> {
    let mut checks = vec![agents(facts)];
    checks.push(directory_read(facts));
    if !facts.agents.is_empty() {
        checks.extend(watcher(facts));
        checks.push(versions(&facts.agents));
    }
    checks.extend(covered(facts));
    checks.extend(preferred(facts));
    checks.push(settled(facts));
    for (agent, report) in facts.reports() {
        let name = coverage::name_of(agent);
        checks.extend(report.synchronized.map(synchronized).map(|check| check.on(&name)));
        checks.extend(replication(facts, agent, report).map(|check| check.on(&name)));
    }
    checks
}

fn agents(facts: &Facts) -> Check {
    match facts.agents.len() {
        0 => Check::new(
            "no_agent",
            State::Error,
            "No agent serves this domain.",
            "Make an enrollment token on the domain's page and run its command on each domain controller.",
        ),
        1 => Check::ok("agents", "1 agent serves this domain."),
        number => Check::ok("agents", format!("{number} agents serve this domain.")),
    }
}

fn directory_read(facts: &Facts) -> Check {
    match (facts.domain.directory_read_at, facts.domain.full_read_at) {
        (None, _) => Check::new(
            "directory_read",
            State::Unknown,
            "The directory has not been read in full yet.",
            "See the agent's checks.",
        ),
        (Some(_), Some(at)) if at < facts.now - READ_AGE => Check::new(
            "directory_read_outdated",
            State::Warning,
            format!(
                "The directory was last read in full on {}; that is due every day.",
                at.format("%F %R UTC")
            ),
            "See the agents' checks and logs, and use \"Read everything again\".",
        ),
        (Some(_), Some(at)) => Check::ok(
            "directory_read",
            format!("The directory has been read in full, last on {}.", at.format("%F %R UTC")),
        ),
        (Some(_), None) => Check::ok("directory_read", "The directory has been read in full."),
    }
}

fn watcher(facts: &Facts) -> Option<Check> {
    facts.domain.bind_password.as_ref()?;
    let watching = facts.domain.watcher_now(facts.now);
    Some(match facts.agents.iter().find(|agent| Some(agent.id) == watching) {
        Some(agent) => Check::ok("watcher", format!("{} watches the directory.", coverage::name_of(agent))),
        None => Check::new(
            "no_watcher",
            State::Warning,
            "No agent watches the directory at the moment, so changes in AD are not seen.",
            "See the agents' checks: one of them must be alive and bound.",
        ),
    })
}

fn versions(agents: &[Agent]) -> Check {
    let versions: BTreeSet<_> = agents.iter().map(|agent| agent.version.as_str()).collect();
    let list = versions.iter().copied().collect::<Vec<_>>().join(", ");
    if versions.len() > 1 {
        let message = format!("Agents of several versions serve this domain: {list}.");
        return Check::new("agent_versions_differ", State::Warning, message, "Update the older ones.");
    }
    Check::ok("agent_versions", format!("All agents are of version {list}."))
}

/// Domain controllers that no agent of ours is on, and those that need none.
fn covered(facts: &Facts) -> Vec<Check> {
    let reports: Vec<&Report> = facts
        .reports()
        .filter(|(agent, _)| agent.last_seen_at.is_some_and(|seen| seen > facts.now - RECENT))
        .map(|(_, report)| report)
        .collect();
    let Some(first) = reports.first() else { return Vec::new() };
    let covered = |name: &str| reports.iter().any(|report| report.dns_host_name.eq_ignore_ascii_case(name));
    let names = |wanted: &dyn Fn(&DomainController) -> bool| {
        let found = first.domain_controllers.iter().filter(|dc| wanted(dc));
        found.map(|dc| dc.dns_host_name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let missing = names(&|dc| !dc.read_only && !covered(&dc.dns_host_name));
    let read_only = names(&|dc| dc.read_only);
    let mut checks = vec![if missing.is_empty() {
        Check::ok("domain_controllers", "Every writable domain controller has an agent.")
    } else {
        Check::new(
            "domain_controllers_without_agent",
            State::Warning,
            format!("These domain controllers have no agent: {missing}."),
            "Enroll an agent on each.",
        )
    }];
    if !read_only.is_empty() {
        let message = format!("These are read-only, and need no agent: {read_only}.");
        checks.push(Check::ok("read_only_domain_controllers", message));
    }
    checks
}

fn preferred(facts: &Facts) -> Option<Check> {
    let wanted = &facts.domain.settings.preferred_watchers;
    let on: Vec<String> = facts.agents.iter().map(coverage::name_of).collect();
    let unknown: Vec<_> =
        wanted.iter().filter(|name| !on.iter().any(|on| on.eq_ignore_ascii_case(name))).cloned().collect();
    (!wanted.is_empty() && !on.is_empty()).then(|| {
        if unknown.is_empty() {
            Check::ok("preferred_watchers", "Every preferred watcher has an agent.")
        } else {
            Check::new(
                "preferred_watcher_unknown",
                State::Warning,
                format!("No agent is on these preferred watchers: {}.", unknown.join(", ")),
                "Correct preferred_watchers in the settings, or enroll agents there.",
            )
        }
    })
}

fn settled(facts: &Facts) -> Check {
    if facts.domain.unsettled_since.is_none() {
        return Check::ok(
            "domain_controller_settled",
            "The domain controller that is read lags behind no other.",
        );
    }
    Check::new(
        "domain_controller_settling",
        State::Warning,
        "The directory is read from a domain controller that may lag behind the one read before: new users are created, \
         nothing is taken away until it has caught up.",
        "Wait for replication, or start the agent on the other domain controller.",
    )
}

fn synchronized(is: bool) -> Check {
    if is {
        return Check::ok("synchronized", "The domain controller has synchronized with the others.");
    }
    Check::new(
        "not_synchronized",
        State::Warning,
        "The domain controller says that it has not finished its first synchronization (isSynchronized).",
        "See its replication: repadmin /showrepl, or samba-tool drs showrepl.",
    )
}

/// How long ago this domain controller last had everything from the others that have an agent.
fn replication(facts: &Facts, agent: &Agent, report: &Report) -> Option<Check> {
    let others = facts.reports().filter(|(other, _)| other.id != agent.id);
    let told: Vec<(String, DateTime<Utc>)> = others
        .filter_map(|(other, theirs)| {
            Some((coverage::name_of(other), *report.replicated_at.get(&theirs.invocation_id)?))
        })
        .collect();
    let (name, oldest) = told.iter().min_by_key(|(_, at)| *at)?;
    let when = oldest.format("%F %R UTC");
    Some(if *oldest < facts.now - REPLICATION_AGE {
        Check::new(
            "replication_behind",
            State::Warning,
            format!("It last had everything from {name} on {when}."),
            "See its replication: repadmin /showrepl, or samba-tool drs showrepl.",
        )
    } else {
        Check::ok("replication", format!("It had everything from {name} on {when}."))
    })
}
