//! `make bench`: how long a change in Active Directory takes to be in JumpCloud, and what watching costs while nothing
//! happens. Over loopback alone, on a real domain controller.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::stack::{Options, text};
use e2e::{Dc, Server, Stack, place, proxy};
use serde_json::{Value, json};
use simulator::Simulator;

mod pages;
mod passwords;

/// What the article promises, in seconds.
const ARTICLE: f64 = 90.0;
/// How long nothing happens.
const QUIET: Duration = Duration::from_secs(30);
/// After this a change counts as lost.
const PATIENCE: Duration = Duration::from_secs(120);

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// One figure: name, value, target and what it is measured against.
struct Row {
    name: &'static str,
    value: f64,
    unit: &'static str,
    target: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    if std::env::args().nth(1).as_deref() == Some("pages") {
        return report(&pages::measured().await?, 50_000, 40_000);
    }
    let (people, changes, deletions) =
        (setting("BENCH_PEOPLE", 1000), setting("BENCH_CHANGES", 200), setting("BENCH_DELETIONS", 30));
    eprintln!("bench: a domain controller with {people} people");
    let dc = Arc::new(Dc::start(&["--realm", "BENCH.EXAMPLE", "--lean"]).await?);
    let lab = dc.fill(people).await?;
    let (address, counts) = proxy::start(format!("{}:636", dc.fact("ip"))).await?;
    let place = (text(&lab, "root_user_container"), text(&lab, "integration_group"));
    let options = Options {
        dc: Some(Arc::clone(&dc)),
        server: Some(Server::start().await?),
        place: Some(place),
        settings: json!({"poll_interval_ms": 1000}),
        agent: false,
        activate: false,
        ..Options::default()
    };
    let mut stack = Stack::with(options).await?;
    let start = Instant::now();
    // The certificate names localhost, and the proxy has no other name.
    stack.start_agent_at(&format!("ldaps://localhost:{}", address.port())).await?;
    settled(&stack).await?;
    let preview = start.elapsed();
    let start = Instant::now();
    stack.activate().await?;
    settled(&stack).await?;
    let first = start.elapsed();
    let linked = stack.jumpcloud.users().len();
    eprintln!("bench: read and planned in {preview:.1?}; {linked} users made in {first:.1?}");

    let mut rows = vec![
        Row { name: "first read and plan", value: preview.as_secs_f64(), unit: "s", target: f64::NAN },
        Row { name: "first sync", value: first.as_secs_f64(), unit: "s", target: f64::NAN },
    ];
    rows.extend(quiet(&stack, &counts).await?);
    let accounts = accounts(&stack, &dc).await?;
    ensure!(accounts.len() > deletions + 20, "too few people are linked");
    eprintln!("bench: {changes} changes");
    let (doomed, others) = accounts.split_at(deletions);
    rows.extend(changed(&stack, others, changes).await?);
    eprintln!("bench: {deletions} deletions");
    rows.extend(deleted(&stack, doomed).await?);
    let people_left: Vec<String> = active(&stack, others);
    rows.extend(
        passwords::measured(&mut stack, &people_left, changes, &text(&lab, "integration_group")).await?,
    );
    drop(stack);
    rows.extend(pages::measured().await?);
    report(&rows, people, linked)
}

/// As [`Stack::settled`], with the patience that a first sync needs.
async fn settled(stack: &Stack) -> Result<()> {
    let start = Instant::now();
    loop {
        match stack.settled().await {
            Ok(()) => return Ok(()),
            Err(error) if start.elapsed() > Duration::from_secs(900) => return Err(error),
            Err(_) => {}
        }
    }
}

