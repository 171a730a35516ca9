//! An operation field by field: what JumpCloud has, and what it is to have.

use planner::plan::Change;
use serde::Serialize;
use serde_json::Value;

/// One field.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct FieldChange {
    pub field: String,
    /// `None` where it is not known.
    pub before: Option<Value>,
    pub after: Value,
}

/// The fields that an operation writes; `before` is the JumpCloud user as it was.
pub(super) fn of(change: &Change, before: Option<&Value>) -> Vec<FieldChange> {
    let fields = match change {
        Change::CreateUser { fields } | Change::LinkUser { fields, .. } | Change::UpdateUser { fields } => {
            fields
        }
        Change::SetUsername { username } => {
            let before = before.and_then(|user| user.get("username")).cloned();
            return vec![FieldChange { field: "username".into(), before, after: username.clone().into() }];
        }
        Change::ExpirePassword
        | Change::AssociateUser
        | Change::SuspendUser { .. }
        | Change::RestoreUser
        | Change::SetPassword { .. }
        | Change::SetManager
        | Change::UnbindUser { .. }
        | Change::DeleteUser { .. }
        | Change::CreateGroup { .. }
        | Change::AdoptGroup { .. }
        | Change::AssociateGroup
        | Change::RenameGroup { .. }
        | Change::UnbindGroup
        | Change::DeleteGroup
        | Change::AddMember
        | Change::RemoveMember => return Vec::new(),
    };
    let one = |(field, after): (&String, &Value)| FieldChange {
        field: field.clone(),
        before: before.map(|user| had(user, field)),
        after: after.clone(),
    };
    fields.iter().map(one).collect()
}

/// What the JumpCloud user had in a field before; null for nothing.
fn had(user: &Value, field: &str) -> Value {
    let at = match field {
        "phoneNumbers" => user.get("phones"),
        "addresses" => user.get("addresses"),
        "attributes" => user.get("custom"),
        _ => user.get("fields").and_then(|fields| fields.get(field)).or_else(|| user.get(field)),
    };
    at.cloned().unwrap_or_default()
}
