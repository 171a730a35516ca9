//! The live result of a table for one user says what activation then writes.

use planner::Status;
use planner::mapping::{AttributeMapping, Trial, Tried, try_out};
use serde_json::{Value, json};

use crate::world::{World, account};

fn rows(rows: Value) -> Vec<AttributeMapping> {
    serde_json::from_value(rows).unwrap()
}

fn trial(world: &World, name: &str) -> Trial {
    try_out(&world.observe(), world.guid(name)).unwrap()
}

fn of<'t>(trial: &'t Trial, field: &str) -> &'t Tried {
    trial.fields.iter().find(|tried| tried.field == field).unwrap()
}

fn table() -> Vec<AttributeMapping> {
    rows(json!([
        {"field": "lastname", "template": "{sn|cn}"},
        {"field": "displayname", "template": "{displayName|givenName} {sn:upper}"},
        {"field": "description", "constant": "from AD"},
        {"field": "department", "template": "{department|\"Staff\"}"},
        {"field": "company", "leave": true},
        {"field": "attributes.badge", "attribute": "employeeID"},
        {"field": "addresses.home.locality", "attribute": "l"},
        {"field": "employeeIdentifier", "attribute": "employeeNumber"},
        {"field": "alternateEmail", "attribute": "otherMailbox"},
    ]))
}

fn somebody(world: &mut World) {
    world
        .user("ada")
        .edit(|user| user.sn = None)
        .with("title", "Countess")
        .with("employeeID", "42")
        .with("l", "Bern");
    world
        .user("ada")
        .with("employeeNumber", &"9".repeat(257))
        .with("otherMailbox", "no address")
        .with("company", "AD");
    world.join("ada", "JumpCloud");
    world.policy.attribute_mappings = table();
}

/// Each field of the trial against what JumpCloud then has.
fn comes_true(world: &mut World, trial: &Trial) {
    world.settle();
    let account = world.account_of("ada").clone();
    for tried in &trial.fields {
        let mut parts = tried.field.split('.');
        let now = match (parts.next().unwrap(), parts.next(), parts.next()) {
            ("phoneNumbers", Some(kind), _) => account.phones.get(kind),
            ("addresses", Some(kind), Some(part)) => {
                account.addresses.get(kind).and_then(|parts| parts.get(part))
            }
            ("attributes", Some(name), _) => account.custom.get(name),
            ("manager", ..) => account.manager.as_ref(),
            (name, ..) => account.fields.get(name),
        };
        assert_eq!(tried.after.as_deref(), Some(now.map_or("", String::as_str)), "{}", tried.field);
    }
}

#[test]
fn for_a_new_user_it_is_what_activation_then_writes() {
    let mut world = World::new();
    somebody(&mut world);
    let trial = trial(&world, "ada");
    assert_eq!((trial.jumpcloud_id.as_ref(), trial.verdict.status), (None, Status::Pending));
    let after = |field| of(&trial, field).after.as_deref();
    assert_eq!(after("lastname"), Some("ada"));
    assert_eq!(after("displayname"), Some("Given ada"));
    assert_eq!(after("department"), Some("Staff"));
    assert_eq!(after("attributes.badge"), Some("42"));
    assert_eq!(after("jobTitle"), Some("Countess"), "a default");
    assert_eq!(after("company"), Some(""), "left alone");
    assert!(trial.fields.iter().all(|tried| tried.before.is_none()));
    assert_eq!(of(&trial, "employeeIdentifier").reason.as_ref().unwrap().code, "value_too_long");
    assert_eq!(of(&trial, "alternateEmail").reason.as_ref().unwrap().code, "value_not_valid");
    comes_true(&mut world, &trial);
    assert_eq!(world.status("ada"), Status::Synced);
}

#[test]
fn for_a_linked_user_it_shows_before_and_after() {
    let mut world = World::synced(&["ada"]);
    world.account_of("ada").fields.insert("company".into(), "set in JumpCloud".into());
    world.account_of("ada").fields.insert("description".into(), "old".into());
    world.account_of("ada").fields.insert("employeeIdentifier".into(), "7".into());
    somebody(&mut world);
    let trial = trial(&world, "ada");
    let both =
        |field| (of(&trial, field).before.as_deref().unwrap(), of(&trial, field).after.as_deref().unwrap());
    assert_eq!(both("description"), ("old", "from AD"));
    assert_eq!(both("company"), ("set in JumpCloud", "set in JumpCloud"));
    assert_eq!(both("employeeIdentifier"), ("7", "7"), "too long a value leaves it as it is");
    comes_true(&mut world, &trial);
}

#[test]
fn for_a_user_that_is_taken_over_an_empty_value_clears_nothing() {
    let mut world = World::new();
    let mut there = account("there", "ada", "ada@mail.example");
    there.fields.insert("location".into(), "Bern".into());
    there.manager = Some("somebody".into());
    world.jumpcloud.users.insert("there".into(), there);
    somebody(&mut world);
    let trial = trial(&world, "ada");
    assert_eq!(trial.jumpcloud_id.as_deref(), Some("there"));
    assert_eq!(of(&trial, "location").after.as_deref(), Some("Bern"));
    comes_true(&mut world, &trial);
}

