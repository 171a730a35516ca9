//! Creating and changing a user. Nothing is stored before everything was checked.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::{
    clock,
    fields::{self, RESTRICTABLE, Verb},
    graph::{Kind, Node},
    password::PasswordHash,
    password_policy,
    reply::Refusal,
    state_machine,
    user::User,
    user_rules,
    world::World,
};

const FIRST_UNIX_ID: u64 = 5001;
/// The largest `maxHistory` of the description.
const LONGEST_HISTORY: usize = 24;

/// Creates a user. Returns its id.
pub(crate) fn create(world: &mut World, body: &Map<String, Value>, details: bool) -> Result<String, Refusal> {
    for required in ["username", "email"] {
        if body.get(required).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(Refusal::bad(format!("Validation failed: {required} is required")));
        }
    }
    let changes = fields::writable(Verb::Post, body)?;
    let user = bare(world);
    user_rules::check(world, &user, &changes)?;
    let user = changed(world, user, changes, details)?;
    let id = user.id().to_owned();
    world.users.put(user);
    Ok(id)
}

/// Changes the fields that `body` names and leaves the others (recorded: PUT merges).
pub(crate) fn update(
    world: &mut World,
    id: &str,
    body: &Map<String, Value>,
    details: bool,
) -> Result<(), Refusal> {
    let user = world.users.find(id).cloned().ok_or_else(Refusal::not_found)?;
    for required in ["username", "email"] {
        if body.get(required).and_then(Value::as_str).is_some_and(str::is_empty) {
            return Err(Refusal::bad(format!("Validation failed: {required} is required")));
        }
    }
    let changes = fields::writable(Verb::Put, body)?;
    user_rules::check(world, &user, &changes)?;
    let user = changed(world, user, changes, details)?;
    world.users.put(user);
    Ok(())
}

/// Sets fields as they are, read-only ones included, as if JumpCloud itself or another client had done so.
/// The ids stay, and the password takes its usual way.
pub(crate) fn force(world: &mut World, id: &str, fields: &Map<String, Value>) -> Result<(), Refusal> {
    let mut user = world.users.find(id).cloned().ok_or_else(Refusal::not_found)?;
    for (field, value) in fields {
        match field.as_str() {
            "_id" | "id" | "password" => {}
            "state" => state_machine::enter(&mut user, value.as_str().unwrap_or_default()),
            "suspended" => {
                state_machine::enter(&mut user, if *value == true { "SUSPENDED" } else { "ACTIVATED" });
            }
            _ => user.set(field, value.clone()),
        }
    }
    world.users.put(user);
    Ok(())
}

fn bare(world: &mut World) -> User {
    let now = world.now();
    let mut user = User::new(&world.ids.next(now));
    user.set("created", clock::text(now));
    user.set("restrictedFields", world.organization.new_user_restrictions());
    let unix_id = FIRST_UNIX_ID + world.users_created;
    world.users_created += 1;
    user.set("unix_uid", unix_id);
    user.set("unix_guid", unix_id);
    state_machine::enter(&mut user, world.organization.new_user_state());
    user
}

fn changed(
    world: &mut World,
    mut user: User,
    mut changes: Map<String, Value>,
    details: bool,
) -> Result<User, Refusal> {
    let now = world.now();
    state_machine::apply(&mut user, &mut changes)?;
    let password = changes.remove("password").and_then(|value| value.as_str().map(str::to_owned));
    let managed = changes.remove("externally_managed").and_then(|value| value.as_bool());
    for (field, value) in changes {
        let value = stored(world, &user, &field, value, now);
        if field == "account_locked" {
            lock(&mut user, value == true, now);
        }
        user.set(&field, value);
    }
    // Last: it wins over `restrictedFields` in the same request.
    if let Some(managed) = managed {
        user.set("externally_managed", managed);
        user.restrict(restrictions(world, user.id(), managed));
    }
    if let Some(password) = password.filter(|password| !password.is_empty()) {
        set_password(world, &mut user, &password, details)?;
    }
    Ok(user)
}

/// The value as it is kept: list entries get ids, objects are merged, an empty reference is no reference.
fn stored(world: &mut World, user: &User, field: &str, value: Value, now: DateTime<Utc>) -> Value {
    match (field, value) {
        ("addresses" | "phoneNumbers", Value::Array(rows)) => {
            rows.into_iter().map(|row| with(row, "id", world.ids.next(now))).collect()
        }
        ("ssh_keys", Value::Array(rows)) => rows
            .into_iter()
            .map(|row| with(with(row, "_id", world.ids.next(now)), "create_date", clock::text(now)))
            .collect(),
        ("mfa", Value::Object(new)) => {
            let mut merged = user.get("mfa").as_object().cloned().unwrap_or_default();
            merged.extend(new);
            merged.into()
        }
        ("recoveryEmail", Value::Object(new)) => with(new.into(), "verified", false),
        ("employeeIdentifier" | "manager", Value::String(text)) if text.is_empty() => Value::Null,
        (_, value) => value,
    }
}

fn with(mut row: Value, field: &str, value: impl Into<Value>) -> Value {
    row[field] = value.into();
    row
}

/// What `externally_managed` makes of `restrictedFields`, each time it is written: "populated with the
/// appropriate value, even if already set by an administrator" (described). Which fields those are is
/// assumed: all but `sudo`, for the directory that the user is associated with.
fn restrictions(world: &mut World, id: &str, managed: bool) -> Arc<Value> {
    if !managed {
        return Arc::new(json!([]));
    }
    let node = Node::new(Kind::User, id);
    let own = world.graph.neighbours(&node, Kind::ActiveDirectory).next().map(|(id, _)| id.to_owned());
    let directory = own.or_else(|| world.directories.only().map(|directory| directory.id.clone()));
    let shared = world.restrictions.entry(directory.clone()).or_insert_with(|| {
        let entry = |field: &&str| match &directory {
            Some(id) => json!({ "field": field, "type": "active_directory", "id": id }),
            None => json!({ "field": field, "type": "active_directory" }),
        };
        Arc::new(RESTRICTABLE.iter().filter(|field| **field != "sudo").map(entry).collect())
    });
    Arc::clone(shared)
}

pub(crate) fn lock(user: &mut User, locked: bool, now: DateTime<Utc>) {
    let was = user.flag("account_locked");
    user.set("account_locked", locked);
    if !locked {
        user.set("account_locked_date", Value::Null);
    } else if !was {
        user.set("account_locked_date", clock::text(now));
    }
}

fn set_password(world: &World, user: &mut User, password: &str, details: bool) -> Result<(), Refusal> {
    let now = world.now();
    let policy = world.organization.password_policy();
    let violations = policy.violations(user, password, now);
    if !violations.is_empty() {
        return Err(password_policy::refusal(&violations, details));
    }
    let expires = policy.expiry(now).filter(|_| !user.flag("password_never_expires"));
    user.earlier_passwords.extend(user.password.take());
    let forgotten = user.earlier_passwords.len().saturating_sub(LONGEST_HISTORY);
    user.earlier_passwords.drain(..forgotten);
    user.password = Some(PasswordHash::of(password));
    user.set("activated", true);
    user.set("password_date", clock::text(now));
    user.set("password_expired", false);
    user.set("password_expiration_date", expires.map(clock::text));
    Ok(())
}
