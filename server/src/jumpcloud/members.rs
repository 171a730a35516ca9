//! Members of user groups. JumpCloud has no bulk call: one request per membership.

use super::Result;
use super::associations::target;
use super::client::Client;

impl Client {
    /// `GET /v2/usergroups/{id}/members` (documented): the ids of the direct members.
    pub async fn list_members(&self, group: &str) -> Result<Vec<String>> {
        let edges = self.list_v2(&["usergroups", group, "members"], &[], target).await?;
        edges.iter().map(target).collect()
    }

    /// `POST /v2/usergroups/{id}/members` (documented). A member (409, recorded for edges) is added.
    pub async fn add_member(&self, group: &str, user: &str) -> Result<()> {
        self.add_edge(&["usergroups", group, "members"], "user", user).await
    }

    /// The same with `remove`. A stranger (404, from clients) is removed.
    pub async fn remove_member(&self, group: &str, user: &str) -> Result<()> {
        self.remove_edge(&["usergroups", group, "members"], "user", user).await
    }
}
