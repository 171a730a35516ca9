//! `limit` and `skip`, in the query or in a search's body.

use serde_json::{Map, Value};

use crate::{reply::Refusal, request::Params};

const DEFAULT_LIMIT: usize = 10;
const LARGEST_LIMIT: usize = 100;

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    pub(crate) skip: usize,
    pub(crate) limit: usize,
}

impl Page {
    pub(crate) fn from_params(params: &Params) -> Result<Self, Refusal> {
        Self::new(params.get("limit").map(str::to_owned), params.get("skip").map(str::to_owned))
    }

    /// The body wins over the query: the newer description has them in the body, the older in the query.
    pub(crate) fn from_search(body: &Map<String, Value>, params: &Params) -> Result<Self, Refusal> {
        let asked = |name: &str| {
            let in_body = body.get(name).filter(|value| !value.is_null());
            let text = in_body.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            text.or_else(|| params.get(name).map(str::to_owned))
        };
        Self::new(asked("limit"), asked("skip"))
    }

    fn new(limit: Option<String>, skip: Option<String>) -> Result<Self, Refusal> {
        let limit = number("limit", limit.as_deref())?.unwrap_or(DEFAULT_LIMIT);
        if limit > LARGEST_LIMIT {
            // The wording is recorded.
            let message =
                format!("Bad Request: request parameter \"limit\" exceeds maximum value of {LARGEST_LIMIT}");
            return Err(Refusal::bad(message).bare());
        }
        Ok(Self { limit, skip: number("skip", skip.as_deref())?.unwrap_or(0) })
    }
}

fn number(name: &str, text: Option<&str>) -> Result<Option<usize>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let number = text.parse();
    number.map(Some).map_err(|_| Refusal::bad(format!("Bad Request: invalid request parameter \"{name}\"")))
}
