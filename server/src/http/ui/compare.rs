//! Whom a user could be in JumpCloud, side by side with what AD has.

use std::collections::BTreeMap;

use planner::explain::{Candidate, Explanation};
use planner::input::{AccountState, JumpCloudUser};

/// The fields by which people tell each other apart, those that nobody has left out.
const FIELDS: [(&str, &str); 9] = [
    ("username", "Username"),
    ("email", "Email"),
    ("firstname", "First name"),
    ("lastname", "Last name"),
    ("displayname", "Display name"),
    ("jobTitle", "Job title"),
    ("department", "Department"),
    ("company", "Company"),
    ("employeeIdentifier", "Employee identifier"),
];

/// A table of AD and the JumpCloud users that could be meant.
#[derive(Debug)]
pub(super) struct Comparison {
    pub choices: Vec<Choice>,
    pub rows: Vec<Row>,
}

/// One JumpCloud user.
#[derive(Debug)]
pub(super) struct Choice {
    pub id: String,
    pub username: String,
    /// Why it cannot be chosen.
    pub obstacle: Option<String>,
}

/// One field: what AD has, and what each JumpCloud user has.
#[derive(Debug)]
pub(super) struct Row {
    pub name: &'static str,
    pub directory: String,
    pub values: Vec<Value>,
}

/// A JumpCloud user's value.
#[derive(Debug)]
pub(super) struct Value {
    pub text: String,
    /// The same as AD has, case aside.
    pub same: bool,
}

impl Comparison {
    /// None where JumpCloud has nobody to choose from.
    pub(super) fn new(explained: &Explanation) -> Option<Self> {
        let candidates = &explained.candidates;
        if candidates.is_empty() {
            return None;
        }
        let wanted = |name: &str| {
            let field = explained.fields.iter().find(|field| field.field == name);
            field.map(|field| field.wanted.clone()).unwrap_or_default()
        };
        let users: Vec<_> = candidates.iter().map(|candidate| candidate.user.values()).collect();
        let rows = FIELDS.iter().map(|(field, name)| row(field, name, wanted(field), &users));
        let rows = rows
            .filter(|row| !row.directory.is_empty() || row.values.iter().any(|value| !value.text.is_empty()));
        Some(Self {
            choices: candidates.iter().map(choice).collect(),
            rows: rows.chain(states(candidates)).collect(),
        })
    }
}

fn choice(candidate: &Candidate) -> Choice {
    Choice {
        id: candidate.user.id.clone(),
        username: candidate.user.username.clone(),
        obstacle: candidate.obstacle.as_ref().map(|reason| reason.message.clone()),
    }
}

fn row(field: &str, name: &'static str, directory: String, users: &[BTreeMap<String, String>]) -> Row {
    let value = |user: &BTreeMap<String, String>| {
        let text = user.get(field).cloned().unwrap_or_default();
        let same = !text.is_empty() && text.to_lowercase() == directory.to_lowercase();
        Value { text, same }
    };
    Row { name, values: users.iter().map(value).collect(), directory }
}

/// What JumpCloud alone knows.
fn states(candidates: &[Candidate]) -> [Row; 2] {
    let row = |name, text: fn(&JumpCloudUser) -> String| Row {
        name,
        directory: String::new(),
        values: candidates
            .iter()
            .map(|candidate| Value { text: text(&candidate.user), same: false })
            .collect(),
    };
    [
        row("State", |user| {
            match user.state {
                AccountState::Staged => "Staged",
                AccountState::Activated => "Activated",
                AccountState::Suspended => "Suspended",
            }
            .into()
        }),
        row("Rights", |user| if user.privileged { "Administrator" } else { "None" }.into()),
    ]
}
