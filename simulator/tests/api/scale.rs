//! Fifty thousand users.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use simulator::{Config, Seed, SeedGroup};

use crate::world::World;

const USERS: usize = 50_000;

fn seed() -> Seed {
    let user = |number: usize| -> Map<String, Value> {
        let user = json!({
            "username": format!("user{number}"), "email": format!("User{number}@corp.example"),
            "firstname": "First", "lastname": format!("Last{number}"), "department": "Mines",
        });
        user.as_object().cloned().unwrap()
    };
    let fields = Map::from_iter([("name".to_owned(), "Everybody".into())]);
    let members = (0..USERS).map(|number| format!("user{number}")).collect();
    let groups = vec![SeedGroup { members, fields }];
    Seed { users: (0..USERS).map(user).collect(), groups, ..Seed::default() }
}

/// The bounds are generous: they fail on work that grows with the square of the users, not on a slow machine.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_thousand_users_can_be_listed_and_found() {
    let started = Instant::now();
    let world = World::start_with(Config { seed: Some(seed()), ..Config::default() }).await;
    let mut last = started;
    let mut took = |what: &str, bound: u64| {
        let now = Instant::now();
        println!("{what}: {:?}", now - last);
        assert!(now - last < Duration::from_secs(bound), "{what} took {:?}", now - last);
        last = now;
    };
    took("seeding", 60);

    for query in ["", "&sort=username"] {
        let mut seen = std::collections::BTreeSet::new();
        for skip in (0..USERS).step_by(5_000) {
            let page = world.get(&format!("/api/systemusers?limit=100&skip={skip}{query}")).await.body;
            assert_eq!(page["totalCount"], USERS);
            seen.extend(page["results"].as_array().unwrap().iter().map(|row| row["id"].to_string()));
        }
        assert_eq!(seen.len(), 1_000);
        took("ten pages", 20);
    }
    for number in (0..USERS).step_by(500) {
        let pattern = format!("(?i)(^user{number}@corp\\.example$)");
        let body =
            json!({ "filter": { "or": [{ "email": { "$regex": pattern } }, { "username": "none" }] } });
        assert_eq!(world.post("/api/search/systemusers", body).await.body["totalCount"], 1);
    }
    took("a hundred searches", 10);
    let group = world.jumpcloud.group_by_name("Everybody").unwrap()["id"].as_str().unwrap().to_owned();
    for skip in (0..USERS).step_by(5_000) {
        let page = world.get(&format!("/api/v2/usergroups/{group}/members?limit=100&skip={skip}")).await;
        assert_eq!(page.header("x-total-count"), Some("50000"));
    }
    took("ten pages of members", 10);
    for number in 0..200 {
        world.user(&format!("new{number}")).await;
    }
    took("two hundred new users", 10);
}
