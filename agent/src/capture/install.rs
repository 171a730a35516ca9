//! `adit-agent capture install` and `uninstall`: one line of smb.conf, shown before, checked by Samba's own tool, and
//! put in place in one step.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use ring::digest::{SHA256, digest};

use super::installed::{Ours, Recorded, ours};
use super::smb_conf::{self, ConfError, Found, SETTING};
use super::{shell, testparm};
use crate::config::{ConfigError, StateDir};
use crate::platform;

/// Why smb.conf stays as it is. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error("there is no {0}: name the domain controller's file with --smb-conf")]
    NoFile(PathBuf),
    #[error("{path} cannot be read or replaced: run this as root")]
    Access { path: PathBuf, source: io::Error },
    #[error("{path} is left as it is: {reason}")]
    Conf { path: PathBuf, reason: ConfError },
    #[error("testparm cannot be run ({0}): install Samba's tools (samba-common-bin), which check the file")]
    NoTestparm(io::Error),
    #[error("{path} is left as it is, because Samba refuses it: {said}")]
    Refused { path: PathBuf, said: String },
    #[error(
        "\"{SETTING}\" has its value from another place than {path} (an include, or the registry): {effective:?}. Put \
         the setting into [global] of {path} itself, or name the file that has it with --smb-conf"
    )]
    Elsewhere { path: PathBuf, effective: Option<String> },
    #[error("the program's own path cannot be told")]
    Program(#[source] io::Error),
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Install,
    Uninstall,
}

/// A change that is ready to be made.
#[derive(Debug)]
pub struct Installer {
    state: StateDir,
    conf: PathBuf,
    wish: Wish,
    before: Vec<u8>,
    after: Vec<u8>,
    /// What Samba must read in the new file.
    script: Option<String>,
    /// The line that an installation replaces.
    line: Option<Vec<u8>>,
}

impl Installer {
    /// Looks at everything and changes nothing. `None`: it is as wished already.
    pub fn prepare(state: &StateDir, conf: &Path, wish: Wish) -> Result<Option<Self>, InstallError> {
        let conf = conf.canonicalize().map_err(|_| InstallError::NoFile(conf.to_owned()))?;
        let access = |source| InstallError::Access { path: conf.clone(), source };
        let before = std::fs::read(&conf).map_err(access)?;
        let refused = |reason| InstallError::Conf { path: conf.clone(), reason };
        let found = smb_conf::find(&before).map_err(refused)?;
        let effective = asked(&conf)?;
        if effective != found.value {
            return Err(InstallError::Elsewhere { path: conf, effective });
        }
        let present = found.value.as_deref().and_then(ours);
        let recorded = Recorded::read(state).filter(|recorded| recorded.smb_conf == conf);
        let (after, script) = match wish {
            Wish::Install => with_hook(state, &before, &found, present.as_ref())?,
            Wish::Uninstall => match present {
                Some(present) => without_hook(&before, &found, &present, recorded.as_ref()),
                None => return Ok(None),
            },
        };
        if after == before {
            return Ok(None);
        }
        // Renewing our own line keeps what was there before it.
        let line = match recorded.filter(|_| found.value.as_deref().and_then(ours).is_some()) {
            Some(recorded) => recorded.line,
            None => found.line(&before).map(<[u8]>::to_vec),
        };
        Ok(Some(Self { state: state.clone(), conf, wish, before, after, script, line }))
    }

