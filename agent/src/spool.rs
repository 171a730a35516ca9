//! Sealed passwords between the hook and the server. One folder for each account: the hook puts captures in, the agent
//! makes the one that the domain controller accepted *confirmed*, and forgets it when the server has it.
//!
//! Every step is one rename or one removal, in such an order that whoever is killed between two of them leaves something
//! that the next turn completes: a capture may be sent twice, and is never lost.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use protocol::CaptureId;
use protocol::captures::{Captured, PasswordStamp};
use protocol::sealing::Envelope;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::config::StateDir;
use crate::platform;

mod account;
mod counters;
mod tidying;

pub use account::Account;
pub use counters::{Count, Counters};

/// Captures of one account that the hook lets wait: a flood of changes stays bounded.
const MOST_PENDING: usize = 16;

/// Accounts with captures. Far above any domain; it keeps a disk from filling.
const MOST_ACCOUNTS: usize = 100_000;

const PENDING: &str = "captured";
const CONFIRMED: &str = "confirmed.json";
const SETTLED: &str = "settled.json";

#[derive(Debug)]
pub struct Spool {
    root: PathBuf,
    state: StateDir,
    pub counters: Counters,
    /// Held while a confirmed capture is replaced or forgotten.
    turn: Mutex<()>,
}

/// What became of a capture that was to be put in.
#[derive(Debug, PartialEq, Eq)]
pub enum Put {
    Kept(Account),
    Full,
}

/// The password of an account that was settled last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    pub capture: CaptureId,
    pub captured_at: DateTime<Utc>,
    pub stamp: PasswordStamp,
}

/// What lies in the folder of an account.
#[derive(Debug, Default)]
pub struct Held {
    /// In the order in which they were captured; none that is settled.
    pub pending: Vec<Envelope>,
    pub confirmed: Option<Captured>,
    pub settled: Option<Settled>,
}

impl From<&Captured> for Settled {
    fn from(captured: &Captured) -> Self {
        let label = &captured.envelope.label;
        Self { capture: label.capture, captured_at: label.captured_at, stamp: captured.stamp }
    }
}

impl Spool {
    pub fn of(state: &StateDir) -> Self {
        let counters = Counters::new(state.file("counters"));
        Self { root: state.file("spool"), state: state.clone(), counters, turn: Mutex::new(()) }
    }

    /// Where the hook tells the agent that there is something.
    pub fn nudges(&self) -> PathBuf {
        self.state.file("nudges")
    }

    /// Puts a capture in. It outlives its writer from then on, and a loss of power after [`Spool::sync`].
    pub fn put(&self, envelope: &Envelope) -> io::Result<Put> {
        let account = Account::of(&envelope.label.account);
        let folder = self.folder(&account);
        let text = serde_json::to_vec(envelope)?;
        // The agent may take an empty folder away between the two steps.
        for attempt in 0.. {
            if !folder.is_dir() && !self.make(&folder)? {
                return Ok(Put::Full);
            }
            match platform::place_private(&folder.join(name_of(envelope)), &text) {
                Err(error) if error.kind() == ErrorKind::NotFound && attempt < 3 => {}
                Err(error) => {
                    let _ = fs::remove_file(folder.join(name_of(envelope)).with_extension("new"));
                    return Err(error);
                }
                Ok(()) => break,
            }
        }
        self.drop_oldest(&folder)?;
        Ok(Put::Kept(account))
    }

