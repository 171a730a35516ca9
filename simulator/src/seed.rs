//! What the organization begins with.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    activedirectories,
    graph::{Kind, Node},
    groups,
    reply::Refusal,
    user_writes, usergroups,
    world::World,
};

/// Users, groups and directories to begin with. The same JSON is the file behind `--seed`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// Objects as in `POST /api/systemusers`. Read-only fields (`admin`, `totp_enabled`, …) are taken as they
    /// are; `manager` may be a username.
    pub users: Vec<Map<String, Value>>,
    pub groups: Vec<SeedGroup>,
    pub activedirectories: Vec<SeedDirectory>,
    /// Email addresses that users of other organizations have.
    pub foreign_emails: BTreeSet<String>,
    /// Taken over the organization's settings, for example `{"passwordPolicy": {"minLength": 12}}`.
    pub organization_settings: Map<String, Value>,
}

/// A group and its members by username.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SeedGroup {
    #[serde(default)]
    pub members: BTreeSet<String>,
    /// The fields of `POST /api/v2/usergroups`.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// An Active Directory instance and what is associated with it, by username and by group name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SeedDirectory {
    #[serde(default)]
    pub users: BTreeSet<String>,
    #[serde(default)]
    pub user_groups: BTreeSet<String>,
    /// The fields of `POST /api/v2/activedirectories`.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// The group that every organization is born with (recorded).
const BORN_WITH: &str = "All Users";

/// Fills a new world. The error names the entry that was refused, and why.
pub(crate) fn plant(world: &mut World, seed: Seed) -> Result<(), String> {
    world.organization.merge_settings(&seed.organization_settings);
    world.foreign_emails = seed.foreign_emails.iter().map(|email| email.to_lowercase()).collect();
    for user in &seed.users {
        let name = user.get("username").cloned().unwrap_or_default();
        plant_user(world, user).map_err(|refused| format!("user {name}: {refused}"))?;
    }
    for user in &seed.users {
        set_manager(world, user)?;
    }
    for group in &seed.groups {
        plant_group(world, group).map_err(|why| format!("group {:?}: {why}", group.fields.get("name")))?;
    }
    if world.groups.find_by_name(BORN_WITH).is_none() {
        let body = Map::from_iter([("name".to_owned(), BORN_WITH.into())]);
        usergroups::insert(world, &body).map_err(|refused| refused.to_string())?;
    }
    for directory in &seed.activedirectories {
        let name = directory.fields.get("domain");
        plant_directory(world, directory).map_err(|why| format!("activedirectory {name:?}: {why}"))?;
    }
    Ok(())
}

fn plant_user(world: &mut World, seed: &Map<String, Value>) -> Result<(), Refusal> {
    let mut body = seed.clone();
    body.remove("manager");
    let id = user_writes::create(world, &body, false)?;
    user_writes::force(world, &id, &body)
}

fn set_manager(world: &mut World, seed: &Map<String, Value>) -> Result<(), String> {
    let text = |field: &str| seed.get(field).and_then(Value::as_str).unwrap_or_default();
    let manager = text("manager");
    let Some(user) = world.users.find_by_username(text("username")).filter(|_| !manager.is_empty()) else {
        return Ok(());
    };
    let found = world.users.find_by_username(manager).or_else(|| world.users.find(manager));
    let id = found.ok_or_else(|| format!("manager {manager} is not a user"))?.id().to_owned();
    let mut user = user.clone();
    user.set("manager", id);
    world.users.put(user);
    Ok(())
}

fn plant_group(world: &mut World, seed: &SeedGroup) -> Result<(), String> {
    let id = usergroups::insert(world, &seed.fields).map_err(|refused| refused.to_string())?;
    connect_users(world, &Node { kind: Kind::UserGroup, id }, &seed.members)
}

fn plant_directory(world: &mut World, seed: &SeedDirectory) -> Result<(), String> {
    let id = activedirectories::insert(world, &seed.fields).map_err(|refused| refused.to_string())?;
    let node = Node { kind: Kind::ActiveDirectory, id };
    connect_users(world, &node, &seed.users)?;
    for name in &seed.user_groups {
        let group = world.groups.find_by_name(name).ok_or_else(|| format!("{name} is not a group"))?;
        let group = Node::new(Kind::UserGroup, groups::text(group, "id"));
        world.graph.connect(&node, &group, Value::Null);
    }
    Ok(())
}

fn connect_users(world: &mut World, node: &Node, usernames: &BTreeSet<String>) -> Result<(), String> {
    for username in usernames {
        let user =
            world.users.find_by_username(username).ok_or_else(|| format!("{username} is not a user"))?;
        let user = Node::new(Kind::User, user.id());
        world.graph.connect(node, &user, Value::Null);
    }
    Ok(())
}
