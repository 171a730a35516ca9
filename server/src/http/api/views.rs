//! What the API shows of each thing. Secrets are never part of it.

use chrono::{DateTime, Duration, Utc};
use protocol::heartbeat::DirectoryState;
use serde_json::{Value, json};

use crate::actions::audit::hex;
use crate::http::changes;
use crate::store;
use crate::store::agents::Agent;
use crate::store::coverage::Covered;
use crate::store::domains::Domain;
use crate::store::holds::Hold;
use crate::store::operations::Row;
use crate::store::organizations::Organization;
use crate::store::plans::Planned;
use crate::store::subjects::{GroupView, UserView};

pub fn organization(row: &Organization) -> Value {
    let problem = row.problem_code.as_ref().map(|code| json!({"code": code, "message": row.problem_message}));
    json!({
        "id": row.id, "name": row.name, "base_url": row.base_url, "org_id": row.jumpcloud_org_id,
        "credential": {"kind": row.credential_kind, "client_id": row.client_id, "token_url": row.token_url, "set": true},
        "problem": problem, "paused_until": row.paused_until, "mirror_read_at": row.mirror_read_at,
        "created_at": row.created_at,
    })
}

pub fn domain(row: &Domain) -> Value {
    json!({
        "id": row.id, "organization_id": row.organization_id, "name": row.name, "mode": row.mode, "revision": row.revision,
        "settings": row.settings.shown(row.bind_password.is_some()),
        "domain_sid": row.domain_sid, "root_user_container_guid": row.root_user_container,
        "integration_group_guid": row.integration_group, "integration_group_lost": row.integration_group_lost,
        "activedirectory_id": row.activedirectory_id, "watcher": row.watcher,
        "directory_read_at": row.directory_read_at, "full_read_at": row.full_read_at, "created_at": row.created_at,
    })
}

/// Green while it was seen within 30 s, yellow within 60 s, red after.
pub fn colour(last_seen_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> &'static str {
    match last_seen_at {
        Some(seen) if seen > now - Duration::seconds(30) => "green",
        Some(seen) if seen > now - Duration::seconds(60) => "yellow",
        _ => "red",
    }
}

pub fn agent(row: &Agent, watcher: bool, now: DateTime<Utc>) -> Value {
    let directory = match row.directory.as_deref() {
        None | Some(DirectoryState::Connecting) => json!({"state": "connecting"}),
        Some(DirectoryState::Failed { code, message }) => {
            json!({"state": "failed", "code": code, "message": message})
        }
        Some(DirectoryState::Connected { secure, report }) => json!({
            "state": "connected", "secure": secure, "dns_host_name": report.dns_host_name,
            "invocation_id": report.invocation_id, "highest_committed_usn": report.highest_committed_usn,
            "current_time": report.current_time,
        }),
    };
    json!({
        "id": row.id, "domain_id": row.domain_id, "domain_controller": row.domain_controller, "host": row.host,
        "platform": row.platform, "version": row.version, "status": colour(row.last_seen_at, now),
        "last_seen_at": row.last_seen_at, "enrolled_at": row.enrolled_at, "applied_revision": row.applied_revision,
        "clock_skew_ms": row.clock_skew_ms, "role": if watcher { "watcher" } else { "standby" }, "directory": directory,
        "suspended": row.suspended_reason, "capture": row.capture.as_deref(),
    })
}

pub fn user(row: &UserView) -> Value {
    json!({
        "id": row.guid, "object_guid": row.guid, "sam_account_name": row.body.sam_account_name,
        "user_principal_name": row.body.user_principal_name, "distinguished_name": row.dn, "mail": row.body.mail,
        "given_name": row.body.given_name, "sn": row.body.sn, "presence": row.presence, "status": row.status,
        "reasons": row.reasons.0, "in_scope": row.in_scope, "scope_path": row.scope_path,
        "jumpcloud_id": row.jumpcloud_id, "jumpcloud_username": row.jumpcloud_username, "linked_at": row.linked_at, "leaving_since": row.leaving_since,
        "suspended_by_adit": row.suspended_by_us, "taken_over": row.taken_over, "due": row.due,
    })
}

/// A user's password.
pub fn covered(row: &Covered) -> Value {
    json!({
        "id": row.guid, "object_guid": row.guid, "sam_account_name": row.sam_account_name, "mail": row.mail,
        "display_name": row.display_name, "state": row.state, "message": row.message, "changed_at": row.changed_at,
        "invocation_id": row.invocation_id, "captured_at": row.captured_at, "delivered_at": row.delivered_at,
    })
}

pub fn group(row: &GroupView) -> Value {
    json!({
        "id": row.guid, "object_guid": row.guid, "sam_account_name": row.body.sam_account_name,
        "distinguished_name": row.dn, "presence": row.presence, "status": row.status, "reasons": row.reasons.0,
        "in_scope": row.in_scope, "members": row.members, "jumpcloud_id": row.jumpcloud_id,
        "jumpcloud_name": row.jumpcloud_name, "adopted": row.adopt && row.jumpcloud_id.is_some(), "jumpcloud_members": row.jumpcloud_members,
    })
}

pub fn operation(row: &Row) -> Value {
    let error = row.error_code.as_ref().map(|code| json!({"code": code, "message": row.error_message}));
    json!({
        "id": row.id, "domain_id": row.domain_id, "subject": row.subject, "target": row.target, "kind": row.kind,
        "change": row.change.0, "cause": row.cause, "state": row.state, "hold_id": row.hold_id, "attempts": row.attempts,
        "next_attempt_at": row.next_attempt_at, "before": row.before, "answer": row.answer, "error": error,
        "created_at": row.created_at, "settled_at": row.settled_at,
    })
}

/// As [`operation`], with whom it is about in JumpCloud and what it changes, field by field.
pub fn planned(planned: &Planned) -> Value {
    let mut view = operation(&planned.row);
    view["jumpcloud_id"] = json!(planned.jumpcloud_id);
    view["changes"] = json!(changes::of(&planned.row.change.0, planned.row.before.as_ref()));
    if planned.row.settled_at.is_none() {
        view["before"] = Value::Null;
    }
    view
}

pub fn hold(row: &Hold) -> Value {
    json!({
        "id": row.id, "domain_id": row.domain_id, "kind": row.kind, "state": row.state, "allowed": row.allowed,
        "linked": row.linked, "done_in_window": row.done, "ready": row.ready, "waiting": row.waiting, "opened_at": row.opened_at, "decided_at": row.decided_at,
        "decided_by": row.decided_by,
    })
}

/// An event of the audit.
pub(crate) fn event(row: &store::audit::Event) -> Value {
    json!({
        "id": row.id.to_string(), "at": row.at, "actor": row.actor, "actor_kind": row.actor_kind, "actor_id": row.actor_id,
        "action": row.action, "subject": row.subject, "domain_id": row.domain_id, "detail": row.detail,
        "hash": row.hash.as_deref().map(hex),
    })
}
