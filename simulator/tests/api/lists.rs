//! Paging, sorting, filtering and choosing fields.

use serde_json::{Value, json};

use crate::world::{Answer, World};

async fn with_people() -> World {
    let people = (0..25).map(|number| {
        json!({
            "username": format!("user{number:02}"), "email": format!("user{number:02}@corp.example"),
            "department": if number % 2 == 0 { "Even" } else { "Odd" }, "sudo": number == 3,
            "lastname": format!("{:02}", 25 - number),
        })
    });
    World::seeded(json!({
        "users": people.collect::<Vec<_>>(),
        "groups": [{ "name": "Alpha", "description": "first" }, { "name": "Beta, Gamma: x" }, { "name": "beta" }],
    }))
    .await
}

fn names(answer: &Answer) -> Vec<&str> {
    let rows = answer.body.get("results").unwrap_or(&answer.body).as_array().unwrap();
    let name = |row: &'static str| move |value: &Value| value.get(row).is_some();
    let field = if rows.iter().any(name("username")) { "username" } else { "name" };
    rows.iter().map(|row| row[field].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_v1_list_has_ten_rows_and_the_total_unless_asked_otherwise() {
    let world = with_people().await;
    let answer = world.get("/api/systemusers").await;
    assert_eq!((answer.body["totalCount"].as_u64(), names(&answer).len()), (Some(25), 10));
    let rest = world.get("/api/systemusers?limit=100&skip=20").await;
    assert_eq!(names(&rest), ["user20", "user21", "user22", "user23", "user24"]);
    let past = world.get("/api/systemusers?skip=99").await;
    assert_eq!(past.body, json!({ "totalCount": 25, "results": [] }));
    assert!(answer.header("link").is_none());
}

#[tokio::test]
async fn a_v2_list_is_an_array_with_the_total_in_a_header() {
    let world = with_people().await;
    let answer = world.get("/api/v2/usergroups?limit=2").await;
    assert_eq!((answer.header("x-total-count"), names(&answer).len()), (Some("4"), 2));
    let past = world.get("/api/v2/usergroups?skip=9").await;
    assert_eq!((past.header("x-total-count"), &past.body), (Some("4"), &json!([])));
}

#[tokio::test]
async fn more_than_a_hundred_rows_are_refused_in_the_recorded_words() {
    let world = World::start().await;
    let words = "Bad Request: request parameter \"limit\" exceeds maximum value of 100";
    for path in ["/api/systemusers?limit=101", "/api/v2/usergroups?limit=101"] {
        let answer = world.get(path).await;
        assert_eq!((answer.status, answer.body), (400, json!({ "message": words })));
    }
    assert_eq!(world.post("/api/search/systemusers", json!({ "limit": 101 })).await.status, 400);
    assert_eq!(world.get("/api/systemusers?limit=many").await.status, 400);
    assert_eq!(world.get("/api/systemusers?limit=100").await.status, 200);
}

#[tokio::test]
async fn v1_sorts_by_fields_and_chooses_fields_separated_by_spaces() {
    let world = with_people().await;
    let answer =
        world.get("/api/systemusers?sort=-department%20lastname&limit=3&fields=username%20email").await;
    assert_eq!(names(&answer), ["user23", "user21", "user19"]);
    let row = answer.body["results"][0].as_object().unwrap();
    assert_eq!(row.keys().collect::<Vec<_>>(), ["_id", "email", "id", "username"]);
    let newest = world.get("/api/systemusers?sort=-_id&limit=1").await;
    assert_eq!(names(&newest), ["user24"]);
}

#[tokio::test]
async fn v1_filters_compare_with_case_and_combine() {
    let world = with_people().await;
    let total = async |query: &str| {
        let answer = world.get(&format!("/api/systemusers?{query}")).await;
        answer.body["totalCount"].as_u64().unwrap_or(u64::from(answer.status))
    };
    assert_eq!(total("filter=username:$eq:user07").await, 1);
    assert_eq!(total("filter=username:eq:user07").await, 1);
    assert_eq!(total("filter=username:$eq:USER07").await, 0);
    assert_eq!(total("filter=department:$ne:Odd").await, 13);
    assert_eq!(total("filter=lastname:$gt:20").await, 5);
    assert_eq!(total("filter=lastname:$lte:20").await, 20);
    assert_eq!(total("filter=sudo:$eq:true").await, 1);
    assert_eq!(total("filter=mfa.configured:$eq:false").await, 25);
    assert_eq!(total("filter=department:$eq:Odd&filter=lastname:$gt:20").await, 2);
    assert_eq!(total("filter[0]=department:$eq:Odd&filter[1]=lastname:$gt:20").await, 2);
    assert_eq!(
        total("filter[or][0]=username:$eq:user01&filter[or][1]=email:$eq:user02@corp.example").await,
        2
    );
    assert_eq!(total("filter%5Bor%5D%5B0%5D=username:$eq:user01&filter=department:$eq:Even").await, 0);
    assert_eq!(total("filter=nonsense").await, 400);
    assert_eq!(total("filter=username:$like:x").await, 400);
}

#[tokio::test]
async fn v2_filters_have_their_own_operators() {
    let world = with_people().await;
    let found = async |filter: &str| {
        let answer = world.get(&format!("/api/v2/usergroups?{filter}")).await;
        names(&answer).join("|")
    };
    assert_eq!(found("filter=name:eq:Alpha").await, "Alpha");
    assert_eq!(found("filter=name:eq:alpha").await, "");
    assert_eq!(found("filter=name:eq:Beta,%20Gamma:%20x").await, "Beta, Gamma: x");
    assert_eq!(found("filter=name:eq:A*a").await, "Alpha");
    assert_eq!(found("filter=name:search:BETA").await, "Beta, Gamma: x|beta");
    assert_eq!(found("filter=name:in:Alpha|beta").await, "Alpha|beta");
    assert_eq!(found("filter=name:ge:a").await, "beta");
    assert_eq!(found("filter=name:eq:Alpha,description:eq:first").await, "Alpha");
    assert_eq!(found("filter=name:eq:Alpha&filter=description:eq:second").await, "");
    assert_eq!(world.get("/api/v2/usergroups?filter=name:like:x").await.status, 400);
}

#[tokio::test]
async fn the_group_collections_sort_by_name_but_not_by_id() {
    let world = with_people().await;
    for collection in ["groups", "usergroups"] {
        let refused = world.get(&format!("/api/v2/{collection}?sort=id")).await;
        assert_eq!((refused.status, refused.message()), (400, "invalid sort field: id"));
        let sorted = world.get(&format!("/api/v2/{collection}?sort=-name&limit=2")).await;
        assert_eq!(names(&sorted), ["beta", "Beta, Gamma: x"]);
    }
}
