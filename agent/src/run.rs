//! The running agent: joins the directory and the uplink by channels, so that neither knows the other, and lives on
//! whatever becomes of either.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use protocol::heartbeat::{DirectoryState, PERIOD};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use crate::config::{ConfigError, StateDir};
use crate::directory::{self, Controller, Options, Orders, Outlets, Standing};
use crate::platform;
use crate::status::StatusFile;
use crate::uplink::{ServerError, Uplink};

mod board;
mod capturing;
mod confirmer;
mod courier;
mod heart;
mod relay;

use heart::{Beat, Heart};

/// Why the agent cannot run at all.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error("{0}: enroll this machine again")]
    Controller(String),
}

/// What the tests, or an administrator, set otherwise.
#[derive(Clone, Debug, Default)]
pub struct Tuning {
    pub heartbeat_every: Option<Duration>,
    pub patience: Option<directory::Patience>,
    pub group_pause: Option<Duration>,
    pub report_every: Option<Duration>,
    /// What is not confirmed after this long was not accepted.
    pub confirm_within: Option<Duration>,
    /// The domain controller's smb.conf.
    pub smb_conf: Option<PathBuf>,
}

/// Runs until it is dropped. Returns only what cannot be waited out.
pub async fn run(state: &StateDir, tuning: Tuning) -> RunError {
    loop {
        match serve(state, tuning.clone()).await {
            Ok(()) => tracing::info!("this machine was enrolled again; starting with the new identity"),
            Err(error) => return error,
        }
    }
}

/// Serves one identity. Ends when another one takes its place.
async fn serve(state: &StateDir, tuning: Tuning) -> Result<(), RunError> {
    let stamp = state.stamp();
    let (identity, key) = state.load()?;
    let controller = Controller::parse(&identity.domain_controller).map_err(RunError::Controller)?;
    tracing::info!(
        agent.id = %identity.agent,
        domain = %identity.domain_name,
        server = identity.server,
        domain_controller = controller.url(),
        "the agent starts"
    );
    let status = StatusFile::new(state.clone(), &identity);
    let uplink = Arc::new(Uplink::new(identity.clone(), key)?);

    let read_again_done = status.read_again_done();
    let starting = Standing { state: DirectoryState::Connecting, read_again_done };
    let (standing, standing_seen) = watch::channel(starting);
    let (orders, orders_seen) = watch::channel(Orders::none());
    let (shipments, shipped) = mpsc::channel(1);
    let replaced = Arc::new(Notify::new());

    let mut rooms = JoinSet::new();
    let outlets = Outlets { standing, shipments };
    let options = options(controller, &tuning);
    let parts = capturing::Parts {
        state,
        identity: &identity,
        smb_conf: tuning.smb_conf,
        confirm_within: tuning.confirm_within,
        options: &options,
        uplink: uplink.clone(),
        orders: orders_seen.clone(),
        standing: standing_seen.clone(),
    };
    let capturing = platform::CAPTURES.then(|| capturing::open(&mut rooms, parts));
    rooms.spawn(directory::keep(options, orders_seen, outlets));
    rooms.spawn(relay::relay(uplink.clone(), shipped));
    let beat = Beat::new(tuning.heartbeat_every.unwrap_or(PERIOD));
    let heart = Heart { uplink, standing: standing_seen, orders, status, capturing, beat };
    rooms.spawn(heart.beat(state.clone(), stamp, replaced.clone()));
    replaced.notified().await;
    Ok(())
}

fn options(controller: Controller, tuning: &Tuning) -> Options {
    let usual = Options::new(controller);
    Options {
        patience: tuning.patience.unwrap_or(usual.patience),
        group_pause: tuning.group_pause.unwrap_or(usual.group_pause),
        report_every: tuning.report_every.unwrap_or(usual.report_every),
        ..usual
    }
}
