//! From the spool to the server: what the domain controller accepted arrives once, whatever is away meanwhile.

use std::time::Duration;

use agent::capture::Guide;
use agent::spool::{Account, Spool};
use chrono::{DateTime, SubsecRound, Utc};
use protocol::CaptureId;
use protocol::captures::{CaptureOrders, CaptureOutcome, Captured, Exempt, Hook};
use protocol::heartbeat::Role;
use protocol::problem::Problem;
use protocol::sealing::{Label, OpeningKey};
use protocol::transfer::Record;
use uuid::Uuid;

use crate::adit::Adit;
use crate::directory::STAFF;
use crate::world::World;

/// A world whose server has sent a key, and a user `ada`.
struct Capturing {
    world: World,
    key: OpeningKey,
    ada: Uuid,
}

#[expect(clippy::disallowed_methods, reason = "the hook of the tests has the domain controller's clock")]
fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

impl Capturing {
    async fn with(prepare: impl FnOnce(&mut World)) -> Self {
        let mut world = World::enrolled().await;
        let (key, sealing_key) = OpeningKey::generate(1);
        world.server.set(|adit| adit.capture = Some(CaptureOrders { sealing_key, exempt: None }));
        let ada = world.dc.edit(|directory| directory.user("ada", STAFF));
        prepare(&mut world);
        world.start();
        let this = Self { world, key, ada };
        this.until("the key is there", |adit| {
            adit.heartbeats.last()?.capture.as_ref()?.sealing_key.map(drop)
        })
        .await;
        this
    }

    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    async fn until<T>(&self, what: &str, found: impl Fn(&Adit) -> Option<T>) -> T {
        self.world.server.until(what, found).await
    }

    fn spool(&self) -> Spool {
        Spool::of(&self.world.state)
    }

    /// What the hook does. The agent is told, as if the hook had nudged it.
    fn capture(&self, account: &str, password: &str) -> CaptureId {
        self.capture_at(account, password, now())
    }

    fn capture_at(&self, account: &str, password: &str, captured_at: DateTime<Utc>) -> CaptureId {
        let guide = Guide::read(&self.world.state).unwrap();
        let capture = CaptureId(Uuid::new_v4());
        let (domain, agent) = (guide.domain, guide.agent);
        let label = Label { capture, domain, agent, account: account.into(), captured_at, key: 1 };
        let envelope = guide.sealing_key.unwrap().seal(label, password.as_bytes()).unwrap();
        self.spool().put(&envelope).unwrap();
        agent::platform::nudge(&self.spool().nudges(), Account::of(account).name());
        capture
    }

    /// A change as Samba makes it: `pwdLastSet` is taken, the hook runs, the change is committed.
    fn change(&self, account: &str, guid: Uuid, password: &str) -> CaptureId {
        let last_set = now();
        let capture = self.capture(account, password);
        self.world.dc.edit(|directory| directory.set_password(guid, last_set));
        capture
    }

    async fn arrives(&self, capture: CaptureId) -> Captured {
        self.until("the capture", |adit| {
            adit.captures.iter().find(|one| one.envelope.label.capture == capture).cloned()
        })
        .await
    }

    async fn counts(&self, code: &str, wanted: u64) {
        self.until(code, |adit| {
            let counters = &adit.heartbeats.last()?.capture.as_ref()?.counters;
            (counters.get(code).copied().unwrap_or_default() == wanted).then_some(())
        })
        .await;
    }

    /// The agent has looked the account up so many times more.
    async fn looked(&self, times: usize) {
        self.world.dc.wait_for_searches(times, |search| search.filter.names("samaccountname")).await;
    }

    fn received(&self) -> usize {
        self.world.server.lock().captures.len()
    }
}

#[tokio::test]
async fn an_accepted_password_is_on_the_server_at_once_and_gone_from_here() {
    let capturing = Capturing::start().await;
    let capture = capturing.change("ada", capturing.ada, "Passw0rd-1");
    let captured = capturing.arrives(capture).await;
    assert_eq!(capturing.key.open(&captured.envelope).unwrap().expose(), "Passw0rd-1");
    assert_eq!(captured.user.0, capturing.ada);
    let version = captured.stamp.version.unwrap();
    assert_eq!(version.invocation_id, Uuid::from_u128(0xaaaa));
    capturing.counts("relayed", 1).await;
    let held = capturing.spool().read(&Account::of("ada")).unwrap();
    assert!(held.pending.is_empty() && held.confirmed.is_none());
    // The watcher reads the same stamp.
    let told = capturing
        .until("ada's new password in a transfer", |adit| {
            adit.applied.iter().rev().flat_map(|transfer| &transfer.records).find_map(|record| match record {
                Record::User(user) if user.password_version == Some(version) => user.password_stamp(),
                _ => None,
            })
        })
        .await;
    assert!(told.is_same(&captured.stamp));
    let adit = capturing.world.server.lock();
    assert!(adit.parts.iter().all(|part| part.revision == adit.settings.revision));
}

