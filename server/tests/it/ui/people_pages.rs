//! Users, groups, conflicts, refused operations and the overview, as a person works with them.

use protocol::transfer::{Found, Kind, Record};
use serde_json::json;
use server::store;
use simulator::Seed;
use sqlx::PgPool;

use super::browser::Browser;
use crate::world::{INTEGRATION, World, group, guid, members, people, user};

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_user_is_explained_and_a_dry_run_changes_nothing(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    let mut all = people(2);
    all[1].sn = None;
    dc.read_in_full(&all).await;
    world.settle().await;
    let browser = Browser::owner(&world.app).await;
    let at = |number| format!("/domains/{}/users/{}", world.domain, guid(number));
    let shown = browser.get(&at(100)).await;
    shown.is(200).says("Member of the integration group").says("A member of JumpCloud, directly.");
    shown.says("Planned, and done once the domain is activated").says("Field by field").says("Dry run");
    browser.get(&at(101)).await.is(200).says("AD has no last name").says("Not reached");

    let before = world.versions().await;
    let dry = browser.get(&format!("{}?dry_run=yes", at(100))).await;
    dry.is(200).says("What a sync now would do").says("as person0, person0@corp.example");
    let after = world.versions().await;
    let differs: Vec<_> = before.keys().filter(|table| before[*table] != after[*table]).collect();
    assert!(differs.iter().all(|table| *table == "sessions"), "{differs:?}");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_list_of_users_is_filtered_and_given_out_as_a_file(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    let mut all = people(3);
    all[1].sn = None;
    dc.read_in_full(&all).await;
    world.activate().await;
    let browser = Browser::owner(&world.app).await;
    let users = format!("/domains/{}/users", world.domain);
    let shown = browser.get(&users).await;
    shown.is(200).says("no last name (1)").says("Never captured").says("JumpCloud username");
    let shown = browser.get(&format!("{users}?reason=no_last_name")).await;
    shown.is(200).says("person1").says(&format!("{users}.csv?reason=no_last_name"));
    assert!(!shown.text.contains("person2 Example"));
    let shown = browser.get(&format!("{users}?password=never_captured")).await;
    shown.is(200).says("person2 Example");
    browser.get(&format!("{users}?password=delivered")).await.is(200).says("Nobody is found");
    let shown = browser.get(&format!("{users}?query=CORP%5Cnobody")).await;
    shown.is(200).says("Nobody is found").says("Accounts are kept without the name of their domain");
    let file = browser.get(&format!("{users}.csv?reason=no_last_name")).await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(file.text.lines().count(), 2);
    browser
        .get(&format!("{users}.json?status=synced"))
        .await
        .is(200)
        .says("\"password_state\":\"never_captured\"");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_group_shows_whom_it_brings_in_and_who_is_left_out(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    let mut all = people(3);
    all[2].sn = None;
    let nested = protocol::directory::User { dn: group(10, "Staff").dn, ..user(10, "Staff") };
    let records = [
        vec![Record::Group(group(INTEGRATION, "JumpCloud")), Record::Group(group(10, "Staff"))],
        all.iter().cloned().map(Record::User).collect(),
        vec![members(INTEGRATION, &[nested]), members(10, &all)],
    ]
    .concat();
    dc.report(Kind::Full, records).await;
    world.activate().await;
    let browser = Browser::owner(&world.app).await;
    let at = format!("/domains/{}/groups/{}", world.domain, guid(INTEGRATION));
    browser.get(&at).await.is(200).says("2 synced, 1 not").says(">Staff</a>").says("person0 Example");
    let left_out = browser.get(&format!("{at}?members=left_out")).await;
    left_out.is(200).says("AD has no last name");
    assert!(!left_out.text.contains("person0 Example"));
    let groups = browser.get(&format!("/domains/{}/groups", world.domain)).await;
    groups.is(200).says("2 members");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn half_of_the_users_leaving_is_one_hold_one_notice_and_no_deletion(db: PgPool) {
    let world = World::start(db.clone()).await;
    world.change(json!({"removal_grace_days": 0, "guard": {"users": {"min_count": 3}}})).await;
    let mut dc = world.enrolled("dc1").await;
    let mut all = people(260);
    dc.read_in_full(&all).await;
    world.activate().await;
    for person in &mut all[..10] {
        person.user_account_control = Some(514);
    }
    let answer = dc.report(Kind::Delta, vec![members(INTEGRATION, &all[130..])]).await;
    dc.report(Kind::Delta, all[..130].iter().cloned().map(Record::User).collect()).await;
    dc.answer(&answer.look_up, &Found::Present).await;
    world.settle().await;
    assert_eq!(world.jumpcloud.users().len(), 260, "nobody was deleted");

    let browser = Browser::owner(&world.app).await;
    let home = browser.get("/").await;
    home.is(200).says("130 removals of users wait for your decision.");
    assert_eq!(home.text.matches("wait for your decision").count(), 1);
    let holds = store::holds::list(&world.app.db, &store::admins::Reach::EVERYTHING).await.unwrap();
    assert_eq!(holds.len(), 1);
    let path = format!("/holds/{}", holds[0].id);
    let shown = browser.get(&path).await;
    shown.is(200).says("No longer a member of the group JumpCloud").says("Approve 130").says("Next page");
    shown.says("A page lists 100; deciding about all means all 130.").says("130 more were ready");

    let cause = format!("left_group:{}", guid(INTEGRATION));
    let decide = format!("{path}/decide");
    let mut fields =
        vec![("decision", "reject"), ("which", "all"), ("cause", cause.as_str()), ("shown", "129")];
    browser.submit(&decide, &fields).await.is(422).says("More waits by now");
    fields[3].1 = "130";
    let rejected = browser.submit(&decide, &fields).await;
    rejected.is(303);
    let after = browser.get(rejected.to()).await;
    after.is(200).says("Rejected 130: No longer a member of the group JumpCloud").says("owner@corp.example");
    world.settle().await;
    assert_eq!(world.jumpcloud.users().len(), 260, "what was rejected is not done");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn conflicts_are_decided_in_one_place(db: PgPool) {
    let seed: Seed = serde_json::from_value(json!({
        "users": [
            {"username": "person0", "email": "somebody@else.example"},
            {"username": "person1", "email": "other@else.example"},
            {"username": "someone", "email": "person1@corp.example"},
        ],
        "groups": [{"name": "JumpCloud"}],
    }))
    .unwrap();
    let world = World::in_preview(db, seed, json!({})).await;
    world.settle().await;
    let browser = Browser::owner(&world.app).await;
    browser.get("/conflicts").await.is(200).says("No conflicts");
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(2)).await;
    world.settle().await;

    let shown = browser.get("/conflicts").await;
    shown.is(200).says("Is it the same person? (2)").says("somebody@else.example").says("Link to this one");
    shown.says("Cannot be linked").says("JumpCloud has a group of that name (1)");
    assert_eq!(shown.text.matches("Link to this one").count(), 1, "only the one that could be linked");
    let chosen = shown.field("choice");
    let takeover = format!("/domains/{}/users/{}/takeover", world.domain, guid(100));
    let decided = browser.submit(&takeover, &[("choice", &chosen), ("back", "/conflicts")]).await;
    decided.leads_to("/conflicts?done=takeover");
    let adopt = format!("/domains/{}/groups/{}/adopt", world.domain, guid(INTEGRATION));
    browser.submit(&adopt, &[("back", "/conflicts")]).await.leads_to("/conflicts?done=adopted");
    world.settle().await;
    let shown = browser.get("/conflicts").await;
    shown.is(200).says("(1)");
    assert!(!shown.text.contains("Link to this one") && !shown.text.contains("Adopt the JumpCloud group"));
    browser.get("/conflicts?kind=bogus&domain=x&after=y").await.is(200);
    browser.get(&format!("/conflicts?kind=takeover&domain={}", world.domain)).await.is(200).says("person1");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_was_refused_is_tried_again_by_error_code_and_the_overview_says_so(db: PgPool) {
    let seed: Seed = serde_json::from_value(json!({"foreign_emails": ["person0@corp.example"]})).unwrap();
    let world = World::in_preview(db, seed, json!({})).await;
    world.settle().await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(2)).await;
    let browser = Browser::owner(&world.app).await;
    browser.get("/").await.is(200).says("Not in step").says("the domain is not active");
    world.activate().await;
    let home = browser.get("/").await;
    home.says("1 user and 1 group are synced").says("1 operation was refused by JumpCloud or a person");
    home.says("From planned to accepted by JumpCloud")
        .says("<desc id=\"done-")
        .says("operations were done in the last hour");
    browser.get("/?window=day").await.is(200).says("in the last day");

    let shown = browser.get("/operations?query=person0&kind=create_user").await;
    shown.is(200).says("What was refused").says("email_used_outside_organization").says("Retry 1");
    let again = [("error_code", "email_used_outside_organization"), ("back", "/operations")];
    browser.submit("/operations/retry", &again).await.leads_to("/operations?done=retried-all");
    browser.submit("/operations/retry", &[]).await.is(403);
    let ready = store::operations::list(&world.app.db, None, Some("ready"), None, None, 10).await.unwrap();
    assert!(ready.iter().any(|row| row.kind == "create_user"));
}
