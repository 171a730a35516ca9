//! All users, with the indexes that keep every look-up fast at fifty thousand.

use std::collections::{BTreeMap, BTreeSet};

use crate::{filter::Filter, user::User};

/// The users in id order.
#[derive(Debug, Default)]
pub(crate) struct Users {
    by_id: BTreeMap<String, User>,
    indexes: Indexes,
}

#[derive(Debug, Default)]
struct Indexes {
    username: Index,
    email: Index,
    employee: Index,
    manager: Index,
}

impl Indexes {
    fn all_mut(&mut self) -> [(&'static str, &mut Index); 4] {
        [
            ("username", &mut self.username),
            ("email", &mut self.email),
            ("employeeIdentifier", &mut self.employee),
            ("manager", &mut self.manager),
        ]
    }

    fn of(&self, field: &str) -> Option<&Index> {
        match field {
            "username" => Some(&self.username),
            "email" => Some(&self.email),
            "employeeIdentifier" => Some(&self.employee),
            "manager" => Some(&self.manager),
            _ => None,
        }
    }
}

/// Values regardless of case, each with the ids that carry it.
#[derive(Debug, Default)]
struct Index(BTreeSet<(String, String)>);

impl Index {
    fn ids(&self, value: &str) -> impl Iterator<Item = &str> {
        let key = value.to_lowercase();
        self.0
            .range((key.clone(), String::new())..)
            .take_while(move |(value, _)| *value == key)
            .map(|(_, id)| id.as_str())
    }
}

impl Users {
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &User> {
        self.by_id.values()
    }

    pub(crate) fn find(&self, id: &str) -> Option<&User> {
        self.by_id.get(id)
    }

    /// By username, exactly.
    pub(crate) fn find_by_username(&self, username: &str) -> Option<&User> {
        self.with("username", username).find(|user| user.username() == username)
    }

    /// The users whose `field` is `value` regardless of case; the field must have an index.
    pub(crate) fn with(&self, field: &str, value: &str) -> impl Iterator<Item = &User> {
        self.indexes
            .of(field)
            .into_iter()
            .flat_map(move |index| index.ids(value))
            .filter_map(|id| self.by_id.get(id))
    }

    /// Adds the user, or replaces the one with the same id.
    pub(crate) fn put(&mut self, user: User) {
        let id = user.id().to_owned();
        self.remove(&id);
        for (field, index) in self.indexes.all_mut() {
            let value = user.text(field);
            if !value.is_empty() {
                index.0.insert((value.to_lowercase(), id.clone()));
            }
        }
        self.by_id.insert(id, user);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<User> {
        let user = self.by_id.remove(id)?;
        for (field, index) in self.indexes.all_mut() {
            index.0.remove(&(user.text(field).to_lowercase(), id.to_owned()));
        }
        Some(user)
    }

    /// The users that `filter` accepts, in id order, read from an index where one serves.
    pub(crate) fn select(&self, filter: &Filter) -> Vec<&User> {
        match self.candidates(filter) {
            Some(ids) => {
                ids.into_iter().filter_map(|id| self.find(id)).filter(|user| filter.accepts(*user)).collect()
            }
            None => self.iter().filter(|user| filter.accepts(*user)).collect(),
        }
    }

    /// Every id that could pass, or none when only reading all users can tell.
    fn candidates(&self, filter: &Filter) -> Option<BTreeSet<&str>> {
        match filter {
            Filter::All(parts) => parts.iter().find_map(|part| self.candidates(part)),
            Filter::Any(parts) => {
                let sets = parts.iter().map(|part| self.candidates(part)).collect::<Option<Vec<_>>>()?;
                Some(sets.into_iter().flatten().collect())
            }
            Filter::Test { field, test } => {
                let values = test.literals()?;
                if field == "_id" || field == "id" {
                    let known = |id: &String| self.by_id.get_key_value(id).map(|(id, _)| id.as_str());
                    return Some(values.iter().filter_map(known).collect());
                }
                let index = self.indexes.of(field)?;
                Some(values.iter().flat_map(|value| index.ids(value)).collect())
            }
        }
    }
}
