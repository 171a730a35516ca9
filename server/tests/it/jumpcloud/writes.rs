//! Creating, changing and deleting users.

use planner::input::AccountState;
use serde_json::json;
use server::jumpcloud::{JumpCloudError, Verdict};
use simulator::{Action, Fault, Seed};

use crate::jumpcloud::support::{World, fields, object, person};

#[tokio::test]
async fn a_user_is_created_with_everything() {
    let world = World::start().await;
    let mut wanted = person("ada");
    wanted.extend(fields(json!({
        "jobTitle": "Countess", "phoneNumbers": { "work": "1", "home": "" },
        "addresses": { "work": { "locality": "London", "region": "" } }, "attributes": { "badge": "7" },
        "externally_managed": true, "external_dn": "CN=Ada,DC=corp,DC=example", "external_source_type": "ad",
    })));
    let user = world.jumpcloud.create_user(&wanted).await.unwrap();
    assert_eq!(user, world.jumpcloud.get_user(&user.id).await.unwrap().unwrap());
    assert_eq!(user.phones.into_iter().collect::<Vec<_>>(), [("work".to_owned(), "1".to_owned())]);
    assert_eq!(user.addresses["work"]["locality"], "London");
    assert_eq!(user.custom["badge"], "7");
    assert!(user.externally_managed);
}

#[tokio::test]
async fn a_duplicate_is_told_to_look_whatever_the_status() {
    let world = World::start().await;
    world.user("ada").await;
    for status in [400, 409] {
        world.sim.change_settings(|settings| settings.duplicate_status = status);
        let error = world.jumpcloud.create_user(&person("ada")).await.unwrap_err();
        assert!(error.may_be_duplicate(), "{error:?}");
        assert_eq!((error.code(), error.verdict()), ("already_exists", Verdict::Park));
    }
    world.sim.add_foreign_email("bob@corp.example");
    assert!(world.jumpcloud.create_user(&person("bob")).await.unwrap_err().may_be_duplicate());
}

#[tokio::test]
async fn an_update_merges_what_a_put_would_replace() {
    let world = World::start().await;
    let id = world.user("ada").await;
    world.force(
        "ada",
        json!({
            "phoneNumbers": [{ "id": "1", "type": "home", "number": "1" }, { "id": "2", "type": "work", "number": "2" }],
            "addresses": [{ "id": "3", "type": "home", "locality": "Ockham" }, { "id": "4", "type": "work", "country": "GB" }],
            "attributes": [{ "name": "floor", "value": "3" }, { "name": "desk", "value": "9" }],
        }),
    );
    let change = fields(json!({
        "jobTitle": "Countess", "phoneNumbers": { "work": "5", "mobile": "6" },
        "addresses": { "work": { "locality": "London" } }, "attributes": { "desk": "", "badge": "7" },
    }));
    world.calls();
    let user = world.jumpcloud.update_user(&id, &change).await.unwrap();
    let expected = [format!("GET /api/systemusers/{id}"), format!("PUT /api/systemusers/{id}")];
    assert_eq!(world.calls(), expected);
    assert_eq!(user.fields["jobTitle"], "Countess");
    assert_eq!(user.fields["firstname"], "Ada", "what is not named stays");
    assert_eq!(json!(user.phones), json!({ "home": "1", "work": "5", "mobile": "6" }));
    let addresses =
        json!({ "home": { "locality": "Ockham" }, "work": { "country": "GB", "locality": "London" } });
    assert_eq!(json!(user.addresses), addresses);
    assert_eq!(json!(user.custom), json!({ "floor": "3", "badge": "7" }));
}

#[tokio::test]
async fn plain_fields_are_written_without_reading() {
    let world = World::start().await;
    let id = world.user("ada").await;
    world.calls();
    let change = fields(json!({ "department": "Mines", "email": "a@corp.example" }));
    let user = world.jumpcloud.update_user(&id, &change).await.unwrap();
    assert_eq!((user.email.as_str(), user.fields["department"].as_str()), ("a@corp.example", "Mines"));
    assert_eq!(world.calls(), [format!("PUT /api/systemusers/{id}")]);
    let user = world.jumpcloud.update_user(&id, &fields(json!({ "department": "" }))).await.unwrap();
    assert!(!user.fields.contains_key("department"));
}

