//! What an AD instance is associated with, and how any edge of JumpCloud's graph is read and changed.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::Client;
use super::json::id;
use super::request::Request;
use super::{JumpCloudError, Result};

/// What an AD instance can be associated with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Associated {
    User,
    UserGroup,
}

impl Associated {
    fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::UserGroup => "user_group",
        }
    }
}

impl Client {
    /// `GET /v2/activedirectories/{id}/associations?targets=` (documented): the ids of users or groups.
    pub async fn list_associations(&self, activedirectory: &str, kind: Associated) -> Result<Vec<String>> {
        let path = ["activedirectories", activedirectory, "associations"];
        let edges = self.list_v2(&path, &[("targets", kind.name())], target).await?;
        edges.iter().map(target).collect()
    }

    /// `POST /v2/activedirectories/{id}/associations` (documented). One that is there (409, recorded) is added.
    pub async fn add_association(&self, activedirectory: &str, kind: Associated, id: &str) -> Result<()> {
        let path = ["activedirectories", activedirectory, "associations"];
        self.add_edge(&path, kind.name(), id).await
    }

    /// The same with `remove`. One that is not there (404, from clients) is removed.
    pub async fn remove_association(&self, activedirectory: &str, kind: Associated, id: &str) -> Result<()> {
        let path = ["activedirectories", activedirectory, "associations"];
        self.remove_edge(&path, kind.name(), id).await
    }

    pub(super) async fn add_edge(&self, path: &[&str], kind: &str, id: &str) -> Result<()> {
        match self.change_edge(path, "add", kind, id).await {
            Err(JumpCloudError::Conflict(_)) => Ok(()),
            answer => answer,
        }
    }

    pub(super) async fn remove_edge(&self, path: &[&str], kind: &str, id: &str) -> Result<()> {
        match self.change_edge(path, "remove", kind, id).await {
            Err(JumpCloudError::NotFound(_)) => Ok(()),
            answer => answer,
        }
    }

    async fn change_edge(&self, path: &[&str], op: &str, kind: &str, id: &str) -> Result<()> {
        let body = json!({ "op": op, "type": kind, "id": id });
        self.send(&Request::v2(Method::POST, path).json(body)).await?.done()
    }
}

/// The far end of an edge: `{"to": {"id": ..}}`.
pub(super) fn target(edge: &Value) -> Result<String> {
    id(edge.get("to").unwrap_or(edge))
}
