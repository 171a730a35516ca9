//! What is wrong with rows of the table: every problem at once, each with the fix.

use super::target::EMPLOYEE_IDENTIFIER;
use super::{AttributeMapping, MappingSource, Source, Target};

/// Nobody reads a longer one.
const MAX_TEMPLATE: usize = 4096;

/// What is wrong with one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// From 0.
    pub row: usize,
    pub part: Part,
    /// Goes on after the name of the part.
    pub message: String,
}

/// A part of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Field,
    Source,
}

impl MappingSource {
    /// As it is called in a row.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Attribute(_) => "attribute",
            Self::Constant(_) => "constant",
            Self::Template(_) => "template",
            Self::Leave => "leave",
        }
    }

    /// What was written.
    pub fn text(&self) -> &str {
        match self {
            Self::Attribute(text) | Self::Constant(text) | Self::Template(text) => text,
            Self::Leave => "",
        }
    }
}

/// Every problem of the rows.
pub fn problems(rows: &[AttributeMapping]) -> Vec<Problem> {
    let targets: Vec<_> = rows.iter().map(|row| Target::parse(&row.field)).collect();
    let mut found = Vec::new();
    for (at, (row, target)) in rows.iter().zip(&targets).enumerate() {
        let mut add = |part, message: String| found.push(Problem { row: at, part, message });
        match target {
            Err(message) => add(Part::Field, message.clone()),
            Ok(_) if targets.iter().filter(|other| *other == target).count() > 1 => {
                add(Part::Field, "is mapped twice: keep one row for each JumpCloud field".into());
            }
            Ok(_) => {}
        }
        if let Err(message) = check(target.as_ref().ok(), row) {
            add(Part::Source, message);
        }
    }
    found
}

fn check(target: Option<&Target>, row: &AttributeMapping) -> Result<(), String> {
    if matches!(&row.source, MappingSource::Attribute(name) if name.is_empty()) {
        return Err("is empty: write the LDAP name of an AD attribute, such as departmentNumber".into());
    }
    let Some(source) = Source::of(row)? else { return Ok(()) };
    let limit = target.map_or(super::MAX_LENGTH, Target::limit);
    let too_long =
        |length: usize| format!("is too long by {}: JumpCloud takes {limit} characters", length - limit);
    match &source {
        Source::Constant(text) if text.is_empty() => {
            return Err("is empty: write the text, or remove the row".into());
        }
        Source::Constant(text) if text.chars().count() > limit => return Err(too_long(text.chars().count())),
        Source::Template(_) if row.source.text().trim().is_empty() => {
            return Err("is empty: write a template such as {givenName} {sn}, or remove the row".into());
        }
        Source::Template(_) if row.source.text().chars().count() > MAX_TEMPLATE => {
            return Err(format!("is too long: {MAX_TEMPLATE} characters at most"));
        }
        Source::Template(template) if template.plain_length() > limit => {
            return Err(too_long(template.plain_length()));
        }
        Source::Attribute(_) | Source::Constant(_) | Source::Template(_) => {}
    }
    match target {
        Some(Target::Manager) if !matches!(&source, Source::Attribute(name) if name.eq_ignore_ascii_case("manager")) => {
            Err("must be the attribute manager, which names the manager's own object; or leave the field alone".into())
        }
        Some(Target::Text(EMPLOYEE_IDENTIFIER)) if source.attributes().is_empty() => {
            Err("must name an attribute: JumpCloud wants another employeeIdentifier for each user".into())
        }
        _ => Ok(()),
    }
}