/// P2: what watching costs while highestCommittedUSN does not move.
async fn quiet(stack: &Stack, counts: &proxy::Counts) -> Result<Vec<Row>> {
    // Statistics of the database arrive late.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let usn = stack.ad(json!({"op": "usn"})).await?["usn"].clone();
    let (requests, bytes, written) = (
        counts.requests.load(Ordering::Relaxed),
        counts.bytes_up.load(Ordering::Relaxed) + counts.bytes_down.load(Ordering::Relaxed),
        tables(stack).await?,
    );
    tokio::time::sleep(QUIET).await;
    let requests = counts.requests.load(Ordering::Relaxed) - requests;
    let bytes = counts.bytes_up.load(Ordering::Relaxed) + counts.bytes_down.load(Ordering::Relaxed) - bytes;
    let after = tables(stack).await?;
    let moved: BTreeMap<_, _> = after
        .iter()
        .map(|(table, count)| (table.clone(), count - written.get(table).copied().unwrap_or_default()))
        .filter(|(_, count)| *count != 0)
        .collect();
    ensure!(stack.ad(json!({"op": "usn"})).await?["usn"] == usn, "somebody changed the directory meanwhile");
    eprintln!("bench: rows written in {} quiet seconds: {moved:?}", QUIET.as_secs());
    // Heartbeats note when an agent was seen: that is their purpose, and the watcher's lease.
    let rows: i64 =
        moved.iter().filter(|(table, _)| table.as_str() != "agents").map(|(_, count)| count).sum();
    let polls = QUIET.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let each = |count: u64| count as f64 / polls;
    Ok(vec![
        Row {
            name: "P2 requests per poll, the report of each half minute too",
            value: each(requests),
            unit: "",
            target: 1.1,
        },
        Row { name: "P2 bytes per poll, TLS included", value: each(bytes), unit: "B", target: 1024.0 },
        Row { name: "P2 server rows written", value: f64::from(i32::try_from(rows)?), unit: "", target: 0.0 },
    ])
}

async fn tables(stack: &Stack) -> Result<BTreeMap<String, i64>> {
    let query = "select relname || ' ' || n_tup_ins + n_tup_upd + n_tup_del from pg_stat_user_tables";
    let told = stack.server.sql(query).await?;
    let pair = |line: &str| line.split_once(' ').map(|(table, count)| Ok((table.to_owned(), count.parse()?)));
    told.lines().filter_map(pair).collect()
}

/// Accounts of ordinary people who are in JumpCloud.
async fn accounts(stack: &Stack, dc: &Dc) -> Result<Vec<String>> {
    let found =
        dc.ad(json!({"op": "search", "filter": "(employeeID=*)", "attributes": ["sAMAccountName"]})).await?;
    let entries = found["entries"].as_array().context("entries")?;
    let names = entries.iter().filter_map(|entry| entry["attributes"]["sAMAccountName"][0].as_str());
    let active =
        |name: &&str| stack.jumpcloud.user_by_username(name).is_some_and(|user| user["suspended"] == false);
    Ok(names.filter(active).map(str::to_owned).collect())
}

fn active(stack: &Stack, accounts: &[String]) -> Vec<String> {
    let active = |name: &&String| {
        stack.jumpcloud.user_by_username(name).is_some_and(|user| user["suspended"] == false)
    };
    accounts.iter().filter(active).cloned().collect()
}

type Shown = Box<dyn Fn(&Simulator) -> bool + Send>;

