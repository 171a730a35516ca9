//! From the rows of the attribute table to the fields of a form, and back. A field is called as the API calls the setting,
//! but for the source: one field says which kind it is, another holds it.

use planner::mapping::{AttributeMapping, MappingSource};
use protocol::problem::FieldError;

use crate::http::ui::form::{Fields, Form};
use crate::settings::DomainSettings;

pub(super) const ADDITIONAL: &str = "settings.sync_additional_attributes";
pub(super) const TABLE: &str = "settings.attribute_mappings";
const SOURCES: [&str; 3] = ["attribute", "constant", "template"];
/// More rows than a JumpCloud user has fields.
const MOST: usize = 1000;

/// What a button asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// The result for the chosen user, and whom the search finds.
    Show,
    Add,
    Remove(usize),
    Save,
}

impl Act {
    pub(super) fn of(button: &str) -> Self {
        match button {
            "save" => Self::Save,
            "add" => Self::Add,
            other => {
                other.strip_prefix("remove-").and_then(|at| at.parse().ok()).map_or(Self::Show, Self::Remove)
            }
        }
    }
}

/// The names of one row's fields.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) at: usize,
    pub(super) field: String,
    pub(super) source: String,
    pub(super) value: String,
}

impl Row {
    fn new(at: usize) -> Self {
        let name = |part: &str| format!("{TABLE}[{at}].{part}");
        Self { at, field: name("field"), source: name("source"), value: name("value") }
    }

    /// As people count.
    pub(super) fn number(&self) -> usize {
        self.at + 1
    }
}

/// The saved table as a form shows it.
pub(super) fn form_of(settings: &DomainSettings) -> Form {
    let mut form = Form::default();
    form.set(ADDITIONAL, if settings.sync_additional_attributes { "true" } else { "" });
    for (at, mapping) in settings.attribute_mappings.iter().enumerate() {
        put(&mut form, at, &mapping.field, mapping.source.kind(), mapping.source.text());
    }
    form
}

/// What was typed, with what the button does to the rows. Empty rows are left out, and the others numbered anew.
pub(super) fn typed(fields: &Fields, act: Act) -> Form {
    let mut form = Form::default();
    form.set(ADDITIONAL, if fields.is_on(ADDITIONAL) { "true" } else { "" });
    for name in ["query", "user"] {
        form.set(name, fields.text(name));
    }
    let mut count = 0;
    for row in (0..MOST).map(Row::new).take_while(|row| fields.has(&row.field)) {
        let (field, value) = (fields.text(&row.field), fields.raw(&row.value));
        if act == Act::Remove(row.at) || (field.is_empty() && value.trim().is_empty()) {
            continue;
        }
        put(&mut form, count, field, fields.text(&row.source), value);
        count += 1;
    }
    if act == Act::Add && count < MOST {
        put(&mut form, count, "", "attribute", "");
    }
    form
}

fn put(form: &mut Form, at: usize, field: &str, source: &str, value: &str) {
    let row = Row::new(at);
    form.set(row.field, field);
    form.set(row.source, source);
    form.set(row.value, value);
}

/// The rows of a form.
pub(super) fn rows(form: &Form) -> Vec<Row> {
    (0..MOST).map(Row::new).take_while(|row| form.has(&row.field)).collect()
}

/// The same as the settings have them; one that was only just added is none yet.
pub(super) fn rows_of(form: &Form) -> Vec<AttributeMapping> {
    let mapping = |row: Row| {
        let (field, value) = (form.value(&row.field).to_owned(), form.value(&row.value));
        let source = match form.value(&row.source) {
            "constant" => MappingSource::Constant(value.to_owned()),
            "template" => MappingSource::Template(value.to_owned()),
            "leave" => MappingSource::Leave,
            _ => MappingSource::Attribute(value.trim().to_owned()),
        };
        let is_new = field.is_empty() && value.is_empty();
        (!is_new).then_some(AttributeMapping { field, source })
    };
    rows(form).into_iter().filter_map(mapping).collect()
}

/// Errors at the form's own fields: a source stands where its text was typed.
pub(super) fn errors_of_form(errors: Vec<FieldError>) -> Vec<FieldError> {
    let renamed = |mut error: FieldError| {
        let row = error.field.strip_prefix(TABLE).and_then(|rest| rest.rsplit_once('.'));
        if let Some((row, part)) = row
            && SOURCES.contains(&part)
        {
            error.field = format!("{TABLE}{row}.value");
        }
        error
    };
    errors.into_iter().map(renamed).collect()
}

/// What is wrong with rows, where saving has not said so already.
pub(super) fn add_errors(form: &mut Form, errors: Vec<FieldError>) {
    for error in errors_of_form(errors) {
        if form.error(&error.field).is_none() {
            form.wrong(error.field, error.message);
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::DomainName;
    use serde_json::json;

    use super::*;

    fn settings() -> DomainSettings {
        let name = DomainName::parse("example.com").unwrap();
        let patch = json!({"sync_additional_attributes": false, "attribute_mappings": [
            {"field": "costCenter", "attribute": "departmentNumber"},
            {"field": "company", "constant": " Acme "},
            {"field": "location", "leave": true},
            {"field": "displayname", "template": "{displayName|cn}"},
        ]});
        DomainSettings::new(&name).edit(&name, &patch).unwrap().settings
    }

    fn fields(form: &Form) -> Fields {
        Fields::new(form.values().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn a_form_that_was_not_touched_changes_nothing() {
        let settings = settings();
        let form = typed(&fields(&form_of(&settings)), Act::Save);
        assert_eq!(rows_of(&form), settings.attribute_mappings);
        assert_eq!(form.is_on(ADDITIONAL), settings.sync_additional_attributes);
    }

    #[test]
    fn a_row_is_added_at_the_end_and_removed_where_it_stands() {
        let form = form_of(&settings());
        let added = typed(&fields(&form), Act::Add);
        assert_eq!((rows(&added).len(), rows_of(&added).len()), (5, 4));
        let removed = typed(&fields(&added), Act::Remove(1));
        let left: Vec<_> = rows_of(&removed).into_iter().map(|row| row.field).collect();
        assert_eq!(left, ["costCenter", "location", "displayname"]);
        assert_eq!(rows(&removed).len(), 3, "an empty row is left out");
        assert_eq!(
            (Act::of("remove-7"), Act::of("remove-x"), Act::of("")),
            (Act::Remove(7), Act::Show, Act::Show)
        );
    }

    #[test]
    fn an_error_of_a_source_stands_where_it_was_typed() {
        let error = |field: &str| FieldError { field: field.into(), message: String::new() };
        let found = errors_of_form(vec![
            error("settings.attribute_mappings[3].template"),
            error("settings.attribute_mappings[0].field"),
            error("settings.integration_group"),
        ]);
        let found: Vec<_> = found.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(
            found,
            [
                "settings.attribute_mappings[3].value",
                "settings.attribute_mappings[0].field",
                "settings.integration_group"
            ]
        );
    }
}
