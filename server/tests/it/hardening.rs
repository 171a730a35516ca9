//! What others may try: values that want to be markup, formulas or headers, addresses that lead inwards, and clients that
//! keep a connection to themselves.

mod listener;

use protocol::transfer::{Kind, Record};
use serde_json::json;
use server::http;
use server::store::admins::Role;
use simulator::Seed;
use sqlx::PgPool;

use crate::rest::Rest;
use crate::ui::browser::Browser;
use crate::world::{INTEGRATION, World, group, guid, members, user};

/// Names as nobody should have them.
const NAMES: [&str; 5] = [
    "=HYPERLINK(\"http://evil\")",
    "+1\"; rm",
    "@SUM(1)",
    "a\r\nSet-Cookie: evil=1",
    "<script>alert('1')</script>",
];

async fn with_odd_people(db: PgPool) -> World {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let mut people = Vec::new();
    for (number, name) in (100..).zip(NAMES) {
        let mut odd = user(number, &format!("odd{number}"));
        odd.given_name = Some(name.into());
        odd.sn = Some(name.into());
        odd.attributes.insert("displayName".into(), name.into());
        people.push(odd);
    }
    let mut records = vec![Record::Group(group(INTEGRATION, "JumpCloud")), members(INTEGRATION, &people)];
    records.extend(people.into_iter().map(Record::User));
    let mut dc = world.enrolled("dc1").await;
    dc.report(Kind::Full, records).await;
    drop(dc);
    world.settle().await;
    world
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn odd_names_are_neither_markup_nor_headers_on_any_page(db: PgPool) {
    let world = with_odd_people(db).await;
    let browser = Browser::owner(&world.app).await;
    let of = |part: &str| format!("/domains/{}{part}", world.domain);
    for page in [
        of("/users"),
        of(&format!("/users/{}", guid(104))),
        of("/preview"),
        of("/coverage"),
        of("/not-synced"),
    ] {
        let shown = browser.get(&page).await;
        shown.is(200);
        assert!(!shown.text.contains("<script>alert"), "{page}");
        assert!(!shown.headers.contains_key("set-cookie"), "{page}");
    }
    let searched = browser.get(&of("/users?query=%0d%0aSet-Cookie:%20evil%3D1%22%3E%3Cscript%3E")).await;
    searched.is(200);
    assert!(!searched.text.contains("\"><script>") && !searched.headers.contains_key("set-cookie"));
    let led = browser.get("/login?next=%0d%0aSet-Cookie:%20evil%3D1").await;
    assert!(led.headers.get("location").is_none_or(|place| !place.to_str().unwrap().contains("evil")));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn no_cell_of_a_file_is_a_formula(db: PgPool) {
    let world = with_odd_people(db).await;
    let browser = Browser::owner(&world.app).await;
    for file in ["users.csv", "coverage.csv", "preview.csv"] {
        let shown = browser.get(&format!("/domains/{}/{file}", world.domain)).await;
        shown.is(200).says("SUM(1)");
        assert!(shown.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
        for start in ["=", "+", "@", "-"] {
            for cell in [format!(",{start}"), format!("\n{start}"), format!(",\"{start}")] {
                assert!(
                    !shown.text.contains(&cell),
                    "{file} has a cell that begins with {start}:\n{}",
                    shown.text
                );
            }
        }
    }
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn every_answer_carries_its_protection(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let browser = Browser::of(&world.app, Role::Owner).await;
    let routes = http::routes(&world.app);
    let mut seen = 0;
    for route in routes.list().iter().filter(|route| route.method == "GET" && route.path != "/events") {
        let path =
            route.path.replace("{id}", &world.domain.to_string()).replace("{guid}", &guid(1).to_string());
        let shown = browser.get(&path.replace("{draft}", &guid(1).to_string())).await;
        let header =
            |name: &str| shown.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
        assert!(header("strict-transport-security").starts_with("max-age="), "{path}");
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(path.starts_with("/static/") || header("cache-control") == "no-store", "{path}");
        seen += 1;
    }
    assert!(seen > 60, "{seen}");
}

/// Addresses of this machine, its network or the cloud's own services, in every disguise.
const INWARDS: [&str; 14] = [
    "https://127.0.0.1",
    "https://localhost",
    "https://169.254.169.254",
    "https://10.0.0.1",
    "https://192.168.1.1",
    "https://172.16.0.1",
    "https://[::1]",
    "https://[::ffff:127.0.0.1]",
    "https://[fe80::1]",
    "https://2130706433",
    "https://0177.0.0.1",
    "https://0x7f.1",
    "https://127.1",
    "https://0.0.0.0",
];

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn no_address_leads_inwards(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let app = world.strict_app();
    let rest = Rest::open(&app).await;
    for (number, address) in INWARDS.iter().enumerate() {
        let organization = json!({"name": format!("o{number}"), "base_url": address, "api_key": "key"});
        let told = rest.post("/organizations", organization).await.refuses(422, "invalid_request");
        assert_eq!(told.json["errors"][0]["field"], "base_url", "{address}");
        let account =
            json!({"client_id": "id", "client_secret": "s", "token_url": format!("{address}/token")});
        let organization = json!({"name": format!("t{number}"), "service_account": account});
        let told = rest.post("/organizations", organization).await.refuses(422, "invalid_request");
        assert_eq!(told.json["errors"][0]["field"], "service_account.token_url", "{address}");
        let hook = json!({
            "name": format!("h{number}"), "kind": "webhook", "url": format!("{address}/hook"),
            "signing_key": "0123456789abcdef0123",
        });
        let told = rest.post("/alert-channels", hook).await;
        // A name is looked up when something is sent, so that what is checked is what is gone to.
        if told.status == 201 {
            let id = told.json["id"].as_str().unwrap().to_owned();
            let sent = rest.post(&format!("/alert-channels/{id}/test"), json!({})).await;
            let sent = sent.refuses(422, "message_not_sent");
            assert!(sent.text.contains("private"), "{address}: {}", sent.text);
        } else {
            told.refuses(422, "invalid_request");
        }
    }
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_body_that_is_too_large_is_refused_as_what_it_is(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let rest = Rest::open(&world.app).await;
    let large = json!({"name": "x".repeat(3 * 1024 * 1024), "role": "owner"});
    rest.post("/api-tokens", large.clone()).await.refuses(413, "body_too_large");
    // Who it is comes first, whatever else is wrong.
    rest.nobody().post("/api-tokens", large).await.refuses(401, "unauthorized");
}
