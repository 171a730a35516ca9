//! The REST API as a program meets it: a token, JSON there and back.

use reqwest::header::{ETAG, HeaderMap, IF_MATCH};
use reqwest::{Client, Method};
use serde_json::Value;
use server::actions;
use server::app::App;
use server::http;
use server::store::admins::Role;

use crate::world::tester;

/// A caller with an owner's token.
pub(crate) struct Rest {
    base: String,
    client: Client,
    token: String,
}

/// What came back.
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Told {
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// A problem of that code.
    #[track_caller]
    pub(crate) fn refuses(self, status: u16, code: &str) -> Self {
        let told = self.is(status);
        assert_eq!(told.json["code"], code, "{}", told.text);
        assert_eq!(told.headers["content-type"], "application/problem+json");
        told
    }

    pub(crate) fn tag(&self) -> String {
        self.headers[ETAG].to_str().unwrap().to_owned()
    }
}

impl Rest {
    pub(crate) async fn open(app: &App) -> Self {
        let (_, token) =
            actions::admins::create_api_token(app, &tester(), "test", Role::Owner).await.unwrap();
        Self::with(app, token.expose()).await
    }

    /// A caller with a token of its own.
    pub(crate) async fn with(app: &App, token: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/api/v1", listener.local_addr().unwrap());
        let router = http::router(app.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = Client::builder().no_proxy().build().unwrap();
        Self { base, client, token: token.to_owned() }
    }

    /// The same with a token that is none.
    pub(crate) fn nobody(&self) -> Self {
        Self { base: self.base.clone(), client: self.client.clone(), token: "none".into() }
    }

    pub(crate) async fn get(&self, path: &str) -> Told {
        self.send(Method::GET, path, None, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Told {
        self.send(Method::POST, path, Some(body), None).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Told {
        self.send(Method::PUT, path, Some(body), None).await
    }

    pub(crate) async fn put_if(&self, tag: &str, path: &str, body: Value) -> Told {
        self.send(Method::PUT, path, Some(body), Some(tag)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Told {
        self.send(Method::PATCH, path, Some(body), None).await
    }

    /// Only if it is still what the entity tag says.
    pub(crate) async fn patch_if(&self, tag: &str, path: &str, body: Value) -> Told {
        self.send(Method::PATCH, path, Some(body), Some(tag)).await
    }

    pub(crate) async fn post_if(&self, tag: &str, path: &str, body: Value) -> Told {
        self.send(Method::POST, path, Some(body), Some(tag)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Told {
        self.send(Method::DELETE, path, None, None).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        tag: Option<&str>,
    ) -> Told {
        let mut request =
            self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        if let Some(tag) = tag {
            request = request.header(IF_MATCH, tag);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        let json = serde_json::from_str(&text).unwrap_or_default();
        Told { status, headers, text, json }
    }
}
