//! The organization's password policy, `settings.passwordPolicy`.
//!
//! Of the words in `details` only `specialCharacter` and `passwordHistory` are published; the others are
//! assumed.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use crate::{reply::Refusal, user::User};

const COMMON: [&str; 8] =
    ["password", "password1", "12345678", "qwerty123", "letmein1", "welcome1", "admin123", "iloveyou"];

/// What a new password is judged by.
#[derive(Debug)]
pub(crate) struct Policy<'a>(pub(crate) &'a Value);

impl Policy<'_> {
    fn on(&self, rule: &str) -> bool {
        self.0[rule] == true
    }

    fn number(&self, rule: &str) -> Option<usize> {
        self.0[rule].as_u64().and_then(|number| usize::try_from(number).ok())
    }

    /// The rules that `password` would break for `user`.
    pub(crate) fn violations(&self, user: &User, password: &str, now: DateTime<Utc>) -> Vec<&'static str> {
        let lower = password.to_lowercase();
        let has = |class: fn(char) -> bool| password.chars().any(class);
        let shortest = self.number("minLength").filter(|_| self.on("enableMinLength")).unwrap_or(1);
        let username = user.username().to_lowercase();
        let rules = [
            (password.chars().count() < shortest, "minLength"),
            (self.on("needsLowercase") && !has(char::is_lowercase), "lowercase"),
            (self.on("needsUppercase") && !has(char::is_uppercase), "uppercase"),
            (self.on("needsNumeric") && !has(char::is_numeric), "number"),
            (self.on("needsSymbolic") && password.chars().all(char::is_alphanumeric), "specialCharacter"),
            (self.0["allowUsernameSubstring"] == false && lower.contains(&username), "usernameSubstring"),
            (self.on("disallowCommonlyUsedPasswords") && COMMON.contains(&lower.as_str()), "commonlyUsed"),
            (self.on("disallowSequentialOrRepetitiveChars") && runs(&lower), "sequentialOrRepetitive"),
            (self.too_soon(user, now), "minChangePeriod"),
            (self.used_before(user, password), "passwordHistory"),
        ];
        rules.into_iter().filter(|(broken, _)| *broken).map(|(_, rule)| rule).collect()
    }

    fn too_soon(&self, user: &User, now: DateTime<Utc>) -> bool {
        let days = self.number("minChangePeriodInDays").filter(|_| self.on("enableMinChangePeriodInDays"));
        let changed = DateTime::parse_from_rfc3339(user.text("password_date"));
        match (days.and_then(|days| i64::try_from(days).ok()), changed) {
            (Some(days), Ok(changed)) => now < changed + Duration::days(days),
            _ => false,
        }
    }

    fn used_before(&self, user: &User, password: &str) -> bool {
        let remembered = self.number("maxHistory").filter(|_| self.on("enableMaxHistory")).unwrap_or(0);
        let used = user.password.iter().chain(user.earlier_passwords.iter().rev());
        used.take(remembered).any(|earlier| earlier.matches(password))
    }

    /// When a password set now expires, if the policy lets it expire.
    pub(crate) fn expiry(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let days =
            self.number("passwordExpirationInDays").filter(|_| self.on("enablePasswordExpirationInDays"))?;
        Some(now + Duration::days(i64::try_from(days).ok()?))
    }
}

/// Three characters that repeat or count up.
fn runs(lower: &str) -> bool {
    let codes: Vec<u32> = lower.chars().map(u32::from).collect();
    codes.windows(3).any(|three| match three {
        [a, b, c] => (a == b && b == c) || (a + 1 == *b && b + 1 == *c),
        _ => false,
    })
}

/// The refusal of a password: with every broken rule where `fullValidationDetails=password` was asked for,
/// as the description shows it, and with one sentence otherwise.
pub(crate) fn refusal(violations: &[&str], full_details: bool) -> Refusal {
    if !full_details {
        let first = violations.first().copied().unwrap_or_default();
        return Refusal::bad(format!("Password validation fail: {first}"));
    }
    let broken: Vec<Value> =
        violations.iter().map(|rule| json!({ "field": "password", "description": rule })).collect();
    Refusal::bad("Password validation fail").with_details(json!([{
        "fieldViolationsList": broken,
        "@type": "type.googleapis.com/google.rpc.BadRequest",
    }]))
}
