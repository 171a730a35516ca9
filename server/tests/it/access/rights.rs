//! Every route and every role, in the API and in the pages; and what belongs to another organization.

use reqwest::Method;
use serde_json::{Value, json};
use server::store::admins::{Access, Role};
use sqlx::PgPool;

use super::{another_organization, only, person, program, world};
use crate::ui::browser::Browser;
use crate::world::World;

const ROLES: [Role; 4] = [Role::ReadOnly, Role::Helpdesk, Role::Operator, Role::Owner];

/// What only an owner may do, read or write.
const OF_OWNERS: [&str; 14] = [
    "GET /admins",
    "POST /admins",
    "GET /admins/",
    "POST /admins/",
    "PATCH /admins/",
    "DELETE /admins/",
    "GET /api-tokens",
    "POST /api-tokens",
    "DELETE /api-tokens/",
    "POST /organizations",
    "PATCH /alert-channels/",
    "POST /alert-channels",
    "DELETE /alert-channels/",
    "POST /alerts/channels",
];
/// What an operator may read, and those below may not.
const READ_BY_OPERATORS: [&str; 3] = ["GET /audit", "GET /alert-channels", "GET /alert-channels/"];
/// What helpdesk may do besides looking.
const OF_HELPDESK: [&str; 2] = ["POST /operations/{id}/retry", "POST /domains/{id}/users/{guid}/sync"];
/// What everybody may send: it concerns themselves, or changes nothing.
const OF_EVERYBODY: [&str; 3] = ["POST /account", "POST /logout", "POST /domains/{id}/mappings/preview"];

/// The least role for a route, by the tables above.
fn least(method: &Method, route: &str) -> Role {
    let asked = format!("{method} {route}");
    let among = |table: &[&str]| {
        table.iter().any(|entry| asked == *entry || entry.ends_with('/') && asked.starts_with(entry))
            || table.iter().any(|entry| asked.starts_with(&format!("{entry}/")))
    };
    if asked == "POST /organizations/{id}/credential" || among(&OF_OWNERS) {
        Role::Owner
    } else if among(&READ_BY_OPERATORS) || asked == "GET /audit.jsonl" {
        Role::Operator
    } else if OF_HELPDESK.contains(&asked.as_str()) {
        Role::Helpdesk
    } else if *method == Method::GET || among(&OF_EVERYBODY) {
        Role::ReadOnly
    } else {
        Role::Operator
    }
}

/// The routes as their source has them, so that a new one is among them.
fn routes(source: &str) -> Vec<(Method, String)> {
    let mut found = Vec::new();
    for part in source.split(".route(").skip(1) {
        let path = part.split('"').nth(1).unwrap().to_owned();
        let end = part.find(".route(").unwrap_or(part.len());
        let handlers = part[..end].split(".fallback").next().unwrap().split(".layer").next().unwrap();
        let handlers = handlers.split("\n        .merge").next().unwrap();
        for (word, method) in [
            ("get(", Method::GET),
            ("post(", Method::POST),
            ("patch(", Method::PATCH),
            ("delete(", Method::DELETE),
        ] {
            if handlers.contains(word) {
                found.push((method, path.clone()));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

fn of_api() -> Vec<(Method, String)> {
    routes(include_str!("../../../src/http/api.rs"))
}

fn of_pages() -> Vec<(Method, String)> {
    let sources = [
        include_str!("../../../src/http/ui.rs"),
        include_str!("../../../src/http/ui/account.rs"),
        include_str!("../../../src/http/ui/admins.rs"),
        include_str!("../../../src/http/ui/setup.rs"),
    ];
    let open = ["/login", "/first-run", "/invitation/{secret}", "/static/{name}", "/events", "/logout"];
    sources
        .iter()
        .flat_map(|source| routes(source))
        .filter(|(_, path)| !open.contains(&path.as_str()))
        .collect()
}

/// The route's address, of things that are not there; `id` where it names one.
fn address(route: &str, id: &str) -> String {
    let nobody = "00000000-0000-4000-8000-000000000000";
    let path = route.replace("{id}", id);
    ["{guid}", "{agent}", "{draft}", "{session}"].iter().fold(path, |path, hole| path.replace(hole, nobody))
}

const NOBODY: &str = "00000000-0000-4000-8000-00000000000f";

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn each_role_may_do_in_the_api_what_is_written_here_and_no_more(db: PgPool) {
    let world = world(db).await;
    for role in ROLES {
        let program = program(&world, Access::Everywhere(role)).await;
        for (method, route) in of_api() {
            let body = (method != Method::GET && method != Method::DELETE).then(|| json!({}));
            let told = program.send(method.clone(), &address(&route, NOBODY), body, None).await;
            let refused = told.status == 403;
            assert_eq!(refused, role < least(&method, &route), "{role:?} {method} {route}: {}", told.text);
            assert!(told.status < 500, "{method} {route}: {}", told.text);
        }
    }
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn each_role_may_do_in_the_pages_what_is_written_here_and_no_more(db: PgPool) {
    let world = world(db).await;
    for role in ROLES {
        let browser = Browser::of(&world.app, role).await;
        let csrf = browser.get("/account").await.field("csrf");
        for (method, route) in of_pages() {
            // They end the session that goes on asking.
            if route.starts_with("/account/") && method == Method::POST {
                continue;
            }
            let path = address(&route, NOBODY);
            let shown = if method == Method::GET {
                browser.get(&path).await
            } else {
                browser.send(&path, &[("csrf", csrf.as_str()), ("error_code", "x")]).await
            };
            let least = match route.as_str() {
                // The form shows the address, which may be a secret.
                "/alerts/channels/new" | "/alerts/channels/{id}" => Role::Owner,
                "/alerts/channels" => Role::ReadOnly,
                // Names no organization here, so it adds one.
                "/setup/organization" if method == Method::POST => Role::Owner,
                _ => least(&method, &route),
            };
            // A handler may refuse what is no form of ours for a reason of its own.
            let refused = shown.status.as_u16() == 403 && shown.text.contains("This is not for your role");
            assert_eq!(refused, role < least, "{role:?} {method} {route}: {}", shown.status);
            assert!(!shown.status.is_server_error(), "{method} {route}");
        }
    }
}

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

    for (method, route) in of_api() {
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
