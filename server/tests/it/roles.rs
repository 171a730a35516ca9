//! Who may do what: every route there is, by whom it answers. A route that is not in the table fails.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use reqwest::header::{COOKIE, LOCATION, ORIGIN};
use reqwest::{Client, RequestBuilder, redirect};
use serde_json::json;
use server::actions;
use server::http;
use server::store::admins::Role;
use simulator::Seed;
use sqlx::PgPool;

use crate::ui::browser::Browser;
use crate::world::{World, tester};

const TABLE: &str = include_str!("roles/table.txt");
const ROLES: [Role; 4] = [Role::ReadOnly, Role::Helpdesk, Role::Operator, Role::Owner];

/// For everybody: what comes after signing out, and a way to a provider that there is not.
const LEAD_TO_LOGIN: [&str; 2] = ["/logout", "/sign-on"];

/// Method, path and who may.
fn table() -> BTreeMap<(String, String), &'static str> {
    let lines = TABLE.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let [method, path, who] = line.split_whitespace().collect::<Vec<_>>()[..] else {
                panic!("three words: {line}")
            };
            ((method.to_owned(), path.to_owned()), who)
        })
        .collect()
}

/// Whether the table lets a role, or nobody, through.
fn may(who: &str, role: Option<Role>) -> bool {
    match who {
        "anyone" => true,
        "reader" => role.is_some(),
        "helpdesk" => role >= Some(Role::Helpdesk),
        "operator" => role >= Some(Role::Operator),
        "owner" => role == Some(Role::Owner),
        // Neither token nor session: an agent's signature, or the token of the log-in's own form.
        "agent" | "form" | "nobody" => false,
        other => panic!("{other} is no word of the table"),
    }
}

/// An address of the route, of things that do not exist.
fn address(path: &str) -> String {
    let mut parts: Vec<_> = path.split('/').map(str::to_owned).collect();
    for part in parts.iter_mut().filter(|part| part.starts_with('{')) {
        let rest = part.split_once('}').map(|(_, rest)| rest.to_owned()).unwrap_or_default();
        *part = format!("00000000-0000-7000-8000-000000000000{rest}");
    }
    parts.join("/").replace("/static/00000000-0000-7000-8000-000000000000", "/static/app.css")
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_table_has_every_route(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let routes = http::routes(&world.app);
    let there: BTreeSet<_> =
        routes.list().iter().map(|route| (route.method.to_string(), route.path.clone())).collect();
    let listed: BTreeSet<_> = table().into_keys().collect();
    let missing: Vec<_> =
        there.difference(&listed).map(|(method, path)| format!("{method} {path}")).collect();
    let gone: Vec<_> = listed.difference(&there).collect();
    assert!(missing.is_empty(), "not in roles/table.txt:\n{}", missing.join("\n"));
    assert!(gone.is_empty(), "in roles/table.txt, and no route: {gone:?}");
}

/// Somebody who asks.
struct Asker {
    role: Option<Role>,
    token: Option<String>,
    browser: Browser,
    csrf: String,
}

impl Asker {
    async fn of(world: &World, role: Option<Role>) -> Self {
        let app = &world.app;
        let Some(role) = role else {
            let browser = Browser::open(app).await;
            return Self { role: None, token: None, browser, csrf: String::new() };
        };
        let (_, token) =
            actions::admins::create_api_token(app, &tester(), role.as_str(), role).await.unwrap();
        let browser = Browser::of(app, role).await;
        let csrf = browser.get("/domains").await.field("csrf");
        Self { role: Some(role), token: Some(token.expose().to_owned()), browser, csrf }
    }

    fn request(&self, client: &Client, method: &Method, path: &str) -> RequestBuilder {
        let request = client.request(method.clone(), format!("{}{}", self.browser.base(), address(path)));
        if is_for_programs(path) {
            // Reading JumpCloud again is for those who may change something; trying settings is for everybody.
            let body = if path.ends_with("/preview") { json!({"settings": {}}) } else { json!({}) };
            let request = match method {
                &Method::GET | &Method::DELETE => request,
                _ => request.json(&body),
            };
            return match &self.token {
                Some(token) => request.bearer_auth(token),
                None => request,
            };
        }
        let request = request.header(COOKIE, self.browser.cookies());
        match *method {
            Method::GET => request,
            _ => request.header(ORIGIN, self.browser.base()).form(&[
                ("csrf", self.csrf.as_str()),
                ("decision", if path.ends_with("/decide") { "approve" } else { "follow" }),
                ("error_code", "none"),
            ]),
        }
    }
}

fn is_for_programs(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/agent/") || path == "/metrics"
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn exactly_the_allowed_cells_answer(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
    let mut wrong = Vec::new();
    let mut askers = Vec::new();
    for role in ROLES.map(Some).into_iter().chain([None]) {
        askers.push(Asker::of(&world, role).await);
    }
    for asker in &askers {
        let role = asker.role;
        // Whoever signs out is nobody afterwards.
        let (last, first): (Vec<_>, Vec<_>) =
            table().into_iter().partition(|((_, path), _)| path == "/logout");
        for ((method, path), who) in first.into_iter().chain(last) {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = asker.request(&client, &method, &path).send().await.unwrap();
            let place = answer.headers().get(LOCATION).map_or("", |place| place.to_str().unwrap());
            let status = answer.status().as_u16();
            let refused = matches!(status, 401 | 403)
                || place.starts_with("/login?")
                || (place == "/login" && !LEAD_TO_LOGIN.contains(&path.as_str()));
            if refused == may(who, asker.role) {
                wrong.push(format!("{method} {path} for {role:?}: {status} {place}, {who} may"));
            }
            assert!(status < 500 || status == 503, "{method} {path} for {role:?}: {status}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
