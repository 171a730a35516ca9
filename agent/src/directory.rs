//! The domain controller: keeps a connection to it as the orders say, tells how it stands, and, as the watcher, hands
//! over what it reads. It knows nothing of the server but these channels.

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::ObjectGuid;
use protocol::heartbeat::{AgentSettings, DirectoryState, Role};
use tokio::sync::{mpsc, watch};

mod accounts;
mod background;
mod bound;
mod changes;
mod confirm;
mod connect;
mod entry;
mod errors;
mod groups;
mod keeper;
mod look_up;
mod members;
mod meta_data;
mod name;
mod objects;
mod own_rights;
pub mod preflight;
mod report;
mod root_dse;
mod search;
mod transfer;
mod turn;
mod vector;

pub use accounts::{Account, Accounts, Kind};
pub use confirm::{Ruling, Shown, rule};
pub use connect::{Controller, Patience};
pub use errors::{Code, Failure};
pub use keeper::keep;
pub use transfer::{Refusal, Shipment};

/// What is wanted of the directory.
#[derive(Clone, Debug)]
pub struct Orders {
    /// `None` until the server has told them.
    pub settings: Option<Arc<AgentSettings>>,
    pub role: Role,
    /// In order.
    pub watched: Arc<[ObjectGuid]>,
    pub read_again: i64,
    pub look_up: Vec<ObjectGuid>,
    /// When the heartbeat was sent that these answer: what they say of the cursor is no newer.
    pub as_of: Instant,
}

impl Orders {
    /// Before the server has said anything.
    pub fn none() -> Self {
        Self {
            settings: None,
            role: Role::Idle,
            watched: Arc::from([]),
            read_again: 0,
            look_up: Vec::new(),
            as_of: Instant::now(),
        }
    }
}

/// How the directory stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub state: DirectoryState,
    pub read_again_done: i64,
}

/// What the directory works with.
#[derive(Clone, Debug)]
pub struct Options {
    pub controller: Controller,
    pub patience: Patience,
    /// Between two re-reads of the groups.
    pub group_pause: Duration,
    /// Between two reports.
    pub report_every: Duration,
}

impl Options {
    pub fn new(controller: Controller) -> Self {
        Self {
            controller,
            patience: Patience::default(),
            group_pause: Duration::from_secs(5),
            report_every: Duration::from_secs(30),
        }
    }
}

/// Where the directory tells what it finds.
#[derive(Debug)]
pub struct Outlets {
    pub standing: watch::Sender<Standing>,
    pub shipments: mpsc::Sender<Shipment>,
}
