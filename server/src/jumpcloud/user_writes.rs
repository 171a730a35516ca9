//! Creating, changing and deleting users. The marks of the source and passwords have files of their own.

use planner::input::JumpCloudUser;
use planner::plan::Fields;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::Client;
use super::request::Request;
use super::{JumpCloudError, Result, entries, user};

impl Client {
    /// `POST /systemusers` (documented; 200, and 201 is taken as well). Not idempotent: look first, and look again where
    /// [`JumpCloudError::may_be_duplicate`] says so.
    pub async fn create_user(&self, fields: &Fields) -> Result<JumpCloudUser> {
        let body = entries::body(fields, &Value::Null);
        let request = Request::v1(Method::POST, &["systemusers"]).json(body);
        user::read(&self.send(&request).await?.json()?)
    }

    /// `PUT /systemusers/{id}` (documented; that it merges is recorded). `phoneNumbers`, `addresses` and `attributes`
    /// given as maps are merged into what is there; `""` removes an entry.
    pub async fn update_user(&self, id: &str, fields: &Fields) -> Result<JumpCloudUser> {
        let current = if entries::needs_merge(fields) { self.raw_user(id).await? } else { Value::Null };
        self.put_user(id, entries::body(fields, &current)).await
    }

    /// `PUT /systemusers/{id} {"username"}`. That JumpCloud refuses it for a user bound to resources is from its help
    /// pages; the refusal's words are not published, so any that speak of both are taken for it.
    pub async fn set_username(&self, id: &str, username: &str) -> Result<JumpCloudUser> {
        let renamed = self.put_user(id, json!({ "username": username })).await;
        renamed.map_err(|error| match error {
            JumpCloudError::Refused(mut refusal)
                if refusal.code != "already_exists" && is_about_bindings(&refusal.answer) =>
            {
                refusal.code = "username_locked_by_bindings";
                JumpCloudError::Refused(refusal)
            }
            other => other,
        })
    }

    /// `PUT /systemusers/{id} {"state": "SUSPENDED"}` (documented).
    pub async fn suspend_user(&self, id: &str) -> Result<JumpCloudUser> {
        self.put_user(id, json!({ "state": "SUSPENDED" })).await
    }

    /// `PUT /systemusers/{id} {"state": "ACTIVATED"}` (documented).
    pub async fn restore_user(&self, id: &str) -> Result<JumpCloudUser> {
        self.put_user(id, json!({ "state": "ACTIVATED" })).await
    }

    /// `POST /systemusers/{id}/expire` (documented; it is POST): the password must be changed at the next login.
    pub async fn expire_password(&self, id: &str) -> Result<()> {
        self.send(&Request::v1(Method::POST, &["systemusers", id, "expire"])).await?.done()
    }

    /// `PUT /systemusers/{id} {"manager"}` (documented for an id). How to clear it is not published: null, and an empty
    /// text where that is refused.
    pub async fn set_manager(&self, id: &str, manager: Option<&str>) -> Result<JumpCloudUser> {
        match (self.put_user(id, json!({ "manager": manager })).await, manager) {
            (Err(JumpCloudError::Refused(_)), None) => self.put_user(id, json!({ "manager": "" })).await,
            (answer, _) => answer,
        }
    }

    /// `DELETE /systemusers/{id}?cascade_manager=null` (documented): clears the user from those it manages. A user that
    /// is not there is deleted.
    pub async fn delete_user(&self, id: &str) -> Result<()> {
        let request = Request::v1(Method::DELETE, &["systemusers", id]).query("cascade_manager", "null");
        match self.send(&request).await {
            Ok(answer) => answer.done(),
            Err(JumpCloudError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn put_user(&self, id: &str, body: impl Into<Value>) -> Result<JumpCloudUser> {
        let request = Request::v1(Method::PUT, &["systemusers", id]).json(body);
        user::read(&self.send(&request).await?.json()?)
    }
}

fn is_about_bindings(answer: &str) -> bool {
    let answer = answer.to_lowercase();
    let reasons = [
        "bound",
        "binding",
        "bind ",
        "associated",
        "cannot be changed",
        "can't be changed",
        "not be modified",
    ];
    answer.contains("username") && reasons.iter().any(|reason| answer.contains(reason))
}