#[tokio::test]
async fn what_the_history_refuses_is_never_sent_before_or_after_an_accepted_one() {
    let capturing = Capturing::start().await;
    let refused = capturing.capture("ada", "Passw0rd-0");
    let accepted = capturing.change("ada", capturing.ada, "Passw0rd-1");
    capturing.arrives(accepted).await;
    capturing.counts("superseded", 1).await;
    let after = capturing.capture("ada", "Passw0rd-0");
    capturing.looked(4).await;
    let adit = capturing.world.server.lock();
    assert_eq!(adit.captures.len(), 1);
    let sent = |capture| adit.captures.iter().any(|one: &Captured| one.envelope.label.capture == capture);
    assert!(!sent(refused) && !sent(after));
}

#[tokio::test]
async fn two_quick_changes_arrive_in_their_order_or_the_last_alone() {
    let capturing = Capturing::start().await;
    capturing.change("ada", capturing.ada, "Passw0rd-1");
    let last = capturing.change("ada", capturing.ada, "Passw0rd-2");
    capturing.arrives(last).await;
    let adit = capturing.world.server.lock();
    let stamps: Vec<_> = adit.captures.iter().map(|one| one.stamp).collect();
    assert!(stamps.windows(2).all(|two| two[1].replaces(&two[0]) || two[1].is_same(&two[0])), "{stamps:?}");
    assert_eq!(adit.captures.last().unwrap().envelope.label.capture, last);
}

#[tokio::test]
async fn a_standby_confirms_as_the_watcher_does() {
    let capturing = Capturing::with(|world| world.server.set(|adit| adit.role = Some(Role::Standby))).await;
    let capture = capturing.change("ada", capturing.ada, "Passw0rd-1");
    capturing.arrives(capture).await;
    assert!(capturing.world.server.lock().applied.is_empty());
}

#[tokio::test]
async fn nothing_is_lost_while_the_server_is_away_and_each_user_has_one_password_waiting() {
    let capturing = Capturing::start().await;
    let users = capturing.world.dc.edit(|directory| directory.users("user", 3));
    capturing.world.server.set(|adit| adit.captures_away = true);
    let mut last = Vec::new();
    for (number, user) in users.iter().enumerate() {
        for password in ["Passw0rd-1", "Passw0rd-2"] {
            last.push(capturing.change(&format!("user{number}"), *user, password));
            capturing.looked(1).await;
        }
    }
    capturing
        .until("three passwords wait", |adit| {
            (adit.heartbeats.last()?.capture.as_ref()?.waiting == 3).then_some(())
        })
        .await;
    assert_eq!(capturing.received(), 0);
    capturing.world.server.set(|adit| adit.captures_away = false);
    for capture in last.iter().skip(1).step_by(2) {
        capturing.arrives(*capture).await;
    }
    capturing.counts("relayed", 3).await;
    assert_eq!(capturing.received(), 3);
}

