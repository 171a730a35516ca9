//! The marks of a managed user.

use serde_json::{Value, json};
use server::jumpcloud::{Associated, Marks};

use crate::jumpcloud::support::World;

fn marks(instance: Option<&str>) -> Marks {
    Marks {
        external_dn: "CN=Ada,DC=corp,DC=example".into(),
        external_source_type: "active_directory".into(),
        activedirectory_id: instance.map(str::to_owned),
    }
}

fn others() -> Value {
    json!([{ "field": "costCenter", "id": "5f00000000000000000000aa", "type": "scim" }])
}

/// The ids of those who restrict a field.
fn restrictors(user: &Value) -> Vec<&str> {
    let mut ids: Vec<_> =
        user["restrictedFields"].as_array().unwrap().iter().filter_map(|row| row["id"].as_str()).collect();
    ids.dedup();
    ids
}

#[tokio::test]
async fn a_user_is_marked_and_others_keep_their_entries() {
    let world = World::start().await;
    let (id, instance) = (world.user("ada").await, world.directory().await);
    world.force("ada", json!({ "restrictedFields": others() }));
    let user = world.jumpcloud.mark_user(&id, &marks(Some(&instance))).await.unwrap();
    assert!(user.externally_managed);
    assert_eq!(user.external_dn, "CN=Ada,DC=corp,DC=example");
    assert_eq!(user.external_source_type, "active_directory");
    let raw = world.raw("ada");
    assert_eq!(restrictors(&raw), [instance.as_str(), "5f00000000000000000000aa"]);
    assert_eq!(user, world.jumpcloud.get_user(&id).await.unwrap().unwrap());

    let first = world.sim.writes_to("ada")[1].body.clone();
    assert_eq!(first["externally_managed"], true, "written first, as it rewrites the entries");
    assert!(first.get("restrictedFields").is_none());
}

#[tokio::test]
async fn marking_twice_changes_nothing_more() {
    let world = World::start().await;
    let (id, instance) = (world.user("ada").await, world.directory().await);
    let once = world.jumpcloud.mark_user(&id, &marks(Some(&instance))).await.unwrap();
    let twice = world.jumpcloud.mark_user(&id, &marks(Some(&instance))).await.unwrap();
    assert_eq!(once, twice);
}

#[tokio::test]
async fn without_entries_of_its_own_jumpcloud_is_told_what_we_provide() {
    let world = World::start().await;
    let id = world.user("ada").await;
    let (instance, _other) = (world.directory().await, {
        let domain = protocol::DomainName::parse("other.example").unwrap();
        world.jumpcloud.create_activedirectory(&domain).await.unwrap()
    });
    let user = world.jumpcloud.mark_user(&id, &marks(Some(&instance))).await.unwrap();
    assert!(user.restricted_by.contains(&instance));
    let raw = world.raw("ada");
    let ours =
        raw["restrictedFields"].as_array().unwrap().iter().filter(|row| row["id"] == instance.as_str());
    assert!(ours.clone().any(|row| row["field"] == "username"));
    assert!(ours.clone().all(|row| row["type"] == "active_directory" && row["field"] != "sudo"));
}

#[tokio::test]
async fn without_an_instance_the_entries_are_left_alone() {
    let world = World::start().await;
    let id = world.user("ada").await;
    world.calls();
    assert!(world.jumpcloud.mark_user(&id, &marks(None)).await.unwrap().externally_managed);
    assert_eq!(world.sim.writes().len(), 1);
}

#[tokio::test]
async fn an_unbound_user_keeps_everything_else() {
    let world = World::start().await;
    let (id, instance) = (world.user("ada").await, world.directory().await);
    let group = world.jumpcloud.create_group("Staff").await.unwrap();
    world.jumpcloud.add_member(&group.id, &id).await.unwrap();
    world.jumpcloud.add_association(&instance, Associated::User, &id).await.unwrap();
    world.force("ada", json!({ "restrictedFields": others() }));
    world.jumpcloud.mark_user(&id, &marks(Some(&instance))).await.unwrap();

    let user = world.jumpcloud.unbind_user(&id, Some(&instance)).await.unwrap();
    assert!(!user.externally_managed);
    assert_eq!((user.external_dn.as_str(), user.external_source_type.as_str()), ("", ""));
    assert_eq!(
        restrictors(&world.raw("ada")),
        ["5f00000000000000000000aa"],
        "the other source's entry is back"
    );
    assert!(world.jumpcloud.list_associations(&instance, Associated::User).await.unwrap().is_empty());
    assert!(world.sim.group_members("Staff").contains("ada"));
    assert_eq!(world.raw("ada")["state"], "ACTIVATED");

    assert_eq!(world.jumpcloud.unbind_user(&id, Some(&instance)).await.unwrap(), user, "again is harmless");
}

#[tokio::test]
async fn a_user_is_unbound_though_the_instance_is_gone() {
    let world = World::start().await;
    let id = world.user("ada").await;
    world.jumpcloud.mark_user(&id, &marks(None)).await.unwrap();
    let user = world.jumpcloud.unbind_user(&id, Some("5f00000000000000000000bb")).await.unwrap();
    assert!(!user.externally_managed);
}
