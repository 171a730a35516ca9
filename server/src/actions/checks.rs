//! The pre-flight list of a domain: what stands in the way of a sound sync, each with its fix.

mod agent;
mod policy;

use chrono::{DateTime, Duration, Utc};
use protocol::DomainId;
use protocol::heartbeat::{DirectoryState, Report};
use serde::Serialize;

use super::coverage::{self, Capture};
use crate::app::App;
use crate::error::{Error, Result};
use crate::store;
use crate::store::agents::Agent;
use crate::store::domains::Domain;
use crate::store::organizations::Organization;

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Ok,
    Unknown,
    Warning,
    Error,
}

/// One line of the list.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// Stable, snake case.
    pub code: String,
    pub state: State,
    /// What was found.
    pub message: String,
    /// What to do; empty where nothing is to be done.
    pub fix: String,
    /// The domain controller it was found on, if it is one's own.
    pub domain_controller: Option<String>,
}

impl Check {
    fn new(code: &str, state: State, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { code: code.into(), state, message: message.into(), fix: fix.into(), domain_controller: None }
    }

    fn ok(code: &str, message: impl Into<String>) -> Self {
        Self::new(code, State::Ok, message, "")
    }

    fn of(mut self, agent: &Agent) -> Self {
        self.domain_controller = Some(agent.domain_controller.clone());
        self
    }
}

/// Every check of a domain, from what is known now.
pub async fn list(app: &App, id: DomainId) -> Result<Vec<Check>> {
    let now = app.clock.now();
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let organization = store::organizations::find(&app.db, domain.organization_id).await?;
    let organization = organization.ok_or(Error::NotFound("organization"))?;
    let agents = store::agents::list_of(&app.db, id).await?;
    let holds = store::holds::list(&app.db).await?;
    let open = holds.iter().filter(|hold| hold.domain_id == id && hold.state == "open").count();

    let mut checks = vec![credential(&organization), mirror(&organization), service_account(&domain)];
    checks.extend(agents_enrolled(&agents));
    for row in &agents {
        checks.extend(agent::of_agent(&domain, row, now));
    }
    checks.extend(of_domain(&domain, &agents, now));
    checks.extend(policy::of(&organization, &agents));
    checks.extend(capturing(app, id).await?);
    checks.push(if open == 0 {
        Check::ok("holds", "Nothing waits for a decision.")
    } else {
        Check::new(
            "holds",
            State::Warning,
            format!("{open} holds wait for a decision."),
            "Approve or reject what is held.",
        )
    });
    Ok(checks)
}

/// Domain controllers whose password changes are not, or not all, captured; nothing before anything is captured at all.
async fn capturing(app: &App, id: DomainId) -> Result<Vec<Check>> {
    let coverage = coverage::of(app, id).await?;
    let mut checks = Vec::new();
    for row in &coverage.domain_controllers {
        let (code, state) = match row.capture {
            Capture::Healthy => ("capture", State::Ok),
            Capture::Degraded => ("capture_degraded", State::Warning),
            Capture::Missing => ("capture_missing", State::Warning),
            Capture::Unknown => ("capture_unknown", State::Unknown),
            // Named by the check of domain controllers without an agent, or not concerned.
            Capture::NoAgent | Capture::Exempt => continue,
        };
        let message = match row.capture {
            Capture::Healthy => "Password changes are captured.".to_owned(),
            _ => row.message.clone(),
        };
        let fix = if state == State::Ok { "" } else { "See the coverage page." };
        let check = Check::new(code, state, message, fix);
        checks.push(Check { domain_controller: Some(row.dns_host_name.clone()), ..check });
    }
    Ok(checks)
}

fn credential(organization: &Organization) -> Check {
    match (&organization.problem_code, &organization.problem_message) {
        (Some(code), message) => Check::new(
            code,
            State::Error,
            message.clone().unwrap_or_default(),
            "See the organization: renew its credential, or wait if JumpCloud cannot be reached. Nothing is lost meanwhile.",
        ),
        (None, _) => Check::ok("jumpcloud_credential", "JumpCloud accepts the organization's credential."),
    }
}

fn mirror(organization: &Organization) -> Check {
    match organization.mirror_read_at {
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

fn service_account(domain: &Domain) -> Check {
    if domain.settings.ldap.bind_user.is_empty() || domain.bind_password.is_none() {
        return Check::new(
            "service_account_missing",
            State::Error,
            "The service account with which agents read the directory is not set.",
            "Set ldap.bind_user and ldap.bind_password in the domain's settings.",
        );
    }
    Check::ok("service_account", format!("Agents bind as {}.", domain.settings.ldap.bind_user))
}

fn agents_enrolled(agents: &[Agent]) -> Option<Check> {
    agents.is_empty().then(|| {
        Check::new(
            "no_agent",
            State::Error,
            "No agent serves this domain.",
            "Make an enrollment token on the domain's page and run its command on each domain controller.",
        )
    })
}

fn of_domain(domain: &Domain, agents: &[Agent], now: DateTime<Utc>) -> Vec<Check> {
    let mut checks = Vec::new();
    if domain.integration_group_lost {
        checks.push(Check::new(
            "integration_group_lost",
            State::Error,
            "The integration group is missing, unreadable or suddenly empty. That is never taken for \"everybody left\": \
             nothing is suspended, removed or taken out of a group until it is back.",
            "Restore the group and its members, or name another one in the settings.",
        ));
    }
    checks.push(match domain.directory_read_at {
        Some(_) => Check::ok("directory_read", "The directory has been read in full."),
        None => Check::new(
            "directory_read",
            State::Unknown,
            "The directory has not been read in full yet.",
            "See the agent's checks.",
        ),
    });
    if domain.unsettled_since.is_some() {
        checks.push(Check::new(
            "domain_controller_settling",
            State::Warning,
            "The directory is read from a domain controller that may lag behind the one read before: new users are created, \
             nothing is taken away until it has caught up.",
            "Wait for replication, or start the agent on the other domain controller.",
        ));
    }
    checks.extend(uncovered(agents, now));
    let versions: std::collections::BTreeSet<_> = agents.iter().map(|agent| agent.version.as_str()).collect();
    if versions.len() > 1 {
        let message = format!(
            "Agents of several versions serve this domain: {}.",
            versions.into_iter().collect::<Vec<_>>().join(", ")
        );
        checks.push(Check::new("agent_versions_differ", State::Warning, message, "Update the older ones."));
    }
    checks
}

/// Domain controllers that no agent of ours is on.
fn uncovered(agents: &[Agent], now: DateTime<Utc>) -> Option<Check> {
    let reports: Vec<&Report> = agents
        .iter()
        .filter(|agent| agent.last_seen_at.is_some_and(|seen| seen > now - Duration::minutes(5)))
        .filter_map(|agent| match agent.directory.as_deref() {
            Some(DirectoryState::Connected { report, .. }) => Some(&**report),
            _ => None,
        })
        .collect();
    let all = &reports.first()?.domain_controllers;
    let covered = |name: &str| reports.iter().any(|report| report.dns_host_name.eq_ignore_ascii_case(name));
    let missing: Vec<&str> = all
        .iter()
        .filter(|dc| !dc.read_only && !covered(&dc.dns_host_name))
        .map(|dc| dc.dns_host_name.as_str())
        .collect();
    Some(if missing.is_empty() {
        Check::ok("domain_controllers", "Every writable domain controller has an agent.")
    } else {
        Check::new(
            "domain_controllers_without_agent",
            State::Warning,
            format!("These domain controllers have no agent: {}.", missing.join(", ")),
            "Enroll an agent on each.",
        )
    })
}
