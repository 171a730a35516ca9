//! Members that are not synced as they should be: counted, a few by name, and the list of them one step away.

use protocol::DistinguishedName;
use protocol::checks::State::{Error, Ok, Warning};
use protocol::directory::{Group, User};
use protocol::transfer::{Found, Kind, Record};
use protocol::{Sid, checks::State};
use serde_json::json;
use simulator::{Seed, SeedGroup};
use sqlx::PgPool;

use super::{clean, find, list, problems};
use crate::world::{CONTAINER, Dc, INTEGRATION, World, group, guid, members, people, user};

const DOMAIN_ADMINS: u128 = 512;

fn fields(value: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    value.as_object().unwrap().clone()
}

/// One member for each thing that keeps a user from being synced.
fn faulty() -> Vec<User> {
    let person = |number, name: &str| user(number, name);
    vec![
        User { sn: None, ..person(1, "nameless") },
        User { given_name: None, ..person(2, "surname") },
        User { mail: None, user_principal_name: None, ..person(3, "mailless") },
        User { mail: Some("inside@corp.local".into()), ..person(4, "inside") },
        User { mail: Some("twin@corp.example".into()), ..person(5, "tina") },
        User { mail: Some("TWIN@corp.example".into()), ..person(6, "tom") },
        User { sam_account_name: Some("jürgen".into()), ..person(7, "umlaut") },
        User { admin_count: Some(1), ..person(8, "former") },
        User {
            dn: DistinguishedName::parse("CN=outside,OU=Other,DC=corp,DC=example").unwrap(),
            ..person(9, "outside")
        },
        User { user_account_control: None, ..person(10, "hidden") },
        person(11, "boss"),
        User { object_class: vec!["computer".into()], ..person(12, "pc$") },
        person(13, "vanishing"),
        person(14, "admin"),
        person(15, "double"),
    ]
    .into_iter()
    .map(|user| User { guid: guid(200 + user.guid.0.as_u128()), ..user })
    .collect()
}

fn domain_admins() -> Group {
    Group { sid: Sid::parse("S-1-5-21-1-2-3-512"), ..group(DOMAIN_ADMINS, "Domain Admins") }
}

