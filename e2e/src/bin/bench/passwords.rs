//! Passwords: how soon one that was changed in AD works in JumpCloud, alone (P3b) and beside bulk work (P3c), and what the
//! hook costs the domain controller (P4).

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::Stack;
use serde_json::json;
use simulator::{Action, Fault, Simulator};

use super::{Row, Shown, at, collect};

/// Times the hook is started for each state of the agent.
const HOOKS: usize = 100;
/// Passwords that are set for each state of the agent.
const SET: usize = 30;
/// Groups that everybody is made a member of.
const GROUPS: usize = 26;
/// Passwords and disabled people while all that is under way.
const BESIDE: usize = 40;

/// Everything about passwords; `accounts` are linked people, of whom some are disabled here.
pub(super) async fn measured(
    stack: &mut Stack,
    accounts: &[String],
    changes: usize,
    integration_group: &str,
) -> Result<Vec<Row>> {
    eprintln!("bench: the hook");
    let without = set(stack, accounts).await?;
    stack.dc.hook(&stack.agents[0].hook()).await?;
    stack.captures("healthy").await?;
    let mut rows = hook(stack, accounts, without).await?;
    eprintln!("bench: {changes} passwords");
    rows.extend(alone(stack, accounts, changes).await?);
    rows.extend(beside_bulk(stack, accounts, integration_group).await?);
    Ok(rows)
}

fn password(account: &str, number: usize) -> String {
    format!("Bench-{number}-{account}-Aa1")
}

async fn set_one(stack: &Stack, account: &str, password: &str) -> Result<()> {
    let command = json!({"op": "set_password", "object": account, "password": password});
    stack.ad(command).await.map(drop)
}

