//! What codes mean, in the words that pages use.

use chrono::{DateTime, Utc};
use planner::Status;
use serde_json::Value;

use crate::store::admins::Role;
use crate::store::alerts::Severity;
use crate::store::domains::Mode;

/// What the form that led to this page has done; an unknown word says nothing.
pub(super) fn done(code: &str) -> Option<&'static str> {
    Some(match code {
        "organization-added" => "The organization was added. JumpCloud is being read.",
        "organization-there" => {
            "There was an organization of this name already: it goes on with that one, and its credential was not changed."
        }
        "credential-changed" => "The credential was changed.",
        "domain-added" => "The domain was added. Nothing is written to JumpCloud before you activate it.",
        "domain-there" => {
            "There was this domain already in the organization: it goes on with that one, and nothing of it was changed."
        }
        "saved" => "The settings were saved. Every agent has them within seconds.",
        "unchanged" => "Nothing was different, so there is no new revision.",
        "rolled-back" => "The earlier settings are in force again, as a new revision.",
        "activated" => "The domain is active. The plan is being carried out.",
        "paused" => "The domain is paused. Nothing is written to JumpCloud; watching and planning go on.",
        "resync" => "The directory and JumpCloud are being read in full again.",
        "reading" => "JumpCloud is being read again. Reload the page in a moment.",
        "agent-removed" => "The agent was removed. It is refused from its next request on.",
        "sync" => "The user is being planned again. Reload the page in a moment.",
        "takeover" => "Your decision was kept. The user is being planned again; reload the page in a moment.",
        "adopted" => "The group will be adopted. It is being planned again; reload the page in a moment.",
        "retried" => "The operation is being tried again.",
        "retried-all" => "The operations are being tried again.",
        "approved" => "Approved. What was held is being carried out.",
        "rejected" => {
            "Rejected. What was held is not done; each can still be retried in the list of operations."
        }
        "acknowledged" => "It is written down that you take care of it.",
        "channel-added" => "The channel was added. Send a test to see that it arrives.",
        "channel-saved" => "The channel was saved.",
        "channel-tested" => "The test arrived.",
        "channel-removed" => "The channel was removed. Nothing is sent to it any more.",
        "session-ended" => "The session was ended. Its browser has to sign in again.",
        "sessions-ended" => "Every other session was ended.",
        "password-changed" => "The password was changed. Every other session was ended.",
        "second-factor-off" => "The second factor is off.",
        "sign-on-saved" => "The provider was found, and saved. Sign out and try it before you rely on it.",
        "sign-on-removed" => "Single sign-on was removed.",
        "sign-on-unlinked" => "The account at the provider was unlinked.",
        "admin-changed" => "The role was changed. It holds from the next click on.",
        "admin-disabled" => "The administrator was disabled, and every session was ended.",
        "admin-enabled" => "The administrator may sign in again.",
        "token-removed" => "The token was removed. It is refused from its next request on.",
        "answered" => "Your answer was kept. The users are being planned again.",
        _ => return None,
    })
}

/// How long ago something was.
pub(super) fn ago(now: DateTime<Utc>, at: DateTime<Utc>) -> String {
    let seconds = (now - at).num_seconds();
    let (count, unit) = match seconds.unsigned_abs() {
        0..=4 => return "just now".into(),
        count @ 5..=90 => (count, "s"),
        count @ 91..=5_400 => (count / 60, "min"),
        count @ 5_401..=172_800 => (count / 3_600, "h"),
        count => (count / 86_400, "days"),
    };
    if seconds < 0 { format!("in {count} {unit}") } else { format!("{count} {unit} ago") }
}

pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Operator => "Operator",
        Role::Helpdesk => "Helpdesk",
        Role::ReadOnly => "Read only",
    }
}

/// Who an event of the audit names.
pub(super) fn actor(kind: &str) -> &'static str {
    match kind {
        "admin" => "administrator",
        "api_token" => "API token",
        "agent" => "agent",
        "command_line" => "on the server's machine",
        "server" => "by itself",
        _ => "not signed in",
    }
}

pub(super) fn mode(mode: Mode) -> (&'static str, &'static str) {
    match mode {
        Mode::Preview => ("info", "Preview"),
        Mode::Active => ("good", "Active"),
        Mode::Paused => ("warn", "Paused"),
    }
}

