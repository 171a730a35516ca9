//! Reading addresses: an id that is none names nothing, and a query that makes no sense is left out.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::refusal::Refusal;

/// An id in the path; anything that is none leads to the page for what does not exist.
#[derive(Debug)]
pub(super) struct Id<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Id<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(_) => Err(Refusal::not_found("page")),
        }
    }
}

/// The parameters of a list: what is empty or senseless counts as not given.
#[derive(Debug, Default)]
pub(super) struct Filter(Vec<(String, String)>);

impl Filter {
    /// One parameter.
    pub(super) fn only(name: &str, value: &str) -> Self {
        Self(vec![(name.to_owned(), value.to_owned())])
    }

    /// The first parameter of the name that is not empty. The database takes no NUL in a text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|(found, value)| found == name && !value.trim().is_empty())?;
        let value: String = value.trim().chars().filter(|c| *c != '\0').take(200).collect();
        Some(value).filter(|value| !value.is_empty())
    }

    /// As [`text`](Self::text), read as an id or number.
    pub(super) fn parsed<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// As [`text`](Self::text), if it is one of `known`.
    pub(super) fn one_of(&self, name: &str, known: &[&'static str]) -> Option<&'static str> {
        let asked = self.text(name)?;
        known.iter().find(|word| **word == asked).copied()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Filter {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(pairs(&parts.uri)))
    }
}

/// One parameter of an address.
pub(super) fn parameter(uri: &Uri, name: &str) -> Option<String> {
    pairs(uri).into_iter().find(|(found, _)| found == name).map(|(_, value)| value)
}

/// The path and query of an address, but for one parameter.
pub(super) fn without(uri: &Uri, name: &str) -> String {
    let of = |pair: &&str| pair.split('=').next() != Some(name);
    let query: Vec<_> = uri.query().into_iter().flat_map(|query| query.split('&')).filter(of).collect();
    if query.is_empty() { uri.path().to_owned() } else { format!("{}?{}", uri.path(), query.join("&")) }
}

fn pairs(uri: &Uri) -> Vec<(String, String)> {
    Query::<Vec<(String, String)>>::try_from_uri(uri).map(|query| query.0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_other_parameters() {
        let without = |address: &'static str| without(&Uri::from_static(address), "done");
        assert_eq!(without("/a?done=saved"), "/a");
        assert_eq!(without("/a?query=x%20y&done=saved&status=done"), "/a?query=x%20y&status=done");
        assert_eq!(without("/a"), "/a");
    }
}
