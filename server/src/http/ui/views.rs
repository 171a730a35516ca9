//! What several pages show of the same thing.

use chrono::{DateTime, Utc};
use planner::reason::Reason;
use protocol::heartbeat::DirectoryState;
use protocol::{AgentId, DomainId};

use super::{passwords, words};
use crate::actions::coverage::{Capture, Covering, covering};
use crate::http::api::views::colour;
use crate::store::agents::Agent;
use crate::store::domains::Domain;
use crate::store::subjects::StatusCount;

/// In the order in which pages list them.
pub(super) const STATUSES: [&str; 6] = ["synced", "pending", "held", "conflict", "failed", "excluded"];

/// A colour and a word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Badge {
    pub tone: &'static str,
    pub word: &'static str,
}

impl Badge {
    pub(super) fn of(state: &str) -> Self {
        words::badge(state).into()
    }
}

impl From<(&'static str, &'static str)> for Badge {
    fn from((tone, word): (&'static str, &'static str)) -> Self {
        Self { tone, word }
    }
}

/// The first reason of a row, or what the outbox says.
pub(super) fn reason(reasons: &[Reason], status: &str) -> String {
    reasons.first().map_or_else(|| words::standing(status).to_owned(), |reason| reason.message.clone())
}

/// How many users, or groups, stand so.
#[derive(Debug)]
pub(super) struct Tally {
    pub status: &'static str,
    pub badge: Badge,
    pub count: i64,
}

/// The counts of one kind (`user` or `group`), those that are zero left out.
pub(super) fn tallies(counts: &[StatusCount], kind: &str) -> Vec<Tally> {
    let count = |status: &str| {
        counts.iter().find(|row| row.kind == kind && row.status == status).map_or(0, |row| row.count)
    };
    let all = STATUSES.iter().map(|status| Tally { status, badge: Badge::of(status), count: count(status) });
    all.filter(|tally| tally.count > 0).collect()
}

/// An agent in a list.
#[derive(Debug)]
pub(super) struct AgentRow {
    pub id: AgentId,
    pub domain_controller: String,
    pub host: String,
    pub platform: String,
    pub version: String,
    /// Green, yellow or red, and the word for it.
    pub state: Badge,
    pub role: &'static str,
    pub directory: Badge,
    pub directory_detail: String,
    pub capture: Badge,
    /// What stands in the way of capturing; empty where nothing does.
    pub capture_detail: String,
    pub last_seen_at: Option<DateTime<Utc>>,
    pub applied_revision: i64,
    pub is_behind: bool,
    pub suspended: Option<String>,
}

impl AgentRow {
    pub(super) fn list(agents: &[Agent], domain: &Domain, now: DateTime<Utc>) -> Vec<Self> {
        let covering = covering(agents, now);
        let covered = |agent: &Agent| covering.iter().find(|row| row.agent_id == Some(agent.id));
        agents.iter().map(|agent| Self::new(agent, covered(agent), domain, now)).collect()
    }

    fn new(agent: &Agent, covering: Option<&Covering>, domain: &Domain, now: DateTime<Utc>) -> Self {
        let state = match (colour(agent.last_seen_at, now), agent.last_seen_at) {
            ("green", _) => ("good", "Online"),
            ("yellow", _) => ("warn", "Late"),
            (_, None) => ("quiet", "Not seen yet"),
            (_, Some(_)) => ("bad", "Offline"),
        };
        let (directory, directory_detail) = directory(agent);
        let leads = domain.watcher == Some(agent.id);
        Self {
            id: agent.id,
            domain_controller: agent.domain_controller.clone(),
            host: agent.host.clone(),
            platform: agent.platform.clone(),
            version: agent.version.clone(),
            state: state.into(),
            role: if leads { "Watcher" } else { "Standby" },
            directory: directory.into(),
            directory_detail,
            capture: passwords::capture(covering.map_or(Capture::Unknown, |row| row.capture)),
            capture_detail: covering.map_or_else(String::new, |row| row.message.clone()),
            last_seen_at: agent.last_seen_at,
            applied_revision: agent.applied_revision,
            is_behind: agent.applied_revision != domain.revision,
            suspended: agent.suspended_reason.clone(),
        }
    }
}

fn directory(agent: &Agent) -> ((&'static str, &'static str), String) {
    match agent.directory.as_deref() {
        None | Some(DirectoryState::Connecting) => (("quiet", "Connecting"), String::new()),
        Some(DirectoryState::Failed { message, .. }) => (("bad", "Failed"), message.clone()),
        Some(DirectoryState::Connected { secure: true, report }) => {
            (("good", "LDAPS"), report.dns_host_name.clone())
        }
        Some(DirectoryState::Connected { secure: false, report }) => {
            (("warn", "LDAP without TLS"), report.dns_host_name.clone())
        }
    }
}

/// What the pages of one domain have above them: its name and where else to go.
#[derive(Debug)]
pub(super) struct DomainHead {
    pub id: DomainId,
    pub name: String,
    pub mode: Badge,
    /// Which of the domain's pages this is.
    pub tab: &'static str,
}

impl DomainHead {
    pub(super) fn new(domain: &Domain, tab: &'static str) -> Self {
        let mode = words::mode(domain.mode).into();
        Self { id: domain.id, name: domain.name.clone(), mode, tab }
    }

    pub(super) fn is(&self, tab: &str) -> bool {
        self.tab == tab
    }
}

/// Where a list goes on, its filter kept.
#[derive(Debug)]
pub(super) struct Paging {
    pub next: Option<String>,
    /// Set unless this is the first page.
    pub first: Option<String>,
}

impl Paging {
    /// `last` is the last row of a full page.
    pub(super) fn new<Id: std::fmt::Display>(
        here: &str,
        filter: &[(&str, Option<&str>)],
        after: Option<Id>,
        last: Option<Id>,
    ) -> Self {
        let next = |last: Id| {
            let last = last.to_string();
            let all: Vec<_> = filter.iter().copied().chain([("after", Some(last.as_str()))]).collect();
            address(here, &all)
        };
        Self { next: last.map(next), first: after.map(|_| address(here, filter)) }
    }
}

/// An address with the parameters that have a value.
pub(super) fn address(here: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let encoded =
        |text: &str| askama::filters::urlencode_strict(text).map(|text| text.to_string()).unwrap_or_default();
    let pair = |(name, value): &(&str, Option<&str>)| value.map(|text| format!("{name}={}", encoded(text)));
    let pairs: Vec<_> = parameters.iter().filter_map(pair).collect();
    if pairs.is_empty() { here.to_owned() } else { format!("{here}?{}", pairs.join("&")) }
}
