//! One connection, the orders it works by, and when these end it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::heartbeat::{AgentSettings, Lookup, Report, Role};
use tokio::sync::watch;

use super::Orders;
use super::connect::Connection;
use super::turn::Beside;

/// How often a connection that only stands by is tried.
const STANDBY_POLL: Duration = Duration::from_secs(10);

/// One connection and the orders it works by.
pub(crate) struct Bound {
    pub connection: Connection,
    pub settings: Arc<AgentSettings>,
    pub orders: Orders,
    /// When the server could first know of this connection.
    pub told_at: Option<Instant>,
    pub beside: Beside,
}

impl Bound {
    /// Orders that are older than this connection say nothing of where the server stands with it.
    pub(crate) fn counts(&self, orders: &Orders) -> bool {
        self.told_at.is_some_and(|told| orders.as_of > told)
    }

    /// The lease under which to watch.
    pub(crate) fn role(&self) -> Option<i64> {
        match self.orders.role {
            Role::Watcher { fence, .. } if self.counts(&self.orders) => Some(fence),
            Role::Watcher { .. } | Role::Standby | Role::Idle => None,
        }
    }

    pub(crate) fn rhythm(&self) -> Duration {
        match self.role() {
            Some(_) => Duration::from_millis(self.settings.poll_interval_ms.clamp(50, 60_000)),
            None => STANDBY_POLL,
        }
    }
}

/// Ends when this lease, or this connection, is no longer what is wanted: a read under it stops at once.
pub(crate) async fn lost(mut orders: watch::Receiver<Orders>, lease: i64, settings: Arc<AgentSettings>) {
    let ended = orders.wait_for(|orders| {
        let holds = matches!(orders.role, Role::Watcher { fence, .. } if fence == lease);
        !holds || !orders.settings.as_ref().is_some_and(|now| same_connection(now, &settings))
    });
    let _ = ended.await;
}

pub(crate) fn same_connection(one: &AgentSettings, other: &AgentSettings) -> bool {
    one.domain == other.domain
        && one.bind_user == other.bind_user
        && one.bind_password == other.bind_password
        && one.ca_pem == other.ca_pem
        && one.server_fingerprint == other.server_fingerprint
        && one.allow_insecure == other.allow_insecure
}

/// A name of the settings could not be found before and is there now: rights came back, and what was missed meanwhile
/// is read.
pub(crate) fn came_to_light(before: &Report, now: &Report) -> bool {
    let appeared = |before: &Lookup, now: &Lookup| {
        !matches!(before, Lookup::Present { .. }) && matches!(now, Lookup::Present { .. })
    };
    appeared(&before.root_user_container, &now.root_user_container)
        || appeared(&before.integration_group, &now.integration_group)
}
