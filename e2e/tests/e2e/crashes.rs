//! Crashes at random moments during a stream of changes, and a server that stands still for longer than its leases:
//! nothing is lost, nothing is doubled.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::stack::{Options, text};
use e2e::wait::until;
use e2e::{Server, Stack};
use serde_json::json;
use simulator::{Action, Fault};

use crate::dice::Dice;

const ROUNDS: usize = 20;
const PEOPLE: usize = 12;

/// What AD holds of one person.
#[derive(Clone, Debug)]
struct Person {
    title: String,
    /// A member, enabled, and not deleted.
    has_access: bool,
    deleted: bool,
}

/// Everybody who was ever a member, by the name that the test gave.
#[derive(Default)]
struct Company(BTreeMap<String, Person>);

impl Company {
    async fn hire(&mut self, stack: &Stack, name: String) -> Result<()> {
        stack.add_people(&[&name]).await?;
        self.0.insert(name, Person { title: String::new(), has_access: true, deleted: false });
        Ok(())
    }

    /// One change, whatever the dice say.
    async fn change(&mut self, stack: &Stack, dice: &mut Dice, number: usize) -> Result<()> {
        let there: Vec<_> =
            self.0.iter().filter(|(_, person)| !person.deleted).map(|(name, _)| name).collect();
        let (name, choice) = (there.get(dice.roll(there.len())).map(|name| (*name).clone()), dice.roll(8));
        let Some(name) = name.filter(|_| choice > 0) else {
            return self.hire(stack, format!("n{number}")).await;
        };
        let person = self.0.get_mut(&name).context("is there")?;
        match choice {
            1 => {
                stack.to("delete", &name).await?;
                (person.deleted, person.has_access) = (true, false);
            }
            2 | 3 => {
                stack.to(if person.has_access { "disable" } else { "enable" }, &name).await?;
                person.has_access = !person.has_access;
            }
            _ => {
                person.title = format!("Title {number}");
                stack.set(&name, json!({"title": person.title})).await?;
            }
        }
        Ok(())
    }

    /// JumpCloud has everybody once, and as AD has them.
    fn agrees(&self, stack: &Stack) -> Result<()> {
        let users = stack.jumpcloud.users();
        let mut emails: Vec<_> = users.iter().map(|user| text(user, "email").to_lowercase()).collect();
        emails.sort();
        emails.dedup();
        ensure!(emails.len() == users.len(), "somebody is there twice");
        for (name, person) in &self.0 {
            let Some(user) = stack.find(name) else {
                // Nobody is made only to be suspended.
                ensure!(!person.has_access, "{name} is lost: {person:?}");
                continue;
            };
            ensure!(user["suspended"] == !person.has_access, "{name} {person:?}: {user}");
            // What becomes of somebody who has left is not followed.
            let title = user["jobTitle"].as_str().unwrap_or_default();
            ensure!(!person.has_access || title == person.title, "{name} {person:?}: {user}");
        }
        ensure!(users.len() <= self.0.len(), "more people than AD ever had");
        Ok(())
    }
}

/// Strikes at a moment that the dice choose.
async fn moment(dice: &mut Dice) {
    tokio::time::sleep(Duration::from_millis(dice.roll(900) as u64)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_at_random_moments_lose_and_double_nothing() -> Result<()> {
    let server = Some(Server::start().await?);
    let mut stack = Stack::with(Options { server, ..Options::default() }).await?;
    let (mut dice, mut company, mut number) = (Dice::seeded(), Company::default(), 0);
    for person in 0..PEOPLE {
        company.hire(&stack, format!("p{person}")).await?;
    }
    let rounds = std::env::var("ADIT_E2E_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    for _ in 0..rounds.unwrap_or(ROUNDS) {
        let victim = dice.roll(3);
        for _ in 0..1 + dice.roll(4) {
            number += 1;
            company.change(&stack, &mut dice, number).await?;
        }
        moment(&mut dice).await;
        match victim {
            0 => stack.server.kill(),
            1 => stack.agents[0].kill(),
            _ => until("the database is up", async || Ok(stack.server.crash_database().ok())).await?,
        }
        number += 1;
        company.change(&stack, &mut dice, number).await?;
        match victim {
            0 => stack.server.resume_shared().await?,
            1 => stack.agents[0].resume()?,
            _ => {}
        }
    }
    until("the server answers", async || Ok(stack.api.get("/holds").await.ok())).await?;
    stack.caught_up().await?;
    company.agrees(&stack)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_is_replaced_and_does_nothing_twice_when_it_goes_on() -> Result<()> {
    let people: Vec<String> = (0..30).map(|number| format!("p{number}")).collect();
    let first = Server::start().await?;
    let options = Options {
        server: Some(first.clone()),
        people: people.clone(),
        activate: false,
        ..Options::default()
    };
    let mut stack = Stack::with(options).await?;
    let second = first.beside().await?;
    // Slow enough for the first one to be stopped in the middle of its work.
    stack.jumpcloud.script(Fault::new(Action::Delay { ms: 150 }).on("POST", "/api/systemusers$").forever());
    stack.activate().await?;
    stack.comes("the first few", |jumpcloud| !jumpcloud.users().is_empty()).await?;
    let owner = "select executor from organizations";
    let before = first.sql(owner).await?;
    first.freeze(true);
    stack.api = second.api()?;
    until("the other server takes over", async || {
        let now = first.sql(owner).await?;
        Ok((now != before && !now.is_empty()).then_some(()))
    })
    .await?;
    first.freeze(false);
    stack.settled().await?;
    let users = stack.jumpcloud.users();
    ensure!(
        users.len() == people.len() && stack.count("create") == people.len(),
        "{}",
        stack.count("create")
    );
    for name in &people {
        let user = stack.find(name).with_context(|| format!("{name} is lost"))?;
        ensure!(user["suspended"] == false, "{user}");
        stack.untouched(name)?;
    }
    let members = stack.jumpcloud.group_members(&stack.group).len();
    ensure!(
        members == people.len(),
        "{members} members; {:?}",
        stack.api.all(&format!("/operations?domain_id={}&limit=1000", stack.domain)).await?
    );
    stack.jumpcloud.clear_faults();
    stack.leave(&["p3"]).await?;
    stack.shows("p3", "one leaves while both serve", |user| user["suspended"] == true).await?;
    drop(second);
    stack.api = first.api()?;
    stack.caught_up().await
}