/// How long the domain controller takes to set a password.
async fn set(stack: &Stack, accounts: &[String]) -> Result<Vec<f64>> {
    let mut took = Vec::new();
    for (number, account) in accounts.iter().cycle().take(SET).enumerate() {
        let start = Instant::now();
        set_one(stack, account, &password(account, number)).await?;
        took.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(took)
}

/// P4, with the agent healthy, hung and absent.
async fn hook(stack: &mut Stack, accounts: &[String], mut without: Vec<f64>) -> Result<Vec<Row>> {
    let base = at(&mut without, 50);
    eprintln!("bench: set without the hook: p50 {base:.0} ms");
    let row = |name, value, target| Row { name, value, unit: "ms", target };
    let mut process = process(stack)?;
    let mut whole = set(stack, accounts).await?;
    let mut rows = vec![
        row("P4 hook process, agent healthy, p50", at(&mut process, 50), f64::NAN),
        row("P4 hook process, agent healthy, p99", at(&mut process, 99), 30.0),
        row("P4 added to setting a password, p50", at(&mut whole, 50) - base, 30.0),
    ];
    stack.agents[0].freeze(true);
    let mut process = self::process(stack)?;
    rows.push(row("P4 hook process, agent hung, p99", at(&mut process, 99), 300.0));
    stack.agents[0].freeze(false);
    stack.agents[0].kill();
    let mut process = self::process(stack)?;
    rows.push(row("P4 hook process, agent absent, p99", at(&mut process, 99), 300.0));
    stack.agents[0].resume()?;
    stack.captures("healthy").await?;
    Ok(rows)
}

/// Starts the hook as Samba does, for an account that is not there.
fn process(stack: &Stack) -> Result<Vec<f64>> {
    let command = stack.agents[0].hook();
    let mut took = Vec::new();
    for number in 0..HOOKS {
        let start = Instant::now();
        let mut hook = Command::new("/bin/sh")
            .args(["-c", &command])
            .env("SAMBA_CPS_ACCOUNT_NAME", format!("nobody{}", number % 10))
            .stdin(Stdio::piped())
            .spawn()?;
        hook.stdin.take().context("the hook has no input")?.write_all(b"Bench-Password-1")?;
        ensure!(hook.wait()?.success(), "the hook refused a password");
        took.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(took)
}

fn signs_in(account: &str, password: String) -> Shown {
    let account = account.to_owned();
    Box::new(move |jumpcloud: &Simulator| jumpcloud.login(&account, &password))
}

/// P3b.
async fn alone(stack: &Stack, accounts: &[String], changes: usize) -> Result<Vec<Row>> {
    let (mut waiting, mut took) = (Vec::new(), BTreeMap::new());
    for (number, account) in accounts.iter().cycle().take(changes).enumerate() {
        let password = password(account, 1000 + number);
        set_one(stack, account, &password).await?;
        waiting.push((Instant::now(), "password", signs_in(account, password)));
        let pause = Duration::from_millis(50 + (number as u64 * 137) % 200);
        collect(stack, &mut waiting, &mut took, Some(pause)).await?;
    }
    collect(stack, &mut waiting, &mut took, None).await?;
    let mut all: Vec<f64> = took.into_values().flatten().collect();
    Ok(vec![
        Row { name: "P3b password in AD -> JumpCloud, p50", value: at(&mut all, 50), unit: "s", target: 1.0 },
        Row { name: "P3b password in AD -> JumpCloud, p99", value: at(&mut all, 99), unit: "s", target: 3.0 },
    ])
}

/// P3c: memberships by the thousand, JumpCloud slows down, and now and then it wants us to wait.
async fn beside_bulk(stack: &Stack, accounts: &[String], integration_group: &str) -> Result<Vec<Row>> {
    for number in 0..GROUPS {
        let group = format!("Bulk {number}");
        let command = json!({"op": "add_group", "name": group, "in": stack.container, "members": accounts});
        stack.ad(command).await?;
        stack.ad(json!({"op": "add_members", "group": integration_group, "members": [group]})).await?;
    }
    let bulk = GROUPS * accounts.len();
    eprintln!(
        "bench: {bulk} bulk operations, and {BESIDE} passwords and as many disabled people beside them"
    );
    let start = Instant::now();
    let wanted = bulk / 2;
    while waiting_operations(stack).await? < wanted {
        ensure!(start.elapsed() < Duration::from_secs(300), "the bulk was never planned");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // So slow that the bulk outlasts the measurement.
    let limit = u32::try_from(bulk / 2)?.clamp(300, 3000);
    stack.jumpcloud.change_settings(|settings| settings.rate_limit_per_minute = Some(limit));
    for after in [50, 400, 1200] {
        stack.jumpcloud.script(Fault::new(Action::throttle(Some(1))).after(after).times(2));
    }
    let (mut waiting, mut took) = (Vec::new(), BTreeMap::new());
    for (number, account) in accounts.iter().rev().take(2 * BESIDE).enumerate() {
        if number % 2 == 0 {
            let password = password(account, 5000 + number);
            set_one(stack, account, &password).await?;
            waiting.push((Instant::now(), "password", signs_in(account, password)));
        } else {
            stack.ad(json!({"op": "disable", "object": account})).await?;
            let name = account.clone();
            let shown: Shown = Box::new(move |jumpcloud: &Simulator| {
                jumpcloud.user_by_username(&name).is_some_and(|user| user["suspended"] == true)
            });
            waiting.push((Instant::now(), "disable", shown));
        }
        let pause = Duration::from_millis(200 + (number as u64 * 137) % 300);
        collect(stack, &mut waiting, &mut took, Some(pause)).await?;
    }
    collect(stack, &mut waiting, &mut took, None).await?;
    let left = waiting_operations(stack).await?;
    eprintln!("bench: {left} bulk operations were still queued at the end");
    ensure!(left > 0, "the bulk was done before the measurement was");
    let mut of = |kind: &str| took.remove(kind).unwrap_or_default();
    let (mut passwords, mut disables) = (of("password"), of("disable"));
    Ok(vec![
        Row {
            name: "P3c password beside bulk work, p50",
            value: at(&mut passwords, 50),
            unit: "s",
            target: 5.0,
        },
        Row {
            name: "P3c password beside bulk work, p99",
            value: at(&mut passwords, 99),
            unit: "s",
            target: 5.0,
        },
        Row {
            name: "P3c disable beside bulk work, p50",
            value: at(&mut disables, 50),
            unit: "s",
            target: 10.0,
        },
        Row {
            name: "P3c disable beside bulk work, p99",
            value: at(&mut disables, 99),
            unit: "s",
            target: 10.0,
        },
    ])
}

async fn waiting_operations(stack: &Stack) -> Result<usize> {
    let told = stack.server.sql("select count(*) from operations where state = 'ready'").await?;
    Ok(told.parse()?)
}
