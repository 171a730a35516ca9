//! The server's side of the wire: verifies every signature, writes down what it is told, and answers as scripted.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::routing::{get, post};
use chrono::TimeDelta;
use protocol::captures::{CaptureOrders, CaptureOutcome, CaptureResult, Captured, Captures, CapturesAnswer};
use protocol::checks::Check;
use protocol::enrollment::{Joining, Token};
use protocol::heartbeat::{AgentSettings, DirectoryState, Heartbeat, Role, WatchedGroups};
use protocol::problem::Problem;
use protocol::sealing::SealingKey;
use protocol::transfer::{Part, PartAnswer, Record};
use protocol::{DistinguishedName, DomainName, ObjectGuid, Secret, TokenId};
use tokio::net::TcpListener;
use tokio::sync::watch;
use uuid::Uuid;

use crate::certificates::Identity;
use crate::directory::{DOMAIN, STAFF};
use crate::world::DEADLINE;

mod answering;

use answering::{captures, checks, enroll, heartbeat, transfer};

/// A transfer whose last part has been applied.
#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    pub(crate) head: Part,
    pub(crate) records: Vec<Record>,
}

/// What the server knows and how it answers.
pub(crate) struct Adit {
    pub(crate) token: Token,
    /// Answers enrolments with a proof by another secret.
    pub(crate) impostor: bool,
    pub(crate) public_key: Option<String>,
    pub(crate) joined: Vec<Joining>,
    pub(crate) settings: AgentSettings,
    pub(crate) role: Option<Role>,
    pub(crate) fence: i64,
    pub(crate) cursors: BTreeMap<Uuid, i64>,
    pub(crate) watched: WatchedGroups,
    pub(crate) read_again: i64,
    pub(crate) look_up: Vec<ObjectGuid>,
    pub(crate) heartbeats: Vec<Heartbeat>,
    pub(crate) parts: Vec<Part>,
    pub(crate) applied: Vec<Transfer>,
    /// How far the server's clock is ahead.
    pub(crate) ahead: TimeDelta,
    /// Refusals of the next requests to a path.
    pub(crate) refusals: VecDeque<(&'static str, Problem)>,
    /// Brought with an enrollment.
    pub(crate) sealing_key: Option<SealingKey>,
    pub(crate) capture: Option<CaptureOrders>,
    pub(crate) captures: Vec<Captured>,
    pub(crate) capture_outcome: CaptureOutcome,
    /// Takes no captures.
    pub(crate) captures_away: bool,
    /// Takes them, and fails before it answers.
    pub(crate) captures_unanswered: bool,
    /// Refuses every message that has a capture of this account in it.
    pub(crate) poison: Option<String>,
    /// What it finds, for whoever asks.
    pub(crate) checks: Vec<Check>,
    staged: BTreeMap<Uuid, Vec<Record>>,
}

#[derive(Clone)]
pub(crate) struct Server {
    state: Arc<Mutex<Adit>>,
    changes: watch::Sender<u64>,
    pub(crate) url: String,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self::on(&listener, "http");
        let router = server.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    /// The same over TLS.
    pub(crate) async fn start_tls(identity: &Identity) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self::on(&listener, "https");
        let (router, acceptor) = (server.router(), identity.acceptor());
        tokio::spawn(
            async move { axum::serve(crate::world::TlsListener { listener, acceptor }, router).await },
        );
        server
    }

