//! Whose current AD password JumpCloud has, and whether every domain controller hands its changes over.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use protocol::captures::{CaptureState, Hook};
use protocol::heartbeat::{DirectoryState, DomainController};
use protocol::{AgentId, DomainId};
use serde::Serialize;

use crate::app::App;
use crate::error::{Error, Result};
use crate::store;
use crate::store::agents::Agent;

/// The states of a user's current password, as the API names them.
pub const STATES: [&str; 6] = ["delivered", "waiting", "refused", "expired", "missed", "never_captured"];

/// What was lost is shown for so long.
const LOSS_SHOWN: Duration = Duration::hours(24);
/// An agent that is silent for longer captures, but does not relay.
const SILENT: Duration = Duration::seconds(60);
/// A capture that lies in the spool for longer is stuck.
const STUCK: Duration = Duration::minutes(5);

/// The coverage of one domain.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Coverage {
    /// Users in scope.
    pub users: i64,
    /// How many of them are in each state.
    pub counts: BTreeMap<&'static str, i64>,
    /// Users whose current AD password is in JumpCloud, of a hundred; null without users.
    pub percent: Option<f64>,
    /// Since when passwords are captured anywhere in the domain.
    pub captures_since: Option<DateTime<Utc>>,
    pub domain_controllers: Vec<Covering>,
}

/// How one domain controller covers its password changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Covering {
    pub dns_host_name: String,
    pub agent_id: Option<AgentId>,
    pub capture: Capture,
    /// What stands in the way, and what to do; empty where nothing does.
    pub message: String,
}

/// Whether a domain controller's password changes are captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Capture {
    Healthy,
    /// They are captured, but something was lost, or lies still.
    Degraded,
    /// The agent is there, the hook is not.
    Missing,
    Unknown,
    NoAgent,
    /// A read-only domain controller: no password is changed there.
    Exempt,
}

impl Capture {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
            Self::NoAgent => "no_agent",
            Self::Exempt => "exempt",
        }
    }
}

/// The coverage of a domain as it stands.
pub async fn of(app: &App, id: DomainId) -> Result<Coverage> {
    let now = app.clock.now();
    let captures_since = store::domains::find_captures_since(&app.db, id).await?;
    let captures_since = captures_since.ok_or(Error::NotFound("domain"))?;
    let mut counts: BTreeMap<_, _> = STATES.into_iter().map(|state| (state, 0)).collect();
    for row in store::coverage::count(&app.db, id, now).await? {
        if let Some(count) = counts.get_mut(row.state.as_str()) {
            *count = row.count;
        }
    }
    let users: i64 = counts.values().sum();
    let agents = store::agents::list_of(&app.db, id).await?;
    Ok(Coverage {
        users,
        percent: percent(counts["delivered"], users),
        counts,
        captures_since,
        domain_controllers: covering(&agents, now),
    })
}

/// In hundredths, and never rounded up to a hundred.
fn percent(part: i64, whole: i64) -> Option<f64> {
    let hundredths = (part * 10_000).checked_div(whole)?;
    i32::try_from(hundredths).ok().map(|hundredths| f64::from(hundredths) / 100.0)
}

/// Every domain controller that AD lists, and those of agents that have not reported one yet.
pub fn covering(agents: &[Agent], now: DateTime<Utc>) -> Vec<Covering> {
    let mut found: BTreeMap<String, Covering> = agents
        .iter()
        .map(|agent| {
            let name = name_of(agent);
            let (capture, message) = health(agent, now);
            (name.clone(), Covering { dns_host_name: name, agent_id: Some(agent.id), capture, message })
        })
        .collect();
    for listed in listed(agents) {
        let name = listed.dns_host_name.to_lowercase();
        found.entry(name.clone()).or_insert_with(|| {
            let (capture, message) = if listed.read_only {
                (Capture::Exempt, String::new())
            } else {
                (
                    Capture::NoAgent,
                    "No agent is on it: passwords that are changed there are missed. Enroll one.".into(),
                )
            };
            Covering { dns_host_name: name, agent_id: None, capture, message }
        });
    }
    found.into_values().collect()
}

fn listed(agents: &[Agent]) -> impl Iterator<Item = &DomainController> {
    agents.iter().filter_map(|agent| agent.directory.as_deref()).flat_map(|directory| match directory {
        DirectoryState::Connected { report, .. } => report.domain_controllers.as_slice(),
        DirectoryState::Connecting | DirectoryState::Failed { .. } => &[],
    })
}

/// As AD calls the domain controller; before it was reached, as it was enrolled.
pub fn name_of(agent: &Agent) -> String {
    match agent.directory.as_deref() {
        Some(DirectoryState::Connected { report, .. }) => report.dns_host_name.to_lowercase(),
        _ => agent.domain_controller.clone(),
    }
}

fn health(agent: &Agent, now: DateTime<Utc>) -> (Capture, String) {
    let Some(state) = agent.capture.as_deref() else {
        let why = match agent.platform.as_str() {
            "windows" => "This version of the agent captures no passwords on Windows.",
            _ => "The agent does not tell: update it.",
        };
        return (Capture::Unknown, why.into());
    };
    match state.hook {
        Hook::Missing => {
            let fix = "The password hook is not installed there: run adit-agent capture install on it.";
            return (Capture::Missing, fix.into());
        }
        Hook::Unknown => {
            return (Capture::Unknown, "The agent cannot tell whether the hook is installed.".into());
        }
        Hook::Installed { .. } => {}
    }
    match troubles(agent, state, now).into_iter().next() {
        Some(trouble) => (Capture::Degraded, trouble),
        None => (Capture::Healthy, String::new()),
    }
}

fn troubles(agent: &Agent, state: &CaptureState, now: DateTime<Utc>) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(lost) = agent.capture_lost_at.filter(|at| *at > now - LOSS_SHOWN) {
        let counts: Vec<_> = super::captures::LOST
            .iter()
            .filter_map(|code| Some((code, state.counters.get(*code).filter(|count| **count > 0)?)))
            .map(|(code, count)| format!("{count} ({})", super::captures::counted(code).unwrap_or(code)))
            .collect();
        found.push(format!(
            "Captured passwords were lost, the last on {}: {}. See the coverage for the users concerned, and the agent's \
             status on the domain controller for the cause.",
            lost.format("%F %R UTC"),
            counts.join(", ")
        ));
    }
    if state.sealing_key.is_none() {
        found.push(
            "The hook has no sealing key yet, so it keeps nothing. It follows with a heartbeat.".into(),
        );
    }
    if let Some(seen) = agent.last_seen_at.filter(|seen| *seen < now - SILENT) {
        found.push(format!(
            "The agent has been silent since {}: passwords are kept there until it is back. Start its service.",
            seen.format("%F %T UTC")
        ));
    }
    if let Some(oldest) = state.oldest_waiting.filter(|oldest| *oldest < now - STUCK) {
        found.push(format!(
            "{} captured passwords lie on the domain controller, the oldest since {}. See the agent's log.",
            state.waiting,
            oldest.format("%F %T UTC")
        ));
    }
    if let Some(DirectoryState::Connected { report, .. }) = agent.directory.as_deref()
        && report.password_complexity == Some(false)
    {
        found.push(
            "The domain's password policy has complexity off, so Samba does not run the hook: no password can be captured. \
             Turn complexity on."
                .into(),
        );
    }
    found
}
