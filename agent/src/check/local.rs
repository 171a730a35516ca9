//! What can be told from this machine alone, before, and while, the agent runs.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use protocol::captures::Hook;
use protocol::checks::{Check, State};

use super::{Line, line};
use crate::capture::{self, Guide};
use crate::config::{Identity, StateDir};
use crate::directory::preflight::{self, Look};
use crate::directory::{Code, Controller};
use crate::spool::Spool;
use crate::tls::Trust;
use crate::uplink::Server;
use crate::{clock, platform, status};

/// Kerberos, and our signatures, suffer beyond this.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(30);
const CERTIFICATE_NOTICE_DAYS: i64 = 30;

pub(super) async fn all(
    state: &StateDir,
    domain_controller: Option<&str>,
    smb_conf: Option<&Path>,
) -> Vec<Line> {
    let mut lines = Vec::new();
    let identity = match state.identity() {
        Ok(identity) => {
            let message = format!("agent {} of {}", identity.agent, identity.domain_name);
            lines.push(line("enrolled", Check::ok("enrolled", message)));
            Some(identity)
        }
        Err(error) => {
            let fix = "Make a token on the domain's page and run the command that it shows.";
            let check = Check::new("not_enrolled", State::Warning, error.to_string(), fix);
            lines.push(line("enrolled", check));
            None
        }
    };
    if let Some(identity) = &identity {
        lines.push(line("server", server(identity).await));
    }
    let controller = domain_controller
        .map(str::to_owned)
        .or_else(|| identity.as_ref().map(|identity| identity.domain_controller.clone()))
        .unwrap_or_else(|| format!("ldaps://{}", platform::host()));
    lines.extend(directory(&controller, identity.as_ref()).await);
    if identity.is_some() {
        lines.push(line("service account", running(state)));
    }
    if platform::CAPTURES {
        lines.extend(passwords(state, smb_conf).await);
    }
    lines.into_iter().map(|line| placed(line, identity.as_ref())).collect()
}

/// Before the machine is enrolled there is no page to lead to.
fn placed(mut line: Line, identity: Option<&Identity>) -> Line {
    match identity {
        Some(identity) => line.check = line.check.in_domain(identity.domain),
        None => line.check.link = None,
    }
    line
}

async fn server(identity: &Identity) -> Check {
    let fix = "See that the server runs, and that nothing in between keeps this machine from it.";
    let unreachable = |message| Check::new("server_unreachable", State::Error, message, fix);
    let made = Server::new(
        &identity.server,
        identity.server_fingerprint.as_deref(),
        identity.server_ca_pem.as_deref(),
    );
    match made {
        Err(error) => unreachable(error.to_string()),
        Ok(server) => match server.is_ready().await {
            Ok(()) => Check::ok("server", format!("{} answers", server.url())),
            Err(error) => unreachable(error.to_string()),
        },
    }
}

async fn directory(address: &str, identity: Option<&Identity>) -> Vec<Line> {
    let fix = "See that the domain controller serves LDAPS, or name it with --domain-controller.";
    let controller = match Controller::parse(address) {
        Ok(controller) => controller,
        Err(message) => {
            return vec![line("domain controller", Check::new("ldap_error", State::Error, message, fix))];
        }
    };
    match preflight::look(&controller, &Trust::System).await {
        Ok(look) => {
            let answers = Check::ok("ldap", format!("{} answers", controller.url()));
            let mut lines = vec![line("ldaps", answers)];
            lines.extend(certificate(&look, clock::now()));
            lines.extend(what_it_is(&look, identity, clock::now()));
            lines
        }
        // Whether the settings trust this certificate is only known to a running agent.
        Err(failure) if failure.code != Code::LdapsUnreachable => {
            let check = Check::new(failure.code.as_str(), State::Warning, failure.message, TRUST);
            vec![line("ldaps", check)]
        }
        Err(failure) => {
            vec![line("ldaps", Check::new(failure.code.as_str(), State::Error, failure.message, fix))]
        }
    }
}

const TRUST: &str = "This machine does not trust it by itself; that is well if the domain's settings do.";

