//! Until when this process may ask an organization at all. Whoever is stopped for longer than that and goes on finds
//! that its work is somebody else's by now: no request of it begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};

use crate::clock::Clock;

/// A term of office that is extended as it goes. Clones share it.
#[derive(Clone, Debug)]
pub struct Tenure {
    clock: Clock,
    until: Arc<AtomicI64>,
}

impl Tenure {
    /// One that has not begun.
    pub fn new(clock: Clock) -> Self {
        Self { clock, until: Arc::new(AtomicI64::new(i64::MIN)) }
    }

    pub fn extend(&self, until: DateTime<Utc>) {
        self.until.fetch_max(until.timestamp_millis(), Ordering::SeqCst);
    }

    pub(super) fn holds(&self) -> bool {
        self.clock.now().timestamp_millis() < self.until.load(Ordering::SeqCst)
    }
}
