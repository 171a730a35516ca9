//! User groups (v2).

use planner::input::JumpCloudGroup;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::client::Client;
use super::json::{id, text};
use super::request::Request;
use super::{JumpCloudError, Result};

/// What a PUT keeps only if it is sent.
const WRITABLE: [&str; 8] = [
    "attributes",
    "description",
    "email",
    "memberQuery",
    "memberQueryExemptions",
    "memberSuggestionsNotify",
    "membershipMethod",
    "name",
];

impl Client {
    /// `GET /v2/usergroups` (documented), sorted by name: sorting by id is refused (recorded).
    pub async fn list_groups(&self) -> Result<Vec<JumpCloudGroup>> {
        self.groups_where(&[]).await
    }

    /// `GET /v2/usergroups/{id}` (documented). `None` where JumpCloud does not know the id.
    pub async fn get_group(&self, id: &str) -> Result<Option<JumpCloudGroup>> {
        match self.raw_group(id).await {
            Ok(group) => read(&group).map(Some),
            Err(JumpCloudError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `GET /v2/usergroups?filter=name:eq:…` (documented), compared again here. A name in which the filter would read
    /// more than a name is looked for among all groups.
    pub async fn find_group_by_name(&self, name: &str) -> Result<Option<JumpCloudGroup>> {
        let filter = format!("name:eq:{name}");
        let is_plain = !name.contains([',', '*', ':', '|', '\\', '"']);
        let query: &[_] = if is_plain { &[("filter", filter.as_str())] } else { &[] };
        let groups = self.groups_where(query).await?;
        Ok(groups.into_iter().find(|group| group.name == name))
    }

    /// `POST /v2/usergroups {"name"}` (documented, 201). A name that is taken is a conflict.
    pub async fn create_group(&self, name: &str) -> Result<JumpCloudGroup> {
        let request = Request::v2(Method::POST, &["usergroups"]).json(json!({ "name": name }));
        read(&self.send(&request).await?.json()?)
    }

    /// `PUT /v2/usergroups/{id}`, which replaces the group (recorded): read, merge, write.
    pub async fn rename_group(&self, id: &str, name: &str) -> Result<JumpCloudGroup> {
        let current = self.raw_group(id).await?;
        let kept = WRITABLE.into_iter().filter_map(|field| {
            let value = current.get(field).filter(|value| !value.is_null())?;
            Some((field.to_owned(), value.clone()))
        });
        let mut body: Map<String, Value> = kept.collect();
        body.insert("name".to_owned(), name.into());
        let request = Request::v2(Method::PUT, &["usergroups", id]).json(body);
        read(&self.send(&request).await?.json()?)
    }

    /// `DELETE /v2/usergroups/{id}` (documented: 200 or 204). A group that is not there is deleted.
    pub async fn delete_group(&self, id: &str) -> Result<()> {
        match self.send(&Request::v2(Method::DELETE, &["usergroups", id])).await {
            Ok(answer) => answer.done(),
            Err(JumpCloudError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn groups_where(&self, query: &[(&'static str, &str)]) -> Result<Vec<JumpCloudGroup>> {
        let query: Vec<_> = query.iter().copied().chain([("sort", "name")]).collect();
        self.list_v2(&["usergroups"], &query, id).await?.iter().map(read).collect()
    }

    async fn raw_group(&self, id: &str) -> Result<Value> {
        self.send(&Request::v2(Method::GET, &["usergroups", id])).await?.json()
    }
}

fn read(group: &Value) -> Result<JumpCloudGroup> {
    let dynamic = text(group, "membershipMethod").to_uppercase().starts_with("DYNAMIC");
    Ok(JumpCloudGroup { id: id(group)?, name: text(group, "name"), dynamic })
}
