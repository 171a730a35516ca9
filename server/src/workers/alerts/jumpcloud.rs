//! What stands between an organization and its JumpCloud.

use crate::store::alerts::{Code, Condition};
use crate::store::organizations::Organization;

pub(super) fn conditions(organizations: &[Organization]) -> Vec<Condition> {
    organizations.iter().flat_map(|row| [trouble(row), drift(row)]).flatten().collect()
}

fn trouble(row: &Organization) -> Option<Condition> {
    let code = match row.problem_code.as_deref()? {
        "credential_rejected" | "permission_denied" | "organization_unknown" => Code::CredentialRefused,
        "unreachable" | "server_error" | "malformed_answer" => Code::JumpCloudUnreachable,
        // Throttling is JumpCloud's way of pacing us.
        _ => return None,
    };
    Some(of(row, code, row.problem_message.clone().unwrap_or_default()))
}

fn drift(row: &Organization) -> Option<Condition> {
    (row.drifted > 0).then(|| {
        let message = format!(
            "at the last full read {} users, groups or memberships that AD decides had been changed in JumpCloud by \
             somebody else.",
            row.drifted
        );
        of(row, Code::DriftFound, message)
    })
}

fn of(row: &Organization, code: Code, message: String) -> Condition {
    Condition {
        organization_id: Some(row.id),
        domain_id: None,
        code,
        subject: row.id.to_string(),
        severity: code.severity(),
        message: format!("{}: {message}", row.name),
        link: format!("/organizations/{}", row.id),
    }
}
