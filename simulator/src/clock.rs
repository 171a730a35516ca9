//! The only place that reads the machine's clock.
//!
//! The rest of the crate asks the world for the time, because a test may move the world's clock forward.

use chrono::{DateTime, SecondsFormat, Utc};

/// The machine's time.
#[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else asks")]
pub(crate) fn machine_time() -> DateTime<Utc> {
    Utc::now()
}

/// JumpCloud's way to write a time: `2021-02-12T17:45:42.369Z` (recorded).
pub(crate) fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
