//! The API's description: complete, sound in itself, and the same wherever it is given out.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use server::http;
use simulator::Seed;
use sqlx::PgPool;

use crate::rest::Rest;
use crate::ui::browser::Browser;
use crate::world::World;

fn description() -> &'static Value {
    http::api::description()
}

/// Method and path of every operation that is described.
fn operations() -> Vec<(String, String, &'static Value)> {
    let paths = description()["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &'static Value)| {
        let methods = item.as_object().unwrap();
        methods.iter().map(|(method, it)| (method.to_uppercase(), path.clone(), it)).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn every_route_has_a_description_and_every_description_a_route() {
    let routes: BTreeSet<_> = http::api::routes()
        .list()
        .iter()
        .map(|route| (route.method.to_string(), route.path.clone()))
        .collect();
    let described: BTreeSet<_> = operations().into_iter().map(|(method, path, _)| (method, path)).collect();
    assert_eq!(routes, described);
    assert!(routes.len() > 60);
}

#[test]
fn each_operation_says_what_it_is_answers_and_refuses() {
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations() {
        let of = format!("{method} {path}");
        assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{of} has no summary");
        assert!(!operation["tags"][0].as_str().unwrap_or_default().is_empty(), "{of} has no tag");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{of} has the id of another");
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{of} has no answer");
        for (status, answer) in answers.iter().filter(|(status, _)| !status.starts_with('2')) {
            let examples = answer["content"]["application/problem+json"]["examples"].as_object();
            let codes = examples.unwrap_or_else(|| panic!("{of} {status} is no problem"));
            for (code, example) in codes {
                assert_eq!(example["value"]["code"], *code, "{of}");
                assert_eq!(example["value"]["status"].to_string(), *status, "{of}");
            }
        }
        assert!(answers.contains_key("401"), "{of} does not say that it wants a token");
        let wanted = path.matches('{').count();
        let given = operation["parameters"].as_array().into_iter().flatten();
        assert_eq!(given.filter(|one| one["in"] == "path").count(), wanted, "{of}");
        if method == "POST" || method == "PATCH" {
            let body = &operation["requestBody"]["content"]["application/json"];
            assert!(operation.get("requestBody").is_none() || body["example"].is_object(), "{of}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value.as_str().filter(|_| name == "$ref") {
                        Some(place) => found.push(place),
                        None => references(value, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = Vec::new();
    references(description(), &mut found);
    assert!(found.len() > 100);
    for place in found {
        let pointer = place.strip_prefix('#').unwrap();
        assert!(description().pointer(pointer).is_some(), "{place}");
    }
    assert_eq!(description()["openapi"], "3.1.0");
    assert_eq!(description()["components"]["securitySchemes"]["token"]["scheme"], "bearer");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn it_is_served_to_whoever_has_a_token(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let rest = Rest::open(&world.app).await;
    assert_eq!(rest.get("/openapi.json").await.is(200).json, *description());
    let browser = Browser::open(&world.app).await;
    browser.get("/api/v1/openapi.json").await.is(401);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_dashboard_has_the_reference(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let browser = Browser::owner(&world.app).await;
    let page = browser.get("/api-reference").await;
    page.is(200).says("POST /domains/{id}/activate").says("preview_stale").says("curl -X POST -H ");
    for (method, path, _) in operations() {
        page.says(&format!("{method} {path} "));
    }
    browser.get("/").await.says("href=\"/api-reference\"");
}
