//! Heartbeats: they tell how the directory stands and bring the orders.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use protocol::heartbeat::{Directives, DirectoryState, Heartbeat, Role};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::capturing::Capturing;
use crate::clock::{self, jittered};
use crate::config::StateDir;
use crate::directory::{Orders, Standing};
use crate::platform;
use crate::status::{Link, StatusFile};
use crate::uplink::{Uplink, UplinkError};

/// A lease lasts no longer without a heartbeat.
const LEASE: Duration = Duration::from_secs(12);

/// How often one that the server refused asks again.
const REFUSED_PERIOD: Duration = Duration::from_secs(30);

/// Heartbeats out of turn come no closer.
const CLOSEST: Duration = Duration::from_millis(300);

/// What is counted from one heartbeat to the next.
pub(super) struct Beat {
    period: Duration,
    instance: Uuid,
    sequence: u64,
    host: String,
    watched_version: i64,
    last_success: Option<Instant>,
}

impl Beat {
    pub(super) fn new(period: Duration) -> Self {
        let (instance, host) = (Uuid::new_v4(), platform::host());
        Self { period, instance, sequence: 0, host, watched_version: 0, last_success: None }
    }
}

pub(super) struct Heart {
    pub uplink: Arc<Uplink>,
    pub standing: watch::Receiver<Standing>,
    pub orders: watch::Sender<Orders>,
    pub status: StatusFile,
    pub capturing: Option<Capturing>,
    pub beat: Beat,
}

impl Heart {
    /// Beats until another identity takes this one's place.
    pub(super) async fn beat(mut self, state: StateDir, stamp: Option<SystemTime>, replaced: Arc<Notify>) {
        let is_replaced = || state.stamp().is_some_and(|now| Some(now) != stamp);
        while !is_replaced() {
            let sent = Instant::now();
            let heartbeat = self.heartbeat();
            let problem = self.capturing.as_ref().and_then(Capturing::problem);
            self.status.note_capture(heartbeat.capture.clone(), problem);
            // What the server is told was carried out is kept before it is told.
            self.status.note_directory(&self.standing.borrow(), clock::now());
            let told = kind_of(&heartbeat.directory);
            let period = match self.uplink.heartbeat(&heartbeat).await {
                Ok(directives) => self.obey(directives, sent),
                Err(error) => self.go_without(&error),
            };
            self.status.note_directory(&self.standing.borrow(), clock::now());
            self.rest(sent, period, &told, is_replaced).await;
        }
        replaced.notify_one();
    }

    fn heartbeat(&mut self) -> Heartbeat {
        self.beat.sequence += 1;
        let standing = self.standing.borrow_and_update();
        let orders = self.orders.borrow();
        Heartbeat {
            instance: self.beat.instance,
            sequence: self.beat.sequence,
            version: env!("CARGO_PKG_VERSION").into(),
            host: self.beat.host.clone(),
            platform: platform::PLATFORM,
            clock: clock::now(),
            applied_revision: orders.settings.as_ref().map_or(0, |settings| settings.revision),
            watched_groups_version: self.beat.watched_version,
            read_again_done: standing.read_again_done,
            directory: standing.state.clone(),
            capture: self.capturing.as_ref().map(Capturing::told),
        }
    }

    fn obey(&mut self, directives: Directives, sent: Instant) -> Duration {
        if self.beat.last_success.replace(Instant::now()).is_none() {
            tracing::info!("the server answers");
        }
        self.status.note_link(Link::Up, directives.revision, role_name(&directives.role), clock::now());
        let watched = directives.watched_groups.map(|watched| {
            self.beat.watched_version = watched.version;
            let mut groups = watched.groups;
            groups.sort_unstable();
            groups.dedup();
            Arc::from(groups)
        });
        if let (Some(capturing), Some(orders)) = (&mut self.capturing, directives.capture) {
            capturing.obey(orders);
        }
        self.orders.send_modify(|orders| {
            if let Some(settings) = directives.settings {
                tracing::info!(revision = settings.revision, "settings came");
                orders.settings = Some(Arc::new(settings));
            }
            if let Some(watched) = watched {
                orders.watched = watched;
            }
            if orders.role != directives.role && role_name(&orders.role) != role_name(&directives.role) {
                tracing::info!(role = role_name(&directives.role), "the role changed");
            }
            orders.role = directives.role;
            orders.read_again = directives.read_again;
            orders.look_up = directives.look_up;
            orders.as_of = sent;
        });
        self.beat.period
    }

    /// No answer, or a refusal. The connection to the directory outlives a server that is away; it does not outlive a
    /// revocation.
    fn go_without(&mut self, error: &UplinkError) -> Duration {
        let refused = error.problem().is_some_and(|problem| problem.status == 401 || problem.status == 403);
        let was_up = self.beat.last_success;
        self.status.note_link(Link::Down(error.to_string()), 0, "", clock::now());
        if refused {
            tracing::error!("{error}; the directory is left alone, and the server is asked again every 30 s");
            self.set_role(Role::Idle);
            self.beat.last_success = None;
            return REFUSED_PERIOD;
        }
        match was_up {
            Some(at) if at.elapsed() > LEASE => {
                self.set_role(Role::Standby);
                self.beat.last_success = None;
                tracing::warn!("{error}; going on without, and trying again");
            }
            Some(_) => tracing::debug!("{error}"),
            None if self.beat.sequence == 1 => tracing::warn!("{error}; trying again"),
            None => tracing::debug!("{error}"),
        }
        self.beat.period
    }

    fn set_role(&self, role: Role) {
        self.orders.send_if_modified(|orders| {
            // One that was told to be idle stays so.
            let changes = orders.role != role && orders.role != Role::Idle;
            if changes {
                orders.role = role;
            }
            changes
        });
    }

    /// Waits for the next turn; less long if the directory stands otherwise than was told, or the machine was enrolled
    /// again.
    async fn rest(
        &mut self,
        sent: Instant,
        period: Duration,
        told: &Option<String>,
        is_replaced: impl Fn() -> bool,
    ) {
        let next = sent + jittered(period);
        if period < REFUSED_PERIOD {
            let news = async {
                let other = self.standing.wait_for(|standing| kind_of(&standing.state) != *told);
                if other.await.is_err() {
                    std::future::pending::<()>().await;
                }
                tokio::time::sleep_until((sent + CLOSEST).into()).await;
            };
            let _ = tokio::time::timeout_at(next.into(), news).await;
        } else {
            while Instant::now() < next && !is_replaced() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// What is worth a heartbeat out of turn: another state, another failure, another database.
fn kind_of(state: &DirectoryState) -> Option<String> {
    match state {
        DirectoryState::Connecting => None,
        DirectoryState::Connected { report, .. } => Some(report.invocation_id.to_string()),
        DirectoryState::Failed { code, .. } => Some(code.clone()),
    }
}

fn role_name(role: &Role) -> &'static str {
    match role {
        Role::Watcher { .. } => "watcher",
        Role::Standby => "standby",
        Role::Idle => "idle",
    }
}