#[tokio::test]
async fn a_user_is_renamed_unless_it_is_bound() {
    let world = World::start().await;
    let id = world.user("ada").await;
    assert_eq!(world.jumpcloud.set_username(&id, "lovelace").await.unwrap().username, "lovelace");
    world.sim.bind("lovelace", true);
    let error = world.jumpcloud.set_username(&id, "ada").await.unwrap_err();
    assert_eq!((error.code(), error.verdict()), ("username_locked_by_bindings", Verdict::Park));
    assert!(error.to_string().contains("bound to a resource"), "in JumpCloud's own words: {error}");
    world.user("bob").await;
    let error = world.jumpcloud.set_username(&id, "bob").await.unwrap_err();
    assert_eq!(error.code(), "already_exists");
    let error = world.jumpcloud.set_username(&id, "not a name").await.unwrap_err();
    assert_eq!(error.code(), "refused_by_jumpcloud");
}

#[tokio::test]
async fn a_user_is_suspended_and_restored() {
    let world = World::start().await;
    let id = world.user("ada").await;
    assert_eq!(world.jumpcloud.suspend_user(&id).await.unwrap().state, AccountState::Suspended);
    assert_eq!(world.jumpcloud.suspend_user(&id).await.unwrap().state, AccountState::Suspended);
    assert_eq!(world.jumpcloud.restore_user(&id).await.unwrap().state, AccountState::Activated);
    assert_eq!(world.raw("ada")["suspended"], false);
    assert_eq!(world.sim.actions_on("ada"), ["create", "suspend", "suspend", "activate"]);
}

#[tokio::test]
async fn a_password_is_expired() {
    let world = World::start().await;
    let id = world.user("ada").await;
    world.jumpcloud.expire_password(&id).await.unwrap();
    assert_eq!(world.raw("ada")["password_expired"], true);
    let error = world.jumpcloud.expire_password("5f0000000000000000000009").await.unwrap_err();
    assert!(matches!(error, JumpCloudError::NotFound(_)));
    assert_eq!((error.code(), error.verdict()), ("not_found_in_jumpcloud", Verdict::Park));
}

#[tokio::test]
async fn a_manager_is_set_and_cleared() {
    let world = World::start().await;
    let (ada, bob) = (world.user("ada").await, world.user("bob").await);
    let user = world.jumpcloud.set_manager(&ada, Some(&bob)).await.unwrap();
    assert_eq!(user.manager, Some(bob.clone()));
    assert_eq!(world.jumpcloud.set_manager(&ada, None).await.unwrap().manager, None);

    world.jumpcloud.set_manager(&ada, Some(&bob)).await.unwrap();
    world.sim.script(Fault::new(Action::status(400)).on("PUT", "/api/systemusers/").with_field("manager"));
    assert_eq!(world.jumpcloud.set_manager(&ada, None).await.unwrap().manager, None, "null was refused");
}

#[tokio::test]
async fn a_user_is_deleted_though_it_manages_others() {
    let users = [
        json!({ "username": "boss", "email": "boss@corp.example" }),
        json!({ "username": "ada", "email": "ada@corp.example", "manager": "boss" }),
    ];
    let world = World::seeded(Seed { users: users.map(object).to_vec(), ..Seed::default() }).await;
    let boss = world.raw("boss")["_id"].as_str().unwrap().to_owned();
    world.jumpcloud.delete_user(&boss).await.unwrap();
    assert!(world.sim.user_by_username("boss").is_none());
    assert!(world.raw("ada").get("manager").is_none_or(serde_json::Value::is_null));
    world.jumpcloud.delete_user(&boss).await.unwrap();
    let queries: Vec<_> = world.sim.writes().into_iter().map(|request| request.query).collect();
    assert_eq!(queries, ["cascade_manager=null", "cascade_manager=null"]);
}
