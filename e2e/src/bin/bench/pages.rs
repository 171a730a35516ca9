//! P12: how fast the dashboard shows a domain with 50,000 users, beside what its main query takes in the database alone.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::Server;
use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Certificate, Client, redirect};
use serde_json::json;
use simulator::{Config, Seed, Simulator};

use super::{Row, at};

const SEED: &str = include_str!("pages.sql");
const API_KEY: &str = "an-api-key";
const PASSWORD: &str = "correct horse battery";
/// How often each page is asked for.
const TIMES: usize = 60;
/// What a page may take, and how much more than its query.
const TARGET: f64 = 100.0;
const RATIO: f64 = 3.0;

/// A page below the domain's address, and its main query.
struct Page {
    name: &'static str,
    ratio: &'static str,
    path: &'static str,
    query: &'static str,
}

const LIVE: &str = "domain_id = 'DOMAIN' and state in ('ready', 'leased', 'held', 'parked')";

const PAGES: [Page; 6] = [
    Page {
        name: "P12 users, first page, p95",
        ratio: "P12 users, first page, times its query",
        path: "/users",
        query: "select status, count(*) from directory_users where domain_id = 'DOMAIN' group by status",
    },
    Page {
        name: "P12 users, search, p95",
        ratio: "P12 users, search, times its query",
        path: "/users?query=user49999",
        query: "select * from directory_users where domain_id = 'DOMAIN' and guid in (select guid from directory_users
                where domain_id = 'DOMAIN' and search like '%user49999%') order by guid limit 50",
    },
    Page {
        name: "P12 one user, p95",
        ratio: "P12 one user, times its query",
        path: "/users/00000000-0000-4000-a000-000000000123",
        query: "select * from directory_users where domain_id = 'DOMAIN' and guid = '00000000-0000-4000-a000-000000000123'",
    },
    Page {
        name: "P12 preview, first page, p95",
        ratio: "P12 preview, first page, times its query",
        path: "/preview",
        query: "select kind, count(*), sum(fingerprint) from operations where LIVE group by kind",
    },
    Page {
        name: "P12 preview, one kind, p95",
        ratio: "P12 preview, one kind, times its query",
        path: "/preview?kind=add_member",
        query: "select kind, count(*), sum(fingerprint) from operations where LIVE group by kind",
    },
    Page {
        name: "P12 who is not synced, p95",
        ratio: "P12 who is not synced, times its query",
        path: "/not-synced",
        query: "select reason, count(*) from directory_users where domain_id = 'DOMAIN' and status in ('excluded', 'conflict')
                group by reason",
    },
];

pub(super) async fn measured() -> Result<Vec<Row>> {
    eprintln!("bench: pages of a domain with 50,000 users");
    let server = Server::start().await?;
    let config = Config { api_key: API_KEY.into(), seed: Some(Seed::default()), ..Config::default() };
    let jumpcloud = Simulator::start(config, "127.0.0.1:0").await?;
    let api = server.api()?;
    let new = json!({"name": "Bench", "api_key": API_KEY, "base_url": jumpcloud.base_url()});
    let organization = api.post("/organizations", new).await?["id"].as_str().context("id")?.to_owned();
    let new = json!({
        "organization_id": organization, "name": "DC=bench,DC=example",
        "settings": {"root_user_container": "OU=Staff,DC=bench,DC=example"},
    });
    let domain = api.post("/domains", new).await?["id"].as_str().context("id")?.to_owned();
    let filled = |text: &str| {
        text.replace("LIVE", LIVE).replace("DOMAIN", &domain).replace("ORGANIZATION", &organization)
    };
    server.sql(&filled(SEED)).await?;
    server.sql("vacuum analyze").await?;

    let browser = Browser::signed_in(&server).await?;
    let mut rows = Vec::new();
    for page in PAGES {
        let mut took = Vec::new();
        for _ in 0..TIMES {
            let start = Instant::now();
            let (status, _) = browser.get(&format!("/domains/{domain}{}", page.path)).await?;
            took.push(start.elapsed().as_secs_f64() * 1000.0);
            ensure!(status == 200, "{}: {status}", page.path);
        }
        let (p50, p95) = (at(&mut took, 50), at(&mut took, 95));
        let alone = alone(&server, &filled(page.query)).await?;
        eprintln!("bench: {:30} p50 {p50:.0} ms  p95 {p95:.0} ms  query {alone:.1} ms", page.path);
        rows.push(Row { name: page.name, value: p95, unit: "ms", target: TARGET });
        // A page that is fast anyway need not be compared.
        rows.push(Row { name: page.ratio, value: p50 / alone, unit: "", target: RATIO });
    }
    rows.push(what_if(&server, &browser, &domain).await?);
    Ok(rows)
}