fn certificate(look: &Look, now: DateTime<Utc>) -> Option<Line> {
    let seen = look.certificate.as_ref()?;
    let days = (seen.expires_at? - now).num_days();
    let message = format!("{}, ends in {days} days", seen.fingerprint);
    let check = if days < CERTIFICATE_NOTICE_DAYS {
        Check::new("certificate_expiring", State::Warning, message, "Renew it on the domain controller.")
    } else {
        Check::ok("certificate", message)
    };
    Some(line("ldaps certificate", check))
}

fn what_it_is(look: &Look, identity: Option<&Identity>, now: DateTime<Utc>) -> Vec<Line> {
    let root = match &look.root {
        Ok(root) => root,
        Err(failure) => {
            let fix = "Name the domain controller's own address.";
            let check = Check::new(failure.code.as_str(), State::Error, failure.message.clone(), fix);
            return vec![line("active directory", check)];
        }
    };
    let wrong = identity.filter(|identity| identity.domain_name.as_str() != root.domain.as_str());
    let domain = match wrong {
        Some(identity) => Check::new(
            "wrong_domain",
            State::Error,
            format!("it serves {}, but this machine is enrolled for {}", root.domain, identity.domain_name),
            "Enroll this machine with a token of that domain, or name another domain controller.",
        ),
        None => Check::ok("domain", format!("{} by {}", root.domain, root.dns_host_name)),
    };
    let synchronized = match root.synchronized {
        Some(true) => Check::ok("synchronized", "the domain controller has synchronized"),
        Some(false) => Check::new(
            "not_synchronized",
            State::Warning,
            "the domain controller has not synchronized yet",
            "See its replication: repadmin /showrepl, or samba-tool drs showrepl.",
        ),
        None => Check::new("synchronized", State::Unknown, "the domain controller does not tell", ""),
    };
    let mut lines = vec![line("domain", domain), line("replication", synchronized)];
    lines.extend(look.clock().map(|theirs| line("clock", clocks((theirs - now).abs()))));
    lines
}

fn clocks(apart: TimeDelta) -> Check {
    let message = format!("{} s from the domain controller's", apart.num_seconds());
    if apart > CLOCK_TOLERANCE {
        return Check::new("directory_clock_skew", State::Warning, message, "Synchronise both by NTP.");
    }
    Check::ok("directory_clock", message)
}

/// What the running agent last knew of its bind.
fn running(state: &StateDir) -> Check {
    let unknown = |message: String| {
        Check::new("bind", State::Unknown, message, "Start the agent: adit-agent run, or its service.")
    };
    match status::read(state) {
        Ok(Some(status)) => match status.directory_problem {
            Some(problem) => {
                let fix = "See the domain's checks.";
                Check::new(&status.directory, State::Error, problem, fix).or_like("ldap_error")
            }
            None if status.directory.starts_with("connected") => Check::ok("bind", "the agent is bound"),
            None => unknown("the agent has not bound yet".into()),
        },
        Ok(None) => unknown("the agent has not run yet".into()),
        Err(error) => unknown(error.to_string()),
    }
}

/// Whether passwords are captured here.
async fn passwords(state: &StateDir, smb_conf: Option<&Path>) -> Vec<Line> {
    let conf = capture::smb_conf_of(state, smb_conf);
    let hook = match capture::state_of(state, &conf).await {
        Hook::Installed { .. } => Check::ok("capture", format!("{} names it", conf.display())),
        Hook::Missing => Check::new(
            "capture_missing",
            State::Warning,
            format!("{} does not name it", conf.display()),
            "Run adit-agent capture install.",
        ),
        Hook::Unknown => Check::new(
            "capture_unknown",
            State::Unknown,
            format!("{} cannot be read", conf.display()),
            "Name it with --smb-conf.",
        ),
    };
    let key = match Guide::read(state).and_then(|guide| guide.sealing_key) {
        Some(key) => Check::ok("sealing_key", format!("number {}", key.id)),
        None => Check::new(
            "sealing_key_missing",
            State::Warning,
            "none yet: passwords are not kept before the server sends one",
            "Start the agent, and see that it reaches the server.",
        ),
    };
    let spool = match Spool::of(state).accounts() {
        Ok(accounts) => Check::ok("password_spool", format!("{} accounts", accounts.len())),
        Err(error) => Check::new(
            "password_spool_unreadable",
            State::Error,
            format!("it cannot be read: {error}"),
            "Run this as the user that the agent runs as.",
        ),
    };
    vec![line("password hook", hook), line("sealing key", key), line("password spool", spool)]
}
