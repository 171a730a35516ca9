//! An answer, and the errors that become of it.

use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::json::{rows, text};
use super::{JumpCloudError, Refusal, Result, passwords};

/// A page of a hundred users with their keys stays far below.
const LARGEST: usize = 16 * 1024 * 1024;
/// How much of an answer is kept to be shown.
const SHOWN: usize = 2048;

/// A successful answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) total: Option<usize>,
    body: Vec<u8>,
}

/// How an answer came: before it is known whether it is one of success.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    body: Vec<u8>,
}

impl Raw {
    /// Takes the whole answer in, as far as it is bounded.
    pub(super) async fn read(mut response: reqwest::Response) -> Result<Self> {
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > LARGEST {
                return Err(JumpCloudError::Malformed("it is too large"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Self { status, headers, body })
    }

    /// Tells success from failure. A 429 is the budget's to judge and does not come here.
    pub(super) fn judged(self) -> Result<Answer> {
        let refusal = || Box::new(refusal(self.status, &self.body));
        match self.status {
            200..=299 => Ok(Answer { total: total(&self.headers), body: self.body }),
            300..=399 => Err(JumpCloudError::Malformed("it is a redirect, and none is followed")),
            401 => Err(JumpCloudError::Unauthorized(refusal())),
            403 => Err(JumpCloudError::Forbidden(refusal())),
            404 | 410 => Err(JumpCloudError::NotFound(refusal())),
            408 => Err(JumpCloudError::Server { status: self.status }),
            409 => Err(JumpCloudError::Conflict(refusal())),
            400..=499 => Err(JumpCloudError::Refused(refusal())),
            status => Err(JumpCloudError::Server { status }),
        }
    }

    /// What `Retry-After` asks for: seconds, or a date beside the answer's own.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let header = |name| self.headers.get(name)?.to_str().ok().map(str::trim);
        let wanted = header(RETRY_AFTER)?;
        if let Ok(seconds) = wanted.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let until = DateTime::parse_from_rfc2822(wanted).ok()?;
        let now = DateTime::parse_from_rfc2822(header(DATE)?).ok()?;
        (until - now).to_std().ok()
    }
}

impl Answer {
    pub(super) fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).map_err(|_| JumpCloudError::Malformed("it is not JSON"))
    }

    /// The answer as a type of its own; `what` says what it is if it is not that.
    pub(super) fn parse<T: serde::de::DeserializeOwned>(&self, what: &'static str) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|_| JumpCloudError::Malformed(what))
    }

    /// For calls whose answer says nothing: empty, JSON or "OK". A page of HTML with status 200 is no success.
    pub(super) fn done(&self) -> Result<()> {
        let text = self.body.trim_ascii();
        if text.is_empty() || text.eq_ignore_ascii_case(b"ok") { Ok(()) } else { self.json().map(drop) }
    }
}

/// A failure on the way, without the address: it may hold a person's email.
pub(super) fn unreachable(error: reqwest::Error) -> JumpCloudError {
    JumpCloudError::Unreachable(error.without_url())
}

fn total(headers: &HeaderMap) -> Option<usize> {
    headers.get("x-total-count")?.to_str().ok()?.trim().parse().ok()
}

/// Reads `{code, message, status, details}`, of which anything may be missing.
fn refusal(status: u16, body: &[u8]) -> Refusal {
    let answer = shortened(&String::from_utf8_lossy(body), SHOWN);
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = ["message", "error", "error_description"].into_iter().map(|name| text(&json, name));
    let message = message.chain([text(&json["error"], "message")]).find(|message| !message.is_empty());
    let message =
        message.map_or_else(|| format!("status {status} without a reason"), |text| shortened(&text, SHOWN));
    let violations = violations(&json);
    let details = violations.iter().map(|(field, rule)| match field.as_str() {
        "password" => passwords::words(rule),
        "" => rule.clone(),
        field => format!("{field}: {rule}"),
    });
    let details = details.take(20).map(|detail| shortened(&detail, 200)).collect();
    let about_password = violations.iter().any(|(field, _)| field == "password");
    Refusal { status, code: code(status, &message, about_password), message, details, answer }
}

/// Field and rule of each violation, in the google.rpc form.
fn violations(json: &Value) -> Vec<(String, String)> {
    let lists = rows(json, "details").iter().flat_map(|detail| {
        let named = ["fieldViolationsList", "fieldViolations"];
        named.into_iter().flat_map(|name| rows(detail, name))
    });
    lists
        .map(|row| (text(row, "field"), text(row, "description")))
        .filter(|(_, rule)| !rule.is_empty())
        .collect()
}

fn code(status: u16, message: &str, about_password: bool) -> &'static str {
    let message = message.to_lowercase();
    let says = |words: &str| message.contains(words);
    match status {
        402 => "plan_limit_reached",
        _ if about_password || says("password validation") => "password_refused",
        409 => "already_exists",
        _ if says("already exists") || says("already in use") || says("duplicate") => "already_exists",
        _ => "refused_by_jumpcloud",
    }
}

fn shortened(text: &str, bytes: usize) -> String {
    text[..text.floor_char_boundary(bytes)].to_owned()
}
