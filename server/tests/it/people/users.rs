//! Why one is or is not synced; lists, files, and searches that find nobody.

use protocol::transfer::{Kind, Record};
use protocol::{DistinguishedName, ObjectGuid};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{Program, strings};
use crate::world::{INTEGRATION, World, group, guid, members, people, user};

fn step<'a>(user: &'a Value, code: &str) -> &'a Value {
    user["steps"].as_array().unwrap().iter().find(|step| step["code"] == code).unwrap()
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn one_user_is_explained_rule_by_rule(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1.corp.example").await;
    let mut all = people(2);
    all[1].sn = None;
    dc.read_in_full(&all).await;
    dc.report(Kind::Delta, vec![Record::User(user(500, "stranger"))]).await;
    world.activate().await;
    let program = Program::of(&world.app).await;
    let at = |number| format!("/domains/{}/users/{}", world.domain, guid(number));

    let synced = program.get(&at(100)).await;
    assert_eq!(synced["status"], "synced");
    for code in
        ["read", "integration_group", "root_user_container", "account_state", "account_type", "jumpcloud"]
    {
        assert_eq!(step(&synced, code)["state"], "passed", "{synced:#}");
    }
    assert!(step(&synced, "read")["message"].as_str().unwrap().contains("by dc1.corp.example"));
    assert_eq!(step(&synced, "integration_group")["message"], "A member of JumpCloud, directly.");
    assert_eq!(step(&synced, "plan")["message"], "Nothing is to be done in JumpCloud.");
    assert!(strings(&synced["fields"], "field").contains(&"lastname"));

    let nameless = program.get(&at(101)).await;
    assert_eq!(
        (&nameless["status"], &step(&nameless, "names")["state"]),
        (&json!("excluded"), &json!("failed"))
    );
    assert_eq!(step(&nameless, "names")["reasons"], json!(["no_last_name"]));
    assert_eq!(step(&nameless, "jumpcloud")["state"], "not_reached");

    let stranger = program.get(&at(500)).await;
    assert_eq!(step(&stranger, "integration_group")["state"], "failed");
    assert_eq!(step(&stranger, "password")["state"], "not_reached");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_dry_run_says_what_a_sync_would_do_and_changes_nothing(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(1)).await;
    let program = Program::of(&world.app).await;
    let before = world.versions().await;
    let path = format!("/domains/{}/users/{}/sync", world.domain, guid(100));
    let (status, told) = program.post(&path, json!({"dry_run": true})).await;
    assert_eq!((status, &told["operations"][0]["change"]["kind"]), (200, &json!("create_user")));
    let mut after = world.versions().await;
    after.insert("api_tokens".into(), before["api_tokens"].clone());
    assert_eq!(before, after, "only the token was used");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn users_are_filtered_ordered_and_given_out_as_a_file(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    let mut all = vec![user(300, "ada"), user(200, "cora"), user(100, "bob")];
    all[1].sn = None;
    all[2].given_name = Some("=cmd()".into());
    dc.read_in_full(&all).await;
    world.activate().await;
    let program = Program::of(&world.app).await;
    let users = format!("/domains/{}/users", world.domain);
    let accounts = |list: &Value| {
        strings(&list["items"], "sam_account_name").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };

    assert_eq!(accounts(&program.get(&users).await), ["bob", "cora", "ada"], "by objectGUID");
    let first = program.get(&format!("{users}?sort=name&limit=2")).await;
    assert_eq!(accounts(&first), ["bob", "ada"], "“=cmd() Example” stands before “ada Example”");
    let next = first["next"].as_str().unwrap();
    let rest = program.get(&format!("{users}?sort=name&limit=2&after={next}")).await;
    assert_eq!((accounts(&rest), &rest["next"]), (vec!["cora".into()], &Value::Null));
    assert_eq!(accounts(&program.get(&format!("{users}?reason=no_last_name")).await), ["cora"]);
    let covered = program.get(&format!("{users}?password=never_captured")).await;
    assert_eq!(accounts(&covered), ["bob", "cora", "ada"], "cora is in scope, and left out for her name");
    let delivered = program.get(&format!("{users}?password=delivered")).await;
    assert_eq!(accounts(&delivered), Vec::<String>::new());
    assert_eq!(covered["items"][0]["password_state"], "never_captured");
    assert_eq!(covered["items"][0]["jumpcloud_username"], "bob");
    assert_eq!(program.text(&format!("{users}?password=bogus")).await.0, 422);
    assert_eq!(program.text(&format!("{users}?sort=bogus")).await.0, 422);

    let (status, file) = program.text(&format!("{users}?format=csv&status=synced")).await;
    let lines: Vec<_> = file.lines().collect();
    assert_eq!((status, lines.len()), (200, 3), "{file}");
    assert!(lines[0].starts_with("object_guid,sam_account_name,"));
    assert!(lines[1].contains(",'=cmd(),Example,"), "no cell is a formula: {file}");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_search_that_finds_nobody_says_why_that_may_be(db: PgPool) {
    let world = World::start(db).await;
    let program = Program::of(&world.app).await;
    let search = async |query: &str| {
        let found = program.get(&format!("/domains/{}/users?query={query}", world.domain)).await;
        let absent = found["absent"].clone();
        strings(&absent, "code").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(search("ada").await, ["not_read_yet"]);
    let mut dc = world.enrolled("dc1").await;
    let hidden = user(400, "hidden");
    let records = vec![
        Record::Group(group(INTEGRATION, "JumpCloud")),
        Record::User(user(100, "person0")),
        members(INTEGRATION, &[user(100, "person0"), hidden]),
    ];
    dc.report(Kind::Full, records).await;
    assert_eq!(search("ada").await, ["not_found"]);
    assert_eq!(search("CN%3Dada,OU%3DStaff,DC%3Dother,DC%3Dexample").await, ["outside_domain", "not_found"]);
    assert_eq!(search("CORP%5Cada").await, ["domain_prefix", "not_found"]);
    assert_eq!(search("hidden").await, ["unreadable", "not_found"]);
    assert_eq!(search("jumpcloud").await, ["group", "not_found"]);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_user_outside_the_container_is_told_so_before_anything_else_fails(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    let mut away = user(100, "away");
    away.dn = DistinguishedName::parse("CN=away,OU=Else,DC=corp,DC=example").unwrap();
    dc.read_in_full(&[away]).await;
    world.settle().await;
    let program = Program::of(&world.app).await;
    let told = program.get(&format!("/domains/{}/users/{}", world.domain, ObjectGuid(guid(100).0))).await;
    assert_eq!(step(&told, "root_user_container")["state"], "failed");
    assert_eq!(step(&told, "integration_group")["state"], "passed");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_search_that_finds_more_than_a_thousand_is_paged_in_order_as_one_that_finds_few(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(1010)).await;
    let program = Program::of(&world.app).await;
    for (query, found) in [("person", 1010), ("person10", 21)] {
        for sort in ["name", "object_guid"] {
            let mut names = Vec::new();
            let mut after = String::new();
            loop {
                let path = format!(
                    "/domains/{}/users?query={query}&sort={sort}&limit={}{after}",
                    world.domain,
                    found / 2 + 1
                );
                let page = program.get(&path).await;
                names.extend(strings(&page["items"], "sam_account_name").into_iter().map(str::to_owned));
                let Some(next) = page["next"].as_str() else { break };
                after = format!("&after={next}");
            }
            assert_eq!(names.len(), found, "{query} by {sort}");
            if sort == "name" {
                assert!(names.is_sorted(), "{query}: {names:?}");
            }
            names.sort();
            names.dedup();
            assert_eq!(names.len(), found, "{query} by {sort}: nobody twice");
        }
    }
}