/// The colour and the word of a state, as badges show them.
pub(super) fn badge(state: &str) -> (&'static str, &'static str) {
    match state {
        "synced" => ("good", "Synced"),
        "pending" => ("info", "Pending"),
        "excluded" => ("quiet", "Excluded"),
        "conflict" => ("warn", "Conflict"),
        "failed" => ("bad", "Failed"),
        "ready" => ("info", "Ready"),
        "leased" => ("info", "Under way"),
        "held" => ("warn", "Held"),
        "done" => ("good", "Done"),
        "parked" => ("bad", "Parked"),
        "superseded" => ("quiet", "Superseded"),
        "open" => ("warn", "Open"),
        "approved" => ("good", "Approved"),
        "rejected" => ("quiet", "Rejected"),
        "partly" => ("info", "Decided in part"),
        _ => ("quiet", "Unknown"),
    }
}

/// A status as a plan gives it, by the name that pages and the API use.
pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Synced => "synced",
        Status::Pending => "pending",
        Status::Excluded => "excluded",
        Status::Conflict => "conflict",
        Status::Held => "held",
        Status::Failed => "failed",
    }
}

/// Why a user or group stands so where the plan itself gives no reason: the outbox does.
pub(super) fn standing(status: &str) -> &'static str {
    match status {
        "pending" => "Operations are planned or under way.",
        "held" => "Something would be taken away, and waits for a person's decision.",
        "failed" => "JumpCloud refused an operation.",
        _ => "",
    }
}

/// A kind of operation, as a heading of its count.
pub(super) fn kind(kind: &str) -> &'static str {
    match kind {
        "create_user" => "Create users",
        "link_user" => "Take over existing users",
        "expire_password" => "Expire passwords",
        "associate_user" => "Assign users to the AD instance",
        "suspend_user" => "Suspend users",
        "restore_user" => "Lift suspensions",
        "set_password" => "Set passwords",
        "set_username" => "Change usernames",
        "update_user" => "Update users",
        "set_manager" => "Set managers",
        "unbind_user" => "Cut users from AD",
        "delete_user" => "Delete users",
        "create_group" => "Create groups",
        "adopt_group" => "Adopt existing groups",
        "associate_group" => "Assign groups to the AD instance",
        "rename_group" => "Rename groups",
        "unbind_group" => "Cut groups from AD",
        "delete_group" => "Delete groups",
        "add_member" => "Add members to groups",
        "remove_member" => "Remove members from groups",
        _ => "Other",
    }
}

/// A kind of operation that takes something away, of one user or group.
pub(super) fn kind_of_one(kind: &str) -> &'static str {
    match kind {
        "delete_user" => "Delete user",
        "unbind_user" => "Cut from AD",
        "suspend_user" => "Suspend",
        "delete_group" => "Delete group",
        "unbind_group" => "Cut group from AD",
        "remove_member" => "Remove",
        other => self::kind(other),
    }
}

/// Why somebody is dissociated.
pub(super) fn cause(cause: &str) -> &'static str {
    match cause {
        "left_group" => "No longer a member of the integration group",
        "deleted" => "Deleted in AD",
        "disabled" => "Disabled in AD",
        "expired" => "Expired in AD",
        "moved_out" => "Moved out of the root user container",
        _ => "Other",
    }
}

/// Why users are not synced, as the heading of their number. A code that has no words here reads well enough by itself.
pub(super) fn reason(code: &str) -> String {
    let words = match code {
        "" => "No reason noted",
        "ambiguous_match" => "Several JumpCloud users could be this one",
        "computer" => "Computer accounts",
        "deleted" => "Deleted in AD",
        "deleted_in_jumpcloud" => "Deleted in JumpCloud",
        "duplicate_email" => "The same email as another user",
        "duplicate_username" => "The same username as another user",
        "email_not_valid" => "The email address is not valid",
        "email_taken_by_other_user" => "Another JumpCloud user has the email",
        "integration_group_lost" => "The integration group cannot be found",
        "managed_by_other_source" => "Another source manages the JumpCloud user",
        "matches_privileged_user" => "The match is an administrator in JumpCloud",
        "no_email" => "Neither mail nor userPrincipalName",
        "no_username" => "No username",
        "not_a_user" => "Not a user account",
        "not_in_integration_group" => "Not in the integration group",
        "not_in_this_domain" => "Of another domain",
        "outside_root_user_container" => "Outside the root user container",
        "privileged" => "Privileged in AD",
        "service_account" => "The service account",
        "stale_admin_count" => "adminCount is 1, without a privileged group",
        "suspended_in_jumpcloud" => "Suspended in JumpCloud",
        "unknown_attributes" => "Attributes that cannot be read",
        "unreadable" => "The service account may not read it",
        "username_not_allowed" => "JumpCloud does not allow the username",
        "username_taken_by_other_user" => "Another JumpCloud user has the username",
        "value_too_long" => "A value is too long for JumpCloud",
        other => {
            let text = other.replace('_', " ");
            let mut letters = text.chars();
            return letters
                .next()
                .map_or(String::new(), |first| first.to_uppercase().chain(letters).collect());
        }
    };
    words.into()
}

