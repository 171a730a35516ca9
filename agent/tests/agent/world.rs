//! A domain controller, a server, and an agent enrolled between them.

use std::path::PathBuf;
use std::time::Duration;

use agent::config::StateDir;
use agent::directory::Patience;
use agent::enroll::{self, Outcome, Wish};
use agent::run::{self, Tuning};
use protocol::transfer::{Found, Record};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use uuid::Uuid;

use crate::adit::{Server, Transfer};
use crate::dc::Dc;

/// Nothing takes longer, on a machine that is busy with other things.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A folder that is removed afterwards.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(std::env::temp_dir().join(format!("adit-agent-test-{}", Uuid::new_v4().simple())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) struct World {
    pub(crate) dc: Dc,
    pub(crate) server: Server,
    pub(crate) state: StateDir,
    pub(crate) tuning: Tuning,
    agent: Option<JoinHandle<()>>,
    _folder: Folder,
}

impl World {
    /// Enrolled, but not started.
    pub(crate) async fn enrolled() -> Self {
        let (dc, server, folder) = (Dc::start().await, Server::start().await, Folder::new());
        let ca_pem = dc.ca_pem.clone();
        server.configure(|settings| settings.ca_pem = Some(ca_pem));
        let tuning = Tuning {
            heartbeat_every: Some(Duration::from_millis(100)),
            patience: Some(Patience {
                connect: Duration::from_secs(5),
                bind: Duration::from_secs(5),
                answer: Duration::from_millis(1500),
            }),
            group_pause: Some(Duration::from_millis(50)),
            report_every: Some(Duration::from_secs(60)),
            smb_conf: None,
            confirm_within: None,
        };
        let state = StateDir::new(folder.0.clone());
        let world = Self { dc, server, state, tuning, agent: None, _folder: folder };
        world.enroll().await;
        world
    }

    /// Running, and the whole domain has been read.
    pub(crate) async fn watching() -> Self {
        Self::watching_after(|_| {}).await
    }

    /// The same, with something changed before.
    pub(crate) async fn watching_after(prepare: impl FnOnce(&Self)) -> Self {
        let mut world = Self::enrolled().await;
        prepare(&world);
        world.start();
        world.server.until_applied(1).await;
        world
    }

    pub(crate) async fn enroll(&self) -> Outcome {
        enroll::enroll(&self.state, self.wish()).await.unwrap()
    }

    pub(crate) fn wish(&self) -> Wish {
        Wish {
            server: self.server.url.clone(),
            token: self.server.lock().token.reveal().expose().to_owned(),
            server_fingerprint: None,
            ca_file: None,
            domain_controller: Some(self.dc.url()),
        }
    }

    pub(crate) fn start(&mut self) {
        let (state, tuning) = (self.state.clone(), self.tuning.clone());
        self.agent = Some(tokio::spawn(async move {
            let error = run::run(&state, tuning).await;
            panic!("the agent stopped: {error}");
        }));
    }

    pub(crate) async fn stop(&mut self) {
        if let Some(agent) = self.agent.take() {
            agent.abort();
            let _ = agent.await;
        }
    }

    /// Changes the directory and waits for the transfer that brings it.
    pub(crate) async fn after<T>(
        &self,
        change: impl FnOnce(&mut crate::directory::Directory) -> T,
    ) -> (T, Transfer) {
        let applied = self.server.lock().applied.len();
        let value = self.dc.edit(change);
        (value, self.server.until_applied(applied + 1).await)
    }

    /// Watches these groups from now on, and waits until their first re-read is over.
    pub(crate) async fn watch(&self, groups: &[Uuid]) {
        let groups: Vec<_> = groups.iter().copied().map(Into::into).collect();
        self.server.set(|adit| {
            adit.watched.version += 1;
            adit.watched.groups = groups.clone();
        });
        self.server
            .until("the primary groups", |adit| {
                let told =
                    |group| adit.applied.iter().any(|transfer| primary_members(transfer, group).is_some());
                groups.iter().all(|group| told(group.0)).then_some(())
            })
            .await;
    }
}

/// Whose primary group `group` is, if the transfer says so.
pub(crate) fn primary_members(transfer: &Transfer, group: Uuid) -> Option<Vec<Uuid>> {
    let mut found = None;
    for record in &transfer.records {
        if let Record::PrimaryMembers { group: told, first, members, .. } = record
            && told.0 == group
        {
            let list: &mut Vec<Uuid> = found.get_or_insert_default();
            if *first {
                list.clear();
            }
            list.extend(members.iter().map(|member| member.0));
        }
    }
    found
}

/// The members of `group`, if the transfer brings them in full: what the server would store.
pub(crate) fn members(transfer: &Transfer, group: Uuid) -> Option<Vec<Uuid>> {
    let (mut list, mut whole) = (Vec::new(), None);
    for record in &transfer.records {
        if let Record::Members { group: told, first, last, members } = record
            && told.0 == group
        {
            if *first {
                list.clear();
            }
            list.extend(members.iter().map(|member| member.guid.0));
            whole = last.then(|| list.clone());
        }
    }
    whole
}

/// What a look-up found.
pub(crate) fn looked_up(transfer: &Transfer, guid: Uuid) -> Option<Found> {
    transfer.records.iter().find_map(|record| match record {
        Record::LookedUp { guid: told, found } if told.0 == guid => Some(found.clone()),
        _ => None,
    })
}

/// The names of the users in a transfer, in the order in which they came.
pub(crate) fn users(transfer: &Transfer) -> Vec<String> {
    transfer
        .records
        .iter()
        .filter_map(|record| match record {
            Record::User(user) => user.sam_account_name.clone(),
            _ => None,
        })
        .collect()
}

/// Lets axum serve over TLS.
pub(crate) struct TlsListener {
    pub(crate) listener: TcpListener,
    pub(crate) acceptor: TlsAcceptor,
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, address)) = self.listener.accept().await else { continue };
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
