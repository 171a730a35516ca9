//! Users, groups, holds and conflicts through the REST API.

mod conflicts;
mod groups;
mod holds;
mod operations;
mod users;

use reqwest::Client;
use serde_json::Value;
use server::app::App;
use server::store::admins::Role;
use server::{actions, http};

use crate::world::tester;

/// A program with an owner's token.
struct Program {
    base: String,
    client: Client,
    token: String,
}

impl Program {
    async fn of(app: &App) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/api/v1", listener.local_addr().unwrap());
        let router = http::router(app.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (_, token) = actions::admins::create_api_token(app, &tester(), "t", Role::Owner).await.unwrap();
        let client = Client::builder().no_proxy().build().unwrap();
        Self { base, client, token: token.expose().to_owned() }
    }

    async fn get(&self, path: &str) -> Value {
        let (status, text) = self.text(path).await;
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn text(&self, path: &str) -> (u16, String) {
        let request = self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth(&self.token).json(&body);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }
}

fn strings<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|item| item[field].as_str().unwrap()).collect()
}