#[tokio::test]
async fn an_agent_that_was_away_finds_what_the_hook_left_and_only_the_last_one_counts() {
    let mut capturing = Capturing::start().await;
    capturing.world.stop().await;
    capturing.change("ada", capturing.ada, "Passw0rd-1");
    capturing.change("ada", capturing.ada, "Passw0rd-2");
    let last = capturing.change("ada", capturing.ada, "Passw0rd-3");
    capturing.world.start();
    capturing.arrives(last).await;
    capturing.counts("superseded", 2).await;
    assert_eq!(capturing.received(), 1);
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_the_agent_send_again_also_after_a_restart() {
    let mut capturing = Capturing::start().await;
    capturing.world.server.set(|adit| adit.captures_unanswered = true);
    let capture = capturing.change("ada", capturing.ada, "Passw0rd-1");
    capturing.arrives(capture).await;
    capturing.world.stop().await;
    assert!(capturing.spool().read(&Account::of("ada")).unwrap().confirmed.is_some());
    capturing.world.server.set(|adit| adit.captures_unanswered = false);
    capturing.world.start();
    capturing.counts("relayed", 1).await;
    assert!(capturing.world.server.lock().captures.iter().all(|one| one.envelope.label.capture == capture));
}

#[tokio::test]
async fn a_message_that_is_refused_as_a_whole_loses_nothing_and_holds_up_nobody_else() {
    let capturing = Capturing::start().await;
    let users = capturing.world.dc.edit(|directory| directory.users("user", 3));
    capturing.world.server.set(|adit| adit.captures_away = true);
    capturing.world.server.set(|adit| adit.poison = Some("user1".into()));
    let captures: Vec<_> = users
        .iter()
        .enumerate()
        .map(|(number, user)| capturing.change(&format!("user{number}"), *user, "Passw0rd-1"))
        .collect();
    capturing
        .until("three passwords wait", |adit| {
            (adit.heartbeats.last()?.capture.as_ref()?.waiting == 3).then_some(())
        })
        .await;
    capturing.world.server.set(|adit| adit.captures_away = false);
    capturing.arrives(captures[0]).await;
    capturing.arrives(captures[2]).await;
    assert!(capturing.spool().read(&Account::of("user1")).unwrap().confirmed.is_some());
}

#[tokio::test]
async fn what_the_server_has_no_use_for_is_counted_and_forgotten() {
    let capturing = Capturing::start().await;
    let refused = CaptureOutcome::Refused { code: "unknown_user".into(), message: "scripted".into() };
    capturing.world.server.set(|adit| adit.capture_outcome = refused);
    capturing.change("ada", capturing.ada, "Passw0rd-1");
    capturing.counts("refused_by_server", 1).await;
    assert!(capturing.spool().read(&Account::of("ada")).unwrap().confirmed.is_none());
}

#[tokio::test]
async fn privileged_accounts_machines_and_those_on_the_list_are_dropped_whenever_that_is_learnt() {
    let capturing = Capturing::start().await;
    let (admin, machine, boss) = capturing.world.dc.edit(|directory| {
        let admin = directory.user("admin", STAFF);
        directory.change(admin, |admin| admin.set("adminCount", "1"));
        let machine = directory.user("machine", STAFF);
        directory.change(machine, |machine| machine.set("sAMAccountType", "805306369"));
        (admin, machine, directory.user("Boss", STAFF))
    });
    capturing.change("admin", admin, "Passw0rd-1");
    capturing.counts("exempt", 1).await;
    capturing.change("machine", machine, "Passw0rd-1");
    capturing.counts("ignored_account", 1).await;
    // Captured before the list came.
    capturing.capture("Boss", "Passw0rd-1");
    capturing.looked(1).await;
    capturing.world.server.set(|adit| {
        let exempt = Exempt { version: "7".into(), accounts: vec!["boss".into()] };
        adit.capture.as_mut().unwrap().exempt = Some(exempt);
    });
    capturing
        .until("the list is there", |adit| {
            let version = adit.heartbeats.last()?.capture.as_ref()?.exempt_version.clone()?;
            (version == "7").then_some(())
        })
        .await;
    capturing.world.dc.edit(|directory| directory.set_password(boss, now()));
    capturing.counts("exempt", 2).await;
    assert_eq!(capturing.received(), 0);
}

#[tokio::test]
async fn what_is_never_accepted_ends_by_itself_but_not_while_nobody_can_tell() {
    let capturing = Capturing::with(|world| {
        world.tuning.confirm_within = Some(Duration::from_millis(800));
        world.server.set(|adit| adit.role = Some(Role::Idle));
    })
    .await;
    // Nothing is read: the time does not run.
    capturing.capture_at("ada", "Passw0rd-1", now() - chrono::TimeDelta::minutes(10));
    capturing.capture("nobody", "Passw0rd-1");
    capturing
        .until("both wait", |adit| (adit.heartbeats.last()?.capture.as_ref()?.waiting == 2).then_some(()))
        .await;
    capturing.world.server.set(|adit| adit.role = Some(Role::Standby));
    capturing.counts("unconfirmed", 2).await;
    assert_eq!(capturing.received(), 0);
}

#[tokio::test]
async fn the_hook_is_told_apart_by_what_smb_conf_says() {
    let capturing = Capturing::with(|world| {
        let conf = world.state.file("smb.conf");
        let state = world.state.path().display();
        let line =
            format!("check password script = /usr/bin/adit-agent capture --state-dir {state} --chain /x");
        std::fs::write(&conf, format!("[global]\n\t{line}\n")).unwrap();
        world.tuning.smb_conf = Some(conf);
    })
    .await;
    capturing
        .until("the hook", |adit| {
            let hook = &adit.heartbeats.last()?.capture.as_ref()?.hook;
            (*hook == Hook::Installed { chained: true }).then_some(())
        })
        .await;
}

#[tokio::test]
async fn an_enrollment_brings_the_key_at_once_and_takes_a_former_one_away() {
    let world = World::enrolled().await;
    assert_eq!(Guide::read(&world.state), None);
    let (_, sealing_key) = OpeningKey::generate(4);
    world.server.set(|adit| adit.sealing_key = Some(sealing_key.clone()));
    world.enroll().await;
    assert_eq!(Guide::read(&world.state).unwrap().sealing_key, Some(sealing_key));
    world.server.set(|adit| adit.sealing_key = None);
    world.enroll().await;
    assert_eq!(Guide::read(&world.state).unwrap().sealing_key, None);
}

#[tokio::test]
async fn a_refusal_of_the_agent_itself_keeps_everything() {
    let capturing = Capturing::start().await;
    let suspended = Problem::new(403, "Forbidden", "agent_suspended", "scripted");
    capturing.world.server.set(|adit| adit.refusals.push_back(("captures", suspended)));
    let capture = capturing.change("ada", capturing.ada, "Passw0rd-1");
    capturing.arrives(capture).await;
    capturing.counts("relayed", 1).await;
}
