//! Starting and stopping a simulator.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, ToSocketAddrs},
    task::JoinHandle,
};

use crate::{
    access::Access,
    ids, routes,
    seed::{self, Seed},
    settings::Settings,
    wire::{Line, RudeListener},
    world::{Shared, Stage, World},
};

/// How long open requests may take once the simulator stops.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a simulator begins with.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The API key of an administrator of one organization.
    pub api_key: String,
    /// The organization's id, 24 hexadecimal digits; made up where there is none.
    pub org_id: Option<String>,
    /// The service account's credentials; both or neither.
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    pub rate_limit_per_minute: Option<u32>,
    pub seed: Option<Seed>,
}

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the API key must not be empty")]
    NoKey,
    #[error("the organization id must be 24 hexadecimal digits, for example 5f3b1c2d4e5f60718293a4b5")]
    OrganizationId,
    #[error("client id and client secret belong together")]
    HalfClient,
    #[error("{0}")]
    Setting(&'static str),
    #[error("the seed was refused: {0}")]
    Seed(String),
    #[error("could not listen")]
    Listen(#[source] io::Error),
}

/// A running simulator. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Simulator {
    pub(crate) shared: Shared,
    address: SocketAddr,
    serving: JoinHandle<io::Result<()>>,
}

impl Simulator {
    /// Starts a simulator on `address`; `127.0.0.1:0` picks a free port.
    pub async fn start(config: Config, address: impl ToSocketAddrs) -> Result<Self, StartError> {
        let world = world(config)?;
        let listener = TcpListener::bind(address).await.map_err(StartError::Listen)?;
        let address = listener.local_addr().map_err(StartError::Listen)?;
        let shared = Arc::new(Stage::new(world));
        let service = routes::all(Arc::clone(&shared)).into_make_service_with_connect_info::<Line>();
        let stage = Arc::clone(&shared);
        let server = axum::serve(RudeListener(listener), service);
        let server = server.with_graceful_shutdown(async move { stage.stopped().await });
        let serving = tokio::spawn(server.into_future());
        Ok(Self { shared, address, serving })
    }

    /// The host root, for example `http://127.0.0.1:8080`; `/api` and `/api/v2` come after it.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening and lets open requests end; those that were scripted never to be answered are cut.
    pub async fn stop(mut self) {
        self.shared.stop();
        if tokio::time::timeout(PATIENCE, &mut self.serving).await.is_err() {
            self.serving.abort();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

fn world(config: Config) -> Result<World, StartError> {
    if config.api_key.is_empty() {
        return Err(StartError::NoKey);
    }
    if config.org_id.as_deref().is_some_and(|id| !ids::is_id(id)) {
        return Err(StartError::OrganizationId);
    }
    let client = match (config.client_id, config.client_secret) {
        (Some(id), Some(secret)) => Some((id, secret)),
        (None, None) => None,
        _ => return Err(StartError::HalfClient),
    };
    let settings = Settings { rate_limit_per_minute: config.rate_limit_per_minute, ..Settings::default() };
    if let Some(problem) = settings.problem() {
        return Err(StartError::Setting(problem));
    }
    let mut world = World::new(config.org_id, Access::new(&config.api_key, client), settings);
    seed::plant(&mut world, config.seed.unwrap_or_default()).map_err(StartError::Seed)?;
    Ok(world)
}
