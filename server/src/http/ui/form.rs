//! What a form brings, and the same form again with what is wrong beside its fields.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use protocol::Secret;
use protocol::problem::FieldError;

use super::refusal::Refusal;
use crate::error::Error;

/// The fields of a form that was sent. Only what passed the guard has them.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Arc<Vec<(String, String)>>);

impl Fields {
    pub(super) fn new(pairs: Vec<(String, String)>) -> Self {
        // The database takes no NUL in a text, and nobody types one.
        let clean = |text: String| if text.contains('\0') { text.replace('\0', "") } else { text };
        Self(Arc::new(pairs.into_iter().map(|(name, value)| (name, clean(value))).collect()))
    }

    /// As it was typed; empty if it was not sent.
    pub(super) fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    /// Without the spaces around it.
    pub(super) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// `None` if it was left empty.
    pub(super) fn filled(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// A password or key; it is never shown again.
    pub(super) fn secret(&self, name: &str) -> Option<Secret> {
        Some(self.raw(name)).filter(|text| !text.is_empty()).map(|text| Secret::new(text.to_owned()))
    }

    /// Whether a box is ticked.
    pub(super) fn is_on(&self, name: &str) -> bool {
        !self.raw(name).is_empty()
    }

    /// All of them, but for the token.
    pub(super) fn pairs(&self) -> Vec<(String, String)> {
        self.0.iter().filter(|(name, _)| name != "csrf").cloned().collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| found == name)
    }

    /// Every value of a name that was sent more than once.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

impl<S: Sync> FromRequestParts<S> for Fields {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// A form as it is shown: values, and errors by the name of the field.
#[derive(Clone, Debug, Default)]
pub(super) struct Form {
    values: BTreeMap<String, String>,
    errors: Vec<FieldError>,
    general: Vec<String>,
}

impl Form {
    /// What was typed, secrets aside.
    pub(super) fn typed(fields: &Fields, secrets: &[&str]) -> Self {
        let values = fields
            .0
            .iter()
            .filter(|(name, _)| name != "csrf" && !secrets.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Self { values, ..Self::default() }
    }

    /// The filter of a list.
    pub(super) fn filter(given: &[(&str, Option<&str>)]) -> Self {
        let mut form = Self::default();
        for (name, value) in given {
            form.set(*name, value.unwrap_or_default());
        }
        form
    }

    pub(super) fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.values.insert(name.into(), value.into());
    }

    /// A wrong field.
    pub(super) fn wrong(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.errors.push(FieldError { field: field.into(), message: message.into() });
    }

    /// Something that is wrong with the whole.
    pub(super) fn refused(&mut self, message: impl Into<String>) {
        self.general.push(message.into());
    }

    /// Takes in why an action was not done; what the form can do nothing about is a page of its own.
    pub(super) fn with(mut self, error: Error) -> Result<Self, Refusal> {
        match error {
            Error::Invalid(errors) => self.errors.extend(errors),
            Error::Conflict { detail, .. }
            | Error::Exists { detail, .. }
            | Error::Outdated { detail, .. }
            | Error::Upstream { detail, .. }
            | Error::TooMany { detail, .. } => {
                self.general.push(detail);
            }
            Error::NotFound(_)
            | Error::Unauthorized
            | Error::Forbidden(_)
            | Error::Database(_)
            | Error::Internal { .. } => return Err(error.into()),
        }
        Ok(self)
    }

    pub(super) fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    #[cfg(test)]
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(super) fn is(&self, name: &str, value: impl std::fmt::Display) -> bool {
        self.value(name) == value.to_string()
    }

    pub(super) fn is_on(&self, name: &str) -> bool {
        !self.value(name).is_empty()
    }

    /// What is wrong with a field.
    pub(super) fn error(&self, name: &str) -> Option<&str> {
        self.errors.iter().find(|error| error.field == name).map(|error| error.message.as_str())
    }

    pub(super) fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    pub(super) fn general(&self) -> &[String] {
        &self.general
    }

    pub(super) fn is_wrong(&self) -> bool {
        !self.errors.is_empty() || !self.general.is_empty()
    }
}

/// The name of a field as the summary of a form writes it: settings are known by their own names.
pub(crate) fn shown_name(field: &str) -> &str {
    field.strip_prefix("settings.").unwrap_or(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn what_was_typed_is_kept_and_secrets_are_not() {
        let fields = fields(&[("name", " Acme "), ("api_key", "s3cret"), ("csrf", "t")]);
        let form = Form::typed(&fields, &["api_key"]);
        assert_eq!((form.value("name"), form.value("api_key"), form.value("csrf")), (" Acme ", "", ""));
        assert_eq!(fields.text("name"), "Acme");
    }

    #[test]
    fn no_text_holds_what_the_database_refuses() {
        assert_eq!(fields(&[("name", "a\0b")]).raw("name"), "ab");
    }

    #[test]
    fn an_error_stands_at_its_field() {
        let form = Form::default().with(Error::field("name", "is taken")).unwrap();
        assert_eq!(form.error("name"), Some("is taken"));
        assert!(form.is_wrong() && form.general().is_empty());
        assert!(Form::default().with(Error::NotFound("domain")).is_err());
    }
}
