//! Setting a password, and what JumpCloud says when it does not like one.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use protocol::Secret;
use reqwest::Method;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::client::Client;
use super::request::{Request, SecretBody};
use super::{JumpCloudError, Refusal, Result};

#[derive(Serialize)]
struct PasswordChange<'a> {
    password: &'a str,
}

impl Client {
    /// `PUT /systemusers/{id}?fullValidationDetails=password`. Documented, with the refusal's shape.
    ///
    /// A refusal has the code `password_refused` and one sentence for each broken rule in its `details`.
    pub async fn set_password(&self, id: &str, password: &Secret) -> Result<()> {
        let request = Request::v1(Method::PUT, &["systemusers", id])
            .query("fullValidationDetails", "password")
            .secret(body(password)?);
        match self.send(&request).await {
            Ok(answer) => answer.done(),
            Err(error) => Err(without(error, password.expose())),
        }
    }

    /// `password_date` of `GET /systemusers/{id}` (documented): when the password was last set.
    pub async fn password_set_at(&self, id: &str) -> Result<Option<DateTime<Utc>>> {
        let user = self.raw_user(id).await?;
        let date = user.get("password_date").and_then(Value::as_str);
        Ok(date.and_then(|date| date.parse().ok()))
    }
}

fn body(password: &Secret) -> Result<SecretBody> {
    // JSON needs at most six bytes for one, so the buffer never grows and leaves no copy behind.
    let mut buffer = Zeroizing::new(Vec::with_capacity(password.expose().len() * 6 + 32));
    serde_json::to_writer(&mut *buffer, &PasswordChange { password: password.expose() })
        .map_err(|_| JumpCloudError::Malformed("a password that is not text"))?;
    Ok(SecretBody(Bytes::from_owner(buffer)))
}

/// JumpCloud's words without the password, should they repeat it.
fn without(error: JumpCloudError, password: &str) -> JumpCloudError {
    let clean = |mut refusal: Box<Refusal>| {
        for text in std::iter::once(&mut refusal.message).chain(&mut refusal.details) {
            *text = hidden(text, password);
        }
        // In JSON a password may be spelt in many ways, so the answer is shown only as far as it can be read.
        refusal.answer = match serde_json::from_str::<Value>(&refusal.answer) {
            Ok(answer) => hidden_in(answer, password).to_string(),
            Err(_) => refusal.message.clone(),
        };
        refusal
    };
    match error {
        JumpCloudError::Unauthorized(refusal) => JumpCloudError::Unauthorized(clean(refusal)),
        JumpCloudError::Forbidden(refusal) => JumpCloudError::Forbidden(clean(refusal)),
        JumpCloudError::OrganizationUnknown(refusal) => JumpCloudError::OrganizationUnknown(clean(refusal)),
        JumpCloudError::NotFound(refusal) => JumpCloudError::NotFound(clean(refusal)),
        JumpCloudError::Conflict(refusal) => JumpCloudError::Conflict(clean(refusal)),
        JumpCloudError::Refused(refusal) => JumpCloudError::Refused(clean(refusal)),
        JumpCloudError::Throttled { .. }
        | JumpCloudError::Unreachable(_)
        | JumpCloudError::Server { .. }
        | JumpCloudError::Malformed(_)
        | JumpCloudError::InvalidId(_)
        | JumpCloudError::NotOurs => error,
    }
}

fn hidden(text: &str, password: &str) -> String {
    if password.is_empty() { text.to_owned() } else { text.replace(password, "[redacted]") }
}

fn hidden_in(value: Value, password: &str) -> Value {
    match value {
        Value::String(text) => hidden(&text, password).into(),
        Value::Array(rows) => rows.into_iter().map(|row| hidden_in(row, password)).collect(),
        Value::Object(fields) => {
            let fields =
                fields.into_iter().map(|(name, value)| (hidden(&name, password), hidden_in(value, password)));
            Value::Object(fields.collect())
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}

/// The rule that a password broke, in words. Only `specialCharacter` and `passwordHistory` are published, so a rule is
/// recognised by what its name contains, and an unknown one is shown as it came.
pub(super) fn words(rule: &str) -> String {
    const RULES: [(&str, &str); 13] = [
        ("special", "it needs a special character"),
        ("symbol", "it needs a special character"),
        ("history", "it was used before"),
        ("length", "it is too short"),
        ("short", "it is too short"),
        ("lower", "it needs a lower-case letter"),
        ("upper", "it needs an upper-case letter"),
        ("number", "it needs a digit"),
        ("numeric", "it needs a digit"),
        ("username", "it contains the username"),
        ("common", "it is too common"),
        ("sequential", "it repeats a character or counts up"),
        ("minchange", "the last change is too recent"),
    ];
    // A rule that is a sentence already needs no translation.
    if rule.contains(' ') {
        return rule.to_owned();
    }
    let known = rule.to_lowercase();
    let found = RULES.into_iter().find(|(token, _)| known.contains(token));
    found.map_or_else(|| format!("it breaks the rule {rule}"), |(_, words)| words.to_owned())
}
