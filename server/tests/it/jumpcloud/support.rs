//! A simulator and a client that talks to it.

use std::time::Duration;

use planner::plan::Fields;
use protocol::Secret;
use serde_json::{Map, Value, json};
use server::jumpcloud::{Budget, Client, Credential, Settings, validate_base_url};
use simulator::{Config, Seed, Simulator};

pub(crate) const ORG: &str = "5f3b1c2d4e5f60718293a4b5";
pub(crate) const KEY: &str = "key-of-the-tests";
pub(crate) const CLIENT_SECRET: &str = "a secret+with/odd%characters";

pub(crate) struct World {
    pub(crate) sim: Simulator,
    pub(crate) jumpcloud: Client,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::seeded(Seed::default()).await
    }

    pub(crate) async fn seeded(seed: Seed) -> Self {
        // Another test of this process may have been first.
        drop(rustls::crypto::ring::default_provider().install_default());
        let config = Config {
            api_key: KEY.into(),
            org_id: Some(ORG.into()),
            client_id: Some("client".into()),
            client_secret: Some(CLIENT_SECRET.into()),
            seed: Some(seed),
            ..Config::default()
        };
        let sim = Simulator::start(config, "127.0.0.1:0").await.unwrap();
        let jumpcloud = client(&sim, key(KEY), None);
        Self { sim, jumpcloud }
    }

    /// Creates a user. Returns its id.
    pub(crate) async fn user(&self, username: &str) -> String {
        let user = person(username);
        self.jumpcloud.create_user(&user).await.unwrap().id
    }

    /// Creates an AD instance. Returns its id.
    pub(crate) async fn directory(&self) -> String {
        let domain = protocol::DomainName::parse("corp.example").unwrap();
        self.jumpcloud.create_activedirectory(&domain).await.unwrap().id
    }

    pub(crate) fn raw(&self, username: &str) -> Value {
        self.sim.user_by_username(username).unwrap()
    }

    /// Sets fields of a user without a request.
    pub(crate) fn force(&self, username: &str, fields: Value) {
        assert!(self.sim.force(username, fields.as_object().unwrap()));
    }

    /// Method and path of every request since the last call.
    pub(crate) fn calls(&self) -> Vec<String> {
        let calls =
            self.sim.requests().into_iter().map(|request| format!("{} {}", request.method, request.path));
        let calls = calls.collect();
        self.sim.forget_requests();
        calls
    }
}

pub(crate) fn key(key: &str) -> Credential {
    Credential::ApiKey(Secret::new(key.into()))
}

pub(crate) fn settings(sim: &Simulator, credential: Credential) -> Settings {
    Settings {
        base_url: validate_base_url(&sim.base_url(), true).unwrap(),
        credential,
        org_id: None,
        proxy: None,
        timeout: Duration::from_secs(5),
    }
}

pub(crate) fn client(sim: &Simulator, credential: Credential, org_id: Option<&str>) -> Client {
    let settings = Settings { org_id: org_id.map(str::to_owned), ..settings(sim, credential) };
    Client::new(settings, Budget::new(None)).unwrap()
}

pub(crate) fn impatient(sim: &Simulator) -> Client {
    let settings = Settings { timeout: Duration::from_millis(300), ..settings(sim, key(KEY)) };
    Client::new(settings, Budget::new(None)).unwrap()
}

pub(crate) fn fields(value: Value) -> Fields {
    serde_json::from_value(value).unwrap()
}

pub(crate) fn person(username: &str) -> Fields {
    fields(json!({
        "username": username, "email": format!("{username}@corp.example"), "firstname": "Ada", "lastname": "Lovelace",
    }))
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}
