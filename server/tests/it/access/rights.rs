//! What belongs to another organization. Who may do what otherwise stands in `roles/table.txt`.

use reqwest::Method;
use serde_json::{Value, json};
use server::http;
use server::store::admins::{Access, Role};
use sqlx::PgPool;

use super::{another_organization, only, person, program, world};
use crate::world::World;

fn of_api(world: &World) -> Vec<(Method, String)> {
    let of = |route: &http::routes::Route| {
        Some((route.method.clone(), route.path.strip_prefix("/api/v1")?.to_owned()))
    };
    http::routes(&world.app).list().iter().filter_map(of).collect()
}

/// The route's address, of things that are not there; `id` where it names one.
fn address(route: &str, id: &str) -> String {
    let nobody = "00000000-0000-4000-8000-000000000000";
    let path = route.replace("{id}", id);
    ["{guid}", "{agent}", "{draft}", "{session}"].iter().fold(path, |path, hole| path.replace(hole, nobody))
}

const NOBODY: &str = "00000000-0000-4000-8000-00000000000f";

/// The ids in a list of the API.
fn ids(list: &Value) -> Vec<String> {
    let id = |row: &Value| row["id"].as_str().or(row["domain_id"].as_str()).unwrap_or_default().to_owned();
    list["items"].as_array().unwrap().iter().map(id).collect()
}

/// An operation, a hold and an alert of the domain, and an agent.
async fn things(world: &World, domain: protocol::DomainId) -> Vec<(&'static str, String)> {
    let db = &world.app.db;
    let hold: uuid::Uuid = sqlx::query_scalar(
        "insert into holds (id, domain_id, kind, state, allowed, linked, opened_at)
         values (gen_random_uuid(), $1, 'users', 'open', 1, 1, now()) returning id",
    )
    .bind(domain.0)
    .fetch_one(db)
    .await
    .unwrap();
    let alert: uuid::Uuid = sqlx::query_scalar(
        "insert into alerts (id, domain_id, code, subject, severity, message, fix, link, opened_at)
         values (gen_random_uuid(), $1, 'holds_open', 'x', 'warning', 'm', 'f', '/', now()) returning id",
    )
    .bind(domain.0)
    .fetch_one(db)
    .await
    .unwrap();
    vec![("holds", hold.to_string()), ("alerts", alert.to_string())]
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn another_organization_is_not_there_in_the_api(db: PgPool) {
    let world = world(db).await;
    let (other, others_domain) = another_organization(&world).await;
    let theirs = things(&world, others_domain).await;
    let program = program(&world, only(world.organization, Role::Owner)).await;

    for (list, ours) in
        [("organizations", world.organization.to_string()), ("domains", world.domain.to_string())]
    {
        assert_eq!(ids(&program.get(&format!("/{list}")).await.is(200).json), [ours], "{list}");
    }
    for list in ["holds", "alerts", "operations", "agents", "conflicts"] {
        assert!(ids(&program.get(&format!("/{list}")).await.is(200).json).is_empty(), "{list}");
    }
    let audit = program.get("/audit").await.is(200);
    assert!(!audit.text.contains(&other.to_string()) && !audit.text.contains("DC=other"), "{}", audit.text);
    assert!(audit.text.contains(&world.domain.to_string()));

    for (method, route) in of_api(&world) {
        let id = match route.split('/').nth(1).unwrap() {
            "domains" => others_domain.to_string(),
            "organizations" => other.to_string(),
            "holds" => theirs[0].1.clone(),
            "alerts" => theirs[1].1.clone(),
            _ => NOBODY.to_owned(),
        };
        let is_ours_to_decide = route.contains("{id}")
            && !["/admins", "/api-tokens", "/alert-channels"].iter().any(|all| route.starts_with(all));
        if is_ours_to_decide {
            let body = (method != Method::GET && method != Method::DELETE).then(|| json!({}));
            let told = program.send(method.clone(), &address(&route, &id), body, None).await;
            assert_eq!(told.status, 404, "{method} {route}: {}", told.text);
        }
    }
    let domain = json!({"organization_id": other, "name": "DC=new,DC=example", "settings": {}});
    program.post("/domains", domain).await.refuses(404, "not_found");
    for whole in ["/admins", "/api-tokens", "/alert-channels"] {
        program.get(whole).await.refuses(403, "forbidden");
    }
    program.get(&format!("/domains/{}", world.domain)).await.is(200);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn another_organization_is_not_there_in_the_pages(db: PgPool) {
    let world = world(db).await;
    let (other, others_domain) = another_organization(&world).await;
    let theirs = things(&world, others_domain).await;
    let grace = person(&world, "grace@corp.example", &only(world.organization, Role::Operator)).await;
    for path in [
        "/",
        "/organizations",
        "/domains",
        "/operations",
        "/holds",
        "/alerts",
        "/conflicts",
        "/setup",
        "/audit",
    ] {
        let shown = grace.get(path).await;
        shown.is(200);
        for name in ["DC=other", "Other</", &other.to_string(), &others_domain.to_string()] {
            assert!(!shown.text.contains(name), "{path} shows {name}");
        }
    }
    for path in [
        format!("/organizations/{other}"),
        format!("/domains/{others_domain}"),
        format!("/domains/{others_domain}/users.csv"),
        format!("/setup/{others_domain}/scope"),
        format!("/holds/{}", theirs[0].1),
        format!("/setup/domain?organization={other}"),
    ] {
        grace.get(&path).await.is(404);
    }
    grace.submit(&format!("/domains/{others_domain}/pause"), &[]).await.is(404);
    grace.submit(&format!("/alerts/{}/acknowledge", theirs[1].1), &[]).await.is(404);
    let (organization, name) = (other.to_string(), "DC=new,DC=example");
    grace.submit("/domains/new", &[("organization_id", &organization), ("name", name)]).await.is(422);
    grace.submit("/setup/domain", &[("organization_id", &organization), ("name", name)]).await.is(404);
    grace.submit("/organizations/new", &[("name", "x")]).await.is(403);
    grace.get(&format!("/domains/{}", world.domain)).await.is(200);
    grace.submit(&format!("/domains/{}/resync", world.domain), &[]).await.is(303);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_role_in_one_organization_does_not_count_in_another(db: PgPool) {
    let world = world(db).await;
    let (other, others_domain) = another_organization(&world).await;
    let access = Access::Only([(world.organization, Role::ReadOnly), (other, Role::Operator)].into());
    let program = program(&world, access).await;
    program.post(&format!("/domains/{}/resync", world.domain), json!({})).await.refuses(403, "forbidden");
    program.post(&format!("/domains/{others_domain}/resync"), json!({})).await.is(200);
    assert_eq!(ids(&program.get("/domains").await.json).len(), 2);
}
