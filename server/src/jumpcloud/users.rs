//! Reading users: one, by name or email, or all of them page by page.

use planner::input::JumpCloudUser;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::Client;
use super::json::{id, rows};
use super::paging::PAGE;
use super::request::Request;
use super::user;
use super::{JumpCloudError, Result};

/// All users, in pages of up to a hundred and in the order of their ids. Only one page is held at a time.
#[derive(Debug)]
pub struct UserPages {
    client: Client,
    skip: usize,
    /// The last id that was handed out.
    last: String,
    finished: bool,
}

impl Client {
    /// `GET /systemusers` (documented): the whole directory, page by page.
    pub fn list_users(&self) -> UserPages {
        UserPages { client: self.clone(), skip: 0, last: String::new(), finished: false }
    }

    /// `GET /systemusers/{id}` (documented). `None` where JumpCloud does not know the id.
    pub async fn get_user(&self, id: &str) -> Result<Option<JumpCloudUser>> {
        match self.raw_user(id).await {
            Ok(found) => user::read(&found).map(Some),
            Err(JumpCloudError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The users with this email, regardless of case. See [`search_users_by_username`](Self::search_users_by_username).
    pub async fn search_users_by_email(&self, email: &str) -> Result<Vec<JumpCloudUser>> {
        let found = self.search("email", email).await?;
        Ok(found.into_iter().filter(|user| same(&user.email, email)).collect())
    }

    /// The users with this username, regardless of case.
    ///
    /// `POST /search/systemusers` with a Mongo `$regex`, as JumpCloud's own PowerShell module sends it (from clients);
    /// where that is refused, with the documented partial match. What comes back is compared again here.
    pub async fn search_users_by_username(&self, username: &str) -> Result<Vec<JumpCloudUser>> {
        let found = self.search("username", username).await?;
        Ok(found.into_iter().filter(|user| same(&user.username, username)).collect())
    }

    pub(super) async fn raw_user(&self, id: &str) -> Result<Value> {
        self.send(&Request::v1(Method::GET, &["systemusers", id])).await?.json()
    }

    async fn search(&self, field: &str, wanted: &str) -> Result<Vec<JumpCloudUser>> {
        let exact =
            json!({ "filter": { "and": [{ field: { "$regex": format!("(?i)^{}$", escaped(wanted)) } }] } });
        match self.searched(exact).await {
            Err(JumpCloudError::Refused(_)) => {
                self.searched(json!({ "searchFilter": { "searchTerm": wanted, "fields": [field] } })).await
            }
            found => found,
        }
    }

    async fn searched(&self, mut search: Value) -> Result<Vec<JumpCloudUser>> {
        let mut found = Vec::new();
        loop {
            search["sort"] = "_id".into();
            search["limit"] = PAGE.into();
            search["skip"] = found.len().into();
            let request = Request::v1(Method::POST, &["search", "systemusers"]).json(search.clone());
            let answer = self.send(&request).await?.json()?;
            let page = results(&answer)?;
            for row in page {
                found.push(user::read(row)?);
            }
            if page.len() < PAGE {
                return Ok(found);
            }
        }
    }
}

impl UserPages {
    /// The next page; `None` after the last.
    ///
    /// A user deleted while we read moves everybody behind it forward, so each page begins with the last row of the one
    /// before: where that row is not found, the reading steps back. Waits and tries again where JumpCloud asks to wait or fails.
    pub async fn next_page(&mut self) -> Result<Option<Vec<JumpCloudUser>>> {
        while !self.finished {
            let request = Request::v1(Method::GET, &["systemusers"])
                .query("limit", PAGE)
                .query("skip", self.skip)
                .query("sort", "_id");
            let answer = self.client.send_patiently(&request).await?.json()?;
            let page = self.taken(&answer)?;
            if !page.is_empty() {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    fn taken(&mut self, answer: &Value) -> Result<Vec<JumpCloudUser>> {
        let page = results(answer)?;
        let ids = page.iter().map(id).collect::<Result<Vec<_>>>()?;
        if !ids.is_sorted() {
            return Err(JumpCloudError::Malformed("the users are not in the order that was asked for"));
        }
        if self.skip > 0 && ids.first().is_none_or(|first| *first > self.last) {
            self.skip = self.skip.saturating_sub(PAGE / 2);
            return Ok(Vec::new());
        }
        let total =
            answer.get("totalCount").and_then(Value::as_u64).and_then(|total| usize::try_from(total).ok());
        let reached = self.skip + page.len();
        self.finished = page.is_empty() || (page.len() < PAGE && total.is_none_or(|total| reached >= total));
        let new: Vec<_> = page
            .iter()
            .zip(&ids)
            .filter(|(_, id)| **id > self.last)
            .map(|(row, _)| user::read(row))
            .collect();
        // A short page of nothing new cannot lead any further.
        self.finished |= new.is_empty() && page.len() < PAGE;
        self.skip = reached.saturating_sub(1);
        if let Some(last) = ids.into_iter().next_back() {
            self.last = self.last.clone().max(last);
        }
        new.into_iter().collect()
    }
}

/// The rows of a v1 list: `{"totalCount": .., "results": [..]}`, or a bare array as some answers are.
pub(super) fn results(answer: &Value) -> Result<&[Value]> {
    match answer {
        Value::Array(rows) => Ok(rows),
        Value::Object(envelope) if envelope.get("results").is_some_and(Value::is_array) => {
            Ok(rows(answer, "results"))
        }
        _ => Err(JumpCloudError::Malformed("a list without results")),
    }
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

/// The text as a regular expression that matches nothing else.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
