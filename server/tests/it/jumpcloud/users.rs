//! Reading users.

use planner::input::AccountState;
use serde_json::{Value, json};
use simulator::{Action, Fault, Seed};

use crate::jumpcloud::support::{World, object, person};

fn seed(count: usize) -> Seed {
    let user = |number: usize| {
        let name = format!("user{number:04}");
        object(json!({ "username": name, "email": format!("{name}@corp.example") }))
    };
    Seed { users: (0..count).map(user).collect(), ..Seed::default() }
}

async fn all(world: &World) -> Vec<String> {
    let mut pages = world.jumpcloud.list_users();
    let mut names = Vec::new();
    while let Some(page) = pages.next_page().await.unwrap() {
        assert!(page.len() <= 100);
        names.extend(page.into_iter().map(|user| user.username));
    }
    names
}

fn expected(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("user{number:04}")).collect()
}

#[tokio::test]
async fn every_user_is_listed_once() {
    for count in [0, 1, 99, 100, 101, 199, 200, 250] {
        let world = World::seeded(seed(count)).await;
        assert_eq!(all(&world).await, expected(count), "{count} users");
    }
}

#[tokio::test]
async fn a_deletion_while_reading_hides_nobody() {
    let world = World::seeded(seed(250)).await;
    let mut pages = world.jumpcloud.list_users();
    let first = pages.next_page().await.unwrap().unwrap();
    for user in first.iter().take(30).chain(first.last()) {
        world.jumpcloud.delete_user(&user.id).await.unwrap();
    }
    let mut names: Vec<_> = first.into_iter().map(|user| user.username).collect();
    while let Some(page) = pages.next_page().await.unwrap() {
        names.extend(page.into_iter().map(|user| user.username));
    }
    assert_eq!(names, expected(250));
}

#[tokio::test]
async fn a_list_that_shrinks_below_the_reader_ends() {
    let world = World::seeded(seed(205)).await;
    let mut pages = world.jumpcloud.list_users();
    let first = pages.next_page().await.unwrap().unwrap();
    let second = pages.next_page().await.unwrap().unwrap();
    for user in first.iter().chain(&second) {
        world.jumpcloud.delete_user(&user.id).await.unwrap();
    }
    let mut rest = Vec::new();
    while let Some(page) = pages.next_page().await.unwrap() {
        rest.extend(page);
    }
    assert_eq!(first.len() + second.len() + rest.len(), 205);
}

#[tokio::test]
async fn a_hiccup_does_not_end_the_reading() {
    let world = World::seeded(seed(250)).await;
    world.sim.script(Fault::new(Action::status(503)).on("GET", "/api/systemusers").after(1));
    world.sim.script(Fault::new(Action::throttle(Some(1))).on("GET", "/api/systemusers").after(1));
    world.sim.script(Fault::new(Action::Reset).on("GET", "/api/systemusers").after(2));
    assert_eq!(all(&world).await, expected(250));
}

#[tokio::test]
async fn a_user_is_read_with_all_that_matters() {
    let world = World::start().await;
    let id = world.user("ada").await;
    world.force(
        "ada",
        json!({
            "jobTitle": "Countess", "department": "", "costCenter": "7",
            "phoneNumbers": [{ "type": "work", "number": "1" }, { "type": "work", "number": "2" }],
            "addresses": [{ "type": "work", "locality": "London", "country": "" }],
            "attributes": [{ "name": "badge", "value": "12" }],
            "admin": { "id": "1" }, "suspended": true, "state": "SUSPENDED",
            "externally_managed": true, "external_dn": "CN=Ada", "external_source_type": "ad",
            "restrictedFields": [{ "field": "email", "id": "5f0000000000000000000001", "type": "scim" }],
        }),
    );
    let user = world.jumpcloud.get_user(&id).await.unwrap().unwrap();
    assert_eq!((user.id, user.username.as_str(), user.email.as_str()), (id, "ada", "ada@corp.example"));
    assert_eq!(user.fields.keys().collect::<Vec<_>>(), ["costCenter", "firstname", "jobTitle", "lastname"]);
    assert_eq!(user.phones["work"], "1", "the first of its type");
    assert_eq!(user.addresses["work"].keys().collect::<Vec<_>>(), ["locality"]);
    assert_eq!(user.custom["badge"], "12");
    assert_eq!((user.state, user.privileged), (AccountState::Suspended, true));
    assert!(user.externally_managed);
    assert_eq!((user.external_dn.as_str(), user.external_source_type.as_str()), ("CN=Ada", "ad"));
    assert_eq!(user.restricted_by.into_iter().collect::<Vec<_>>(), ["5f0000000000000000000001"]);
    assert!(world.jumpcloud.get_user("5f0000000000000000000009").await.unwrap().is_none());
}

