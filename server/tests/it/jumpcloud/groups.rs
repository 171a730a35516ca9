//! User groups and their members.

use std::collections::BTreeSet;

use serde_json::json;
use server::jumpcloud::{JumpCloudError, Verdict};
use simulator::{Action, Fault, Seed, SeedGroup};

use crate::jumpcloud::support::{World, object};

#[tokio::test]
async fn every_group_is_listed_once() {
    let group = |number: usize| {
        let fields = object(json!({ "name": format!("Group {number:03}") }));
        SeedGroup { members: BTreeSet::new(), fields }
    };
    let world = World::seeded(Seed { groups: (0..230).map(group).collect(), ..Seed::default() }).await;
    let groups = world.jumpcloud.list_groups().await.unwrap();
    assert_eq!(groups.len(), 231, "with the one that every organization is born with");
    let names: BTreeSet<_> = groups.into_iter().map(|group| group.name).collect();
    assert_eq!(names.len(), 231);
}

#[tokio::test]
async fn a_group_is_created_found_renamed_and_deleted() {
    let world = World::start().await;
    let group = world.jumpcloud.create_group("Staff").await.unwrap();
    assert_eq!((group.name.as_str(), group.dynamic), ("Staff", false));
    assert_eq!(world.jumpcloud.find_group_by_name("Staff").await.unwrap(), Some(group.clone()));
    assert_eq!(world.jumpcloud.find_group_by_name("Staf").await.unwrap(), None);
    assert_eq!(world.jumpcloud.get_group(&group.id).await.unwrap(), Some(group.clone()));

    let error = world.jumpcloud.create_group("Staff").await.unwrap_err();
    assert!(matches!(error, JumpCloudError::Conflict(_)));
    assert_eq!((error.code(), error.verdict()), ("already_exists", Verdict::Park));

    let renamed = world.jumpcloud.rename_group(&group.id, "People").await.unwrap();
    assert_eq!(renamed.name, "People");
    for status in [204, 200] {
        world.sim.change_settings(|settings| settings.group_delete_status = status);
        let group = world.jumpcloud.create_group("Brief").await.unwrap();
        world.jumpcloud.delete_group(&group.id).await.unwrap();
        world.jumpcloud.delete_group(&group.id).await.unwrap();
        assert_eq!(world.jumpcloud.get_group(&group.id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_name_is_never_read_as_a_filter() {
    let world = World::start().await;
    for name in ["Sales, EMEA", "All *", "a:eq:b", "R&D = 50%", "Møller/Ås", "x|y"] {
        let group = world.jumpcloud.create_group(name).await.unwrap();
        assert_eq!(world.jumpcloud.find_group_by_name(name).await.unwrap(), Some(group), "{name}");
    }
    assert_eq!(world.jumpcloud.find_group_by_name("Sales*").await.unwrap(), None);
}

#[tokio::test]
async fn a_rename_keeps_what_else_the_group_has() {
    let fields = object(json!({
        "name": "Staff", "description": "everybody", "email": "staff@corp.example", "attributes": { "posix": 7 },
        "membershipMethod": "STATIC", "memberSuggestionsNotify": true,
    }));
    let groups = vec![SeedGroup { members: BTreeSet::new(), fields }];
    let world = World::seeded(Seed { groups, ..Seed::default() }).await;
    let group = world.jumpcloud.find_group_by_name("Staff").await.unwrap().unwrap();
    let mut before = world.sim.group_by_name("Staff").unwrap();
    world.jumpcloud.rename_group(&group.id, "People").await.unwrap();
    before["name"] = "People".into();
    assert_eq!(world.sim.group_by_name("People").unwrap(), before);
}

#[tokio::test]
async fn members_are_added_listed_and_removed() {
    let world = World::start().await;
    let (ada, bob) = (world.user("ada").await, world.user("bob").await);
    let group = world.jumpcloud.create_group("Staff").await.unwrap().id;
    world.jumpcloud.add_member(&group, &ada).await.unwrap();
    world.jumpcloud.add_member(&group, &bob).await.unwrap();
    world.jumpcloud.add_member(&group, &bob).await.unwrap();
    let members: BTreeSet<_> = world.jumpcloud.list_members(&group).await.unwrap().into_iter().collect();
    assert_eq!(members, BTreeSet::from([ada.clone(), bob.clone()]));
    world.jumpcloud.remove_member(&group, &bob).await.unwrap();
    world.jumpcloud.remove_member(&group, &bob).await.unwrap();
    assert_eq!(world.jumpcloud.list_members(&group).await.unwrap(), [ada]);

    let nobody = "5f0000000000000000000009";
    world.jumpcloud.remove_member(nobody, &bob).await.unwrap();
    let error = world.jumpcloud.add_member(nobody, &bob).await.unwrap_err();
    assert!(matches!(error, JumpCloudError::NotFound(_)), "only removing takes 404 for done");
}

#[tokio::test]
async fn many_members_are_listed_once_each() {
    let name = |number: usize| format!("user{number:04}");
    let user = |number| {
        object(json!({ "username": name(number), "email": format!("{}@corp.example", name(number)) }))
    };
    let staff =
        SeedGroup { members: (0..330).map(name).collect(), fields: object(json!({ "name": "Staff" })) };
    let seed = Seed { users: (0..330).map(user).collect(), groups: vec![staff], ..Seed::default() };
    let world = World::seeded(seed).await;
    let group = world.jumpcloud.find_group_by_name("Staff").await.unwrap().unwrap();
    world.sim.script(Fault::new(Action::status(500)).on("GET", "/api/v2/usergroups/*/members$").after(2));
    let members: BTreeSet<_> = world.jumpcloud.list_members(&group.id).await.unwrap().into_iter().collect();
    assert_eq!(members.len(), 330);
}

#[tokio::test]
async fn a_dynamic_group_is_known_as_one() {
    let fields = object(json!({ "name": "Everybody", "membershipMethod": "DYNAMIC_AUTOMATED" }));
    let groups = vec![SeedGroup { members: BTreeSet::new(), fields }];
    let world = World::seeded(Seed { groups, ..Seed::default() }).await;
    let ada = world.user("ada").await;
    let group = world.jumpcloud.find_group_by_name("Everybody").await.unwrap().unwrap();
    assert!(group.dynamic);
    assert_eq!(world.jumpcloud.add_member(&group.id, &ada).await.unwrap_err().verdict(), Verdict::Park);
}