async fn read(dc: &mut Dc<'_>, all: &[User], readable: &[User]) -> protocol::transfer::PartAnswer {
    let container = protocol::directory::Container {
        guid: guid(CONTAINER),
        dn: DistinguishedName::parse("OU=Staff,DC=corp,DC=example").unwrap(),
    };
    let mut records = vec![
        Record::Container(container),
        Record::Group(group(INTEGRATION, "JumpCloud")),
        Record::Group(domain_admins()),
    ];
    records.extend(readable.iter().cloned().map(Record::User));
    records.push(members(INTEGRATION, all));
    let boss: Vec<_> =
        all.iter().filter(|user| user.sam_account_name.as_deref() == Some("boss")).cloned().collect();
    records.push(members(DOMAIN_ADMINS, &boss));
    dc.report(Kind::Full, records).await
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn whoever_is_not_synced_is_counted_and_named(db: PgPool) {
    let seed = Seed {
        users: vec![
            fields(
                json!({"username": "admin", "email": "admin@corp.example", "admin": {"id": "1"}, "sudo": true}),
            ),
            fields(json!({"username": "double", "email": "somebody.else@corp.example"})),
        ],
        groups: vec![SeedGroup { fields: fields(json!({"name": "Sales"})), ..SeedGroup::default() }],
        ..Seed::default()
    };
    let world = World::in_preview(db, seed, json!({})).await;
    world.settle().await;
    let mut dc = clean(&world).await;
    let mut all = people(4);
    all.extend(faulty());
    read(&mut dc, &all, &all).await;
    let visible: Vec<_> =
        all.iter().filter(|user| user.sam_account_name.as_deref() != Some("vanishing")).cloned().collect();
    let answer = read(&mut dc, &all, &visible).await;
    dc.answer(&answer.look_up, &Found::Unreadable).await;
    dc.report(Kind::Delta, vec![Record::Group(group(77, "Sales"))]).await;
    sqlx::query(
        "insert into memberships (domain_id, group_guid, member_guid, member_dn, member_dn_key)
         select id, $1, $2, 'CN=Sales', 'cn=sales' from domains",
    )
    .bind(guid(INTEGRATION).0)
    .bind(guid(77).0)
    .execute(&world.app.db)
    .await
    .unwrap();
    let mut tx = world.app.db.begin().await.unwrap();
    server::store::dirty::mark_all(&mut tx, world.domain).await.unwrap();
    tx.commit().await.unwrap();
    world.settle().await;

    let expected: [(&str, State); 13] = [
        ("users_without_names", Warning),
        ("users_without_email", Warning),
        ("email_suffix_not_routable", Warning),
        ("users_with_duplicate_email", Warning),
        ("users_with_invalid_username", Warning),
        ("stale_admin_count", Warning),
        ("users_outside_container", Warning),
        ("attributes_hidden", Warning),
        ("privileged_users_in_scope", Warning),
        ("users_unreadable", Warning),
        ("matches_that_are_left_alone", Warning),
        ("ambiguous_matches", Warning),
        ("group_names_taken", Warning),
    ];
    let expected = expected.map(|(code, state)| (code.to_owned(), state)).into();
    assert_eq!(problems(&world).await, expected);
    let nameless = find(&world, "users_without_names").await;
    assert!(
        nameless.message.starts_with("2 users have no first or last name: nameless and surname."),
        "{nameless:?}"
    );
    assert!(nameless.link.unwrap().ends_with("/users?reason=no_first_name,no_last_name"));
    assert!(find(&world, "users_with_duplicate_email").await.message.contains("tina and tom"));
    assert!(find(&world, "other_members").await.message.starts_with("1 member is"));
    assert_eq!(find(&world, "other_members").await.state, Ok);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn of_many_only_a_few_are_named(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = clean(&world).await;
    let nameless: Vec<_> = people(30).into_iter().map(|user| User { sn: None, ..user }).collect();
    dc.read_in_full(&nameless).await;
    world.settle().await;
    let message = find(&world, "users_without_names").await.message;
    assert!(
        message.starts_with("30 users have no first or last name: person0, person1, person10 and 27 more."),
        "{message}"
    );
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_container_that_holds_none_of_the_members_and_a_group_without_any_are_named(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1.corp.example").await;
    dc.applied_revision = 1;
    dc.read_in_full(&[]).await;
    world.settle().await;
    assert_eq!(find(&world, "integration_group_empty").await.state, Warning);
    let moved = |user: User| {
        let dn = user.dn.as_str().replace("OU=Staff", "OU=Elsewhere");
        User { dn: DistinguishedName::parse(&dn).unwrap(), ..user }
    };
    let elsewhere: Vec<_> = people(3).into_iter().map(moved).collect();
    dc.read_in_full(&elsewhere).await;
    world.settle().await;
    assert_eq!(find(&world, "container_holds_nobody").await.state, Warning);
    assert!(find(&world, "users_outside_container").await.message.starts_with("3 members lie"));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_service_accounts_groups_are_found_in_what_was_read(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = clean(&world).await;
    // An agent of an older version tells nothing of it.
    dc.alter = |report| {
        super::sound(report);
        report.account = None;
    };
    let account = user(50, "jcimport");
    let mut all = people(4);
    all.push(account.clone());
    let nested = group(60, "Helpers");
    dc.read_in_full(&all[..4]).await;
    let link = |group: u128, member: &Group| Record::Members {
        group: guid(group),
        first: true,
        last: true,
        members: vec![protocol::directory::MemberRef {
            guid: member.guid,
            sid: member.sid.clone(),
            dn: member.dn.clone(),
        }],
    };
    dc.report(
        Kind::Delta,
        vec![
            Record::User(account.clone()),
            Record::Group(nested.clone()),
            Record::Group(domain_admins()),
            members(60, std::slice::from_ref(&account)),
            link(DOMAIN_ADMINS, &nested),
        ],
    )
    .await;
    world.settle().await;
    let found = find(&world, "service_account_privileged").await;
    assert_eq!(found.state, Error);
    assert!(found.message.contains("Domain Admins"));
    assert_eq!(find(&world, "service_account_membership").await.state, Ok);

    dc.report(Kind::Delta, vec![members(INTEGRATION, &all)]).await;
    world.settle().await;
    assert_eq!(find(&world, "service_account_in_integration_group").await.state, Error);
    let primary = User { primary_group_id: Some(512), ..account };
    dc.report(Kind::Delta, vec![members(60, &[]), Record::User(primary)]).await;
    world.settle().await;
    assert_eq!(find(&world, "service_account_privileged").await.state, Error);
    assert!(list(&world).await.iter().all(|check| check.code != "service_account_privileges"));
}
