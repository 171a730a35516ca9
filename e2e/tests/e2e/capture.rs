//! Passwords as a real domain controller hands them out: each accepted one is captured once, and no change suffers.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use e2e::place::{Scratch, number};
use e2e::stack::Options;
use e2e::wait::until;
use e2e::{Dc, Stack};
use serde_json::{Value, json};

/// A domain controller that calls a script of ours, and an agent beside it.
struct Hooked {
    stack: Stack,
    script: PathBuf,
    _scratch: Scratch,
}

impl Hooked {
    async fn start(people: &[&str]) -> Result<Self> {
        let scratch = Scratch::new("hook")?;
        let script = scratch.path().join("hook");
        let realm = format!("HOOK{}.EXAMPLE", number());
        let dc = Dc::start(&["--realm", &realm, "--password-hook", &script.display().to_string()]).await?;
        let people = people.iter().map(|&name| name.to_owned()).collect();
        let dc = Some(Arc::new(dc));
        let stack = Stack::with(Options { dc, people, activate: false, ..Options::default() }).await?;
        let hooked = Self { stack, script, _scratch: scratch };
        hooked.runs(&format!("exec {}", hooked.stack.agents[0].hook()))?;
        let guide = hooked.state().join("capture.json");
        until("the sealing key", async || {
            let guide: Value =
                serde_json::from_slice(&std::fs::read(&guide).unwrap_or_default()).unwrap_or_default();
            Ok(guide["sealing_key"].is_object().then_some(()))
        })
        .await?;
        Ok(hooked)
    }

    /// Where the agent keeps what it is.
    fn state(&self) -> PathBuf {
        self.stack.agents[0].folder().join("state")
    }

