//! Who is in a group, through however many others.

use protocol::transfer::{Kind, Record};
use protocol::{ObjectGuid, directory};
use serde_json::{Value, json};
use server::actions::subjects;
use server::store;
use sqlx::PgPool;

use super::{Program, strings};
use crate::world::{INTEGRATION, World, group, guid, members, people, tester};

/// As a member of another group.
fn nested(number: u128, name: &str) -> directory::User {
    let group = group(number, name);
    directory::User { guid: group.guid, dn: group.dn, ..crate::world::user(number, name) }
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn members_are_flattened_with_the_way_to_each_and_paged(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    let mut all = people(5);
    all[4].sn = None;
    let records = [
        vec![
            Record::Group(group(INTEGRATION, "JumpCloud")),
            Record::Group(group(10, "Staff")),
            Record::Group(group(11, "Berlin")),
        ],
        all.iter().cloned().map(Record::User).collect(),
        vec![
            members(INTEGRATION, &[vec![nested(10, "Staff")], all[..1].to_vec()].concat()),
            members(10, &[vec![nested(11, "Berlin")], all[..3].to_vec()].concat()),
            // Groups that hold each other.
            members(11, &[vec![nested(10, "Staff")], all[2..].to_vec()].concat()),
        ],
    ]
    .concat();
    dc.report(Kind::Full, records).await;
    world.activate().await;
    let program = Program::of(&world.app).await;
    let at = format!("/domains/{}/groups/{}", world.domain, guid(INTEGRATION));

    let group = program.get(&at).await;
    assert_eq!(group["flattened_members"], json!({"count": 5, "synced": 4}));
    assert_eq!((&group["jumpcloud_members"], &group["adopted"]), (&json!(4), &json!(false)));
    let first = program.get(&format!("{at}/members?limit=3")).await;
    let path = |item: &Value| -> Vec<ObjectGuid> { serde_json::from_value(item["path"].clone()).unwrap() };
    assert_eq!(path(&first["items"][0]), [guid(INTEGRATION)]);
    assert_eq!(path(&first["items"][2]), [guid(INTEGRATION), guid(10)], "the shortest way");
    let next = first["next"].as_str().unwrap();
    let rest = program.get(&format!("{at}/members?limit=3&after={next}")).await;
    assert_eq!(strings(&rest["items"], "name"), ["person3 Example", "person4"]);
    assert_eq!(path(&rest["items"][1]), [guid(INTEGRATION), guid(10), guid(11)]);
    assert_eq!(rest["next"], Value::Null);
    let left_out = program.get(&format!("{at}/members?synced=false")).await;
    assert_eq!(left_out["items"][0]["reasons"][0]["code"], "no_last_name");
    assert_eq!(left_out["items"].as_array().unwrap().len(), 1);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn twenty_thousand_members_are_listed_within_a_moment(db: PgPool) {
    let world = World::start(db.clone()).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(1)).await;
    sqlx::query(
        "insert into directory_users (domain_id, guid, body, dn, dn_key, sam_account_name, status)
         select domain_id, ('00000000-0000-0000-0001-' || lpad(to_hex(n), 12, '0'))::uuid, body, 'CN=' || n, 'cn=' || n,
                'u' || n, 'excluded'
         from directory_users, generate_series(1, 20000) n",
    )
    .execute(&db)
    .await
    .unwrap();
    sqlx::query(
        "insert into memberships (domain_id, group_guid, member_guid, member_dn, member_dn_key)
         select domain_id, $1, guid, dn, dn_key from directory_users on conflict do nothing",
    )
    .bind(guid(INTEGRATION).0)
    .execute(&db)
    .await
    .unwrap();
    let program = Program::of(&world.app).await;
    let at = format!("/domains/{}/groups/{}/members", world.domain, guid(INTEGRATION));
    let began = std::time::Instant::now();
    let page = program.get(&format!("{at}?limit=100")).await;
    let last = page["next"].as_str().unwrap();
    program.get(&format!("{at}?limit=100&after={last}")).await;
    assert!(began.elapsed().as_secs() < 5, "two pages took {:?}", began.elapsed());
    assert_eq!(page["items"].as_array().unwrap().len(), 100);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_somebody_decides_waits_for_a_plan_and_never_in_a_circle_with_it(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(2)).await;
    world.activate().await;
    let adopt = || {
        let (app, domain) = (world.app.clone(), world.domain);
        async move { subjects::adopt_group(&app, &tester(), domain, guid(INTEGRATION)).await }
    };
    adopt().await.unwrap();
    // A plan in the middle: it has taken the marks, and writes verdicts next.
    let mut plan = world.app.db.begin().await.unwrap();
    store::domains::find_locked(&mut plan, world.domain).await.unwrap();
    assert_eq!(store::dirty::delete_some(&mut plan, world.domain, 9).await.unwrap().len(), 1);
    let decided = tokio::spawn(adopt());
    let waiting = "select count(*) from pg_locks l join pg_stat_activity a using (pid)
                   where not l.granted and a.datname = current_database()";
    let mut tries = 0;
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&world.app.db).await.unwrap() == 0 {
        tries += 1;
        assert!(tries < 10_000 && !decided.is_finished(), "it does not wait");
        tokio::task::yield_now().await;
    }
    sqlx::query("update directory_groups set adopt = adopt").execute(&mut *plan).await.unwrap();
    plan.commit().await.unwrap();
    decided.await.unwrap().unwrap();
}
