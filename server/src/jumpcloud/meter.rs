//! What this process asked of JumpCloud, and how long the answers took: for `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Classes of answers: by status, and none at all.
const CLASSES: [&str; 6] = ["2xx", "3xx", "4xx", "429", "5xx", "none"];
/// Upper bounds of the histogram, in milliseconds.
const BOUNDS: [u64; 9] = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000];

/// Of the whole process, as its counters are.
pub(super) static METER: Meter = Meter {
    answers: [const { AtomicU64::new(0) }; CLASSES.len()],
    within: [const { AtomicU64::new(0) }; BOUNDS.len()],
    count: AtomicU64::new(0),
    micros: AtomicU64::new(0),
};

/// Counts requests.
#[derive(Debug)]
pub(super) struct Meter {
    answers: [AtomicU64; CLASSES.len()],
    within: [AtomicU64; BOUNDS.len()],
    count: AtomicU64,
    micros: AtomicU64,
}

/// What was counted since the process started.
#[derive(Debug)]
pub struct Readings {
    /// By class.
    pub answers: Vec<(&'static str, u64)>,
    /// How many took at most so many milliseconds.
    pub within: Vec<(u64, u64)>,
    pub count: u64,
    pub total: Duration,
}

impl Meter {
    /// A request was answered with that status, or not at all.
    pub(super) fn note(&self, status: Option<u16>, took: Duration) {
        let class = match status {
            Some(200..=299) => 0,
            Some(300..=399) => 1,
            Some(429) => 3,
            Some(400..=499) => 2,
            Some(_) => 4,
            None => 5,
        };
        self.answers[class].fetch_add(1, Relaxed);
        for (bound, count) in BOUNDS.iter().zip(&self.within) {
            if took <= Duration::from_millis(*bound) {
                count.fetch_add(1, Relaxed);
            }
        }
        self.count.fetch_add(1, Relaxed);
        self.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }
}

/// Reads the counters.
pub fn readings() -> Readings {
    let loaded =
        |counters: &[AtomicU64]| counters.iter().map(|counter| counter.load(Relaxed)).collect::<Vec<_>>();
    Readings {
        answers: CLASSES.into_iter().zip(loaded(&METER.answers)).collect(),
        within: BOUNDS.into_iter().zip(loaded(&METER.within)).collect(),
        count: METER.count.load(Relaxed),
        total: Duration::from_micros(METER.micros.load(Relaxed)),
    }
}
