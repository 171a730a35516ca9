//! What marks a user as managed by a domain, set and taken back.
//!
//! Writing `externally_managed` makes JumpCloud fill `restrictedFields` anew (documented: "even if already set by an
//! administrator"). So it is written first and only when linking or unlinking, and then the entries are put right: those
//! of our AD instance as wanted, those of everybody else as they were.

use planner::input::JumpCloudUser;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::Client;
use super::json::{rows, text};
use super::{Associated, Result, user};

const OUR_TYPE: &str = "active_directory";

/// What a directory provides, restricted where JumpCloud itself restricted nothing for our instance.
const PROVIDED: [&str; 13] = [
    "addresses",
    "company",
    "department",
    "description",
    "displayname",
    "email",
    "employeeType",
    "firstname",
    "jobTitle",
    "lastname",
    "location",
    "phoneNumbers",
    "username",
];

/// The marks of a managed user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    pub external_dn: String,
    pub external_source_type: String,
    /// Our AD instance; without one `restrictedFields` are left alone.
    pub activedirectory_id: Option<String>,
}

impl Client {
    /// `PUT /systemusers/{id}` with `externally_managed`, `external_dn` and `external_source_type`, then
    /// `restrictedFields` (documented; what JumpCloud fills in is not).
    pub async fn mark_user(&self, id: &str, marks: &Marks) -> Result<JumpCloudUser> {
        let before = self.raw_user(id).await?;
        let marked = json!({
            "externally_managed": true,
            "external_dn": marks.external_dn,
            "external_source_type": marks.external_source_type,
        });
        let marked = self.put_user(id, marked).await?;
        let Some(instance) = &marks.activedirectory_id else { return Ok(marked) };
        self.put_entries_right(id, &before, instance, |entries| {
            if !entries.iter().any(|entry| is_ours(entry, instance)) {
                let entry = |field| json!({ "field": field, "id": instance, "type": OUR_TYPE });
                entries.extend(PROVIDED.map(entry));
            }
        })
        .await
    }

    /// Takes the marks back: `externally_managed` false (from JumpCloud's help pages), `external_dn` and
    /// `external_source_type` empty (from clients), our `restrictedFields` and the association gone. Memberships stay.
    pub async fn unbind_user(&self, id: &str, activedirectory_id: Option<&str>) -> Result<JumpCloudUser> {
        let before = self.raw_user(id).await?;
        let unmarked = json!({ "externally_managed": false, "external_dn": "", "external_source_type": "" });
        let unmarked = self.put_user(id, unmarked).await?;
        let Some(instance) = activedirectory_id else { return Ok(unmarked) };
        let entries = self.put_entries_right(id, &before, instance, |entries| {
            entries.retain(|entry| !is_ours(entry, instance));
        });
        let unbound = entries.await?;
        self.remove_association(instance, Associated::User, id).await?;
        Ok(unbound)
    }

    /// Reads the user again and writes `restrictedFields` if they are not as `change` wants ours and as `before` had
    /// those of others.
    async fn put_entries_right(
        &self,
        id: &str,
        before: &Value,
        instance: &str,
        change: impl FnOnce(&mut Vec<Value>),
    ) -> Result<JumpCloudUser> {
        let now = self.raw_user(id).await?;
        let found = rows(&now, "restrictedFields");
        let mut wanted = found.to_vec();
        let others = rows(before, "restrictedFields").iter().filter(|entry| !is_ours(entry, instance));
        for lost in others {
            if !wanted.iter().any(|entry| is_same(entry, lost)) {
                wanted.push(lost.clone());
            }
        }
        change(&mut wanted);
        if wanted == found {
            return user::read(&now);
        }
        self.send_entries(id, wanted).await
    }

    async fn send_entries(&self, id: &str, entries: Vec<Value>) -> Result<JumpCloudUser> {
        let request = super::request::Request::v1(Method::PUT, &["systemusers", id]);
        let request = request.json(json!({ "restrictedFields": entries }));
        user::read(&self.send(&request).await?.json()?)
    }
}

fn is_ours(entry: &Value, instance: &str) -> bool {
    text(entry, "id") == instance && matches!(text(entry, "type").as_str(), "" | OUR_TYPE)
}

fn is_same(a: &Value, b: &Value) -> bool {
    ["field", "id", "type"].into_iter().all(|name| text(a, name) == text(b, name))
}
