//! The preview is the plan: listed in pages and files, told apart by its digest, and what activation then does.

use std::collections::BTreeMap;

use protocol::directory::User;
use protocol::transfer::{Kind, Record};
use serde_json::{Value, json};
use server::store;
use simulator::Seed;
use sqlx::PgPool;

use crate::rest::Rest;
use crate::world::{World, members, people, user};

fn ids(items: &Value) -> Vec<&str> {
    items.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

fn kinds(items: &Value) -> Vec<&str> {
    items.as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect()
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_pages_of_a_preview_are_the_plan_and_the_plan_is_what_activation_does(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(5)).await;
    world.settle().await;
    let rest = Rest::open(&world.app).await;
    let preview = format!("/domains/{}/preview", world.domain);
    let whole = rest.get(&preview).await.is(200).json;
    assert_eq!((&whole["complete"], &whole["counts"]["create_user"]), (&json!(true), &json!(5)));

    let (mut listed, mut after) = (Vec::new(), String::new());
    loop {
        let page = rest.get(&format!("{preview}?limit=3{after}")).await.is(200).json;
        assert!(page.get("operations").is_none(), "a page is no more than a page");
        listed.extend(ids(&page["items"]).into_iter().map(str::to_owned));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(listed, ids(&whole["operations"]));
    assert_eq!(i64::try_from(listed.len()).unwrap(), whole["total"]);

    world.activate().await;
    let done = store::operations::list(&world.app.db, Some(world.domain), Some("done"), None, None, 1000)
        .await
        .unwrap();
    let mut counts = BTreeMap::new();
    for row in &done {
        *counts.entry(row.kind.as_str()).or_insert(0) += 1;
    }
    assert_eq!(json!(counts), whole["counts"]);
    let carried_out: std::collections::BTreeSet<_> = done.iter().map(|row| row.id.to_string()).collect();
    assert_eq!(carried_out, listed.into_iter().collect());
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn equal_plans_have_equal_digests_and_others_have_others(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(3)).await;
    world.settle().await;
    let rest = Rest::open(&world.app).await;
    let preview = format!("/domains/{}/preview", world.domain);
    let digest = async || rest.get(&preview).await.json["digest"].as_str().unwrap().to_owned();
    let first = digest().await;
    let renamed = User { given_name: Some("Ada".into()), ..user(100, "person0") };
    dc.report(Kind::Delta, vec![Record::User(renamed)]).await;
    world.settle().await;
    let second = digest().await;
    assert_ne!(first, second, "a field of one operation is another");
    let stale = rest.post(&format!("/domains/{}/activate", world.domain), json!({"digest": first})).await;
    stale.refuses(409, "preview_stale");
    dc.report(Kind::Delta, vec![Record::User(user(100, "person0"))]).await;
    world.settle().await;
    assert_eq!(digest().await, first, "the plan is the old one again, planned anew");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_preview_is_narrowed_down_by_kind_name_and_reason(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(4)).await;
    world.activate().await;
    server::actions::domains::pause(&world.app, &crate::world::tester(), world.domain).await.unwrap();
    let disabled = User { user_account_control: Some(514), ..user(100, "person0") };
    let moved = User { given_name: Some("Grace".into()), ..user(101, "person1") };
    dc.report(Kind::Delta, vec![Record::User(disabled), Record::User(moved), Record::User(user(150, "new"))])
        .await;
    let everybody: Vec<_> = people(4).into_iter().chain([user(150, "new")]).collect();
    dc.report(Kind::Delta, vec![members(crate::world::INTEGRATION, &everybody)]).await;
    world.settle().await;

    let rest = Rest::open(&world.app).await;
    let preview = format!("/domains/{}/preview", world.domain);
    let listed =
        async |query: &str| rest.get(&format!("{preview}?{query}")).await.is(200).json["items"].clone();
    assert_eq!(kinds(&listed("limit=100").await)[0], "suspend_user", "what takes something away comes first");
    assert_eq!(kinds(&listed("destructive=true").await), ["suspend_user"]);
    assert_eq!(kinds(&listed("cause=disabled").await), ["suspend_user"]);
    assert!(kinds(&listed("cause=expired").await).is_empty());
    assert_eq!(kinds(&listed("kind=create_user").await), ["create_user"]);
    let updated = listed("query=PERSON1").await;
    assert_eq!(kinds(&updated), ["update_user"]);
    assert_eq!(
        updated[0]["changes"],
        json!([{"field": "firstname", "before": "person1", "after": "Grace"}]),
        "with what JumpCloud has now"
    );
    assert_eq!(updated[0]["jumpcloud_id"].as_str(), world.jumpcloud_id(101).await.as_deref());
    rest.get(&format!("{preview}?kind=nonsense")).await.refuses(422, "invalid_request");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_plan_is_saved_as_a_file_that_no_spreadsheet_runs(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let mut dc = world.enrolled("dc1").await;
    let evil = User { given_name: Some("=HYPERLINK(1)".into()), ..user(100, "person0") };
    dc.read_in_full(&[evil, user(101, "person1")]).await;
    world.settle().await;
    let rest = Rest::open(&world.app).await;
    let preview = format!("/domains/{}/preview", world.domain);
    let file = rest.get(&format!("{preview}?format=csv")).await.is(200);
    assert_eq!(file.headers["content-disposition"], "attachment; filename=\"plan.csv\"");
    assert!(file.text.starts_with("operation,kind,state,name,"), "{}", file.text);
    assert!(file.text.contains(",firstname,,'=HYPERLINK(1)"), "{}", file.text);
    let file = rest.get(&format!("{preview}?format=json&kind=create_user")).await.is(200);
    assert_eq!(file.json["items"].as_array().unwrap().len(), 2);
    assert_eq!(file.json["items"][1]["name"], "person1 Example");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_preview_says_who_is_not_synced_and_why(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let mut dc = world.enrolled("dc1").await;
    let nameless = User { sn: None, ..user(102, "person2") };
    let mut records = vec![
        Record::Group(crate::world::group(crate::world::INTEGRATION, "JumpCloud")),
        Record::User(user(103, "stranger")),
    ];
    records.extend([user(100, "person0"), user(101, "person1"), nameless].map(Record::User));
    records.push(members(crate::world::INTEGRATION, &people(3)));
    dc.report(Kind::Full, records).await;
    world.settle().await;
    let rest = Rest::open(&world.app).await;
    let told = rest.get(&format!("/domains/{}/preview", world.domain)).await.is(200).json;
    assert_eq!(told["not_synced"]["total"], 2);
    let reasons = told["not_synced"]["reasons"].as_array().unwrap();
    let count = |code: &str| reasons.iter().find(|row| row["code"] == code).map(|row| row["count"].clone());
    assert_eq!(count("not_in_integration_group"), Some(json!(1)), "{reasons:?}");
    assert_eq!(reasons.len(), 2, "{reasons:?}");
}