    fn on(listener: &TcpListener, scheme: &str) -> Self {
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        Self { state: Arc::new(Mutex::new(Adit::new())), changes: watch::channel(0).0, url }
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/readyz", get(|| async { "ready" }))
            .route("/agent/v1/enroll", post(enroll))
            .route("/agent/v1/heartbeat", post(heartbeat))
            .route("/agent/v1/transfers", post(transfer))
            .route("/agent/v1/captures", post(captures))
            .route("/agent/v1/checks", post(checks))
            .with_state(self.clone())
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Adit> {
        self.state.lock().unwrap()
    }

    /// Changes what the server says from now on.
    pub(crate) fn set(&self, change: impl FnOnce(&mut Adit)) {
        change(&mut self.lock());
    }

    /// Changes the settings as an administrator would.
    pub(crate) fn configure(&self, change: impl FnOnce(&mut AgentSettings)) {
        self.set(|adit| {
            change(&mut adit.settings);
            adit.settings.revision += 1;
        });
    }

    /// Waits until the server has been told what `found` looks for.
    pub(crate) async fn until<T>(&self, what: &str, found: impl Fn(&Adit) -> Option<T>) -> T {
        let mut changes = self.changes.subscribe();
        let came = async {
            loop {
                if let Some(value) = found(&self.lock()) {
                    return value;
                }
                changes.changed().await.unwrap();
            }
        };
        match tokio::time::timeout(DEADLINE, came).await {
            Ok(value) => value,
            Err(_) => panic!(
                "never came: {what}; last state {:?}",
                self.lock().heartbeats.last().map(|h| &h.directory)
            ),
        }
    }

    /// Waits until the heartbeat names this failure, and returns its message.
    pub(crate) async fn until_failed(&self, code: &str) -> String {
        self.until(code, |adit| match &adit.heartbeats.last()?.directory {
            DirectoryState::Failed { code: found, message } if found == code => Some(message.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn until_connected(&self) {
        self.until("connected", |adit| {
            matches!(adit.heartbeats.last()?.directory, DirectoryState::Connected { .. }).then_some(())
        })
        .await;
    }

    /// Waits for the applied transfer number `count`, counted from 1.
    pub(crate) async fn until_applied(&self, count: usize) -> Transfer {
        self.until("a transfer", |adit| adit.applied.get(count - 1).cloned()).await
    }

    pub(super) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}

impl Adit {
    fn new() -> Self {
        let settings = AgentSettings {
            revision: 1,
            domain: DomainName::parse(DOMAIN).unwrap(),
            root_user_container: DistinguishedName::parse(STAFF).unwrap(),
            integration_group: DistinguishedName::parse(&format!("CN=JumpCloud,{STAFF}")).unwrap(),
            bind_user: r"EXAMPLE\svc".into(),
            bind_password: Secret::new("Secret-1".into()),
            ca_pem: None,
            server_fingerprint: None,
            allow_insecure: false,
            poll_interval_ms: 50,
            attributes: vec!["displayName".into(), "secretary".into()],
        };
        Self {
            token: Token::new(TokenId(Uuid::from_u128(7)), &[9; 32]),
            impostor: false,
            public_key: None,
            joined: Vec::new(),
            settings,
            role: None,
            fence: 1,
            cursors: BTreeMap::new(),
            watched: WatchedGroups { version: 0, groups: Vec::new() },
            read_again: 0,
            look_up: Vec::new(),
            heartbeats: Vec::new(),
            parts: Vec::new(),
            applied: Vec::new(),
            ahead: TimeDelta::zero(),
            refusals: VecDeque::new(),
            sealing_key: None,
            capture: None,
            captures: Vec::new(),
            capture_outcome: CaptureOutcome::Kept,
            captures_away: false,
            captures_unanswered: false,
            poison: None,
            checks: Vec::new(),
            staged: BTreeMap::new(),
        }
    }

    fn role(&self, beat: &Heartbeat) -> Role {
        match (&self.role, &beat.directory) {
            (Some(role), _) => role.clone(),
            (None, DirectoryState::Connected { report, .. }) => {
                let cursor = self.cursors.get(&report.invocation_id).copied();
                Role::Watcher { fence: self.fence, cursor }
            }
            (None, _) => Role::Standby,
        }
    }

    fn keep(&mut self, message: Captures) -> Result<CapturesAnswer, Box<Problem>> {
        let unavailable = || Box::new(Problem::new(503, "Unavailable", "unavailable", "scripted"));
        assert!(message.captures.len() <= protocol::captures::MAX_CAPTURES);
        if self.captures_away {
            return Err(unavailable());
        }
        let is_poison = |one: &Captured| Some(&one.envelope.label.account) == self.poison.as_ref();
        if message.captures.iter().any(is_poison) {
            return Err(Box::new(Problem::new(422, "Unprocessable", "malformed", "scripted")));
        }
        let result = |one: &Captured| CaptureResult {
            capture: one.envelope.label.capture,
            outcome: self.capture_outcome.clone(),
        };
        let results = message.captures.iter().map(result).collect();
        self.captures.extend(message.captures);
        if self.captures_unanswered { Err(unavailable()) } else { Ok(CapturesAnswer { results }) }
    }

    fn take(&mut self, part: Part) -> Result<PartAnswer, Box<Problem>> {
        let cursor = self.cursors.get(&part.invocation_id).copied();
        self.parts.push(part.clone());
        if part.fence != self.fence {
            return Err(Box::new(conflict("lease_lost", cursor)));
        }
        if part.from.is_some() && part.from != cursor {
            return Err(Box::new(conflict("cursor_moved", cursor)));
        }
        let staged = self.staged.entry(part.transfer).or_default();
        staged.extend(part.records.clone());
        if !part.last {
            return Ok(PartAnswer { applied: false, cursor, look_up: Vec::new() });
        }
        let records = self.staged.remove(&part.transfer).unwrap();
        for record in &records {
            if let Record::LookedUp { guid, .. } = record {
                self.look_up.retain(|wanted| wanted != guid);
            }
        }
        self.cursors.insert(part.invocation_id, part.to);
        let cursor = Some(part.to);
        self.applied.push(Transfer { head: part, records });
        Ok(PartAnswer { applied: true, cursor, look_up: self.look_up.clone() })
    }
}

pub(crate) fn conflict(code: &str, cursor: Option<i64>) -> Problem {
    Problem { cursor, ..Problem::new(409, "Conflict", code, "scripted") }
}
