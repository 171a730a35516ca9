//! The only source of the current time. Everything else takes it as an argument or asks this clock,
//! so a test can stop it and move it on.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// A handle on the time; clones of a test clock share one time.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Stopped(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `now` until a test moves it.
    pub fn stopped_at(now: DateTime<Utc>) -> Self {
        Self(Source::Stopped(Arc::new(Mutex::new(now))))
    }

    /// What time it is.
    #[expect(clippy::disallowed_methods, reason = "the one place that may read the machine's clock")]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Source::System => Utc::now(),
            Source::Stopped(time) => *time.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a stopped clock to `now`. The machine's clock is left alone.
    pub fn set(&self, now: DateTime<Utc>) {
        if let Source::Stopped(time) = &self.0 {
            *time.lock().unwrap_or_else(PoisonError::into_inner) = now;
        }
    }

    /// Moves a stopped clock forward. The machine's clock is left alone.
    pub fn advance(&self, by: TimeDelta) {
        if let Source::Stopped(time) = &self.0 {
            *time.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::System => f.write_str("Clock::system"),
            Source::Stopped(_) => write!(f, "Clock::stopped_at({})", self.now()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_stopped_clock_move_together() {
        let clock = Clock::stopped_at(DateTime::UNIX_EPOCH);
        let other = clock.clone();
        clock.advance(TimeDelta::seconds(90));
        assert_eq!(other.now(), DateTime::UNIX_EPOCH + TimeDelta::seconds(90));
        other.set(DateTime::UNIX_EPOCH);
        assert_eq!(clock.now(), DateTime::UNIX_EPOCH);
    }

    #[test]
    fn the_machines_clock_cannot_be_moved() {
        let clock = Clock::system();
        let before = clock.now();
        clock.set(DateTime::UNIX_EPOCH);
        assert!(clock.now() >= before);
    }
}