#[test]
fn the_manager_is_the_link_that_follows() {
    let mut world = World::synced(&["ada", "boss"]);
    world.user("ada").manager = Some("boss".into());
    let trial_of = |world: &World| {
        let trial = trial(world, "ada");
        let tried = of(&trial, "manager");
        (tried.after.clone(), tried.reason.as_ref().map(|reason| reason.code.clone()))
    };
    let boss = world.links[&world.guid("boss")].jumpcloud_id.clone();
    assert_eq!(trial_of(&world), (Some(boss.clone()), None));
    world.settle();
    world.policy.attribute_mappings = rows(json!([{"field": "manager", "leave": true}]));
    world.user("ada").manager = None;
    assert_eq!(trial_of(&world), (Some(boss), None), "left alone");
    assert_eq!(world.steps("ada"), [""; 0]);
    world.policy.attribute_mappings.clear();
    assert_eq!(trial_of(&world), (Some(String::new()), None));
    world.user("new");
    world.user("ada").manager = Some("new".into());
    assert_eq!(trial_of(&world).1.as_deref(), Some("manager_not_synced"));
    world.join("new", "JumpCloud");
    assert_eq!(trial_of(&world), (None, Some("manager_pending".into())));
}

#[test]
fn a_wrong_row_says_so_and_the_others_are_tried() {
    let mut world = World::synced(&["ada"]);
    world.account_of("ada").fields.insert("company".into(), "kept".into());
    world.user("ada").with("company", "AD");
    world.policy.attribute_mappings = rows(json!([
        {"field": "company", "template": "{company"},
        {"field": "nonsense", "constant": "x"},
        {"field": "costCenter", "constant": "7"},
    ]));
    let trial = trial(&world, "ada");
    let rows: Vec<_> = trial.fields.iter().filter(|tried| tried.row.is_some()).collect();
    assert!(rows[0].error.as_ref().unwrap().contains("character 1"));
    assert!(rows[1].error.as_ref().unwrap().contains("no JumpCloud field"));
    assert_eq!((rows[2].error.as_ref(), rows[2].after.as_deref()), (None, Some("7")));
    world.settle();
    assert_eq!(world.account_of("ada").fields["company"], "kept", "a wrong row leaves its field alone");
}

#[test]
fn what_was_not_read_yet_is_named_and_left_alone() {
    let mut world = World::synced(&["ada"]);
    for field in ["costCenter", "company", "location"] {
        world.account_of("ada").fields.insert(field.into(), "there".into());
    }
    world.user("ada").with("division", "Engines").with("physicalDeliveryOfficeName", "there");
    world.unread = ["info".to_owned(), "departmentnumber".into(), "division".into()].into();
    world.policy.attribute_mappings = rows(json!([
        {"field": "costCenter", "attribute": "departmentNumber"},
        {"field": "company", "template": "{division|info}"},
        {"field": "lastname", "template": "{info|\"x\"}"},
    ]));
    let trial = trial(&world, "ada");
    let cost_center = of(&trial, "costCenter");
    assert_eq!(
        (cost_center.after.as_ref(), &cost_center.not_read_yet[..]),
        (None, &["departmentNumber".to_owned()][..])
    );
    let company = of(&trial, "company");
    assert_eq!(
        (company.after.as_deref(), company.not_read_yet.len()),
        (Some("Engines"), 0),
        "info was not needed"
    );
    assert_eq!(of(&trial, "lastname").not_read_yet, ["info"]);
    world.settle();
    assert_eq!(world.account_of("ada").fields["costCenter"], "there");
    assert_eq!(world.account_of("ada").fields["company"], "Engines");
    assert_eq!(world.status("ada"), Status::Synced);
}

#[test]
fn a_name_that_is_left_alone_is_not_asked_of_ad() {
    let mut world = World::new();
    somebody(&mut world);
    world.policy.attribute_mappings = rows(json!([{"field": "lastname", "leave": true}]));
    assert_eq!(of(&trial(&world, "ada"), "lastname").after.as_deref(), Some(""));
    world.settle();
    assert_eq!(world.account_of("ada").fields.get("lastname"), None);
    world.account_of("ada").fields.insert("lastname".into(), "typed in JumpCloud".into());
    assert_eq!(world.steps("ada"), [""; 0]);
}

#[test]
fn a_mapped_name_that_is_empty_or_too_long_keeps_the_user_out_and_says_which() {
    let mut world = World::new();
    somebody(&mut world);
    world.policy.attribute_mappings = rows(json!([{"field": "lastname", "attribute": "info"}]));
    let verdict = trial(&world, "ada").verdict;
    assert_eq!(verdict.status, Status::Excluded);
    assert!(verdict.reasons[0].message.contains("The mapping of lastname"), "{:?}", verdict.reasons);
    world.user("ada").with("info", &"x".repeat(1025));
    let verdict = trial(&world, "ada").verdict;
    assert_eq!(verdict.reasons[0].code, "value_too_long");
}
