//! Object ids: 24 hexadecimal digits that grow with time (recorded), so that sorting by id is sorting by
//! creation.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Hands out ids that never repeat and never go backwards.
#[derive(Debug)]
pub(crate) struct Ids {
    instance: u64,
    last_second: i64,
    counter: u32,
}

impl Ids {
    pub(crate) fn new() -> Self {
        let (high, _) = Uuid::new_v4().as_u64_pair();
        Self { instance: high >> 24, last_second: 0, counter: 0 }
    }

    pub(crate) fn next(&mut self, now: DateTime<Utc>) -> String {
        self.last_second = self.last_second.max(now.timestamp());
        self.counter += 1;
        format!("{:08x}{:010x}{:06x}", self.last_second, self.instance, self.counter & 0x00ff_ffff)
    }
}

/// Whether `text` looks like an object id.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
