//! What `status` prints: the agent writes down what it last knew, without a secret, so that asking it needs no way in.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::AgentId;
use protocol::captures::{CaptureState, Hook};
use protocol::heartbeat::DirectoryState;
use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, Identity, StateDir};
use crate::directory::Standing;

const FILE: &str = "status.json";

/// An unchanged status is written again after this long, so that its age tells whether the agent lives.
const REFRESH: TimeDelta = TimeDelta::seconds(30);

/// What was last known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub at: DateTime<Utc>,
    pub agent: AgentId,
    /// The last wish to read everything again that was carried out: it is not carried out twice.
    pub read_again_done: i64,
    pub process: u32,
    pub version: String,
    pub server: String,
    pub domain: String,
    pub domain_controller: String,
    pub server_answers: bool,
    /// Why it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_problem: Option<String>,
    pub last_answer_at: Option<DateTime<Utc>>,
    pub role: String,
    pub revision: i64,
    /// `connecting`, `connected`, `connected without TLS`, or the code of a failure.
    pub directory: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory_problem: Option<String>,
    pub highest_committed_usn: Option<i64>,
    /// How the capturing of passwords stands, where there is any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<CaptureState>,
    /// Why captures wait that the server should have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture_problem: Option<String>,
}

/// The way to the server.
#[derive(Clone, Debug)]
pub enum Link {
    Up,
    Down(String),
}

/// The file that holds it.
#[derive(Debug)]
pub struct StatusFile {
    state: StateDir,
    now: Status,
    written: Option<Status>,
}

impl StatusFile {
    pub fn new(state: StateDir, identity: &Identity) -> Self {
        let former = read(&state).ok().flatten().filter(|former| former.agent == identity.agent);
        let now = Status {
            agent: identity.agent,
            read_again_done: former.map(|former| former.read_again_done).unwrap_or_default(),
            at: DateTime::UNIX_EPOCH,
            process: std::process::id(),
            version: env!("CARGO_PKG_VERSION").into(),
            server: identity.server.clone(),
            domain: identity.domain_name.to_string(),
            domain_controller: identity.domain_controller.clone(),
            server_answers: false,
            server_problem: None,
            last_answer_at: None,
            role: "none yet".into(),
            revision: 0,
            directory: "connecting".into(),
            directory_problem: None,
            highest_committed_usn: None,
            capture: None,
            capture_problem: None,
        };
        Self { state, now, written: None }
    }

    pub fn read_again_done(&self) -> i64 {
        self.now.read_again_done
    }

    pub fn note_link(&mut self, link: Link, revision: i64, role: &str, at: DateTime<Utc>) {
        match link {
            Link::Up => {
                self.now.server_answers = true;
                self.now.server_problem = None;
                self.now.last_answer_at = Some(at);
                self.now.revision = revision;
                self.now.role = role.to_owned();
            }
            Link::Down(why) => {
                self.now.server_answers = false;
                self.now.server_problem = Some(why);
            }
        }
    }

    pub fn note_capture(&mut self, capture: Option<CaptureState>, problem: Option<String>) {
        (self.now.capture, self.now.capture_problem) = (capture, problem);
    }

    /// Notes how the directory stands, and writes everything if it is worth it.
    pub fn note_directory(&mut self, standing: &Standing, at: DateTime<Utc>) {
        let directory = &standing.state;
        self.now.read_again_done = standing.read_again_done;
        (self.now.directory, self.now.directory_problem, self.now.highest_committed_usn) = match directory {
            DirectoryState::Connecting => ("connecting".into(), None, None),
            DirectoryState::Connected { secure, report } => {
                let how = if *secure { "connected" } else { "connected without TLS" };
                (how.into(), None, Some(report.highest_committed_usn))
            }
            DirectoryState::Failed { code, message } => (code.clone(), Some(message.clone()), None),
        };
        self.now.at = at;
        if self.written.as_ref().is_none_or(|written| is_news(written, &self.now)) {
            // A full disk must not stop the agent.
            if let Ok(text) = serde_json::to_vec_pretty(&self.now)
                && self.state.write(FILE, &text).is_ok()
            {
                self.written = Some(self.now.clone());
            }
        }
    }
}

fn is_news(written: &Status, now: &Status) -> bool {
    let usual = Status {
        at: written.at,
        last_answer_at: written.last_answer_at,
        highest_committed_usn: written.highest_committed_usn,
        ..now.clone()
    };
    usual != *written || now.at - written.at >= REFRESH
}

/// Reads what was last written; `None` before the first start.
pub fn read(state: &StateDir) -> Result<Option<Status>, ConfigError> {
    let path = state.file(FILE);
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|_| ConfigError::Damaged { path }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ConfigError::Unreadable { path, source }),
    }
}

/// For a person.
pub fn describe(identity: &Identity, status: Option<&Status>, now: DateTime<Utc>) -> String {
    let mut lines = vec![
        ("domain", identity.domain_name.to_string()),
        ("domain controller", identity.domain_controller.clone()),
        ("server", identity.server.clone()),
        ("agent", identity.agent.to_string()),
    ];
    match status {
        None => lines.push(("state", "enrolled, never started: run `adit-agent run`".into())),
        Some(status) => {
            let age = (now - status.at).num_seconds().max(0);
            let alive = if age <= 2 * REFRESH.num_seconds() { "running" } else { "not running" };
            lines.push(("state", format!("{alive} (process {}, as of {age} s ago)", status.process)));
            let answers = status.server_problem.clone().unwrap_or_else(|| "answers".into());
            lines.push(("server link", answers));
            lines.push(("role", format!("{} (settings revision {})", status.role, status.revision)));
            lines.push(("directory", status.directory.clone()));
            if let Some(problem) = &status.directory_problem {
                lines.push(("", problem.clone()));
            }
            if let Some(usn) = status.highest_committed_usn {
                lines.push(("highest USN", usn.to_string()));
            }
            lines.extend(status.capture.iter().flat_map(capture_lines));
            if let Some(problem) = &status.capture_problem {
                lines.push(("", problem.clone()));
            }
        }
    }
    lines.iter().map(|(name, value)| format!("{name:<18} {value}\n")).collect()
}

fn capture_lines(capture: &CaptureState) -> Vec<(&'static str, String)> {
    let hook = match capture.hook {
        Hook::Installed { chained: false } => "installed",
        Hook::Installed { chained: true } => "installed, with another script chained",
        Hook::Missing => "not installed: run `adit-agent capture install`",
        Hook::Unknown => "cannot be told: smb.conf could not be read",
    };
    let key =
        capture.sealing_key.map_or("none yet: passwords are not kept".into(), |key| format!("number {key}"));
    let last =
        capture.last_captured_at.map_or("never".into(), |at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string());
    let counters = capture.counters.iter().map(|(code, count)| format!("{code} {count}"));
    let mut lines = vec![
        ("password hook", hook.to_owned()),
        ("sealing key", key),
        ("passwords", format!("{} waiting, last captured {last}", capture.waiting)),
    ];
    if !capture.counters.is_empty() {
        lines.push(("", counters.collect::<Vec<_>>().join(", ")));
    }
    lines
}
