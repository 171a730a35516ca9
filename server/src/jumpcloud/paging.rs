//! Lists: page after page, without giving up at the first hiccup.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use super::answer::Answer;
use super::client::Client;
use super::request::Request;
use super::{JumpCloudError, Result, Verdict};

/// The largest page that JumpCloud gives.
pub(super) const PAGE: usize = 100;
/// How often one page is asked for.
const TRIES: u32 = 6;

impl Client {
    /// Sends a reading request again after a pause or a failure: the page before must not have been read in vain.
    pub(super) async fn send_patiently(&self, request: &Request<'_>) -> Result<Answer> {
        let mut tries = 0;
        loop {
            tries += 1;
            let error = match self.send(request).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let wait = match error.verdict() {
                Verdict::RetryAfter(wait) => wait.unwrap_or(Duration::from_secs(30)),
                Verdict::Retry => Duration::from_millis(250 << tries),
                Verdict::PauseOrganization { .. } | Verdict::Park => return Err(error),
            };
            if tries == TRIES {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Every row of a v2 list, each once. A list that changed while it was read (its count and ours differ) is read
    /// again, twice at most.
    pub(super) async fn list_v2(
        &self,
        path: &[&str],
        query: &[(&'static str, &str)],
        key: impl Fn(&Value) -> Result<String>,
    ) -> Result<Vec<Value>> {
        let mut rows = Vec::new();
        for _ in 0..3 {
            let total = self.list_v2_once(path, query, &key, &mut rows).await?;
            if total.is_none_or(|total| total == rows.len()) {
                break;
            }
        }
        Ok(rows)
    }

    async fn list_v2_once(
        &self,
        path: &[&str],
        query: &[(&'static str, &str)],
        key: impl Fn(&Value) -> Result<String>,
        rows: &mut Vec<Value>,
    ) -> Result<Option<usize>> {
        rows.clear();
        let mut seen = BTreeSet::new();
        let mut skip = 0;
        loop {
            let mut request = Request::v2(Method::GET, path).query("limit", PAGE).query("skip", skip);
            for (name, value) in query {
                request = request.query(name, value);
            }
            let answer = self.send_patiently(&request).await?;
            // No rows are `[]`; some endpoints answer null.
            let page = match answer.json()? {
                Value::Array(page) => page,
                Value::Null => Vec::new(),
                _ => return Err(JumpCloudError::Malformed("a list that is no list")),
            };
            let length = page.len();
            skip += length;
            for row in page {
                if seen.insert(key(&row)?) {
                    rows.push(row);
                }
            }
            if length == 0 || (length < PAGE && answer.total.is_none_or(|total| skip >= total)) {
                return Ok(answer.total);
            }
        }
    }
}
