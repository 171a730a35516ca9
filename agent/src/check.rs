//! `adit-agent check`: what can be told from this machine before, and while, the agent runs. It signs nothing and binds
//! as nobody, so it disturbs no running agent.

use std::path::Path;

use chrono::{DateTime, Utc};
use protocol::captures::Hook;
use serde::Serialize;

use crate::capture::{self, Guide};
use crate::config::{Identity, StateDir};
use crate::directory::preflight::{self, Look};
use crate::directory::{Code, Controller};
use crate::spool::Spool;
use crate::tls::Trust;
use crate::uplink::Server;
use crate::{clock, platform, status};

/// Kerberos, and our signatures, suffer beyond this.
const CLOCK_TOLERANCE_SECONDS: i64 = 30;

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Ok,
    Warning,
    Error,
    Unknown,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub name: &'static str,
    pub state: State,
    pub message: String,
}

fn check(name: &'static str, state: State, message: impl Into<String>) -> Check {
    Check { name, state, message: message.into() }
}

/// Looks at everything, one after the other.
pub async fn all(state: &StateDir, domain_controller: Option<&str>, smb_conf: Option<&Path>) -> Vec<Check> {
    let mut checks = Vec::new();
    let identity = match state.identity() {
        Ok(identity) => {
            let message = format!("agent {} of {}", identity.agent, identity.domain_name);
            checks.push(check("enrolled", State::Ok, message));
            Some(identity)
        }
        Err(error) => {
            checks.push(check("enrolled", State::Warning, error.to_string()));
            None
        }
    };
    if let Some(identity) = &identity {
        checks.push(server(identity).await);
    }
    let controller = domain_controller
        .map(str::to_owned)
        .or_else(|| identity.as_ref().map(|identity| identity.domain_controller.clone()))
        .unwrap_or_else(|| format!("ldaps://{}", platform::host()));
    checks.extend(directory(&controller, identity.as_ref()).await);
    if identity.is_some() {
        checks.push(running(state));
    }
    if platform::CAPTURES {
        checks.extend(passwords(state, smb_conf).await);
    }
    checks
}

async fn server(identity: &Identity) -> Check {
    let made = Server::new(
        &identity.server,
        identity.server_fingerprint.as_deref(),
        identity.server_ca_pem.as_deref(),
    );
    match made {
        Err(error) => check("server", State::Error, error.to_string()),
        Ok(server) => match server.is_ready().await {
            Ok(()) => check("server", State::Ok, format!("{} answers", server.url())),
            Err(error) => check("server", State::Error, error.to_string()),
        },
    }
}

async fn directory(address: &str, identity: Option<&Identity>) -> Vec<Check> {
    let controller = match Controller::parse(address) {
        Ok(controller) => controller,
        Err(message) => return vec![check("domain controller", State::Error, message)],
    };
    match preflight::look(&controller, &Trust::System).await {
        Ok(look) => {
            let mut checks = vec![check("ldaps", State::Ok, format!("{} answers", controller.url()))];
            checks.extend(certificate(&look, clock::now()));
            checks.extend(what_it_is(&look, identity, clock::now()));
            checks
        }
        // Whether the settings trust this certificate is only known to a running agent.
        Err(failure) if failure.code != Code::LdapsUnreachable => {
            vec![check("ldaps", State::Warning, failure.message)]
        }
        Err(failure) => vec![check("ldaps", State::Error, failure.message)],
    }
}

fn certificate(look: &Look, now: DateTime<Utc>) -> Option<Check> {
    let seen = look.certificate.as_ref()?;
    let expires_at = seen.expires_at?;
    let days = (expires_at - now).num_days();
    let state = if days < 30 { State::Warning } else { State::Ok };
    Some(check("ldaps certificate", state, format!("{}, ends in {days} days", seen.fingerprint)))
}

fn what_it_is(look: &Look, identity: Option<&Identity>, now: DateTime<Utc>) -> Vec<Check> {
    let root = match &look.root {
        Ok(root) => root,
        Err(failure) => return vec![check("active directory", State::Error, failure.message.clone())],
    };
    let mut checks = vec![match identity {
        Some(identity) if identity.domain_name.as_str() != root.domain.as_str() => check(
            "domain",
            State::Error,
            format!("it serves {}, but this machine is enrolled for {}", root.domain, identity.domain_name),
        ),
        _ => check("domain", State::Ok, format!("{} by {}", root.domain, root.dns_host_name)),
    }];
    checks.push(match root.synchronized {
        Some(true) => check("replication", State::Ok, "the domain controller has synchronized"),
        Some(false) => check("replication", State::Warning, "the domain controller has not synchronized yet"),
        None => check("replication", State::Unknown, "the domain controller does not tell"),
    });
    if let Some(theirs) = look.clock() {
        let apart = (theirs - now).num_seconds().abs();
        let state = if apart > CLOCK_TOLERANCE_SECONDS { State::Warning } else { State::Ok };
        checks.push(check("clock", state, format!("{apart} s from the domain controller's")));
    }
    checks
}

fn running(state: &StateDir) -> Check {
    match status::read(state) {
        Ok(Some(status)) => match status.directory_problem {
            Some(problem) => check("service account", State::Error, problem),
            None if status.directory.starts_with("connected") => {
                check("service account", State::Ok, "the agent is bound")
            }
            None => check("service account", State::Unknown, "the agent has not bound yet"),
        },
        Ok(None) => check("service account", State::Unknown, "the agent has not run yet"),
        Err(error) => check("service account", State::Unknown, error.to_string()),
    }
}

/// Whether passwords are captured here.
async fn passwords(state: &StateDir, smb_conf: Option<&Path>) -> Vec<Check> {
    let conf = capture::smb_conf_of(state, smb_conf);
    let hook = match capture::state_of(state, &conf).await {
        Hook::Installed { .. } => check("password hook", State::Ok, format!("{} names it", conf.display())),
        Hook::Missing => {
            let message = format!("{} does not name it: run `adit-agent capture install`", conf.display());
            check("password hook", State::Warning, message)
        }
        Hook::Unknown => check("password hook", State::Unknown, format!("{} cannot be read", conf.display())),
    };
    let key = match Guide::read(state).and_then(|guide| guide.sealing_key) {
        Some(key) => check("sealing key", State::Ok, format!("number {}", key.id)),
        None => check(
            "sealing key",
            State::Warning,
            "none yet: passwords are not kept before the server sends one",
        ),
    };
    let spool = match Spool::of(state).accounts() {
        Ok(accounts) => check("password spool", State::Ok, format!("{} accounts", accounts.len())),
        Err(error) => check("password spool", State::Error, format!("it cannot be read: {error}")),
    };
    vec![hook, key, spool]
}

/// For a person.
pub fn table(checks: &[Check]) -> String {
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or_default();
    let word = |state: State| match state {
        State::Ok => "ok",
        State::Warning => "warning",
        State::Error => "error",
        State::Unknown => "unknown",
    };
    checks
        .iter()
        .map(|check| format!("{:<width$}  {:<7}  {}\n", check.name, word(check.state), check.message))
        .collect()
}
