//! User groups and their members.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn an_organization_is_born_with_the_group_all_users() {
    let world = World::start().await;
    let groups = world.get("/api/v2/usergroups").await.body;
    assert_eq!((&groups[0]["name"], &groups[0]["type"]), (&json!("All Users"), &json!("user_group")));
    assert!(groups[0].get("_id").is_none());
}

#[tokio::test]
async fn a_group_needs_a_name_that_no_other_has() {
    let world = World::start().await;
    let staff = world.group("Staff").await;
    assert_eq!(world.post("/api/v2/usergroups", json!({ "description": "x" })).await.status, 400);
    assert_eq!(world.post("/api/v2/usergroups", json!({ "name": "staff" })).await.status, 409);
    world.group("Guests").await;
    let path = format!("/api/v2/usergroups/{staff}");
    assert_eq!(world.put(&path, json!({ "name": "Guests" })).await.status, 409);
    assert_eq!(world.put(&path, json!({ "name": "STAFF" })).await.status, 200);
}

#[tokio::test]
async fn a_put_replaces_the_whole_group() {
    let world = World::start().await;
    let body = json!({
        "name": "Staff", "description": "d", "email": "s@x.example",
        "attributes": { "sudo": { "enabled": true, "withoutPassword": false } },
    });
    let id = world.post("/api/v2/usergroups", body).await.id();
    let path = format!("/api/v2/usergroups/{id}");
    assert_eq!(world.put(&path, json!({ "description": "x" })).await.status, 400);
    let answer = world.put(&path, json!({ "name": "Staff", "description": "x" })).await;
    assert_eq!((answer.status, answer.id()), (200, id));
    assert_eq!((&answer.body["email"], &answer.body["attributes"]), (&json!(""), &json!({})));
    world.jumpcloud.change_settings(|settings| settings.recorded_nulls = true);
    assert_eq!(world.get(&path).await.body["attributes"], json!(null));
}

#[tokio::test]
async fn a_deleted_group_is_gone_with_its_members_and_answers_204_or_where_set_200() {
    let world = World::start().await;
    let (first, second, ada) = (world.group("A").await, world.group("B").await, world.user("ada").await);
    world.edge(&format!("/api/v2/usergroups/{first}/members"), "add", "user", &ada).await;
    assert_eq!(world.delete(&format!("/api/v2/usergroups/{first}")).await.status, 204);
    assert_eq!(world.delete(&format!("/api/v2/usergroups/{first}")).await.status, 404);
    assert_eq!(world.get(&format!("/api/v2/users/{ada}/memberof")).await.body, json!([]));
    world.jumpcloud.change_settings(|settings| settings.group_delete_status = 200);
    let answer = world.delete(&format!("/api/v2/usergroups/{second}")).await;
    assert_eq!((answer.status, &answer.body["name"]), (200, &json!("B")));
}

#[tokio::test]
async fn members_are_added_once_and_removed_once() {
    let world = World::start().await;
    let (group, ada) = (world.group("Staff").await, world.user("ada").await);
    let members = format!("/api/v2/usergroups/{group}/members");
    assert_eq!(world.edge(&members, "update", "user", &ada).await.status, 404);
    let added = world.edge(&members, "add", "user", &ada).await;
    assert_eq!((added.status, added.text.as_str()), (204, ""));
    let again = world.edge(&members, "add", "user", &ada).await;
    assert_eq!((again.status, again.body), (409, json!({ "message": "Already Exists" })));
    assert_eq!(world.edge(&members, "update", "user", &ada).await.status, 204);
    assert!(world.jumpcloud.group_members("Staff").contains("ada"));

    let list = world.get(&members).await;
    assert_eq!(list.header("x-total-count"), Some("1"));
    assert_eq!(list.body[0]["to"]["id"], ada.as_str());
    assert_eq!(list.body[0]["to"]["type"], "user");
    assert_eq!(world.edge(&members, "remove", "user", &ada).await.status, 204);
    assert_eq!(world.edge(&members, "remove", "user", &ada).await.status, 404);
    assert!(world.jumpcloud.group_members("Staff").is_empty());
}

#[tokio::test]
async fn a_membership_needs_a_user_that_exists_and_groups_do_not_nest() {
    let world = World::start().await;
    let (group, other, ada) = (world.group("A").await, world.group("B").await, world.user("ada").await);
    let members = format!("/api/v2/usergroups/{group}/members");
    assert_eq!(world.edge(&members, "add", "user_group", &other).await.status, 400);
    assert_eq!(world.edge(&members, "join", "user", &ada).await.status, 400);
    assert_eq!(world.edge(&members, "add", "user", "5f0000000000000000000000").await.status, 404);
    assert_eq!(world.edge("/api/v2/usergroups/none/members", "add", "user", &ada).await.status, 404);
    assert_eq!(world.post(&members, json!({})).await.status, 400);
}

#[tokio::test]
async fn a_dynamic_group_refuses_changes_of_its_members() {
    let world = World::start().await;
    let body = json!({ "name": "Auto", "membershipMethod": "DYNAMIC_AUTOMATED" });
    let group = world.post("/api/v2/usergroups", body).await.id();
    let ada = world.user("ada").await;
    let members = format!("/api/v2/usergroups/{group}/members");
    assert_eq!(world.edge(&members, "add", "user", &ada).await.status, 400);
    let bad = json!({ "name": "X", "membershipMethod": "MAGIC" });
    assert_eq!(world.post("/api/v2/usergroups", bad).await.status, 400);
}

#[tokio::test]
async fn membership_and_memberof_show_the_paths() {
    let world = World::start().await;
    let (group, ada, bob) = (world.group("Staff").await, world.user("ada").await, world.user("bob").await);
    for user in [&ada, &bob] {
        world.edge(&format!("/api/v2/usergroups/{group}/members"), "add", "user", user).await;
    }
    let membership = world.get(&format!("/api/v2/usergroups/{group}/membership?limit=1")).await;
    assert_eq!(membership.header("x-total-count"), Some("2"));
    assert_eq!(membership.body[0]["id"], ada.as_str());
    assert_eq!(membership.body[0]["paths"][0][0]["to"]["id"], ada.as_str());
    let member_of = format!("/api/v2/users/{ada}/memberof");
    assert_eq!(world.get(&member_of).await.body[0]["type"], "user_group");
    let filtered = world.get(&format!("{member_of}?filter=object_id:eq:{group}")).await;
    assert_eq!(filtered.header("x-total-count"), Some("1"));
    let none = world.get(&format!("{member_of}?filter=type:eq:user")).await;
    assert_eq!(none.header("x-total-count"), Some("0"));
}

#[tokio::test]
async fn edges_show_the_nulls_of_the_recordings_where_set() {
    let world = World::start().await;
    let (group, ada) = (world.group("Staff").await, world.user("ada").await);
    world.edge(&format!("/api/v2/usergroups/{group}/members"), "add", "user", &ada).await;
    let path = format!("/api/v2/users/{ada}/memberof");
    assert_eq!(world.get(&path).await.body[0]["paths"][0][0]["attributes"], json!({}));
    world.jumpcloud.change_settings(|settings| settings.recorded_nulls = true);
    assert_eq!(world.get(&path).await.body[0]["paths"][0][0]["attributes"], json!(null));
}