    /// Makes durable what was put in. The agent may have taken it away already: what it makes of it is durable.
    pub fn sync(&self, account: &Account, envelope: &Envelope) -> io::Result<()> {
        let folder = self.folder(account);
        match platform::sync_file(&folder.join(name_of(envelope))) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            done => done?,
        }
        platform::sync_dir(&folder)?;
        platform::sync_dir(&self.root)
    }

    /// Makes the folder of an account. `false`: there are too many.
    fn make(&self, folder: &Path) -> io::Result<bool> {
        platform::private_dir(&self.root)?;
        if fs::read_dir(&self.root)?.take(MOST_ACCOUNTS).count() == MOST_ACCOUNTS {
            return Ok(false);
        }
        platform::private_dir(folder)?;
        Ok(true)
    }

    fn drop_oldest(&self, folder: &Path) -> io::Result<()> {
        let names = pending_names(folder)?;
        for name in names.iter().take(names.len().saturating_sub(MOST_PENDING)) {
            self.counters.add(Count::Superseded);
            forget(&folder.join(name))?;
        }
        Ok(())
    }

    /// Every account that has a folder.
    pub fn accounts(&self) -> io::Result<Vec<Account>> {
        let entries = match fs::read_dir(&self.root) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        entries
            .filter_map(|entry| entry.map(|entry| Account::named(entry.file_name().to_str()?)).transpose())
            .collect()
    }

    /// What there is of an account. A file that cannot be understood is counted and erased: it would be met for ever.
    pub fn read(&self, account: &Account) -> io::Result<Held> {
        let folder = self.folder(account);
        let mut held = Held {
            confirmed: self.parse(&folder.join(CONFIRMED))?,
            settled: self.parse(&folder.join(SETTLED))?,
            ..Held::default()
        };
        if let Some(confirmed) = &held.confirmed {
            held.settled = Some(Settled::from(confirmed));
        }
        for name in pending_names(&folder)? {
            let path = folder.join(name);
            let envelope: Option<Envelope> = self.parse(&path)?;
            match envelope {
                // Settled already, by one who was stopped before the removal.
                Some(envelope) if held.is_settled(&envelope) => forget(&path)?,
                envelope => held.pending.extend(envelope),
            }
        }
        Ok(held)
    }

    fn parse<T: DeserializeOwned>(&self, path: &Path) -> io::Result<Option<T>> {
        let text = match fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        let parsed = serde_json::from_slice(&text).ok();
        if parsed.is_none() {
            tracing::warn!(file = %path.display(), "a file in the spool is damaged; it is erased");
            self.counters.add(Count::Damaged);
            forget(path)?;
        }
        Ok(parsed)
    }

    /// Makes a pending capture the confirmed one, unless there is a later one. `true`: it is to be sent.
    pub fn confirm(&self, account: &Account, captured: &Captured) -> io::Result<bool> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = self.folder(account);
        let former: Option<Captured> = self.parse(&folder.join(CONFIRMED))?;
        let replaces = former.as_ref().is_none_or(|former| captured.stamp.replaces(&former.stamp));
        if replaces {
            if former.is_some() {
                self.counters.add(Count::Superseded);
            }
            platform::write_private(&folder.join(CONFIRMED), &serde_json::to_vec(captured)?)?;
            forget(&folder.join(name_of(&captured.envelope)))?;
        } else {
            self.discard(account, &captured.envelope, Count::Superseded)?;
        }
        Ok(replaces)
    }

    /// Erases a pending capture.
    pub fn discard(&self, account: &Account, envelope: &Envelope, why: Count) -> io::Result<()> {
        self.counters.add(why);
        forget(&self.folder(account).join(name_of(envelope)))
    }

    /// The server has answered: the capture is counted and forgotten, unless another has taken its place meanwhile; it
    /// was counted then.
    pub fn answered(&self, account: &Account, capture: CaptureId, outcome: Count) -> io::Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = self.folder(account);
        let confirmed: Option<Captured> = self.parse(&folder.join(CONFIRMED))?;
        let Some(confirmed) = confirmed.filter(|confirmed| confirmed.envelope.label.capture == capture)
        else {
            return Ok(());
        };
        self.counters.add(outcome);
        let settled = serde_json::to_vec(&Settled::from(&confirmed))?;
        platform::write_private(&folder.join(SETTLED), &settled)?;
        forget(&folder.join(CONFIRMED))
    }

    fn folder(&self, account: &Account) -> PathBuf {
        self.root.join(account.name())
    }
}

impl Held {
    /// It is the settled one itself.
    fn is_settled(&self, envelope: &Envelope) -> bool {
        self.settled.as_ref().is_some_and(|settled| settled.capture == envelope.label.capture)
    }
}

/// In the order of their capture.
fn pending_names(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names =
        entries.map(|entry| Ok(entry?.file_name().into())).collect::<io::Result<Vec<PathBuf>>>()?;
    names.retain(|name| name.extension().is_some_and(|extension| extension == PENDING));
    names.sort();
    Ok(names)
}

fn name_of(envelope: &Envelope) -> String {
    let label = &envelope.label;
    format!("{:020}-{}.{PENDING}", label.captured_at.timestamp_micros(), label.capture)
}

/// Removes a file that may be gone already.
fn forget(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests;
