//! The organizations that a credential can see, and the password policy of ours.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::Client;
use super::json::{id, text};
use super::request::Request;
use super::users::results;
use super::{JumpCloudError, Result};

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    pub id: String,
    /// Empty where JumpCloud shows none.
    pub name: String,
}

/// What JumpCloud demands of a password; AD's own policy must be at least as strict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordPolicy {
    pub min_length: Option<u32>,
    pub needs_lowercase: bool,
    pub needs_uppercase: bool,
    pub needs_number: bool,
    pub needs_symbol: bool,
    /// How many earlier passwords may not be used again.
    pub history: Option<u32>,
    pub min_change_days: Option<u32>,
    pub forbids_username: bool,
    pub forbids_common: bool,
    pub forbids_sequences: bool,
}

impl Client {
    /// `GET /organizations` (recorded; some keys get a bare array), which takes no `x-org-id`.
    pub async fn list_organizations(&self) -> Result<Vec<Organization>> {
        let request = Request::v1(Method::GET, &["organizations"]).query("limit", 100).without_organization();
        let answer = self.send(&request).await?.json()?;
        results(&answer)?.iter().map(read).collect()
    }

    /// `GET /organizations/{id}` (documented), `settings.passwordPolicy`. Without an organization id it must be the only
    /// one that the credential sees.
    pub async fn password_policy(&self) -> Result<PasswordPolicy> {
        let id = match self.org_id() {
            Some(id) => id.to_owned(),
            None => match self.list_organizations().await?.as_slice() {
                [only] => only.id.clone(),
                _ => return Err(JumpCloudError::Malformed("the organization is not the only one")),
            },
        };
        let request = Request::v1(Method::GET, &["organizations", &id]).without_organization();
        let answer = self.send(&request).await?.json()?;
        Ok(policy(answer.pointer("/settings/passwordPolicy").unwrap_or(&Value::Null)))
    }
}

fn read(organization: &Value) -> Result<Organization> {
    let names = ["displayName", "name"].into_iter().map(|name| text(organization, name));
    let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    Ok(Organization { id: id(organization)?, name })
}

fn policy(policy: &Value) -> PasswordPolicy {
    let on = |rule: &str| policy.get(rule) == Some(&Value::Bool(true));
    let number = |rule: &str, switch: &str| {
        let number = policy.get(rule).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
        number.filter(|_| policy.get(switch) != Some(&Value::Bool(false)))
    };
    PasswordPolicy {
        min_length: number("minLength", "enableMinLength"),
        needs_lowercase: on("needsLowercase"),
        needs_uppercase: on("needsUppercase"),
        needs_number: on("needsNumeric"),
        needs_symbol: on("needsSymbolic"),
        history: number("maxHistory", "enableMaxHistory"),
        min_change_days: number("minChangePeriodInDays", "enableMinChangePeriodInDays"),
        forbids_username: policy.get("allowUsernameSubstring") == Some(&Value::Bool(false)),
        forbids_common: on("disallowCommonlyUsedPasswords"),
        forbids_sequences: on("disallowSequentialOrRepetitiveChars"),
    }
}
