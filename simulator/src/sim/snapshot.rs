//! `GET /sim/state`: everything at once, with names instead of ids where edges end.

use std::collections::BTreeSet;

use axum::extract::State;
use serde_json::{Value, json};

use crate::{
    graph::{Kind, Node},
    groups::{shown, text},
    reply::{Answer, Reply},
    user::User,
    world::{Shared, World},
};

/// `GET /sim/state`
pub(crate) async fn state(State(shared): State<Shared>) -> Answer {
    Ok(Reply::ok(everything(&shared.world())))
}

pub(crate) fn everything(world: &World) -> Value {
    json!({
        "time": crate::clock::text(world.now()),
        "organization": {
            "id": world.organization.id,
            "displayName": world.organization.display_name,
            "settings": world.organization.settings,
        },
        "users": world.users.iter().map(|found| user(world, found)).collect::<Vec<_>>(),
        "groups": groups(world),
        "activedirectories": directories(world),
        "foreign_emails": world.foreign_emails,
    })
}

/// A user as the API answers it, with what the API does not tell.
fn user(world: &World, user: &User) -> Value {
    let mut row = user.show(world.settings.recorded_nulls);
    let node = Node::new(Kind::User, user.id());
    row.insert("has_password".to_owned(), user.password.is_some().into());
    row.insert("bound".to_owned(), (world.graph.count(&node, Kind::System) > 0).into());
    row.insert("groups".to_owned(), json!(group_names(world, &node)));
    row.into()
}

fn groups(world: &World) -> Vec<Value> {
    let row = |group| {
        let mut row = shown(group, &world.settings);
        let id = text(group, "id");
        row.insert("members".to_owned(), json!(members(world, id)));
        let edges = world.graph.neighbours(&Node::new(Kind::UserGroup, id), Kind::ActiveDirectory);
        row.insert("activedirectories".to_owned(), edges.map(|(id, _)| id).collect());
        row.into()
    };
    world.groups.iter().map(row).collect()
}

fn directories(world: &World) -> Vec<Value> {
    let row = |directory: &crate::directories::Directory| {
        let node = Node::new(Kind::ActiveDirectory, &directory.id);
        let mut row = directory.fields.clone();
        row.insert("users".to_owned(), json!(usernames(world, &node)));
        row.insert("user_groups".to_owned(), json!(group_names(world, &node)));
        row.insert("agents".to_owned(), directory.agents.values().cloned().collect());
        row.into()
    };
    world.directories.iter().map(row).collect()
}

/// The usernames of the members of the group with this id.
pub(crate) fn members(world: &World, id: &str) -> BTreeSet<String> {
    usernames(world, &Node::new(Kind::UserGroup, id))
}

/// How many members that is.
pub(crate) fn member_count(world: &World, id: &str) -> usize {
    world.graph.count(&Node::new(Kind::UserGroup, id), Kind::User)
}

fn usernames(world: &World, node: &Node) -> BTreeSet<String> {
    let users = world.graph.neighbours(node, Kind::User).filter_map(|(id, _)| world.users.find(id));
    users.map(|user| user.username().to_owned()).collect()
}

fn group_names(world: &World, node: &Node) -> BTreeSet<String> {
    let groups = world.graph.neighbours(node, Kind::UserGroup).filter_map(|(id, _)| world.groups.find(id));
    groups.map(|group| text(group, "name").to_owned()).collect()
}
