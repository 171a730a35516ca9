//! A simulator and a client that speaks to it.

use std::sync::Once;

use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};
use simulator::{Config, Seed, Simulator};

pub(crate) const KEY: &str = "test-key";

/// What a request was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Null where there was no JSON.
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn id(&self) -> String {
        self.body["id"].as_str().expect("an object with an id").to_owned()
    }

    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

pub(crate) struct World {
    pub(crate) jumpcloud: Simulator,
    pub(crate) http: Client,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(Config::default()).await
    }

    pub(crate) async fn seeded(seed: Value) -> Self {
        let seed: Seed = serde_json::from_value(seed).unwrap();
        Self::start_with(Config { seed: Some(seed), ..Config::default() }).await
    }

    pub(crate) async fn start_with(config: Config) -> Self {
        let config = Config { api_key: KEY.to_owned(), ..config };
        let jumpcloud = Simulator::start(config, "127.0.0.1:0").await.unwrap();
        Self { jumpcloud, http: client() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.jumpcloud.base_url()))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path).header("x-api-key", KEY)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::POST, path).header("x-api-key", KEY).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PUT, path).header("x-api-key", KEY).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PATCH, path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path).header("x-api-key", KEY)).await
    }

    /// Creates a user with this name. Returns its id.
    pub(crate) async fn user(&self, username: &str) -> String {
        let email = format!("{username}@corp.example");
        let answer = self.post("/api/systemusers", json!({ "username": username, "email": email })).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.id()
    }

    /// Creates a group with this name. Returns its id.
    pub(crate) async fn group(&self, name: &str) -> String {
        let answer = self.post("/api/v2/usergroups", json!({ "name": name })).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.id()
    }

    /// Creates an Active Directory instance. Returns its id.
    pub(crate) async fn directory(&self) -> String {
        let answer = self.post("/api/v2/activedirectories", json!({ "domain": "DC=corp;DC=example" })).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.id()
    }

    pub(crate) async fn edge(&self, path: &str, op: &str, kind: &str, id: &str) -> Answer {
        self.post(path, json!({ "op": op, "type": kind, "id": id })).await
    }

    pub(crate) fn seen(&self, username: &str) -> Value {
        self.jumpcloud.user_by_username(username).expect("the user exists")
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    try_send(request).await.unwrap()
}

pub(crate) async fn try_send(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await?;
    Ok(Answer { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text })
}

fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        rustls::crypto::ring::default_provider().install_default().unwrap();
    });
    Client::builder().no_proxy().build().unwrap()
}
