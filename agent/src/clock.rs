//! The one place that reads the machine's clock.

use chrono::{DateTime, Utc};

/// Now.
#[expect(clippy::disallowed_methods, reason = "everything else gets the time from here")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}
