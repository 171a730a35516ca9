//! Operations, planned or done, and holds.

use chrono::{DateTime, Utc};
use protocol::{DomainId, HoldId, ObjectGuid, OperationId};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::http::changes::{self, FieldChange};
use crate::store;
use crate::store::operations::Row;

/// One step towards what AD says.
#[derive(Debug, Serialize, ToSchema)]
pub struct Operation {
    pub id: OperationId,
    pub domain_id: DomainId,
    /// The user or group.
    pub subject: ObjectGuid,
    /// The group of a membership, the manager of `set_manager`.
    pub target: Option<ObjectGuid>,
    #[schema(example = "create_user")]
    pub kind: String,
    #[schema(value_type = Object)]
    pub change: Value,
    /// What a destructive one comes from.
    pub cause: Option<String>,
    /// `ready`, `leased`, `held`, `done`, `parked` or `superseded`.
    #[schema(example = "ready")]
    pub state: String,
    pub hold_id: Option<HoldId>,
    pub attempts: i32,
    pub next_attempt_at: DateTime<Utc>,
    /// The JumpCloud object before it was changed.
    pub before: Option<Value>,
    /// JumpCloud's words.
    pub answer: Option<String>,
    pub error: Option<OperationError>,
    pub created_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

/// Why an operation was not done.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperationError {
    pub code: String,
    pub message: Option<String>,
}

impl From<&Row> for Operation {
    fn from(row: &Row) -> Self {
        let message = row.error_message.clone();
        Self {
            id: row.id,
            domain_id: row.domain_id,
            subject: row.subject,
            target: row.target,
            kind: row.kind.clone(),
            change: json!(row.change.0),
            cause: row.cause.clone(),
            state: row.state.clone(),
            hold_id: row.hold_id,
            attempts: row.attempts,
            next_attempt_at: row.next_attempt_at,
            before: row.before.clone(),
            answer: row.answer.clone(),
            error: row.error_code.clone().map(|code| OperationError { code, message }),
            created_at: row.created_at,
            settled_at: row.settled_at,
        }
    }
}

/// An operation with whom it is about in JumpCloud and what it changes, field by field.
#[derive(Debug, Serialize, ToSchema)]
pub struct Planned {
    #[serde(flatten)]
    pub operation: Operation,
    pub jumpcloud_id: Option<String>,
    pub changes: Vec<FieldChange>,
}

impl From<&store::plans::Planned> for Planned {
    fn from(planned: &store::plans::Planned) -> Self {
        let mut operation = Operation::from(&planned.row);
        if planned.row.settled_at.is_none() {
            operation.before = None;
        }
        Self {
            operation,
            jumpcloud_id: planned.jumpcloud_id.clone(),
            changes: changes::of(&planned.row.change.0, planned.row.before.as_ref()),
        }
    }
}

/// Destructive operations that a person must decide about.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hold {
    pub id: HoldId,
    pub domain_id: DomainId,
    /// `users`, `suspends`, `groups`, `memberships` or `moved_out`.
    #[schema(example = "suspends")]
    pub kind: String,
    /// `open`, `approved`, `rejected` or `closed`.
    #[schema(example = "open")]
    pub state: String,
    /// How many would have gone on without a person.
    pub allowed: i64,
    pub linked: i64,
    pub done_in_window: Option<i64>,
    pub ready: Option<i64>,
    /// How many wait in it.
    pub waiting: i64,
    pub opened_at: DateTime<Utc>,
    pub decided_at: Option<DateTime<Utc>>,
    pub decided_by: Option<String>,
}

impl From<&store::holds::Hold> for Hold {
    fn from(row: &store::holds::Hold) -> Self {
        Self {
            id: row.id,
            domain_id: row.domain_id,
            kind: row.kind.clone(),
            state: row.state.clone(),
            allowed: row.allowed,
            linked: row.linked,
            done_in_window: row.done,
            ready: row.ready,
            waiting: row.waiting,
            opened_at: row.opened_at,
            decided_at: row.decided_at,
            decided_by: row.decided_by.clone(),
        }
    }
}
