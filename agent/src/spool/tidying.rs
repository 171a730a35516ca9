//! What is left over in the spool: folders of no use, and files whose writer was ended.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use protocol::sealing::Envelope;

use super::{Account, Count, Held, PENDING, SETTLED, Spool, forget};

/// How long is remembered which password was settled last. A refused one can be mistaken for it only within seconds.
pub(super) const REMEMBERED: TimeDelta = TimeDelta::minutes(5);

/// No writer takes longer.
const WRITING: TimeDelta = TimeDelta::seconds(10);

impl Spool {
    /// Removes a folder of which nothing need be remembered any more.
    pub fn tidy(&self, account: &Account, held: &Held, now: DateTime<Utc>) -> io::Result<()> {
        let remembers = held.settled.as_ref().is_some_and(|last| now - last.captured_at < REMEMBERED);
        if remembers || held.confirmed.is_some() || !held.pending.is_empty() {
            return Ok(());
        }
        let folder = self.folder(account);
        forget(&folder.join(SETTLED))?;
        match fs::remove_dir(&folder) {
            // The hook has just put something in.
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    /// Takes care of what was being written when its writer was ended; of such as is older than any writer lives. A
    /// capture that is whole is one: the hook leaves a disk behind that takes long, and does not wait for it.
    pub fn sweep(&self, now: DateTime<Utc>) -> io::Result<()> {
        for account in self.accounts()? {
            for entry in fs::read_dir(self.folder(&account))? {
                let path = entry?.path();
                if path.extension().is_none_or(|extension| extension != "new") || !is_older(&path, now) {
                    continue;
                }
                let whole: Option<Envelope> = serde_json::from_slice(&fs::read(&path)?).ok();
                match whole {
                    Some(_) => {
                        self.counters.add(Count::Captured);
                        fs::rename(&path, path.with_extension(PENDING))?;
                    }
                    None => forget(&path)?,
                }
            }
        }
        Ok(())
    }
}

/// Older than its writer could be.
fn is_older(path: &Path, now: DateTime<Utc>) -> bool {
    let written = fs::metadata(path).and_then(|file| file.modified()).map(DateTime::<Utc>::from);
    written.is_ok_and(|written| now - written > WRITING)
}
