//! The one place that reads the machine's clock, and waits that differ from agent to agent.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// Now.
#[expect(clippy::disallowed_methods, reason = "everything else gets the time from here")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// `most`, or up to a fifth less: so that many agents do not all come at once.
pub fn jittered(most: Duration) -> Duration {
    let draw = uuid::Uuid::new_v4().as_u128() % 200;
    most.mul_f64(1.0 - draw as f64 / 1000.0)
}