/// P3a: attributes, memberships, disabling.
async fn changed(stack: &Stack, accounts: &[String], count: usize) -> Result<Vec<Row>> {
    let mut waiting: Vec<(Instant, &'static str, Shown)> = Vec::new();
    let mut took: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    for number in 0..count {
        let account = accounts[number % accounts.len()].clone();
        let name = account.clone();
        let (kind, command, shown): (_, Value, Shown) = match number % 4 {
            0 | 1 => {
                let title = format!("Title {number}");
                let command = json!({"op": "set", "object": account, "attributes": {"title": title}});
                let shown = move |jc: &Simulator| {
                    jc.user_by_username(&name).is_some_and(|user| user["jobTitle"] == *title)
                };
                ("attribute", command, Box::new(shown))
            }
            2 => {
                let command = json!({"op": "add_members", "group": "Empty", "members": [account]});
                let shown = move |jc: &Simulator| jc.group_members("Empty").contains(&name);
                ("membership", command, Box::new(shown))
            }
            _ => {
                let command = json!({"op": "disable", "object": account});
                let shown = move |jc: &Simulator| {
                    jc.user_by_username(&name).is_some_and(|user| user["suspended"] == true)
                };
                ("disable", command, Box::new(shown))
            }
        };
        stack.ad(command).await?;
        waiting.push((Instant::now(), kind, shown));
        // Not in step with the agent's poll.
        let pause = Duration::from_millis(100 + (number as u64 * 137) % 400);
        collect(stack, &mut waiting, &mut took, Some(pause)).await?;
    }
    collect(stack, &mut waiting, &mut took, None).await?;
    for (kind, took) in &mut took {
        eprintln!("bench: {kind:10} p50 {:.2} s  p99 {:.2} s  ({})", at(took, 50), at(took, 99), took.len());
    }
    let mut all: Vec<f64> = took.into_values().flatten().collect();
    Ok(vec![
        Row { name: "P3a change in AD -> JumpCloud, p50", value: at(&mut all, 50), unit: "s", target: 2.0 },
        Row { name: "P3a change in AD -> JumpCloud, p99", value: at(&mut all, 99), unit: "s", target: 5.0 },
    ])
}

/// P3d: deletions, seen by an account that cannot see tombstones.
async fn deleted(stack: &Stack, accounts: &[String]) -> Result<Vec<Row>> {
    let (mut waiting, mut took) = (Vec::new(), BTreeMap::new());
    for (number, account) in accounts.iter().enumerate() {
        stack.ad(json!({"op": "delete", "object": account})).await?;
        let name = account.clone();
        let shown =
            move |jc: &Simulator| jc.user_by_username(&name).is_none_or(|user| user["suspended"] == true);
        waiting.push((Instant::now(), "deletion", Box::new(shown) as Shown));
        let pause = Duration::from_millis(500 + (number as u64 * 317) % 1500);
        collect(stack, &mut waiting, &mut took, Some(pause)).await?;
    }
    collect(stack, &mut waiting, &mut took, None).await?;
    let mut all: Vec<f64> = took.into_values().flatten().collect();
    Ok(vec![
        Row { name: "P3d deletion -> dissociation, p50", value: at(&mut all, 50), unit: "s", target: 20.0 },
        Row { name: "P3d deletion -> dissociation, p99", value: at(&mut all, 99), unit: "s", target: 20.0 },
    ])
}

/// Notes what has arrived, for a while or until everything has.
async fn collect(
    stack: &Stack,
    waiting: &mut Vec<(Instant, &'static str, Shown)>,
    took: &mut BTreeMap<&'static str, Vec<f64>>,
    pause: Option<Duration>,
) -> Result<()> {
    let start = Instant::now();
    loop {
        waiting.retain(|(since, kind, shown)| {
            let arrived = shown(&stack.jumpcloud);
            if arrived {
                took.entry(kind).or_default().push(since.elapsed().as_secs_f64());
            }
            !arrived
        });
        match pause {
            Some(pause) if start.elapsed() >= pause => return Ok(()),
            None if waiting.is_empty() => return Ok(()),
            _ => {}
        }
        ensure!(start.elapsed() < PATIENCE, "{} changes never arrived", waiting.len());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn at(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((values.len() * percent / 100).min(last)).copied().unwrap_or(f64::NAN)
}

fn version(program: &str, argument: &str) -> String {
    let said = Command::new(program).arg(argument).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&said).lines().next().unwrap_or("?").trim().to_owned()
}

fn report(rows: &[Row], people: usize, linked: usize) -> Result<()> {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism()?.get();
    let versions = [version("samba", "--version"), version("psql", "--version")];
    println!(
        "\n{people} people in AD, {linked} in JumpCloud; {cores} cores, load {}; {}",
        load.trim(),
        versions.join(", ")
    );
    println!("{:52} {:>10} {:>10} {:>20}", "", "measured", "target", "of the article's 90 s");
    for row in rows {
        let target = if row.target.is_nan() { String::new() } else { format!("{} {}", row.target, row.unit) };
        let ratio =
            if row.name.starts_with("P3") { format!("{:.4}", row.value / ARTICLE) } else { String::new() };
        println!("{:52} {:>8.2} {:1} {target:>10} {ratio:>20}", row.name, row.value, row.unit);
    }
    let figures: Vec<_> = rows
        .iter()
        .map(|row| json!({"name": row.name, "value": row.value, "unit": row.unit, "target": Some(row.target).filter(|target| !target.is_nan())}))
        .collect();
    let document = json!({
        "people": people, "linked": linked, "cores": cores, "load": load.trim(), "versions": versions, "figures": figures,
    });
    let file = place::workspace().join("target/bench.json");
    std::fs::write(&file, format!("{document:#}\n"))?;
    println!("written to {}", file.display());
    Ok(())
}
