//! The pages to look at.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn the_pages_show_users_and_groups_and_escape_them() {
    let world = World::seeded(json!({
        "users": [{ "username": "ada", "email": "ada@corp.example", "firstname": "<script>alert('x')</script>" }],
        "groups": [{ "name": "R&D \"core\"", "members": ["ada"] }],
    }))
    .await;
    let overview = world.get("/").await;
    assert!(overview.header("content-type").unwrap().starts_with("text/html"));
    assert!(overview.text.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    assert!(overview.text.contains("R&amp;D &quot;core&quot;"));
    assert!(!overview.text.contains("<script"));
    let user = world.get(&format!("/users/{}", world.seen("ada")["id"].as_str().unwrap())).await;
    assert!(user.text.contains("R&amp;D") && !user.text.contains("<script"));
    let group = world.jumpcloud.group_by_name("R&D \"core\"").unwrap();
    let group = world.get(&format!("/groups/{}", group["id"].as_str().unwrap())).await;
    assert!(group.text.contains(">ada</a>"));
    assert_eq!(world.get("/users/none").await.status, 404);
    assert!(world.jumpcloud.requests().is_empty());
}

#[tokio::test]
async fn a_long_list_of_users_is_shown_in_pages() {
    let users: Vec<_> = (0..101)
        .map(|number| json!({ "username": format!("u{number:03}"), "email": format!("u{number}@x.example") }))
        .collect();
    let world = World::seeded(json!({ "users": users })).await;
    let (first, second) = (world.get("/").await.text, world.get("/?page=1").await.text);
    assert!(first.contains("u099") && !first.contains("u100") && first.contains("/?page=1"));
    assert!(second.contains("u100") && !second.contains("u099") && second.contains("/?page=0"));
}
