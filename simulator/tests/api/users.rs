//! Creating, reading, changing and deleting users.

use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn a_bare_user_has_the_recorded_defaults() {
    let world = World::start().await;
    world.jumpcloud.change_settings(|settings| settings.recorded_nulls = true);
    let answer =
        world.post("/api/systemusers", json!({ "username": "ada", "email": "ada@corp.example" })).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let user = answer.body;
    let off = [
        "account_locked",
        "activated",
        "enable_managed_uid",
        "enable_user_portal_multifactor",
        "externally_managed",
        "ldap_binding_user",
        "password_expired",
        "password_never_expires",
        "passwordless_sudo",
        "samba_service_user",
        "sudo",
        "suspended",
        "totp_enabled",
    ];
    assert!(off.iter().all(|field| user[field] == false), "{user}");
    let empty = ["company", "costCenter", "department", "external_dn", "external_source_type", "middlename"];
    assert!(empty.iter().all(|field| user[field] == ""), "{user}");
    let none = ["addresses", "attributes", "phoneNumbers", "ssh_keys"];
    assert!(none.iter().all(|field| user[field] == json!([])), "{user}");
    assert_eq!(user["mfa"], json!({ "exclusion": false, "configured": false }));
    assert_eq!(user["employeeIdentifier"], Value::Null);
    assert_eq!(user["account_locked_date"], Value::Null);
    assert_eq!(user["allow_public_key"], true);
    assert_eq!(user["unix_uid"], 5001);
    assert_eq!(user["_id"], user["id"]);
    let object = user.as_object().unwrap();
    assert!(!["password", "manager", "password_date"].iter().any(|field| object.contains_key(*field)));
}

#[tokio::test]
async fn without_recorded_nulls_unset_text_is_left_out_as_the_description_wants() {
    let world = World::start().await;
    world.user("ada").await;
    assert!(!world.seen("ada").as_object().unwrap().contains_key("employeeIdentifier"));
}