/// A number with its thousands apart.
pub(super) fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What is left of the time, no more exactly than it is known.
pub(super) fn about(seconds: i64) -> String {
    match seconds {
        ..=50 => "less than a minute left".into(),
        51..=90 => "about a minute left".into(),
        91..=5_400 => format!("about {} minutes left", (seconds + 30) / 60),
        5_401..=172_800 => format!("about {} hours left", (seconds + 1_800) / 3_600),
        _ => format!("about {} days left", (seconds + 43_200) / 86_400),
    }
}

/// The colour and the word of an alert's weight.
pub(super) fn severity(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Critical => ("bad", "Critical"),
        Severity::Warning => ("warn", "Warning"),
        Severity::Notice => ("info", "Notice"),
    }
}

/// Whether a kind takes something away.
pub(super) fn takes_away(kind: &str) -> bool {
    matches!(
        kind,
        "suspend_user"
            | "expire_password"
            | "unbind_user"
            | "delete_user"
            | "unbind_group"
            | "delete_group"
            | "remove_member"
    )
}

/// What a hold keeps from happening, with its number.
pub(super) fn held(kind: &str, count: i64) -> String {
    format!("{count} {}", held_kind(kind, count))
}

/// What a hold keeps from happening.
pub(super) fn held_kind(kind: &str, count: i64) -> String {
    let (one, many) = match kind {
        "users" => ("removal of a user", "removals of users"),
        "suspends" => ("suspension of a user", "suspensions of users"),
        "groups" => ("removal of a group", "removals of groups"),
        "memberships" => ("removal of a group member", "removals of group members"),
        "moved_out" => {
            ("user moved out of the root user container", "users moved out of the root user container")
        }
        _ => ("operation", "operations"),
    };
    if count == 1 { one.into() } else { many.into() }
}

/// A JSON value as people read it; empty for what is cleared.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(self::value).collect::<Vec<_>>().join("; "),
        Value::Object(map) => map
            .iter()
            .map(|(name, inner)| format!("{name}: {}", self::value(inner)))
            .collect::<Vec<_>>()
            .join("; "),
    }
}

/// 100 ns since 1601, as AD keeps times; `None` for never and for what is no time.
pub(super) fn filetime(ticks: i64) -> Option<DateTime<Utc>> {
    const UNIX_EPOCH: i64 = 116_444_736_000_000_000;
    if ticks <= 0 || ticks == i64::MAX {
        return None;
    }
    DateTime::from_timestamp((ticks - UNIX_EPOCH).div_euclid(10_000_000), 0)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_told_in_the_unit_that_fits() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(400);
        let ago = |seconds| ago(now, now - TimeDelta::seconds(seconds));
        assert_eq!(
            [ago(2), ago(30), ago(600), ago(7_200)],
            ["just now", "30 s ago", "10 min ago", "2 h ago"]
        );
        assert_eq!([ago(864_000), ago(-600)], ["10 days ago", "in 10 min"]);
    }

    #[test]
    fn numbers_and_what_is_left_of_the_time_read_easily() {
        assert_eq!(
            [number(0), number(999), number(50_123), number(1_234_567)],
            ["0", "999", "50,123", "1,234,567"]
        );
        assert_eq!(
            [about(20), about(60), about(240), about(7_300)],
            ["less than a minute left", "about a minute left", "about 4 minutes left", "about 2 hours left"]
        );
        assert_eq!(reason("some_new_code"), "Some new code");
    }

    #[test]
    fn values_read_like_words() {
        assert_eq!(
            value(&json!({"work": {"locality": "Köln"}, "home": null})),
            "home: ; work: locality: Köln"
        );
        assert_eq!((value(&json!(true)), value(&json!(["a", 1]))), ("yes".into(), "a; 1".into()));
    }

    #[test]
    fn times_of_the_directory_are_read() {
        let time = filetime(133_500_000_000_000_000).unwrap();
        assert_eq!(time.to_rfc3339(), "2024-01-17T21:20:00+00:00");
        assert_eq!((filetime(0), filetime(i64::MAX)), (None, None));
    }
}
