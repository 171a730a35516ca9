//! Where the rooms that capture passwords write down how they stand; the heartbeat and the status read it.

use chrono::{DateTime, Utc};
use protocol::captures::{CaptureState, Hook};

use crate::capture::Guide;
use crate::spool::{Count, Spool};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Board {
    /// In wait for the domain controller's word.
    pub pending: Backlog,
    /// In wait for the server.
    pub confirmed: Backlog,
    /// Why the server does not take them.
    pub problem: Option<String>,
    pub hook: Hook,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Backlog {
    pub count: u64,
    pub oldest: Option<DateTime<Utc>>,
}

impl Backlog {
    pub(super) fn of(times: impl ExactSizeIterator<Item = DateTime<Utc>>) -> Self {
        Self { count: times.len() as u64, oldest: times.min() }
    }
}

impl Board {
    pub(super) fn new() -> Self {
        Self {
            pending: Backlog::default(),
            confirmed: Backlog::default(),
            problem: None,
            hook: Hook::Unknown,
        }
    }

    /// As the heartbeat tells it.
    pub(super) fn told(&self, guide: &Guide, spool: &Spool) -> CaptureState {
        let oldest = [self.pending.oldest, self.confirmed.oldest].into_iter().flatten().min();
        CaptureState {
            hook: self.hook.clone(),
            sealing_key: guide.sealing_key.as_ref().map(|key| key.id),
            exempt_version: guide.exempt.as_ref().map(|exempt| exempt.version.clone()),
            waiting: self.pending.count + self.confirmed.count,
            oldest_waiting: oldest,
            last_captured_at: spool.counters.last(Count::Captured),
            counters: spool.counters.all(),
        }
    }
}
