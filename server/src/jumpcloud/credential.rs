//! Whether a credential works and what it may read, in words that say what to do.

use reqwest::Method;

use super::client::Client;
use super::organizations::Organization;
use super::request::Request;
use super::{JumpCloudError, Result};

/// What a working credential can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialReport {
    pub organizations: Vec<Organization>,
    pub can_read_users: bool,
    pub can_read_groups: bool,
}

/// Why a credential cannot be used. The text is for the administrator who entered it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CredentialError {
    /// Stable.
    pub code: &'static str,
    pub message: String,
    #[source]
    pub cause: JumpCloudError,
}

impl Client {
    /// `GET /organizations`, then one user and one group. Nothing is written, so the right to write is not known.
    pub async fn check_credential(&self) -> Result<CredentialReport, CredentialError> {
        let organizations = match self.list_organizations().await {
            // Some roles may not see the list, and do not need it.
            Err(JumpCloudError::Forbidden(_) | JumpCloudError::NotFound(_)) => Vec::new(),
            answer => answer.map_err(|cause| explained(cause, &[]))?,
        };
        let users = self.can_read(Request::v1(Method::GET, &["systemusers"])).await;
        let groups = self.can_read(Request::v2(Method::GET, &["usergroups"])).await;
        match (users, groups) {
            (Err(cause @ JumpCloudError::Forbidden(_)), Err(JumpCloudError::Forbidden(_))) => {
                Err(explained(cause, &organizations))
            }
            (users, groups) => {
                let allowed = |answer: Result<()>| match answer {
                    Ok(()) => Ok(true),
                    Err(JumpCloudError::Forbidden(_)) => Ok(false),
                    Err(cause) => Err(explained(cause, &organizations)),
                };
                let (can_read_users, can_read_groups) = (allowed(users)?, allowed(groups)?);
                Ok(CredentialReport { organizations, can_read_users, can_read_groups })
            }
        }
    }

    async fn can_read(&self, request: Request<'_>) -> Result<()> {
        self.send(&request.query("limit", 1)).await?.json().map(drop)
    }
}

fn explained(cause: JumpCloudError, organizations: &[Organization]) -> CredentialError {
    let (code, message) = match &cause {
        JumpCloudError::Unauthorized(_) if !organizations.is_empty() => (
            "organization_required",
            format!("the credential works, but JumpCloud wants to know for which organization: set the organization id ({})", named(organizations)),
        ),
        JumpCloudError::Unauthorized(_) => (
            "credential_rejected",
            "JumpCloud does not accept it: copy the API key or the service account's id and secret again, and check that the region is the organization's; a key ends with its administrator and when it is renewed".to_owned(),
        ),
        JumpCloudError::Forbidden(refusal) => (
            "permission_denied",
            format!("JumpCloud knows it, but it may not read users and groups ({}): give the administrator or service account a role that manages users and groups, and check that JumpCloud does not block this server's address", refusal.message),
        ),
        JumpCloudError::OrganizationUnknown(_) | JumpCloudError::NotFound(_) => (
            "organization_unknown",
            format!("JumpCloud does not know that organization id: correct it, or leave it empty if the administrator has one organization only{}", seen(organizations)),
        ),
        JumpCloudError::Unreachable(_) => (
            "unreachable",
            "JumpCloud cannot be reached: check the region or base URL, the proxy setting, and that the firewall lets this server out to it by HTTPS".to_owned(),
        ),
        JumpCloudError::Throttled { .. } => {
            ("throttled", "JumpCloud asks to wait, because too much was asked of it: try again in a few minutes".to_owned())
        }
        JumpCloudError::Server { status } => {
            ("server_error", format!("JumpCloud fails at the moment (status {status}): try again in a few minutes"))
        }
        JumpCloudError::Refused(refusal) | JumpCloudError::Conflict(refusal) => {
            ("refused", format!("JumpCloud refused the check: {refusal}"))
        }
        JumpCloudError::Malformed(_) | JumpCloudError::InvalidId(_) | JumpCloudError::NotOurs => (
            "malformed_answer",
            "what answers there is not JumpCloud: check the base URL, and whether a proxy puts a page of its own in between".to_owned(),
        ),
    };
    CredentialError { code, message, cause }
}

fn seen(organizations: &[Organization]) -> String {
    if organizations.is_empty() { String::new() } else { format!("; it can see {}", named(organizations)) }
}

fn named(organizations: &[Organization]) -> String {
    let names = organizations.iter().take(10).map(|one| match one.name.as_str() {
        "" => one.id.clone(),
        name => format!("{} = {name}", one.id),
    });
    names.collect::<Vec<_>>().join(", ")
}
