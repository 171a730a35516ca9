//! Opens the rooms in which captured passwords are confirmed and sent on, and keeps what the hook goes by.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use protocol::captures::{CaptureOrders, CaptureState};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::board::Board;
use super::confirmer::Confirmer;
use super::courier::Courier;
use crate::capture::{self, Guide};
use crate::config::{Identity, StateDir};
use crate::directory::{Accounts, Options, Orders, Standing};
use crate::spool::Spool;
use crate::uplink::Uplink;

/// A change that is not to be seen after this long was not accepted.
const GIVE_UP_AFTER: Duration = Duration::from_secs(180);

/// Samba is asked no more often without a reason.
const HOOK_EVERY: Duration = Duration::from_secs(60);

/// How soon a changed smb.conf is noticed.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What the heart has of it.
pub(super) struct Capturing {
    state: StateDir,
    guide: Guide,
    spool: Arc<Spool>,
    board: watch::Receiver<Board>,
}

/// What the rooms work with.
pub(super) struct Parts<'p> {
    pub state: &'p StateDir,
    pub identity: &'p Identity,
    pub smb_conf: Option<PathBuf>,
    pub confirm_within: Option<Duration>,
    pub options: &'p Options,
    pub uplink: Arc<Uplink>,
    pub orders: watch::Receiver<Orders>,
    pub standing: watch::Receiver<Standing>,
}

/// Opens the rooms.
pub(super) fn open(rooms: &mut JoinSet<()>, parts: Parts<'_>) -> Capturing {
    let spool = Arc::new(Spool::of(parts.state));
    let (board, seen) = watch::channel(Board::new());
    let (ready, brought) = mpsc::unbounded_channel();
    let courier = Courier::new(parts.uplink, spool.clone(), board.clone(), brought);
    let confirmer = Confirmer {
        state: parts.state.clone(),
        spool: spool.clone(),
        accounts: Accounts::new(parts.options.controller.clone(), parts.options.patience),
        orders: parts.orders,
        standing: parts.standing,
        board: board.clone(),
        ready,
        watched: BTreeMap::new(),
        readable_since: None,
        failures: 0,
        give_up_after: parts.confirm_within.unwrap_or(GIVE_UP_AFTER),
    };
    rooms.spawn(confirmer.confirm());
    rooms.spawn(courier.carry());
    rooms.spawn(watch_hook(parts.state.clone(), parts.smb_conf, board));
    spool.counters.reserve();
    let mut capturing = Capturing {
        state: parts.state.clone(),
        guide: Guide::of(parts.state, parts.identity),
        spool,
        board: seen,
    };
    // What a former enrollment left would be sealed for somebody else.
    if Guide::read(parts.state).is_some_and(|kept| kept != capturing.guide) {
        capturing.keep(capturing.guide.clone());
    }
    capturing
}

async fn watch_hook(state: StateDir, smb_conf: Option<PathBuf>, board: watch::Sender<Board>) {
    loop {
        let conf = capture::smb_conf_of(&state, smb_conf.as_deref());
        let seen = written_at(&conf);
        let hook = capture::state_of(&state, &conf).await;
        board.send_if_modified(|board| {
            let changed = board.hook != hook;
            board.hook = hook;
            changed
        });
        // Files that smb.conf includes change without it.
        let _ = tokio::time::timeout(HOOK_EVERY, async {
            while written_at(&conf) == seen && capture::smb_conf_of(&state, smb_conf.as_deref()) == conf {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        })
        .await;
    }
}

fn written_at(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}

impl Capturing {
    pub(super) fn told(&self) -> CaptureState {
        self.board.borrow().told(&self.guide, &self.spool)
    }

    /// Why captures wait that the server should have.
    pub(super) fn problem(&self) -> Option<String> {
        self.board.borrow().problem.clone()
    }

    /// Takes the server's orders over.
    pub(super) fn obey(&mut self, orders: CaptureOrders) {
        let mut guide = self.guide.clone();
        if guide.obey(orders) {
            tracing::info!(
                key = guide.sealing_key.as_ref().map(|key| key.id),
                "what the password hook goes by came"
            );
            self.keep(guide);
        }
    }

    /// Goes by it only once the hook does: the next answer of the server brings it again.
    fn keep(&mut self, guide: Guide) {
        match guide.write(&self.state) {
            Ok(()) => self.guide = guide,
            Err(error) => tracing::error!("{error}"),
        }
    }
}
