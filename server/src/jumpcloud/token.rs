//! The service account's tokens: fetched when needed, renewed before they end, kept in memory only.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use protocol::Secret;
use reqwest::{Url, header::AUTHORIZATION};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::answer::{Raw, unreachable};
use super::{JumpCloudError, Result};

/// A token is renewed this long before it ends.
const MARGIN: Duration = Duration::from_secs(60);
/// The life of a token that does not tell its own.
const USUAL_LIFE: u64 = 900;

/// A service account and its current token.
#[derive(Debug)]
pub(super) struct ServiceAccount {
    client_id: String,
    client_secret: Secret,
    token_url: Url,
    /// Held while fetching, so that many requests wait for one fetch.
    current: Mutex<Option<Token>>,
}

#[derive(Clone, Debug)]
struct Token {
    secret: Secret,
    renew_at: Instant,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Secret,
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
}

impl ServiceAccount {
    pub(super) fn new(client_id: String, client_secret: Secret, token_url: Url) -> Self {
        Self { client_id, client_secret, token_url, current: Mutex::default() }
    }

    /// A token that lasts long enough for a request.
    pub(super) async fn token(&self, http: &reqwest::Client, timeout: Duration) -> Result<Secret> {
        let mut current = self.current.lock().await;
        if let Some(token) = current.as_ref().filter(|token| token.renew_at > Instant::now()) {
            return Ok(token.secret.clone());
        }
        *current = None;
        let token = self.fetch(http, timeout).await?;
        let secret = token.secret.clone();
        *current = Some(token);
        Ok(secret)
    }

    /// Forgets a token that was rejected, unless another has taken its place.
    pub(super) async fn forget(&self, rejected: &Secret) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|token| token.secret == *rejected) {
            *current = None;
        }
    }

    /// `POST /oauth2/token` with HTTP Basic, `grant_type=client_credentials` and `scope=api`. From clients.
    async fn fetch(&self, http: &reqwest::Client, timeout: Duration) -> Result<Token> {
        let asked_at = Instant::now();
        let request = http
            .post(self.token_url.clone())
            .header(AUTHORIZATION, self.basic())
            .form(&[("grant_type", "client_credentials"), ("scope", "api")])
            .timeout(timeout);
        let raw = Raw::read(request.send().await.map_err(unreachable)?).await?;
        if raw.status == 429 {
            return Err(JumpCloudError::Throttled { retry_after: raw.retry_after() });
        }
        let answer = raw.judged().map_err(|error| match error {
            // RFC 6749 lets a wrong client id or secret be a 400.
            JumpCloudError::Refused(refusal) | JumpCloudError::NotFound(refusal) => {
                JumpCloudError::Unauthorized(refusal)
            }
            other => other,
        })?;
        let token: TokenAnswer = answer.parse("it holds no access token")?;
        let life = match token.expires_in {
            Some(serde_json::Value::Number(seconds)) => seconds.as_u64(),
            Some(serde_json::Value::String(seconds)) => seconds.trim().parse().ok(),
            _ => None,
        };
        let life = Duration::from_secs(life.unwrap_or(USUAL_LIFE).min(86_400));
        let renew_at = asked_at + life.saturating_sub(MARGIN.min(life / 2));
        Ok(Token { secret: token.access_token, renew_at })
    }

    /// RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
    fn basic(&self) -> reqwest::header::HeaderValue {
        let secret = Zeroizing::new(encoded(self.client_secret.expose()));
        let pair = Zeroizing::new(format!("{}:{}", encoded(&self.client_id), *secret));
        let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        super::client::sensitive(&text).unwrap_or_else(|| reqwest::header::HeaderValue::from_static(""))
    }
}

fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                encoded.push(char::from(byte))
            }
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
