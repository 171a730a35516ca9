//! `adit-agent check`: what can be told from this machine, and what the server finds about its domain. It binds as nobody
//! and sends no heartbeat, so it disturbs no running agent.

mod local;
mod table;

use std::path::Path;

use protocol::checks::{Check, State};
use serde::Serialize;

use crate::config::StateDir;
use crate::uplink::{Uplink, UplinkError};

pub use table::table;

/// One line, and who says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// For a person.
    pub name: String,
    pub source: Source,
    #[serde(flatten)]
    pub check: Check,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// This machine.
    Agent,
    Server,
}

/// Looks at everything, one after the other.
pub async fn all(state: &StateDir, domain_controller: Option<&str>, smb_conf: Option<&Path>) -> Vec<Line> {
    let mut lines = local::all(state, domain_controller, smb_conf).await;
    let answers = lines.iter().any(|line| line.check.code == "server");
    if answers {
        let told = from_server(state).await;
        // Which certificates the settings trust is only known where the settings are.
        if told.iter().any(|line| line.check.code == "certificate") {
            lines.retain(|line| line.check.code != "certificate_untrusted");
        }
        lines.extend(told);
    }
    lines
}

/// True if something is wrong.
pub fn failed(lines: &[Line]) -> bool {
    lines.iter().any(|line| line.check.state == State::Error)
}

async fn from_server(state: &StateDir) -> Vec<Line> {
    let uplink = state
        .load()
        .map_err(|error| error.to_string())
        .and_then(|(identity, key)| Uplink::new(identity, key).map_err(|error| error.to_string()));
    let answer = match uplink {
        Ok(uplink) => uplink.checks().await,
        Err(message) => {
            return vec![line("server's list", Check::new("server", State::Warning, message, ""))];
        }
    };
    match answer {
        Ok(answer) => answer.items.into_iter().map(told).collect(),
        Err(error) => vec![line("server's list", refusal(&error))],
    }
}

fn refusal(error: &UplinkError) -> Check {
    match error.problem() {
        Some(problem) if problem.status == 401 => {
            let fix = "Enroll this machine again with a new token.";
            Check::new(&problem.code, State::Error, problem.detail.clone(), fix).or_like("not_enrolled")
        }
        _ => {
            let fix = "See the server's log; an older server has no list for agents.";
            Check::new("server", State::Warning, error.to_string(), fix)
        }
    }
}

fn line(name: &str, check: Check) -> Line {
    Line { name: name.into(), source: Source::Agent, check }
}

fn told(check: Check) -> Line {
    Line { name: check.subject.replace('_', " "), source: Source::Server, check }
}