#[tokio::test]
async fn ids_are_24_hex_digits_that_grow() {
    let world = World::start().await;
    let (first, second) = (world.user("ada").await, world.user("bob").await);
    assert_eq!(first.len(), 24);
    assert!(first.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(first < second);
}

#[tokio::test]
async fn a_put_changes_only_the_fields_that_it_names() {
    let world = World::start().await;
    let id = world.user("ada").await;
    let path = format!("/api/systemusers/{id}");
    world.put(&path, json!({ "department": "Mines", "firstname": "Ada" })).await;
    let answer = world.put(&path, json!({ "firstname": "Augusta" })).await;
    assert_eq!(answer.status, 200);
    assert_eq!((&answer.body["firstname"], &answer.body["department"]), (&json!("Augusta"), &json!("Mines")));
}

#[tokio::test]
async fn a_refused_put_changes_nothing() {
    let world = World::start().await;
    let id = world.user("ada").await;
    let body = json!({ "department": "Mines", "email": "not an address" });
    assert_eq!(world.put(&format!("/api/systemusers/{id}"), body).await.status, 400);
    assert_eq!(world.seen("ada")["department"], "");
}

#[tokio::test]
async fn username_and_email_are_required() {
    let world = World::start().await;
    for body in [json!({ "username": "ada" }), json!({ "email": "a@b.example" }), json!({})] {
        assert_eq!(world.post("/api/systemusers", body).await.status, 400);
    }
}

#[tokio::test]
async fn a_username_starts_with_a_letter_and_has_no_space_and_no_at_sign() {
    let world = World::start().await;
    for bad in ["1ada", "_ada", "ada lovelace", "ada@corp", "ädä", "-ada"] {
        let body = json!({ "username": bad, "email": "a@corp.example" });
        assert_eq!(world.post("/api/systemusers", body).await.status, 400, "{bad}");
    }
    for (number, good) in ["Ada", "a.b_c-d9"].into_iter().enumerate() {
        let body = json!({ "username": good, "email": format!("a{number}@corp.example") });
        assert_eq!(world.post("/api/systemusers", body).await.status, 200, "{good}");
    }
}

#[tokio::test]
async fn a_username_or_email_in_use_is_refused_with_400_or_where_set_with_409() {
    let world = World::start().await;
    world.user("ada").await;
    let same_name = json!({ "username": "ada", "email": "other@corp.example" });
    let same_email = json!({ "username": "other", "email": "ADA@Corp.Example" });
    for body in [&same_name, &same_email] {
        let answer = world.post("/api/systemusers", body.clone()).await;
        assert_eq!(answer.status, 400);
        assert!(answer.message().starts_with("User already exists"), "{}", answer.text);
        assert_eq!(answer.body["code"], 400);
    }
    world.jumpcloud.change_settings(|settings| settings.duplicate_status = 409);
    assert_eq!(world.post("/api/systemusers", same_email).await.status, 409);
}

#[tokio::test]
async fn an_email_of_another_organization_is_refused() {
    let world = World::start().await;
    world.jumpcloud.add_foreign_email("Taken@Elsewhere.example");
    let body = json!({ "username": "ada", "email": "taken@elsewhere.example" });
    assert_eq!(world.post("/api/systemusers", body).await.status, 400);
    let found = world.get("/api/systemusers?filter=email:$eq:taken@elsewhere.example").await;
    assert_eq!(found.body["totalCount"], 0);
}

#[tokio::test]
async fn an_employee_identifier_is_unique_and_an_empty_one_is_none() {
    let world = World::start().await;
    let (ada, bob) = (world.user("ada").await, world.user("bob").await);
    let (ada, bob) = (format!("/api/systemusers/{ada}"), format!("/api/systemusers/{bob}"));
    assert_eq!(world.put(&ada, json!({ "employeeIdentifier": "7" })).await.status, 200);
    assert_eq!(world.put(&bob, json!({ "employeeIdentifier": "7" })).await.status, 400);
    assert_eq!(world.put(&ada, json!({ "employeeIdentifier": "" })).await.status, 200);
    assert_eq!(world.put(&bob, json!({ "employeeIdentifier": "7" })).await.status, 200);
}

#[tokio::test]
async fn a_user_who_is_bound_to_a_resource_cannot_be_renamed() {
    let world = World::start().await;
    let id = world.user("ada").await;
    let path = format!("/api/systemusers/{id}");
    let directory = world.directory().await;
    world.edge(&format!("/api/v2/users/{id}/associations"), "add", "active_directory", &directory).await;
    assert_eq!(world.put(&path, json!({ "username": "ada2" })).await.status, 200);
    assert!(world.jumpcloud.bind("ada2", true));
    assert_eq!(world.put(&path, json!({ "username": "ada3" })).await.status, 400);
    assert_eq!(world.put(&path, json!({ "username": "ada2", "department": "x" })).await.status, 200);
    let unbind = world.post("/sim/bindings", json!({ "user": "ada2", "bound": false })).await;
    assert_eq!(unbind.status, 204);
    assert_eq!(world.put(&path, json!({ "username": "ada3" })).await.status, 200);
    assert!(world.jumpcloud.user_by_username("ada2").is_none());
}

#[tokio::test]
async fn text_has_a_longest_length_and_values_have_their_type() {
    let world = World::start().await;
    let id = world.user("ada").await;
    let path = format!("/api/systemusers/{id}");
    assert_eq!(world.put(&path, json!({ "department": "x".repeat(1024) })).await.status, 200);
    let refused = [
        json!({ "department": "x".repeat(1025) }),
        json!({ "employeeIdentifier": "x".repeat(257) }),
        json!({ "phoneNumbers": [{ "type": "work", "number": "1".repeat(1025) }] }),
        json!({ "department": 7 }),
        json!({ "department": null }),
        json!({ "suspended": "yes" }),
        json!({ "unix_uid": 0 }),
        json!({ "phoneNumbers": "1" }),
        json!({ "restrictedFields": [{ "field": "shoeSize", "type": "active_directory" }] }),
        json!({ "manager": "000000000000000000000000" }),
        json!({ "manager": id }),
        json!({ "username": "" }),
    ];
    for body in refused {
        let answer = world.put(&path, body).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
}

#[tokio::test]
async fn fields_that_cannot_be_written_are_ignored() {
    let world = World::start().await;
    let id = world.user("ada").await;
    let body = json!({ "_id": "x", "created": "x", "activated": true, "nonsense": 1, "department": "Mines" });
    let answer = world.put(&format!("/api/systemusers/{id}"), body).await;
    assert_eq!(answer.id(), id);
    assert_eq!((&answer.body["activated"], &answer.body["department"]), (&json!(false), &json!("Mines")));
    assert!(answer.body.get("nonsense").is_none());
}

#[tokio::test]
async fn a_put_replaces_phones_and_addresses_and_gives_the_entries_ids() {
    let world = World::start().await;
    let id = world.user("ada").await;
    let path = format!("/api/systemusers/{id}");
    let two =
        json!({ "phoneNumbers": [{ "type": "work", "number": "1" }, { "type": "mobile", "number": "2" }] });
    world.put(&path, two).await;
    let body = json!({
        "phoneNumbers": [{ "type": "work", "number": "3" }],
        "addresses": [{ "type": "work", "locality": "Kiruna" }],
    });
    let answer = world.put(&path, body).await.body;
    assert_eq!(answer["phoneNumbers"].as_array().unwrap().len(), 1);
    assert_eq!(answer["phoneNumbers"][0]["number"], "3");
    assert!(answer["phoneNumbers"][0]["id"].is_string() && answer["addresses"][0]["id"].is_string());
}

#[tokio::test]
async fn writing_externally_managed_rewrites_restricted_fields_each_time() {
    let world = World::start().await;
    let directory = world.directory().await;
    let id = world.user("ada").await;
    let path = format!("/api/systemusers/{id}");
    let scim = json!([{ "field": "email", "type": "scim", "id": "5f0000000000000000000009" }]);
    world.put(&path, json!({ "restrictedFields": scim })).await;
    let managed = world.put(&path, json!({ "externally_managed": true })).await.body;
    let fields = managed["restrictedFields"].as_array().unwrap();
    assert!(fields.iter().any(|entry| entry["field"] == "password"));
    assert!(
        fields.iter().all(|entry| entry["type"] == "active_directory" && entry["id"] == directory.as_str())
    );

    world.put(&path, json!({ "restrictedFields": scim })).await;
    let again = world.put(&path, json!({ "externally_managed": true, "restrictedFields": scim })).await.body;
    assert_eq!(again["restrictedFields"], managed["restrictedFields"]);
    let other = world.put(&path, json!({ "department": "Mines", "restrictedFields": scim })).await.body;
    assert_eq!(other["restrictedFields"], scim);
    let released = world.put(&path, json!({ "externally_managed": false })).await.body;
    assert_eq!(released["restrictedFields"], json!([]));
}

#[tokio::test]
async fn deleting_a_user_answers_it_and_removes_its_edges() {
    let world = World::start().await;
    let (id, group) = (world.user("ada").await, world.group("Staff").await);
    world.edge(&format!("/api/v2/usergroups/{group}/members"), "add", "user", &id).await;
    let answer = world.delete(&format!("/api/systemusers/{id}?cascade_manager=null")).await;
    assert_eq!((answer.status, &answer.body["username"]), (200, &json!("ada")));
    assert!(world.jumpcloud.group_members("Staff").is_empty());
    assert_eq!(world.get(&format!("/api/systemusers/{id}")).await.status, 404);
    assert_eq!(world.delete(&format!("/api/systemusers/{id}")).await.status, 404);
    world.user("ada").await;
}

#[tokio::test]
async fn deleting_a_manager_needs_to_know_what_becomes_of_the_reports() {
    let world = World::start().await;
    let (boss, ada, next) = (world.user("boss").await, world.user("ada").await, world.user("next").await);
    let path = format!("/api/systemusers/{boss}");
    for user in [&ada, &next] {
        world.put(&format!("/api/systemusers/{user}"), json!({ "manager": boss })).await;
    }
    assert_eq!(world.delete(&path).await.status, 409);
    assert_eq!(world.delete(&format!("{path}?cascade_manager=nobody")).await.status, 400);
    assert_eq!(world.delete(&format!("{path}?cascade_manager={next}")).await.status, 200);
    assert_eq!(world.seen("ada")["manager"], next.as_str());
    assert!(world.seen("next").get("manager").is_none_or(Value::is_null));
    assert_eq!(world.delete(&format!("/api/systemusers/{next}?cascade_manager=null")).await.status, 200);
    assert!(world.seen("ada").get("manager").is_none_or(Value::is_null));
}

#[tokio::test]
async fn a_seed_fills_the_organization_and_may_set_read_only_fields() {
    let world = World::seeded(json!({
        "users": [
            { "username": "ada", "email": "ada@corp.example", "manager": "grace", "password": "An0ther-one" },
            { "username": "grace", "email": "grace@corp.example", "admin": { "id": "1", "roleName": "Admin" } },
        ],
        "groups": [{ "name": "Staff", "description": "All", "members": ["ada", "grace"] }],
        "activedirectories": [{ "domain": "DC=corp;DC=example", "users": ["ada"], "user_groups": ["Staff"] }],
        "foreign_emails": ["Taken@x.example"],
        "organization_settings": { "passwordPolicy": { "minLength": 11 } },
    }))
    .await;
    assert_eq!(world.seen("ada")["manager"], world.seen("grace")["id"]);
    assert_eq!(world.seen("grace")["admin"]["roleName"], "Admin");
    assert_eq!(world.jumpcloud.group_members("Staff").len(), 2);
    assert!(world.jumpcloud.login("ada", "An0ther-one"));
    let state = world.jumpcloud.state();
    assert_eq!(state["activedirectories"][0]["users"], json!(["ada"]));
    assert_eq!(state["activedirectories"][0]["user_groups"], json!(["Staff"]));
    assert_eq!(world.jumpcloud.groups().len(), 2);
}
