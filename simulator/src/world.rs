//! Everything the simulator knows, behind one lock. A request holds the lock for as long as it decides, so
//! every request sees the world between two others.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use tokio::sync::watch;

use crate::{
    access::Access, clock, directories::Directories, faults::Faults, graph::Graph, groups::Groups, ids::Ids,
    log::RequestLog, organization::Organization, rate::Bucket, settings::Settings, users::Users,
};

/// How handlers hold the world.
pub(crate) type Shared = Arc<Stage>;

/// The world and the word that it is over.
#[derive(Debug)]
pub(crate) struct Stage {
    world: Mutex<World>,
    stopping: watch::Sender<bool>,
}

impl Stage {
    pub(crate) fn new(world: World) -> Self {
        Self { world: Mutex::new(world), stopping: watch::Sender::new(false) }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Returns when the simulator stops. A request that must never be answered waits here.
    pub(crate) async fn stopped(&self) {
        // An error means that the sender is gone, which is a stop as well.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }
}

/// The simulated organization and what surrounds it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) ids: Ids,
    pub(crate) organization: Organization,
    pub(crate) users: Users,
    pub(crate) users_created: u64,
    pub(crate) groups: Groups,
    pub(crate) directories: Directories,
    pub(crate) graph: Graph,
    /// What `externally_managed` writes, by directory: one value for all its users.
    pub(crate) restrictions: BTreeMap<Option<String>, Arc<Value>>,
    pub(crate) access: Access,
    pub(crate) log: RequestLog,
    pub(crate) faults: Faults,
    pub(crate) bucket: Bucket,
    /// Email addresses, in lower case, that users of other organizations have.
    pub(crate) foreign_emails: BTreeSet<String>,
}

impl World {
    pub(crate) fn new(organization: Option<String>, access: Access, settings: Settings) -> Self {
        let now = clock::machine_time();
        let mut ids = Ids::new();
        let id = organization.unwrap_or_else(|| ids.next(now));
        Self {
            settings,
            organization: Organization::new(id, clock::text(now)),
            ids,
            users: Users::default(),
            users_created: 0,
            groups: Groups::default(),
            directories: Directories::default(),
            graph: Graph::default(),
            restrictions: BTreeMap::new(),
            access,
            log: RequestLog::default(),
            faults: Faults::default(),
            bucket: Bucket::default(),
            foreign_emails: BTreeSet::new(),
        }
    }

    /// The simulator's time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let offset = Duration::try_seconds(self.settings.clock_offset_seconds).unwrap_or_default();
        clock::machine_time() + offset
    }
}
