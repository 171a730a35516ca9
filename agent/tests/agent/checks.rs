//! What an agent finds out for the checks, and what `adit-agent check` shows of it.

use std::process::{Command, Output};

use protocol::checks::{Check, State};
use protocol::heartbeat::{DirectoryState, Report, Role};
use protocol::problem::Problem;
use serde_json::Value;

use crate::directory::{SERVICE, STAFF};
use crate::world::World;

/// What the agent reports of a directory.
async fn reported(prepare: impl FnOnce(&mut crate::directory::Directory)) -> Report {
    let mut world = World::enrolled().await;
    world.dc.edit(prepare);
    world.server.set(|adit| adit.role = Some(Role::Standby));
    world.start();
    world
        .server
        .until("a report", |adit| match &adit.heartbeats.last()?.directory {
            DirectoryState::Connected { report, .. } => Some((**report).clone()),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn an_ordinary_service_account_is_told_as_such() {
    let report = reported(|directory| {
        let account = directory.named(SERVICE);
        directory.change(account, |account| {
            account.set("userAccountControl", "66048");
            account.set("accountExpires", "9223372036854775807");
            account.set("msDS-UserPasswordExpiryTimeComputed", "9223372036854775807");
        });
    })
    .await;
    let account = report.account.unwrap();
    assert_eq!(account.sam_account_name.as_deref(), Some("svc"));
    let groups = account.well_known_groups.unwrap();
    assert_eq!(groups.iter().map(|sid| sid.as_str()).collect::<Vec<_>>(), ["S-1-5-21-1-2-3-513"]);
    assert_eq!(account.in_integration_group, Some(false));
    assert_eq!(account.password_never_expires, Some(true));
    assert_eq!((account.password_expires_at, account.account_expires_at), (None, None));
    assert_eq!(report.synchronized, Some(true));
    assert_eq!(report.deleted_objects_readable, Some(false));
    assert_eq!(report.members_readable, None, "nobody is in the group");
    assert!(report.clock_ahead_ms.is_some());
}

#[tokio::test]
async fn a_service_account_that_is_more_than_that_is_told_as_such() {
    let report = reported(|directory| {
        let account = directory.named(SERVICE);
        let (helpers, admins) = (directory.group("Helpers", STAFF), directory.group("Domain Admins", STAFF));
        directory.change(helpers, |group| group.members.push(account));
        directory.change(admins, |group| {
            group.rid = Some(512);
            group.members.push(helpers);
        });
        let integration = directory.integration_group();
        directory.change(integration, |group| group.members.push(helpers));
        directory.change(account, |account| {
            account.set("accountExpires", "134000000000000000");
            account.set("msDS-UserPasswordExpiryTimeComputed", "134000000000000000");
        });
        directory.tombstones_readable = true;
    })
    .await;
    let account = report.account.unwrap();
    assert!(
        account.well_known_groups.unwrap().iter().any(|sid| sid.rid() == Some(512)),
        "through another group"
    );
    assert_eq!(account.in_integration_group, Some(true));
    assert_eq!(account.password_never_expires, Some(false));
    let expected = "2025-08-18T14:13:20Z".parse().ok();
    assert_eq!((account.password_expires_at, account.account_expires_at), (expected, expected));
    assert_eq!(report.deleted_objects_readable, Some(true));
    assert_eq!(report.members_readable, Some(true));
}

#[tokio::test]
async fn a_member_list_that_may_not_be_read_is_told_from_an_empty_one() {
    let report = reported(|directory| {
        let (group, ada) = (directory.integration_group(), directory.user("ada", STAFF));
        directory.change(group, |group| group.members.push(ada));
        directory.lists_hidden = true;
    })
    .await;
    assert_eq!(report.members_readable, Some(false));
}

async fn check(world: &World, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_adit-agent"));
    command.arg("check").args(["--state-dir", world.state.path().to_str().unwrap()]).args(more);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn json(output: &Output) -> Vec<Value> {
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    shown["checks"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn check_shows_this_machines_list_and_the_servers_beside_a_running_agent() {
    let world = World::watching().await;
    world.server.set(|adit| {
        adit.checks = vec![
            Check::ok("jumpcloud_credential", "JumpCloud accepts it."),
            Check::ok("certificate", "It is trusted."),
        ];
    });
    let shown = check(&world, &["--json"]).await;
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stdout));
    let lines = json(&shown);
    let of = |code: &str| {
        lines.iter().find(|line| line["code"] == code).unwrap_or_else(|| panic!("{code}: {lines:#?}"))
    };
    assert_eq!(
        (&of("jumpcloud_credential")["source"], &of("enrolled")["source"]),
        (&"server".into(), &"agent".into())
    );
    assert_eq!((&of("bind")["name"], &of("bind")["state"]), (&"service account".into(), &"ok".into()));
    assert!(lines.iter().all(|line| line["code"] != "certificate_untrusted"), "the settings trust it");
    let instances: std::collections::BTreeSet<_> =
        world.server.lock().heartbeats.iter().map(|beat| beat.instance).collect();
    assert_eq!(instances.len(), 1, "whoever checks is no second agent");

    let failing =
        Check::new("bind_refused", State::Error, "It was refused.", "Correct it.").on("dc1.example.com");
    world.server.set(|adit| adit.checks.push(failing));
    let shown = check(&world, &[]).await;
    assert_eq!(shown.status.code(), Some(1), "an error is told by the exit code");
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(
        text.starts_with("From this machine\n") && text.contains("From the server: Service account"),
        "{text}"
    );
    assert!(text.contains("dc1.example.com: It was refused.") && text.contains("-> Correct it."), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_does_without_a_server_that_has_no_list_and_names_one_that_refuses() {
    let world = World::enrolled().await;
    let gone = Problem::new(404, "Not Found", "not_found", "There is no such path for agents.");
    world.server.set(|adit| adit.refusals.push_back(("checks", gone)));
    let shown = check(&world, &["--json"]).await;
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stdout));
    let lines = json(&shown);
    assert!(lines.iter().any(|line| line["name"] == "server's list" && line["state"] == "warning"));
    assert!(lines.iter().any(|line| line["code"] == "certificate_untrusted"), "{lines:#?}");

    let revoked = Problem::new(401, "Unauthorized", "agent_revoked", "This agent was removed.");
    world.server.set(|adit| adit.refusals.push_back(("checks", revoked)));
    let shown = check(&world, &["--json"]).await;
    assert!(!shown.status.success());
    assert!(json(&shown).iter().any(|line| line["code"] == "agent_revoked" && line["state"] == "error"));
}
