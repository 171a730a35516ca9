//! What a program can rely on: asking twice makes one thing, nobody's change is overwritten unseen, lists come page by page,
//! and there is nothing that only the dashboard can do.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use server::http;
use simulator::Seed;
use sqlx::PgPool;

use crate::rest::Rest;
use crate::world::{KEY, World, people};

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_same_organization_is_added_once(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let rest = Rest::open(&world.app).await;
    let wanted = json!({"name": "Corp", "base_url": world.jumpcloud.base_url(), "api_key": KEY});
    let again = rest.post("/organizations", wanted.clone()).await.is(200);
    assert_eq!(again.json["id"], world.organization.to_string());
    let mut other = wanted;
    other["api_key"] = json!("another key");
    let refused = rest.post("/organizations", other).await.refuses(409, "organization_exists");
    assert_eq!(refused.json["id"], world.organization.to_string());
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_same_domain_is_added_once(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let rest = Rest::open(&world.app).await;
    let settings = json!({
        "integration_group": "CN=Other,CN=Users,DC=other,DC=example",
        "ldap": {"bind_user": "reader@other.example", "bind_password": "secret"},
    });
    let wanted =
        json!({"organization_id": world.organization, "name": "DC=other,DC=example", "settings": settings});
    let first = rest.post("/domains", wanted.clone()).await.is(201);
    let again = rest.post("/domains", wanted.clone()).await.is(200);
    assert_eq!(again.json["id"], first.json["id"]);
    for (field, value) in [("bind_password", "another"), ("bind_user", "somebody@other.example")] {
        let mut other = wanted.clone();
        other["settings"]["ldap"][field] = json!(value);
        let refused = rest.post("/domains", other).await.refuses(409, "domain_exists");
        assert_eq!(refused.json["id"], first.json["id"]);
    }
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn nobodys_change_is_overwritten_unseen(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let rest = Rest::open(&world.app).await;
    let hook = json!({
        "name": "hook", "kind": "webhook", "url": "https://hooks.example.com/a", "signing_key": "0123456789abcdef0123",
    });
    let id = rest.post("/alert-channels", hook).await.is(201).json["id"].as_str().unwrap().to_owned();
    let channel = format!("/alert-channels/{id}");
    let tag = rest.get(&channel).await.is(200).tag();
    let changed = rest.patch_if(&tag, &channel, json!({"name": "on call"})).await.is(200);
    assert_ne!(changed.tag(), tag);
    rest.patch_if(&tag, &channel, json!({"name": "mine"})).await.refuses(412, "revision_changed");
    assert_eq!(rest.get(&channel).await.json["name"], "on call");

    let organization = format!("/organizations/{}", world.organization);
    let tag = rest.get(&organization).await.is(200).tag();
    let credential = format!("{organization}/credential");
    rest.post_if(&tag, &credential, json!({"api_key": KEY})).await.is(200);
    rest.post_if(&tag, &credential, json!({"api_key": KEY})).await.refuses(412, "revision_changed");

    let domain = format!("/domains/{}", world.domain);
    let tag = rest.get(&format!("{domain}/mappings")).await.is(200).tag();
    rest.patch_if(&tag, &domain, json!({"settings": {"removal_grace_days": 3}})).await.is(200);
    rest.patch_if(&tag, &domain, json!({"settings": {"removal_grace_days": 4}}))
        .await
        .refuses(412, "revision_changed");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn lists_come_page_by_page_and_a_wrong_parameter_is_named(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let mut dc = world.enrolled("dc1.corp.example").await;
    dc.read_in_full(&people(5)).await;
    world.settle().await;
    let rest = Rest::open(&world.app).await;
    for name in ["a", "b", "c"] {
        rest.post("/api-tokens", json!({"name": name, "role": "owner"})).await.is(201);
        let base = format!("DC={name},DC=example");
        let settings = json!({"integration_group": format!("CN={name},CN=Users,{base}")});
        let domain = json!({"organization_id": world.organization, "name": base, "settings": settings});
        rest.post("/domains", domain).await.is(201);
    }
    let of_domain = |part: &str| format!("/domains/{}/{part}", world.domain);
    for list in [
        "/domains".into(),
        "/api-tokens".into(),
        "/operations".into(),
        "/audit".into(),
        of_domain("users"),
        of_domain("preview"),
        of_domain("coverage"),
    ] {
        let whole: Vec<Value> = rest.get(&list).await.is(200).json["items"].as_array().unwrap().clone();
        assert!(whole.len() > 2, "{list}");
        let mut after = String::new();
        let mut found = Vec::new();
        while found.len() <= whole.len() {
            let page = rest.get(&format!("{list}?limit=2{after}")).await.is(200).json;
            found.extend(page["items"].as_array().unwrap().clone());
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        let ids = |rows: &[Value]| rows.iter().map(|row| row["id"].clone()).collect::<Vec<_>>();
        assert_eq!(ids(&found), ids(&whole), "{list}");
    }
    let lists = http::api::routes();
    // What has a handful of rows comes whole.
    let whole = ["/domains/{id}/checks", "/domains/{id}/domain-controllers", "/operations/failures"];
    for route in
        lists.list().iter().filter(|route| gives_a_list(route) && !whole.contains(&route.path.as_str()))
    {
        let parameters = &route.description.as_ref().unwrap().parameters;
        for name in ["limit", "after"] {
            assert!(parameters.iter().any(|one| one.name == name), "{} has no {name}", route.path);
        }
    }
    let with_limit = lists.list().iter().filter(|route| {
        let parameters = route.description.iter().flat_map(|description| &description.parameters);
        route.method == "GET" && parameters.into_iter().any(|one| one.name == "limit")
    });
    let mut seen = 0;
    for route in with_limit {
        let path = route
            .path
            .replace("{id}", &world.domain.to_string())
            .replace("{guid}", &world.domain.to_string());
        for (query, field) in
            [("limit=0", "limit"), ("limit=x", "limit"), ("limit=1001", "limit"), ("after=%20", "after")]
        {
            let takes_after =
                route.description.iter().flat_map(|of| &of.parameters).any(|one| one.name == "after");
            let told = rest.get(&format!("{path}?{query}")).await;
            if told.status == 404 || (field == "after" && !takes_after) {
                continue;
            }
            let told = told.refuses(422, "invalid_request");
            assert_eq!(told.json["errors"][0]["field"], field, "{path}?{query}");
        }
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}

fn gives_a_list(route: &http::routes::Route) -> bool {
    let path = format!("/paths/{}/get", route.path.replace('/', "~1"));
    let Some(operation) = http::api::description().pointer(&path) else { return false };
    let schema = &operation["responses"]["200"]["content"]["application/json"]["example"];
    route.method == "GET" && schema["items"].is_array()
}

/// Each form of the dashboard, and what a program sends instead.
const TWINS: &str = include_str!("roles/twins.txt");

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn whatever_the_dashboard_can_do_a_program_can(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let routes = http::routes(&world.app);
    let there: BTreeSet<_> =
        routes.list().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let twins: Vec<_> = TWINS.lines().filter_map(|line| line.split_once(" = ")).collect();
    let is_form = |route: &&String| route.starts_with("POST /") && !route.contains("/v1/");
    for form in there.iter().filter(is_form) {
        let path = form.trim_start_matches("POST ");
        let twin = twins.iter().find(|(form, _)| form.trim() == path);
        let (_, twin) = twin.unwrap_or_else(|| panic!("{form} has no twin in roles/twins.txt"));
        let Some((method, path)) = twin.split_once(' ').filter(|(method, _)| *method != "-") else {
            continue;
        };
        assert!(there.contains(&format!("{method} /api/v1{path}")), "{twin} is no route");
    }
}
