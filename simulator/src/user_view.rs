//! A user on its way into an answer. Written straight from the stored fields: a client that reads fifty
//! thousand users should wait for itself, not for copies.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::{
    graph::{Kind, Node},
    user::User,
    world::World,
};

/// A user, narrowed to the fields that were asked for.
pub(crate) struct UserView<'a> {
    user: &'a User,
    recorded_nulls: bool,
    /// None means every field; the ids are always shown.
    wanted: Vec<&'a str>,
    /// Only rows of a search have it, and those have no `delegatedAuthority`.
    member_of: Option<Value>,
}

impl<'a> UserView<'a> {
    /// A row of a list; `wanted` names fields, separated by spaces or commas.
    pub(crate) fn new(world: &World, user: &'a User, wanted: &'a str) -> Self {
        let wanted = wanted.split([' ', ',']).filter(|field| !field.is_empty()).collect();
        Self { user, recorded_nulls: world.settings.recorded_nulls, wanted, member_of: None }
    }

    /// A row of a search.
    pub(crate) fn found(world: &World, user: &'a User, wanted: &'a str) -> Self {
        let groups = world.graph.neighbours(&Node::new(Kind::User, user.id()), Kind::UserGroup);
        let member_of = Some(groups.map(|(id, _)| id).collect());
        Self { member_of, ..Self::new(world, user, wanted) }
    }

    fn shows(&self, field: &str) -> bool {
        let hidden = self.member_of.is_some() && field == "delegatedAuthority";
        let asked = self.wanted.is_empty() || self.wanted.contains(&field) || field == "_id" || field == "id";
        asked && !hidden
    }
}

impl Serialize for UserView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let member_of = self.member_of.iter().map(|groups| ("memberof", groups));
        let fields = self.user.fields(self.recorded_nulls).chain(member_of);
        serializer.collect_map(fields.filter(|(field, _)| self.shows(field)))
    }
}