/// What the client makes of a user that JumpCloud answers like this.
async fn answered(body: Value) -> planner::input::JumpCloudUser {
    let world = World::start().await;
    let body = Action::Garbage { body: Some(body.to_string()) };
    world.sim.script(Fault::new(body).on("GET", "/api/systemusers/"));
    let id = world.user("ada").await;
    world.jumpcloud.get_user(&id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_user_is_read_from_little() {
    let user = answered(json!({ "id": "a" })).await;
    assert_eq!((user.id.as_str(), user.state, user.privileged), ("a", AccountState::Activated, false));
    let user =
        answered(json!({ "_id": "b", "id": "c", "suspended": true, "manager": { "id": "m" }, "sudo": true }))
            .await;
    assert_eq!((user.id.as_str(), user.state, user.privileged), ("b", AccountState::Suspended, true));
    assert_eq!(user.manager.as_deref(), Some("m"));
    let user = answered(json!({
        "_id": "d", "state": "STAGED", "employeeIdentifier": null, "manager": "", "admin": null, "phoneNumbers": null,
        "attributes": [{ "name": "floor", "value": 3 }],
    }))
    .await;
    assert_eq!((user.state, user.manager, user.privileged), (AccountState::Staged, None, false));
    assert_eq!(user.custom["floor"], "3");
}

#[tokio::test]
async fn a_search_does_not_mind_case_and_finds_nobody_else() {
    let world = World::start().await;
    world.user("Ada.Lovelace").await;
    world.user("AdaXLovelace").await;
    world.user("ada.lovelace2").await;
    let found = world.jumpcloud.search_users_by_username("aDA.lovelace").await.unwrap();
    assert_eq!(found.iter().map(|user| user.username.as_str()).collect::<Vec<_>>(), ["Ada.Lovelace"]);
    let found = world.jumpcloud.search_users_by_email("ADA.LOVELACE@CORP.EXAMPLE").await.unwrap();
    assert_eq!(found.iter().map(|user| user.username.as_str()).collect::<Vec<_>>(), ["Ada.Lovelace"]);
    assert!(world.jumpcloud.search_users_by_email("ada+(x)[y]*@corp.example").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_search_without_regular_expressions_finds_the_same() {
    let world = World::start().await;
    world.user("Ada").await;
    world.user("adamant").await;
    world.sim.script(Fault::new(Action::status(400)).on("POST", "/api/search/systemusers"));
    let found = world.jumpcloud.search_users_by_username("ada").await.unwrap();
    assert_eq!(found.iter().map(|user| user.username.as_str()).collect::<Vec<_>>(), ["Ada"]);
}

#[tokio::test]
async fn an_id_that_is_none_goes_nowhere() {
    let world = World::start().await;
    for id in ["", ".", "..", "a/b", "a b", "%2e%2e"] {
        assert_eq!(world.jumpcloud.delete_user(id).await.unwrap_err().code(), "invalid_id", "{id:?}");
        assert_eq!(world.jumpcloud.update_user(id, &person("x")).await.unwrap_err().code(), "invalid_id");
    }
    assert!(world.sim.requests().is_empty());
}