    /// The lines that change.
    pub fn diff(&self) -> String {
        let lines = |text: &[u8]| -> Vec<String> {
            text.split_inclusive(|octet| *octet == b'\n')
                .map(|line| String::from_utf8_lossy(line).trim_end().to_owned())
                .collect()
        };
        let (before, after) = (lines(&self.before), lines(&self.after));
        let same = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
        let rest = |lines: &[String]| lines.get(same..).unwrap_or_default().to_vec();
        let (old, new) = (rest(&before), rest(&after));
        let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| one == other).count();
        let mut text = format!("--- {0}\n+++ {0}\n@@ line {1} @@\n", self.conf.display(), same + 1);
        let mut put = |sign: char, lines: &[String]| {
            lines.iter().for_each(|line| text.push_str(&format!("{sign}{line}\n")));
        };
        put(' ', before.get(same.saturating_sub(1)..same).unwrap_or_default());
        put('-', old.get(..old.len() - tail).unwrap_or_default());
        put('+', new.get(..new.len() - tail).unwrap_or_default());
        put(' ', old.get(old.len() - tail..).unwrap_or_default().get(..1).unwrap_or_default());
        text
    }

    /// Makes the change, and returns the backup's path.
    pub fn apply(self, now: DateTime<Utc>) -> Result<PathBuf, InstallError> {
        let access = |source| InstallError::Access { path: self.conf.clone(), source };
        let beside = |ending: &str| {
            let mut path = self.conf.clone().into_os_string();
            path.push(ending);
            PathBuf::from(path)
        };
        let (trial, backup) =
            (beside(".adit-new"), beside(&format!(".adit-{}", now.format("%Y%m%dT%H%M%S%3fZ"))));
        let placed = (|| {
            platform::write_like(&self.conf, &trial, &self.after).map_err(access)?;
            if asked(&trial)? != self.script {
                let said = "it does not read the setting as it was written".into();
                return Err(InstallError::Refused { path: self.conf.clone(), said });
            }
            platform::write_like(&self.conf, &backup, &self.before).map_err(access)?;
            if self.wish == Wish::Install {
                self.record(&backup).write(&self.state)?;
            }
            std::fs::rename(&trial, &self.conf).map_err(access)
        })();
        if let Err(error) = placed {
            let _ = std::fs::remove_file(&trial);
            return Err(error);
        }
        if let Some(folder) = self.conf.parent() {
            platform::sync_dir(folder).map_err(access)?;
        }
        if self.wish == Wish::Uninstall {
            Recorded::forget(&self.state);
        }
        Ok(backup)
    }

    fn record(&self, backup: &Path) -> Recorded {
        let former = Recorded::read(&self.state);
        let renews =
            former.filter(|former| former.smb_conf == self.conf && former.left == print_of(&self.before));
        Recorded {
            smb_conf: self.conf.clone(),
            // What was there before the first installation.
            backup: renews.map_or(backup.to_owned(), |former| former.backup),
            left: print_of(&self.after),
            line: self.line.clone(),
        }
    }
}

/// The command line that Samba runs.
fn command_line(state: &StateDir, chain: Option<&str>) -> Result<String, InstallError> {
    let program = std::env::current_exe().map_err(InstallError::Program)?;
    let folder = std::path::absolute(state.path()).map_err(InstallError::Program)?;
    let quoted = |path: &Path| shell::quote(&path.to_string_lossy());
    let mut line = format!("{} capture --state-dir {}", quoted(&program), quoted(&folder));
    if let Some(chain) = chain {
        line.push_str(&format!(" --chain {}", shell::quote(chain)));
    }
    Ok(line)
}

fn with_hook(
    state: &StateDir,
    text: &[u8],
    found: &Found,
    present: Option<&Ours>,
) -> Result<(Vec<u8>, Option<String>), InstallError> {
    let chain = match present {
        Some(ours) => ours.chain.clone(),
        None => found.value.clone(),
    };
    let script = command_line(state, chain.as_deref())?;
    if found.value.as_ref() == Some(&script) {
        return Ok((text.to_vec(), Some(script)));
    }
    Ok((found.exchanged(text, &found.with_value(text, &script)), Some(script)))
}

/// What was there before: the whole file, if nothing else has changed since; otherwise the one line.
fn without_hook(
    text: &[u8],
    found: &Found,
    present: &Ours,
    recorded: Option<&Recorded>,
) -> (Vec<u8>, Option<String>) {
    let untouched = recorded.filter(|recorded| recorded.left == print_of(text));
    if let Some(backup) = untouched.and_then(|recorded| std::fs::read(&recorded.backup).ok()) {
        let value = smb_conf::find(&backup).ok().and_then(|found| found.value);
        return (backup, value);
    }
    let line = match (recorded.and_then(|recorded| recorded.line.clone()), &present.chain) {
        (Some(line), _) => line,
        (None, Some(chain)) => found.with_value(text, chain),
        (None, None) => Vec::new(),
    };
    (found.exchanged(text, &line), present.chain.clone())
}

fn asked(conf: &Path) -> Result<Option<String>, InstallError> {
    let answer = testparm::ask(conf).map_err(InstallError::NoTestparm)?;
    answer.map_err(|said| InstallError::Refused { path: conf.to_owned(), said })
}

fn print_of(text: &[u8]) -> String {
    digest(&SHA256, text).as_ref().iter().map(|octet| format!("{octet:02x}")).collect()
}
