//! What became of captures, counted so that nothing is lost: one octet is appended for each event, and the count is the
//! file's length. Whoever is killed in between has counted or has not; nobody waits for anybody.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::platform;

/// Each has a file of its name, and travels by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Sealed and in the spool. One that was `too_slow` may be counted here later: it was found, whole.
    Captured,
    /// The server has it, or a later one.
    Relayed,
    /// Of an account on the list that the server sends, or of one that AD itself marks as privileged.
    Exempt,
    /// Of a computer, a trust, a managed service account or krbtgt; or without a name.
    IgnoredAccount,
    /// There is no key to seal to yet.
    NoSealingKey,
    /// No UTF-8, or with an octet 0 in it: nobody could type it anywhere else.
    NotText,
    /// Longer than is ever sealed.
    TooLong,
    /// The disk did not take it in time.
    TooSlow,
    /// The disk did not take it.
    DiskFull,
    /// There are captures of as many accounts as the spool holds.
    SpoolFull,
    /// A later password of the same user was accepted, or too many came at once.
    Superseded,
    /// The domain controller did not accept it: it is not the account's password.
    Unconfirmed,
    /// One of several was accepted, and nothing tells which.
    Ambiguous,
    /// A file in the spool could not be understood.
    Damaged,
    /// The server has no use for it, for good.
    RefusedByServer,
}

impl Count {
    const ALL: [Self; 15] = [
        Self::Captured,
        Self::Relayed,
        Self::Exempt,
        Self::IgnoredAccount,
        Self::NoSealingKey,
        Self::NotText,
        Self::TooLong,
        Self::TooSlow,
        Self::DiskFull,
        Self::SpoolFull,
        Self::Superseded,
        Self::Unconfirmed,
        Self::Ambiguous,
        Self::Damaged,
        Self::RefusedByServer,
    ];

    pub fn code(self) -> &'static str {
        match self {
            Self::Captured => "captured",
            Self::Relayed => "relayed",
            Self::Exempt => "exempt",
            Self::IgnoredAccount => "ignored_account",
            Self::NoSealingKey => "no_sealing_key",
            Self::NotText => "not_text",
            Self::TooLong => "too_long",
            Self::TooSlow => "too_slow",
            Self::DiskFull => "disk_full",
            Self::SpoolFull => "spool_full",
            Self::Superseded => "superseded",
            Self::Unconfirmed => "unconfirmed",
            Self::Ambiguous => "ambiguous",
            Self::Damaged => "damaged",
            Self::RefusedByServer => "refused_by_server",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Counters(PathBuf);

impl Counters {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Counts one event. That a disk may refuse even this changes nothing for whoever calls.
    pub fn add(&self, count: Count) {
        let _ = platform::private_dir(&self.0);
        let open = platform::append_private(&self.0.join(count.code()));
        let _ = open.and_then(|mut file| file.write_all(b"."));
    }

    /// Those that are not 0.
    pub fn all(&self) -> BTreeMap<String, u64> {
        let length = |count: Count| fs::metadata(self.0.join(count.code())).map_or(0, |file| file.len());
        let counts = Count::ALL.into_iter().map(|count| (count.code().to_owned(), length(count)));
        counts.filter(|(_, length)| *length > 0).collect()
    }

    /// When one was last counted.
    pub fn last(&self, count: Count) -> Option<DateTime<Utc>> {
        let file = fs::metadata(self.0.join(count.code())).ok().filter(|file| file.len() > 0)?;
        Some(file.modified().ok()?.into())
    }

    /// Sets room aside, so that a full disk can still be counted.
    pub fn reserve(&self) {
        let _ = platform::private_dir(&self.0);
        for count in Count::ALL {
            if let Ok(file) = OpenOptions::new().append(true).create(true).open(self.0.join(count.code())) {
                platform::reserve(&file);
            }
        }
    }
}