    /// What the domain controller runs from now on.
    fn runs(&self, script: &str) -> Result<()> {
        let fresh = self.script.with_extension("new");
        std::fs::write(&fresh, format!("#!/bin/sh\n{script}\n"))?;
        std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o755))?;
        Ok(std::fs::rename(fresh, &self.script)?)
    }

    fn count(&self, code: &str) -> u64 {
        let counters = self.state().join("counters");
        std::fs::metadata(counters.join(code)).map_or(0, |file| file.len())
    }

    /// On a machine that is too busy, the hook may give one up in time; it says so, and then the count is short by it.
    async fn counts(&self, code: &str, wanted: u64) -> Result<()> {
        let is_there = || self.count(code) + self.count("too_slow") >= wanted;
        let reached = until(&format!("{code} is {wanted}"), async || Ok(is_there().then_some(()))).await;
        let (found, given_up) = (self.count(code), self.count("too_slow"));
        ensure!(
            reached.is_ok() && found <= wanted,
            "{code} is {found}, not {wanted} ({given_up} given up): {}",
            self.stack.agents[0].log()?
        );
        Ok(())
    }

    /// `relayed` of `captured` have reached the server, and nothing else has come of any.
    async fn stands(&self, captured: u64, relayed: u64) -> Result<()> {
        self.counts("captured", captured).await?;
        self.counts("relayed", relayed).await
    }

    async fn reset(&self, account: &str, password: &str) -> Result<()> {
        self.stack.ad(json!({"op": "set_password", "object": account, "password": password})).await.map(drop)
    }

    async fn change(&self, account: &str, old: &str, new: &str) -> Result<()> {
        let change = json!({"op": "change_password", "object": account, "old": old, "new": new});
        self.stack.ad(change).await.map(drop)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_of_changing_a_password_is_captured_once_and_confirmed() -> Result<()> {
    let hooked = Hooked::start(&["ada"]).await?;
    let (ada, dc) = (hooked.stack.account("ada"), &hooked.stack.dc);
    let (ip, realm, admin) = (dc.fact("ip"), dc.fact("realm"), dc.fact("admin_password"));
    let base = dc.base();
    hooked.reset(&ada, "Passw0rd-1").await?;
    hooked.stands(1, 1).await?;
    hooked.change(&ada, "Passw0rd-1", "Passw0rd-2").await?;
    hooked.stands(2, 2).await?;
    let pwd = |old: &str, new: &str| format!(r"printf '{old}\n{new}\n{new}\n'");
    let by_ldap = format!(
        r#"ldapmodify -x -H ldaps://{ip} -D {upn} -w '{admin}' <<END
dn: CN=fresh,CN=Users,{base}
changetype: add
objectClass: user
sAMAccountName: fresh
userAccountControl: 512
unicodePwd:: $(printf '"Passw0rd-9"' | iconv -t UTF-16LE | base64 -w0)
END"#,
        upn = dc.fact("admin_upn"),
    );
    let must_change =
        json!({"op": "set_password", "object": ada, "password": "Passw0rd-7", "must_change": true});
    let ways = [
        format!("samba-tool user setpassword {ada} --newpassword=Passw0rd-3"),
        format!("net rpc password {ada} Passw0rd-4 -U 'Administrator%{admin}' -S {ip}"),
        format!("{} | smbpasswd -s -r {ip} -U {ada}", pwd("Passw0rd-4", "Passw0rd-5")),
        format!("{} | kpasswd {ada}@{realm}", pwd("Passw0rd-5", "Passw0rd-6")),
        String::new(),
        format!("{} | smbpasswd -s -r {ip} -U {ada}", pwd("Passw0rd-7", "Passw0rd-8")),
        "samba-tool user create created Passw0rd-1".to_owned(),
        by_ldap,
    ];
    for (way, count) in ways.iter().zip(3..) {
        match way.as_str() {
            "" => drop(hooked.stack.ad(must_change.clone()).await?),
            way => drop(dc.sh(way).await?),
        }
        let began = Instant::now();
        if let Err(error) = hooked.stands(count, count).await {
            return Err(error.context(way.clone()));
        }
        ensure!(began.elapsed() < Duration::from_secs(10), "{way}");
    }
    // A machine changes its own password.
    dc.sh("samba-tool computer create pc1 && samba-tool user setpassword 'pc1$' --newpassword=Passw0rd-1")
        .await?;
    let ada = hooked.stack.ad(json!({"op": "log_in", "object": ada, "password": "Passw0rd-8"})).await?;
    ensure!(ada["accepted"] == true);
    hooked.stands(10, 10).await?;
    for code in ["superseded", "ambiguous", "unconfirmed", "damaged", "refused_by_server"] {
        ensure!(hooked.count(code) == 0, "{code}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_history_refuses_is_never_confirmed_also_when_an_accepted_one_follows_at_once() -> Result<()>
{
    let hooked = Hooked::start(&["ada", "bob"]).await?;
    let (ada, bob) = (hooked.stack.account("ada"), hooked.stack.account("bob"));
    for (number, password) in [(1, "Passw0rd-1"), (2, "Passw0rd-2")] {
        hooked.reset(&ada, password).await?;
        hooked.stands(number, number).await?;
    }
    // Refused, accepted, refused again, as fast as it goes.
    ensure!(hooked.change(&ada, "Passw0rd-2", "Passw0rd-1").await.is_err());
    hooked.change(&ada, "Passw0rd-2", "Passw0rd-3").await?;
    ensure!(hooked.change(&ada, "Passw0rd-3", "Passw0rd-2").await.is_err());
    hooked.stands(5, 3).await?;
    // The next accepted one settles what the last refused one was.
    hooked.change(&ada, "Passw0rd-3", "Passw0rd-4").await?;
    hooked.stands(6, 4).await?;
    hooked.counts("superseded", 2).await?;
    // The agent finds only what was left: the last accepted one is between two refused ones.
    let mut hooked = hooked;
    hooked.stack.agents[0].kill();
    hooked.reset(&bob, "Passw0rd-1").await?;
    ensure!(hooked.change(&bob, "Passw0rd-1", "Passw0rd-1").await.is_err());
    hooked.change(&bob, "Passw0rd-1", "Passw0rd-2").await?;
    ensure!(hooked.change(&bob, "Passw0rd-2", "Passw0rd-1").await.is_err());
    hooked.stack.agents[0].resume()?;
    hooked.stands(10, 5).await?;
    hooked.counts("superseded", 4).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_are_refused_and_accepted_as_without_the_hook() -> Result<()> {
    let hooked = Hooked::start(&["ada"]).await?;
    let (ada, plain) = (hooked.stack.account("ada"), Dc::shared().await?);
    let weak = format!("weak{}", number());
    plain.ad(json!({"op": "add_user", "name": weak, "in": format!("CN=Users,{}", plain.base())})).await?;
    for (password, is_good) in [
        ("alllowercase", false),
        ("Passwort", false),
        ("abc1234", false),
        ("äöüäöü1", false),
        ("µșßµșß1", false),
        ("short1!", true),
        ("Ab1", false),
        ("ÄÖÜäöü1", true),
        ("語語語語語a1", true),
        ("пароль-1", true),
        ("a b c D e F", false),
    ] {
        let plainly = json!({"op": "set_password", "object": weak, "password": password});
        let answer = |result: Result<Value>| result.err().map(|error| said(&error));
        let expected = answer(plain.ad(plainly).await);
        let found = answer(hooked.reset(&ada, password).await.map(Value::from));
        ensure!(expected.is_none() == is_good, "{password}: {expected:?}");
        ensure!(found == expected, "{password}: {found:?}, and without the hook {expected:?}");
    }
    plain.ad(json!({"op": "delete", "object": weak})).await?;

    // With a script that was there before, its verdict is the verdict.
    let hook = hooked.stack.agents[0].hook();
    hooked.runs(&format!("exec {hook} --chain '! grep -q nope'"))?;
    hooked.reset(&ada, "alllowercase").await?;
    ensure!(hooked.reset(&ada, "Str0ng-nope").await.is_err());
    Ok(())
}

/// The part of a refusal that does not name the command.
fn said(error: &anyhow::Error) -> String {
    let text = error.to_string();
    text.split_once("0000").map_or(text.clone(), |(_, rest)| rest.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_change_fails_or_waits_whatever_state_the_agent_and_the_disk_are_in() -> Result<()> {
    let mut hooked = Hooked::start(&["ada"]).await?;
    let ada = hooked.stack.account("ada");
    let hook = hooked.stack.agents[0].hook();
    let (mut number, mut relayed) = (0, 0);
    let mut next = || {
        number += 1;
        format!("Passw0rd-{number}")
    };
    let in_time = async |hooked: &Hooked, password: String| {
        let began = Instant::now();
        hooked.reset(&ada, &password).await?;
        ensure!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        anyhow::Ok(())
    };
    in_time(&hooked, next()).await?;
    relayed += 1;
    hooked.counts("relayed", relayed).await?;

    hooked.stack.agents[0].freeze(true);
    in_time(&hooked, next()).await?;
    hooked.stack.agents[0].freeze(false);
    relayed += 1;
    hooked.counts("relayed", relayed).await?;

    hooked.stack.agents[0].kill();
    in_time(&hooked, next()).await?;
    hooked.stack.agents[0].resume()?;
    relayed += 1;
    hooked.counts("relayed", relayed).await?;

    // A disk of its own that is full, for this one process.
    let state = hooked.state();
    hooked.runs(&format!(
        "exec unshare --mount sh -c 'guide=$(cat {state}/capture.json) &&
         mount -t tmpfs -o size=16k full {state} && echo \"$guide\" >{state}/capture.json &&
         dd if=/dev/zero of={state}/fill bs=1k 2>/dev/null; exec {hook}'",
        state = state.display()
    ))?;
    in_time(&hooked, next()).await?;

    hooked.runs(&format!("exec {hook}"))?;
    in_time(&hooked, next()).await?;
    relayed += 1;
    hooked.counts("relayed", relayed).await?;
    hooked.counts("captured", relayed).await
}
