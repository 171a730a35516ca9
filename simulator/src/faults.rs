//! Faults that a test scripts: which requests they hit, and what goes wrong.

use std::collections::BTreeMap;

use axum::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A fault and the requests that it hits. Every condition must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The method; none means every method.
    #[serde(default)]
    pub method: Option<String>,
    /// The path: `*` is any text, a trailing `$` the end; without `*` it is a prefix.
    #[serde(default = "any_path")]
    pub path: String,
    /// The username that the request is about.
    #[serde(default)]
    pub user: Option<String>,
    /// A field that the body must have, for example `password`.
    #[serde(default)]
    pub field: Option<String>,
    /// How many matching requests pass before it strikes.
    #[serde(default)]
    pub after: u32,
    /// How often it strikes; null means until it is removed.
    #[serde(default = "once")]
    pub count: Option<u32>,
    pub action: Action,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Answers this instead of doing it.
    Status {
        status: u16,
        #[serde(default)]
        body: Option<Value>,
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// Does it, then answers this.
    ApplyThenStatus {
        status: u16,
        #[serde(default)]
        body: Option<Value>,
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// Waits, then does it.
    Delay { ms: u64 },
    /// Never answers, and does nothing.
    Hang,
    /// Does it and never answers.
    ApplyThenHang,
    /// Resets the connection, and does nothing.
    Reset,
    /// Does it, then resets the connection.
    ApplyThenReset,
    /// Does it and sends the answer 64 bytes at a time, with this pause before each.
    Slow { ms: u64 },
    /// Does it, then answers with a body that is not JSON.
    Garbage {
        #[serde(default)]
        body: Option<String>,
    },
}

impl Action {
    /// Answers `status` with JumpCloud's error shape.
    pub fn status(status: u16) -> Self {
        Self::Status { status, body: None, headers: BTreeMap::new() }
    }

    /// Answers 429, with `Retry-After` where a number of seconds is given.
    pub fn throttle(retry_after: Option<u64>) -> Self {
        let headers = retry_after.map(|seconds| ("retry-after".to_owned(), seconds.to_string()));
        Self::Status { status: 429, body: None, headers: headers.into_iter().collect() }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::ApplyThenStatus { .. } => "apply_then_status",
            Self::Delay { .. } => "delay",
            Self::Hang => "hang",
            Self::ApplyThenHang => "apply_then_hang",
            Self::Reset => "reset",
            Self::ApplyThenReset => "apply_then_reset",
            Self::Slow { .. } => "slow",
            Self::Garbage { .. } => "garbage",
        }
    }
}

impl Fault {
    /// Hits the next request, whatever it is.
    pub fn new(action: Action) -> Self {
        Self { method: None, path: any_path(), user: None, field: None, after: 0, count: once(), action }
    }

    /// Hits only requests with this method and path.
    pub fn on(mut self, method: &str, path: &str) -> Self {
        self.method = Some(method.to_owned());
        self.path = path.to_owned();
        self
    }

    /// Hits only requests about this user.
    pub fn about(mut self, username: &str) -> Self {
        self.user = Some(username.to_owned());
        self
    }

    /// Hits only requests whose body has this field.
    pub fn with_field(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// Lets `passed` matching requests pass first.
    pub fn after(mut self, passed: u32) -> Self {
        self.after = passed;
        self
    }

    /// Strikes `count` times.
    pub fn times(mut self, count: u32) -> Self {
        self.count = Some(count);
        self
    }

    /// Strikes until it is removed.
    pub fn forever(mut self) -> Self {
        self.count = None;
        self
    }

    fn hits(&self, method: &Method, path: &str, user: Option<&str>, body: &Value) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method.as_str()))
            && path_matches(&self.path, path)
            && self.user.as_ref().is_none_or(|wanted| user == Some(wanted))
            && self.field.as_ref().is_none_or(|wanted| body.get(wanted).is_some())
    }
}

fn any_path() -> String {
    "*".to_owned()
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the default of an optional field")]
fn once() -> Option<u32> {
    Some(1)
}

/// Whether `pattern` describes `path`: `*` is any text, a trailing `$` the end of the path.
pub(crate) fn path_matches(pattern: &str, path: &str) -> bool {
    let (pattern, to_the_end) = pattern.strip_suffix('$').map_or((pattern, false), |start| (start, true));
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| path.strip_prefix(first)) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    for (number, piece) in pieces.iter().enumerate() {
        let last = number + 1 == pieces.len();
        let found = if last && to_the_end {
            rest.ends_with(piece).then(|| rest.len() - piece.len())
        } else {
            rest.find(piece)
        };
        let Some(at) = found else { return false };
        rest = &rest[at + piece.len()..];
    }
    !to_the_end || rest.is_empty()
}

/// A fault as it stands.
#[derive(Debug, Clone, Serialize)]
pub struct Scripted {
    pub id: u64,
    /// How many matching requests there were.
    pub seen: u32,
    /// How often it struck.
    pub struck: u32,
    pub fault: Fault,
}

/// The script, in the order of writing. The first fault that is due strikes.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    script: Vec<Scripted>,
    last: u64,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) -> u64 {
        self.last += 1;
        self.script.push(Scripted { id: self.last, seen: 0, struck: 0, fault });
        self.last
    }

    pub(crate) fn list(&self) -> Vec<Scripted> {
        self.script.clone()
    }

    pub(crate) fn clear(&mut self) {
        self.script.clear();
    }

    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.script.len();
        self.script.retain(|scripted| scripted.id != id);
        self.script.len() < before
    }

    /// What happens to a request.
    pub(crate) fn strike(
        &mut self,
        method: &Method,
        path: &str,
        user: Option<&str>,
        body: &Value,
    ) -> Option<Action> {
        for scripted in &mut self.script {
            let fault = &scripted.fault;
            if !fault.hits(method, path, user, body) {
                continue;
            }
            scripted.seen += 1;
            if scripted.seen > fault.after && fault.count.is_none_or(|count| scripted.struck < count) {
                scripted.struck += 1;
                return Some(fault.action.clone());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::path_matches;

    #[test]
    fn a_path_pattern_is_a_prefix_with_stars() {
        assert!(path_matches("*", "/api/systemusers"));
        assert!(path_matches("/api/systemusers", "/api/systemusers/1"));
        assert!(!path_matches("/api/systemusers$", "/api/systemusers/1"));
        assert!(path_matches("/api/systemusers$", "/api/systemusers"));
        assert!(path_matches("/api/v2/usergroups/*/members$", "/api/v2/usergroups/1/members"));
        assert!(!path_matches("/api/v2/usergroups/*/members$", "/api/v2/usergroups/1/membership"));
        assert!(path_matches("/api/systemusers/*$", "/api/systemusers/1"));
        assert!(!path_matches("/api/v2", "/api/systemusers"));
    }
}
