//! Passwords on their whole way: changed on a real domain controller, accepted there, working in JumpCloud.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use e2e::Stack;
use e2e::browser::{EMAIL, PASSWORD};
use e2e::stack::{API_KEY, Options, names};
use serde_json::json;

fn of(people: &[&str]) -> Options {
    Options { people: names(people), ..Options::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_set_in_ad_works_in_jumpcloud() -> Result<()> {
    let stack = Stack::capturing(of(&["ada", "bob"])).await?;
    stack.covered("ada", "never_captured").await?;
    stack.set_password("ada", "Reset-by-Admin-1").await?;
    stack.signs_in("ada", "Reset-by-Admin-1").await?;
    stack.change_password("ada", "Reset-by-Admin-1", "Grüße-€-🔑-2").await?;
    stack.signs_in("ada", "Grüße-€-🔑-2").await?;
    stack.covered("ada", "delivered").await?;
    stack.covered("bob", "never_captured").await?;

    // New hires: the password is there before the user is, and follows the account within the second.
    let hires = ["eve", "fay", "gus", "hal", "ida", "jan"];
    for name in hires {
        let mut person = stack.person(name);
        person["password"] = json!("First-Password-1");
        stack.ad(person).await?;
        stack.join(&[name]).await?;
    }
    for name in hires {
        stack.signs_in(name, "First-Password-1").await?;
        stack.covered(name, "delivered").await?;
    }

    let coverage = stack.api.get(&stack.path("/coverage")).await?;
    ensure!(coverage["counts"]["delivered"] == 7 && coverage["users"] == 8, "{coverage}");
    ensure!(coverage["percent"] == 87.5, "{coverage}");
    stack.settled().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ad_refuses_never_reaches_jumpcloud() -> Result<()> {
    let stack = Stack::capturing(of(&["ada"])).await?;
    stack.set_password("ada", "First-Password-1").await?;
    stack.change_password("ada", "First-Password-1", "Second-Password-2").await?;
    stack.signs_in("ada", "Second-Password-2").await?;

    // Used before, and at once another one that is accepted.
    ensure!(stack.change_password("ada", "Second-Password-2", "First-Password-1").await.is_err());
    stack.change_password("ada", "Second-Password-2", "Third-Password-3").await?;
    ensure!(stack.change_password("ada", "Third-Password-3", "Second-Password-2").await.is_err());
    stack.signs_in("ada", "Third-Password-3").await?;
    // Two accepted ones in a row keep their order.
    stack.set_password("ada", "Fourth-Password-4").await?;
    stack.set_password("ada", "Fifth-Password-5").await?;
    stack.signs_in("ada", "Fifth-Password-5").await?;

    // The domain is as strict as it was without the hook.
    for weak in ["alllowercase", "12345678901", "ALLUPPERCASE1"] {
        ensure!(stack.set_password("ada", weak).await.is_err(), "{weak}");
    }
    stack.caught_up().await?;
    ensure!(stack.jumpcloud.login(&stack.account("ada"), "Fifth-Password-5"), "still the last accepted one");
    stack.covered("ada", "delivered").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_jumpcloud_refuses_is_explained_and_the_next_one_arrives() -> Result<()> {
    let policy = json!({"passwordPolicy": {"enableMinLength": true, "minLength": 14}});
    let seed = simulator::Seed {
        organization_settings: policy.as_object().cloned().unwrap_or_default(),
        ..simulator::Seed::default()
    };
    let stack = Stack::capturing(Options { seed, ..of(&["ada"]) }).await?;
    stack.check("password_policy_length", "warning").await?;
    stack.set_password("ada", "Short-1-pass").await?;
    let ada = stack.stands("ada", "failed", "password_refused").await?;
    ensure!(ada["reasons"][0]["message"].as_str().is_some_and(|words| words.contains("too short")), "{ada}");
    stack.covered("ada", "refused").await?;
    e2e::wait::until("the alert is open", async || {
        let alerts = stack.api.get(&format!("/alerts?state=open&domain_id={}", stack.domain)).await?;
        Ok((alerts["items"][0]["code"] == "password_refused").then_some(()))
    })
    .await?;
    stack.set_password("ada", "Long-enough-Password-1").await?;
    stack.signs_in("ada", "Long-enough-Password-1").await?;
    stack.stands("ada", "synced", "").await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_privileged_accounts_password_never_leaves_the_domain_controller() -> Result<()> {
    let stack = Stack::capturing(of(&["ada", "root"])).await?;
    let command = json!({"op": "add_members", "group": "Domain Admins", "members": [stack.account("root")]});
    stack.ad(command).await?;
    stack.stands("root", "excluded", "privileged").await?;
    stack.set_password("root", "Privileged-Password-1").await?;
    stack.set_password("ada", "Ordinary-Password-1").await?;
    stack.signs_in("ada", "Ordinary-Password-1").await?;
    stack.caught_up().await?;
    ensure!(!stack.jumpcloud.login(&stack.account("root"), "Privileged-Password-1"));
    let kept = stack.server.sql("select count(*) from passwords where account like 'root%'").await?;
    ensure!(kept == "0", "{kept}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_complexity_nothing_can_be_captured_and_a_check_says_so() -> Result<()> {
    let stack = Stack::capturing(of(&["ada"])).await?;
    stack.check("password_complexity", "ok").await?;
    let base = stack.dc.base().to_owned();
    stack.ad(json!({"op": "set", "object": base, "attributes": {"pwdProperties": 0}})).await?;
    stack.check("password_complexity_off", "error").await?;
    stack.captures("degraded").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_password_of_everybody_arrives_after_an_outage() -> Result<()> {
    let people: Vec<String> = (0..60).map(|number| format!("p{number}")).collect();
    let server = Some(e2e::Server::start().await?);
    let options = Options { people: people.clone(), server, ..Options::default() };
    let mut stack = Stack::capturing(options).await?;
    stack.server.stop();
    for round in 0..3 {
        for (number, name) in people.iter().enumerate() {
            // Everybody once, a third of them three times.
            if round == 0 || number % 3 == 0 {
                stack.set_password(name, &format!("Round-{round}-of-{name}")).await?;
            }
        }
        if round == 0 {
            stack.agents[0].kill();
        } else {
            stack.agents[0].resume()?;
        }
    }
    stack.server.resume_shared().await?;
    for (number, name) in people.iter().enumerate() {
        let round = if number % 3 == 0 { 2 } else { 0 };
        stack.signs_in(name, &format!("Round-{round}-of-{name}")).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_killed_no_password_is_lost_or_out_of_order() -> Result<()> {
    let server = Some(e2e::Server::start().await?);
    let mut stack = Stack::capturing(Options { server, ..of(&["ada", "bob"]) }).await?;
    for round in 0..6 {
        let password = format!("Password-of-round-{round}");
        stack.set_password("ada", &format!("Earlier-{round}-Password")).await?;
        match round % 3 {
            0 => stack.agents[0].kill(),
            1 => stack.server.kill(),
            _ => stack.server.crash_database()?,
        }
        stack.set_password("ada", &password).await?;
        stack.set_password("bob", &password).await?;
        match round % 3 {
            0 => stack.agents[0].resume()?,
            1 => stack.server.resume_shared().await?,
            _ => {}
        }
        stack.signs_in("ada", &password).await?;
        stack.signs_in("bob", &password).await?;
    }
    stack.untouched("ada")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_password_and_no_key_is_readable_anywhere() -> Result<()> {
    const CANARY: &str = "Kanarienvogel-4711-Password";
    const WAITING: &str = "Zaunkönig-0815-Password";
    let server = Some(e2e::Server::start().await?);
    let mut stack = Stack::capturing(Options { server, ..of(&["ada", "bob"]) }).await?;
    stack.server.create_admin(EMAIL, PASSWORD, "owner").await?;
    let session = stack.server.sign_in(EMAIL, PASSWORD).await?;
    stack.set_password("ada", CANARY).await?;
    stack.signs_in("ada", CANARY).await?;
    // One that waits in the database, and one that waits in the spool.
    let mut person = stack.person("stranger");
    person["password"] = json!(WAITING);
    stack.ad(person).await?;
    e2e::wait::until("the stranger's password waits", async || {
        let waiting = stack.server.sql("select count(*) from passwords where sealed is not null").await?;
        Ok((waiting == "1").then_some(()))
    })
    .await?;
    stack.server.stop();
    stack.set_password("bob", WAITING).await?;
    stack.agents[0].stop();

    let of_programs = [API_KEY, stack.dc.fact("service_password"), &stack.server.token];
    let secrets = [&[CANARY, WAITING, PASSWORD, &session][..], &of_programs].concat();
    let folders = [stack.server.data_dir(), stack.agents[0].folder().to_owned()];
    let mut read = 0;
    for folder in &folders {
        read += search(folder, &secrets)?;
    }
    ensure!(read > 1000, "only {read} files were read");
    for secret in secrets {
        ensure!(!stack.server.log()?.contains(secret), "the server's log");
    }
    Ok(())
}

/// Fails if a file below the folder holds one of the secrets, in any spelling that somebody could read. Returns how many
/// files there are.
fn search(folder: &Path, secrets: &[&str]) -> Result<usize> {
    let mut files = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let metadata = std::fs::symlink_metadata(&path)?;
        if metadata.is_dir() {
            files += search(&path, secrets)?;
        } else if metadata.is_file() {
            let content = std::fs::read(&path)?;
            for spelling in secrets.iter().flat_map(|secret| spellings(secret)) {
                if memchr::memmem::find(&content, &spelling).is_some() {
                    bail!("{} holds a secret", path.display());
                }
            }
            files += 1;
        }
    }
    Ok(files)
}

/// As UTF-8, as UTF-16, and in hexadecimal digits.
fn spellings(secret: &str) -> [Vec<u8>; 3] {
    let wide = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let digits: String = secret.bytes().map(|octet| format!("{octet:02x}")).collect();
    [secret.as_bytes().to_vec(), wide, digits.into_bytes()]
}
