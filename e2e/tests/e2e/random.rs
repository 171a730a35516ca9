//! Many random directories, and many random changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use e2e::stack::{Options, text};
use e2e::{Dc, Stack};
use serde_json::{Value, json};

use crate::dice::Dice;

const GRAPHS: usize = 100;

/// One nested group graph: a chain, shortcuts and ways back, people anywhere.
fn graph(
    stack: &Stack,
    dice: &mut Dice,
    number: usize,
    commands: &mut Vec<Value>,
) -> (Vec<String>, Vec<String>) {
    let depth = 1 + dice.roll(if number.is_multiple_of(10) { 10 } else { 4 });
    let groups: Vec<_> = (0..depth).map(|level| stack.account(&format!("g{number}-{level}"))).collect();
    let people: Vec<_> = (0..1 + dice.roll(3)).map(|which| format!("u{number}-{which}")).collect();
    let scope = ["universal", "global"][dice.roll(2)];
    for group in &groups {
        commands.push(json!({"op": "add_group", "name": group, "in": stack.container, "scope": scope}));
    }
    commands.extend(people.iter().map(|name| stack.person(name)));
    let accounts: Vec<_> = people.iter().map(|name| stack.account(name)).collect();
    let mut members: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (level, below) in groups.iter().skip(1).enumerate() {
        members.entry(level).or_default().insert(below.clone());
    }
    for _ in 0..dice.roll(4) {
        let (from, to) = (dice.roll(depth), dice.roll(depth));
        if from != to {
            members.entry(from).or_default().insert(groups[to].clone());
        }
    }
    for account in &accounts {
        for _ in 0..1 + dice.roll(2) {
            members.entry(dice.roll(depth)).or_default().insert(account.clone());
        }
    }
    for (level, members) in members {
        commands.push(json!({"op": "add_members", "group": groups[level], "members": members}));
    }
    if dice.roll(4) == 0 {
        let group = &groups[dice.roll(depth)];
        commands.push(json!({"op": "set_primary_group", "object": accounts[0], "group": group}));
    }
    (groups, accounts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scope_equals_in_chain_and_primary_groups_on_random_graphs() -> Result<()> {
    // Hundreds of groups would weigh on everybody else's reads.
    let dc = Some(Arc::new(Dc::start(&["--realm", "RANDOM.EXAMPLE", "--lean"]).await?));
    let options = Options { activate: false, agent: false, dc, ..Options::default() };
    let mut stack = Stack::with(options).await?;
    let (mut dice, mut commands) = (Dice::seeded(), Vec::new());
    let (mut groups, mut people, mut tops) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..GRAPHS {
        let (some, users) = graph(&stack, &mut dice, number, &mut commands);
        // Every third graph hangs on the integration group somewhere below its top.
        if number % 3 != 2 {
            tops.push(some[dice.roll(some.len())].clone());
        }
        groups.extend(some);
        people.extend(users);
    }
    commands.push(json!({"op": "add_members", "group": stack.group, "members": tops}));
    stack.ad(json!({"op": "batch", "commands": commands})).await?;
    stack.start_agent().await?;
    stack.settled().await?;
    let preview = stack.api.get(&stack.path("/preview")).await?;
    let planned = preview["operations"].as_array().context("a list")?;
    let mut members: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in planned.iter().filter(|row| row["kind"] == "add_member") {
        members.entry(text(row, "target")).or_default().insert(text(row, "subject"));
    }
    let created = planned.iter().filter(|row| row["kind"] == "create_user").map(|row| text(row, "subject"));
    let created: BTreeSet<String> = created.collect();

    let primary = primary_groups(&stack).await?;
    let everybody = in_chain(&stack, &stack.group, &primary).await?;
    ensure!(created == everybody, "in scope: {:?}", created.symmetric_difference(&everybody));
    groups.retain(|_| dice.roll(3) == 0);
    for group in &groups {
        let guid = text(&stack.ad(json!({"op": "get", "object": group, "attributes": []})).await?, "guid");
        // A group out of scope is no JumpCloud group.
        let Some(found) = members.get(&guid) else { continue };
        let expected: BTreeSet<_> =
            in_chain(&stack, group, &primary).await?.intersection(&everybody).cloned().collect();
        ensure!(*found == expected, "{group}: {:?}", found.symmetric_difference(&expected));
    }
    ensure!(people.len() >= GRAPHS && members.len() > GRAPHS / 2);
    Ok(())
}

/// Group (GUID) -> those whose primary group it is.
async fn primary_groups(stack: &Stack) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let ask = async |filter: &str, name: &str| -> Result<Vec<(String, String)>> {
        let command =
            json!({"op": "search", "filter": filter, "base": stack.container, "attributes": [name]});
        let found = stack.ad(command).await?;
        let entries = found["entries"].as_array().cloned().unwrap_or_default();
        let pair = |entry: &Value| (text(entry, "guid"), text(&entry["attributes"][name], "0"));
        Ok(entries
            .iter()
            .map(|entry| {
                (pair(entry).0, entry["attributes"][name][0].as_str().unwrap_or_default().to_owned())
            })
            .collect())
    };
    let groups = ask("(objectClass=group)", "objectSid").await?;
    let by_rid: BTreeMap<_, _> = groups
        .into_iter()
        .map(|(guid, sid)| (sid.rsplit('-').next().unwrap_or_default().to_owned(), guid))
        .collect();
    let mut members: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (user, rid) in ask("(sAMAccountType=805306368)", "primaryGroupID").await? {
        if let Some(group) = by_rid.get(&rid) {
            members.entry(group.clone()).or_default().insert(user);
        }
    }
    Ok(members)
}

/// Users below a group, by the domain controller's own word and their primary groups.
async fn in_chain(
    stack: &Stack,
    group: &str,
    primary: &BTreeMap<String, BTreeSet<String>>,
) -> Result<BTreeSet<String>> {
    let found = stack.ad(json!({"op": "members_in_chain", "group": group})).await?;
    let guids = |name: &str| -> Vec<String> {
        found[name].as_array().into_iter().flatten().map(|entry| text(entry, "guid")).collect()
    };
    let own = text(&stack.ad(json!({"op": "get", "object": group, "attributes": []})).await?, "guid");
    let mut users: BTreeSet<String> = guids("users").into_iter().collect();
    for group in guids("groups").into_iter().chain([own]) {
        users.extend(primary.get(&group).cloned().unwrap_or_default());
    }
    Ok(users)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_renames_moves_and_new_addresses_double_and_delete_nobody() -> Result<()> {
    const PEOPLE: usize = 20;
    let people: Vec<String> = (0..PEOPLE).map(|number| format!("p{number}")).collect();
    let stack = Stack::with(Options { people: people.clone(), ..Options::default() }).await?;
    let ids = |stack: &Stack| -> BTreeSet<String> {
        stack.jumpcloud.users().iter().map(|user| text(user, "id")).collect()
    };
    let (before, mut dice) = (ids(&stack), Dice::seeded());
    ensure!(before.len() == PEOPLE);
    let mut units = vec![stack.container.clone()];
    for number in 0..3 {
        let unit = stack
            .ad(json!({"op": "add_ou", "name": format!("Unit {number}"), "in": stack.container}))
            .await?;
        units.push(text(&unit, "dn"));
    }
    let guids: Vec<String> = {
        let mut guids = Vec::new();
        for name in &people {
            let command = json!({"op": "get", "object": stack.account(name), "attributes": []});
            guids.push(text(&stack.ad(command).await?, "guid"));
        }
        guids
    };
    for change in 0..100 {
        let who = dice.roll(PEOPLE);
        let guid = &guids[who];
        let set = |attributes: Value| json!({"op": "set", "object": guid, "attributes": attributes});
        let command = match dice.roll(5) {
            0 => json!({"op": "rename", "object": guid, "name": format!("Person {change} {}", stack.tag)}),
            1 => json!({"op": "move", "object": guid, "to": units[dice.roll(units.len())]}),
            2 => set(json!({"userPrincipalName": format!("upn{change}.{}@e2e.example", stack.tag)})),
            3 => set(json!({"mail": format!("mail{change}.{}@e2e.example", stack.tag)})),
            _ => set(json!({"sAMAccountName": format!("n{change}.{}", stack.tag)})),
        };
        // A move to where it is already is refused, which is as good.
        if let Err(error) = stack.ad(command).await {
            ensure!(error.to_string().contains("move"), error);
        }
    }
    stack.caught_up().await?;
    ensure!(ids(&stack) == before && stack.count("create") == PEOPLE && stack.count("delete") == 0);
    for guid in &guids {
        let ad =
            stack.ad(json!({"op": "get", "object": guid, "attributes": ["mail", "sAMAccountName"]})).await?;
        let account = ad["attributes"]["sAMAccountName"][0].as_str().unwrap_or_default();
        let shown =
            stack.jumpcloud.user_by_username(account).with_context(|| format!("{account} is missing"))?;
        ensure!(
            shown["email"] == ad["attributes"]["mail"][0] && shown["external_dn"] == ad["dn"],
            "{shown} {ad}"
        );
        ensure!(shown["suspended"] == false);
    }
    let again = stack.api.get(&stack.path("/preview")).await?;
    ensure!(again["operations"] == json!([]), "{again}");
    Ok(())
}
