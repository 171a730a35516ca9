//! The request log. It never holds a password: values of that name are replaced before anything is kept.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::{Value, json};

use crate::action::Meaning;

/// One request to the API.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LoggedRequest {
    /// Counts up from 1 and is never used again.
    pub seq: u64,
    /// When it arrived, RFC 3339 with milliseconds.
    pub time: String,
    pub method: String,
    pub path: String,
    pub query: String,
    /// The body as JSON with passwords as `[password]`; null where there was none.
    pub body: Value,
    /// What the client was answered; none while it waits and where it never gets an answer.
    pub status: Option<u16>,
    /// When the answer was ready.
    pub answered: Option<String>,
    /// Whether this is a request to change something.
    pub write: bool,
    /// Whether the change was made, whatever the client was told.
    pub applied: bool,
    /// What the write does: `create`, `update`, `suspend`, `set password`, `add to group`, …
    pub action: Option<String>,
    /// The username that it is about.
    pub user: Option<String>,
    /// The group's name that it is about.
    pub group: Option<String>,
    /// `api_key`, `bearer` or `none`.
    pub credential: String,
    /// The scripted fault that it met.
    pub fault: Option<String>,
}

/// What is known of a request when it arrives.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) time: String,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) body: Value,
    pub(crate) credential: &'static str,
    pub(crate) meaning: Meaning,
    pub(crate) fault: Option<&'static str>,
}

/// The log, oldest first.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    requests: VecDeque<LoggedRequest>,
    last: u64,
}

impl RequestLog {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &LoggedRequest> {
        self.requests.iter()
    }

    /// The number of the newest request.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    pub(crate) fn clear(&mut self) {
        self.requests.clear();
    }

    pub(crate) fn arrived(&mut self, arrival: Arrival<'_>, limit: usize) -> u64 {
        self.last += 1;
        let Arrival { meaning, .. } = arrival;
        self.requests.push_back(LoggedRequest {
            seq: self.last,
            time: arrival.time,
            method: arrival.method.to_owned(),
            path: arrival.path.to_owned(),
            query: arrival.query.to_owned(),
            body: redacted(arrival.body),
            status: None,
            answered: None,
            write: arrival.method != "GET"
                && is_api(arrival.path)
                && !arrival.path.starts_with("/api/search/"),
            applied: false,
            action: meaning.action.map(str::to_owned),
            user: meaning.user,
            group: meaning.group,
            credential: arrival.credential.to_owned(),
            fault: arrival.fault.map(str::to_owned),
        });
        while self.requests.len() > limit {
            self.requests.pop_front();
        }
        self.last
    }

    pub(crate) fn applied(&mut self, seq: u64) {
        if let Some(request) = self.find_mut(seq) {
            request.applied = request.write;
        }
    }

    pub(crate) fn answered(&mut self, seq: u64, status: u16, time: String) {
        if let Some(request) = self.find_mut(seq) {
            request.status = Some(status);
            request.answered = Some(time);
        }
    }

    fn find_mut(&mut self, seq: u64) -> Option<&mut LoggedRequest> {
        let first = self.requests.front()?.seq;
        self.requests.get_mut(usize::try_from(seq.checked_sub(first)?).ok()?)
    }
}

/// Whether `path` belongs to the simulated API.
pub(crate) fn is_api(path: &str) -> bool {
    path.starts_with("/api/")
}

fn redacted(mut body: Value) -> Value {
    redact(&mut body);
    body
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                if name.eq_ignore_ascii_case("password") && !value.is_null() {
                    *value = json!("[password]");
                } else {
                    redact(value);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(redact),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
