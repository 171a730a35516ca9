//! Whether Samba calls us: what smb.conf says, and what was remembered when the hook was put there.

use std::path::{Path, PathBuf};

use protocol::captures::Hook;
use serde::{Deserialize, Serialize};

use super::{shell, smb_conf, testparm};
use crate::config::{ConfigError, StateDir};

const FILE: &str = "hook.json";

/// What was done to smb.conf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Recorded {
    pub(super) smb_conf: PathBuf,
    /// The file as it was before.
    pub(super) backup: PathBuf,
    /// SHA-256 of the file as it was left: as long as it is that, the backup is what to go back to.
    pub(super) left: String,
    /// The line that was there before, as it was.
    pub(super) line: Option<Vec<u8>>,
}

impl Recorded {
    pub(super) fn read(state: &StateDir) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(state.file(FILE)).ok()?).ok()
    }

    pub(super) fn write(&self, state: &StateDir) -> Result<(), ConfigError> {
        let text =
            serde_json::to_vec_pretty(self).map_err(|_| ConfigError::Damaged { path: state.file(FILE) })?;
        state.write(FILE, &text)
    }

    pub(super) fn forget(state: &StateDir) {
        let _ = std::fs::remove_file(state.file(FILE));
    }
}

/// Which smb.conf counts: the one named, the one in which the hook was installed, Samba's own variable, the usual one.
pub fn smb_conf_of(state: &StateDir, named: Option<&Path>) -> PathBuf {
    let recorded = || Recorded::read(state).map(|recorded| recorded.smb_conf);
    let variable = || std::env::var_os("SMB_CONF_PATH").map(PathBuf::from);
    let usual = || PathBuf::from("/etc/samba/smb.conf");
    named.map(Path::to_owned).or_else(recorded).or_else(variable).unwrap_or_else(usual)
}

/// Our command line, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ours {
    pub(super) program: String,
    pub(super) state_dir: Option<String>,
    pub(super) chain: Option<String>,
}

/// Reads the value of the setting; `None` if it is somebody else's script.
pub(super) fn ours(script: &str) -> Option<Ours> {
    let words = shell::words(script)?;
    let [program, verb, options @ ..] = words.as_slice() else { return None };
    let is_agent = Path::new(program).file_stem().is_some_and(|name| name == "adit-agent");
    let option = |name: &str| {
        let at = options.iter().position(|word| word == name)?;
        options.get(at + 1).cloned()
    };
    (is_agent && verb == "capture").then(|| Ours {
        program: program.clone(),
        state_dir: option("--state-dir"),
        chain: option("--chain"),
    })
}

/// How the hook stands for an agent with that state.
fn hook_of(state: &StateDir, script: Option<&str>) -> Hook {
    let here =
        |ours: &Ours| ours.state_dir.as_ref().is_some_and(|folder| is_same(Path::new(folder), state.path()));
    match script.and_then(ours).filter(here) {
        Some(ours) => Hook::Installed { chained: ours.chain.is_some() },
        None => Hook::Missing,
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// The same, as smb.conf says it now: asked of Samba, or, without its tools, read by ourselves.
pub async fn state_of(state: &StateDir, conf: &Path) -> Hook {
    let mut command = tokio::process::Command::from(testparm::command(conf));
    command.kill_on_drop(true).stdin(std::process::Stdio::null());
    let asked = tokio::time::timeout(std::time::Duration::from_secs(10), command.output()).await;
    let script = match asked {
        Ok(Ok(output)) => testparm::understand(&output).ok(),
        _ => std::fs::read(conf).ok().and_then(|text| smb_conf::find(&text).ok()).map(|found| found.value),
    };
    script.map_or(Hook::Unknown, |script| hook_of(state, script.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_command_line_is_known_by_its_program_and_its_state() {
        let state = StateDir::new("/var/lib/adit agent".into());
        let chained = Hook::Installed { chained: true };
        for (script, expected) in [
            (None, Hook::Missing),
            (Some("/usr/bin/crackcheck -d /x"), Hook::Missing),
            (
                Some("/opt/adit-agent capture --state-dir '/var/lib/adit agent'"),
                Hook::Installed { chained: false },
            ),
            (Some("/opt/adit-agent capture --state-dir '/var/lib/adit agent' --chain '/a b'"), chained),
            (Some("/opt/adit-agent capture --state-dir /elsewhere"), Hook::Missing),
            (Some("/opt/adit-agent status --state-dir '/var/lib/adit agent'"), Hook::Missing),
        ] {
            assert_eq!(hook_of(&state, script), expected, "{script:?}");
        }
    }
}
