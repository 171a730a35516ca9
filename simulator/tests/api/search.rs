//! `POST /api/search/systemusers`.

use serde_json::{Value, json};

use crate::world::World;

async fn with_people() -> World {
    World::seeded(json!({
        "users": [
            { "username": "jdoe", "email": "John.Doe@corp.example", "department": "IT", "lastname": "Doe",
              "attributes": [{ "name": "shift", "value": "night" }] },
            { "username": "JDoe2", "email": "jd2@corp.example", "department": "IT", "lastname": "Smith" },
            { "username": "ada", "email": "ada@corp.example", "department": "Mines", "lastname": "Lovelace" },
        ],
        "groups": [{ "name": "Staff", "members": ["ada"] }],
    }))
    .await
}

async fn found(world: &World, body: Value) -> String {
    let answer = world.post("/api/search/systemusers", body).await;
    let Some(rows) = answer.body["results"].as_array() else { return answer.status.to_string() };
    assert_eq!(answer.body["totalCount"], rows.len());
    rows.iter().map(|row| row["username"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_filter_is_and_or_a_bare_list() {
    let world = with_people().await;
    for (filter, expected) in [
        (json!({ "and": [{ "department": "IT" }, { "lastname": "Doe" }] }), "jdoe"),
        (json!({ "or": [{ "username": "ada" }, { "email": "jd2@corp.example" }] }), "JDoe2 ada"),
        (json!([{ "department": "IT" }]), "jdoe JDoe2"),
        (json!([{ "department": "it" }]), ""),
        (
            json!({ "and": [{ "or": [{ "username": "ada" }, { "username": "jdoe" }] }, { "department": "IT" }] }),
            "jdoe",
        ),
        (json!({ "department": "IT", "lastname": "Smith" }), "JDoe2"),
        (json!(null), "jdoe JDoe2 ada"),
        (json!({ "attributes.value": "night" }), "jdoe"),
    ] {
        assert_eq!(found(&world, json!({ "filter": filter })).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn mongo_operators_are_understood_and_regex_can_ignore_case() {
    let world = with_people().await;
    for (test, expected) in [
        (json!({ "email": { "$regex": "(?i)(^john\\.doe@corp\\.example$)" } }), "jdoe"),
        (json!({ "email": { "$regex": "^john\\.doe@corp\\.example$" } }), ""),
        (json!({ "email": { "$regex": "^john.doe@", "$options": "i" } }), "jdoe"),
        (json!({ "username": { "$regex": "(?i)(^JDOE.*$)" } }), "jdoe JDoe2"),
        (json!({ "username": { "$in": ["ada", "jdoe"] } }), "jdoe ada"),
        (json!({ "username": { "$nin": ["ada", "jdoe"] } }), "JDoe2"),
        (json!({ "department": { "$ne": "IT" } }), "ada"),
        (json!({ "created": { "$gt": "2000-01-01T00:00:00.000Z" } }), "jdoe JDoe2 ada"),
        (json!({ "created": { "$lt": "2000-01-01T00:00:00.000Z" } }), ""),
        (json!({ "manager": { "$exists": false } }), "jdoe JDoe2 ada"),
        (json!({ "username": { "$where": "1" } }), "400"),
        (json!({ "username": { "$regex": "(" } }), "400"),
    ] {
        assert_eq!(found(&world, json!({ "filter": { "and": [test] } })).await, expected, "{test}");
    }
}

#[tokio::test]
async fn a_search_filter_matches_any_part_of_any_named_field() {
    let world = with_people().await;
    let body = json!({ "searchFilter": { "searchTerm": "DOE", "fields": ["username"] } });
    assert_eq!(found(&world, body).await, "jdoe JDoe2");
    let both = json!({
        "searchFilter": { "searchTerm": ["lace", "john"], "fields": ["lastname", "email"] },
        "filter": [{ "department": "Mines" }],
    });
    assert_eq!(found(&world, both).await, "ada");
}

#[tokio::test]
async fn paging_is_read_from_the_body_or_the_query_and_rows_have_memberof() {
    let world = with_people().await;
    let body = json!({ "sort": "-username", "skip": 1, "limit": 1, "fields": "username memberof" });
    let answer = world.post("/api/search/systemusers", body).await;
    assert_eq!(answer.body["totalCount"], 3);
    assert_eq!(answer.body["results"][0]["username"], "ada");
    assert_eq!(answer.body["results"][0]["memberof"].as_array().unwrap().len(), 1);
    assert!(answer.body["results"][0].get("email").is_none());
    let query = world.post("/api/search/systemusers?skip=2&limit=5", json!({})).await;
    assert_eq!(query.body["results"].as_array().unwrap().len(), 1);
}
