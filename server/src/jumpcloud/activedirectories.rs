//! JumpCloud's objects for AD domains.

use protocol::DomainName;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::Client;
use super::json::{flag, id, text};
use super::request::Request;
use super::{JumpCloudError, Refusal, Result};

/// An AD instance of JumpCloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveDirectory {
    pub id: String,
    /// As JumpCloud has it, mostly `DC=example;DC=com`.
    pub domain: String,
    /// `UNSET`, `TWOWAYSYNC`, `JCASAUTHORITY` or `ADASAUTHORITY`; empty where JumpCloud says nothing.
    pub use_case: String,
    pub groups_enabled: bool,
}

/// Whether AD became the authority of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorityOutcome {
    Set(ActiveDirectory),
    /// To be shown as a check; nothing else depends on it.
    Refused(Box<Refusal>),
}

impl ActiveDirectory {
    /// Case and separators do not count.
    pub fn is_of(&self, domain: &DomainName) -> bool {
        DomainName::parse(&self.domain).is_ok_and(|own| own == *domain)
    }

    /// AD decides, and groups are synced.
    pub fn is_set_up(&self) -> bool {
        self.use_case == "ADASAUTHORITY" && self.groups_enabled
    }
}

impl Client {
    /// `GET /v2/activedirectories` (documented).
    pub async fn list_activedirectories(&self) -> Result<Vec<ActiveDirectory>> {
        self.list_v2(&["activedirectories"], &[], id).await?.iter().map(read).collect()
    }

    /// The instance of `domain`, if there is one.
    pub async fn find_activedirectory(&self, domain: &DomainName) -> Result<Option<ActiveDirectory>> {
        let all = self.list_activedirectories().await?;
        Ok(all.into_iter().find(|instance| instance.is_of(domain)))
    }

    /// `POST /v2/activedirectories {"domain": "DC=example;DC=com"}` (documented, 201), with semicolons as JumpCloud's
    /// documentation has it.
    pub async fn create_activedirectory(&self, domain: &DomainName) -> Result<ActiveDirectory> {
        let body = json!({ "domain": domain.with_semicolons() });
        read(&self.send(&Request::v2(Method::POST, &["activedirectories"]).json(body)).await?.json()?)
    }

    /// `PUT /v2/activedirectories/{id}` with `useCase` ADASAUTHORITY and `groupsEnabled` (from clients only): where it
    /// is refused, the refusal is the result.
    pub async fn set_authority(&self, id: &str) -> Result<AuthorityOutcome> {
        let body = json!({ "useCase": "ADASAUTHORITY", "groupsEnabled": true });
        match self.send(&Request::v2(Method::PUT, &["activedirectories", id]).json(body)).await {
            Ok(answer) => Ok(AuthorityOutcome::Set(read(&answer.json()?)?)),
            Err(
                JumpCloudError::Refused(refusal)
                | JumpCloudError::Forbidden(refusal)
                | JumpCloudError::NotFound(refusal)
                | JumpCloudError::Conflict(refusal),
            ) => Ok(AuthorityOutcome::Refused(refusal)),
            Err(error) => Err(error),
        }
    }
}

fn read(instance: &Value) -> Result<ActiveDirectory> {
    Ok(ActiveDirectory {
        id: id(instance)?,
        domain: text(instance, "domain"),
        use_case: text(instance, "useCase"),
        groups_enabled: flag(instance, "groupsEnabled"),
    })
}