/// The median of what the query takes in the database.
async fn alone(server: &Server, query: &str) -> Result<f64> {
    let mut took = Vec::new();
    for _ in 0..7 {
        let told = server.sql(&format!("explain (analyze, timing off) {query}")).await?;
        let line = told.lines().find_map(|line| line.strip_prefix("Execution Time: ")).context("no time")?;
        took.push(line.trim_end_matches(" ms").parse()?);
    }
    Ok(at(&mut took, 50))
}

/// What other settings would change, for everybody.
async fn what_if(server: &Server, browser: &Browser, domain: &str) -> Result<Row> {
    let start = Instant::now();
    let settings = json!({"settings": {"user_disable_action": "remove", "removal_grace_days": 0}});
    let request = browser.client.post(format!("{}/api/v1/domains/{domain}/preview", server.url()));
    let answer = request.bearer_auth(&server.token).json(&settings).send().await?;
    let told: serde_json::Value = answer.json().await?;
    let seconds = start.elapsed().as_secs_f64();
    let impact = &told["impact"];
    eprintln!("bench: what-if: {} of {} counted in {seconds:.1} s", impact["counted"], impact["total"]);
    Ok(Row {
        name: "a what-if plan for 50,000 users, as far as it came in 20 s",
        value: seconds,
        unit: "s",
        target: f64::NAN,
    })
}

/// A client with the cookies of somebody who has signed in.
struct Browser {
    client: Client,
    base: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    async fn signed_in(server: &Server) -> Result<Self> {
        server.create_admin("bench@bench.example", PASSWORD, "owner").await?;
        let pem = std::fs::read(server.data_dir().join("tls-certificate.pem"))?;
        let client = Client::builder().tls_certs_only([Certificate::from_pem(&pem)?]).no_proxy();
        let client = client.redirect(redirect::Policy::none()).timeout(Duration::from_secs(60)).build()?;
        let mut browser = Self { client, base: server.url(), cookies: BTreeMap::new() };
        let answer = browser.client.get(format!("{}/login", browser.base)).send().await?;
        browser.keep(&answer);
        let text = answer.text().await?;
        let csrf = text.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let fields =
            [("csrf", csrf.context("no csrf")?), ("email", "bench@bench.example"), ("password", PASSWORD)];
        let request = browser.client.post(format!("{}/login", browser.base)).header(ORIGIN, &browser.base);
        let answer = request.header(COOKIE, browser.line()).form(&fields).send().await?;
        ensure!(answer.headers().contains_key(LOCATION), "the log-in was refused: {}", answer.status());
        browser.keep(&answer);
        Ok(browser)
    }

    fn keep(&mut self, answer: &reqwest::Response) {
        for line in answer.headers().get_all(SET_COOKIE) {
            let pair = line.to_str().ok().and_then(|line| line.split(';').next());
            if let Some((name, value)) = pair.and_then(|pair| pair.split_once('=')) {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn line(&self) -> String {
        let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    async fn get(&self, path: &str) -> Result<(u16, String)> {
        let request = self.client.get(format!("{}{path}", self.base)).header(COOKIE, self.line());
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }
}
