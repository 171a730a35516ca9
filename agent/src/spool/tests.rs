use super::tidying::REMEMBERED;
use super::*;
use chrono::TimeDelta;
use protocol::directory::PasswordVersion;
use protocol::sealing::Label;
use protocol::{AgentId, DomainId, ObjectGuid};
use uuid::Uuid;

struct Place(Spool);

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.state.path());
    }
}

fn place() -> Place {
    let folder = std::env::temp_dir().join(format!("adit-spool-test-{}", Uuid::new_v4().simple()));
    let state = StateDir::new(folder);
    state.prepare().unwrap();
    Place(Spool::of(&state))
}

fn envelope(account: &str, number: i64) -> Envelope {
    let label = Label {
        capture: CaptureId(Uuid::from_u128(number as u128 + 1)),
        domain: DomainId(Uuid::from_u128(1)),
        agent: AgentId(Uuid::from_u128(2)),
        account: account.into(),
        captured_at: DateTime::from_timestamp_micros(1_000_000 + number).unwrap(),
        key: 1,
    };
    Envelope { label, sealed: "x".into() }
}

fn captured(envelope: Envelope, version: u32) -> Captured {
    let version = PasswordVersion {
        version,
        changed_at: DateTime::from_timestamp(1, 0).unwrap(),
        invocation_id: Uuid::from_u128(3),
    };
    let stamp = PasswordStamp { pwd_last_set: 1, version: Some(version) };
    Captured { envelope, user: ObjectGuid(Uuid::from_u128(4)), stamp }
}

fn files(spool: &Spool, account: &Account) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(spool.folder(account))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn count(spool: &Spool, count: Count) -> u64 {
    spool.counters.all().get(count.code()).copied().unwrap_or_default()
}

#[test]
fn captures_of_an_account_lie_in_order_whatever_the_case_of_its_name() {
    let place = place();
    for (name, number) in [("Ada", 5), ("ADA", 3), ("ada", 9)] {
        place.0.put(&envelope(name, number)).unwrap();
    }
    let accounts = place.0.accounts().unwrap();
    assert_eq!(accounts, [Account::of("ada")]);
    let held = place.0.read(&accounts[0]).unwrap();
    let order: Vec<_> =
        held.pending.iter().map(|one| one.label.captured_at.timestamp_micros() % 10).collect();
    assert_eq!(order, [3, 5, 9]);
}

#[test]
fn a_flood_of_changes_of_one_account_keeps_the_latest() {
    let place = place();
    for number in 0..200 {
        place.0.put(&envelope("ada", number)).unwrap();
    }
    let held = place.0.read(&Account::of("ada")).unwrap();
    assert_eq!(held.pending.len(), MOST_PENDING);
    assert_eq!(held.pending[0], envelope("ada", 200 - MOST_PENDING as i64));
    assert_eq!(count(&place.0, Count::Superseded), 200 - MOST_PENDING as u64);
}

#[test]
fn the_later_password_takes_the_place_of_the_earlier_and_never_the_other_way() {
    let place = place();
    let (spool, ada) = (&place.0, Account::of("ada"));
    for number in 1..=3 {
        spool.put(&envelope("ada", number)).unwrap();
    }
    assert!(spool.confirm(&ada, &captured(envelope("ada", 1), 5)).unwrap());
    assert!(spool.confirm(&ada, &captured(envelope("ada", 3), 7)).unwrap());
    assert!(!spool.confirm(&ada, &captured(envelope("ada", 2), 6)).unwrap());
    let held = spool.read(&ada).unwrap();
    assert_eq!(held.confirmed, Some(captured(envelope("ada", 3), 7)));
    assert!(held.pending.is_empty());
    assert_eq!(count(spool, Count::Superseded), 2);
}

#[test]
fn what_the_server_answers_is_forgotten_only_if_it_is_still_that_capture() {
    let place = place();
    let (spool, ada) = (&place.0, Account::of("ada"));
    let (one, two) = (captured(envelope("ada", 1), 5), captured(envelope("ada", 2), 6));
    spool.put(&one.envelope).unwrap();
    spool.confirm(&ada, &one).unwrap();
    spool.confirm(&ada, &two).unwrap();
    spool.answered(&ada, one.envelope.label.capture, Count::Relayed).unwrap();
    assert_eq!(spool.read(&ada).unwrap().confirmed, Some(two.clone()));
    spool.answered(&ada, two.envelope.label.capture, Count::Relayed).unwrap();
    let held = spool.read(&ada).unwrap();
    assert_eq!((held.confirmed, held.settled.clone()), (None, Some(Settled::from(&two))));
    assert_eq!(
        (count(spool, Count::Superseded), count(spool, Count::Relayed)),
        (1, 1),
        "each is counted once"
    );
    let held = spool.read(&ada).unwrap();
    let at = two.envelope.label.captured_at;
    spool.tidy(&ada, &held, at + REMEMBERED - TimeDelta::seconds(1)).unwrap();
    assert_eq!(files(spool, &ada), [SETTLED]);
    spool.tidy(&ada, &held, at + REMEMBERED).unwrap();
    assert!(spool.accounts().unwrap().is_empty());
}

#[test]
fn whoever_is_killed_between_two_steps_leaves_what_the_next_turn_completes() {
    let place = place();
    let (spool, ada) = (&place.0, Account::of("ada"));
    let (one, folder) = (captured(envelope("ada", 1), 5), spool.folder(&ada));
    let capture = one.envelope.label.capture;

    // Writing: nothing, or an unfinished file under another name, or all of it.
    spool.put(&one.envelope).unwrap();
    fs::write(folder.join("00000000000001000002-x.new"), b"{\"half").unwrap();
    assert!(spool.read(&ada).unwrap().pending.contains(&one.envelope));
    spool.sweep(crate::clock::now()).unwrap();
    assert_eq!(files(spool, &ada).len(), 2, "its writer may still be at it");
    spool.sweep(crate::clock::now() + TimeDelta::minutes(1)).unwrap();
    assert_eq!(files(spool, &ada), [name_of(&one.envelope)]);

    // Whole, but its writer did not wait for the disk.
    let pending = folder.join(name_of(&one.envelope));
    fs::rename(&pending, pending.with_extension("new")).unwrap();
    spool.sweep(crate::clock::now() + TimeDelta::minutes(1)).unwrap();
    assert!(spool.read(&ada).unwrap().pending.contains(&one.envelope));

    // Confirmed, and the pending file is still there.
    spool.confirm(&ada, &one).unwrap();
    platform::write_private(
        &folder.join(name_of(&one.envelope)),
        &serde_json::to_vec(&one.envelope).unwrap(),
    )
    .unwrap();
    let held = spool.read(&ada).unwrap();
    assert!(held.pending.is_empty() && held.confirmed.is_some());
    assert_eq!(files(spool, &ada), [CONFIRMED]);

    // Answered, and the confirmed file is still there: it is sent again.
    let before = fs::read(folder.join(CONFIRMED)).unwrap();
    spool.answered(&ada, capture, Count::Relayed).unwrap();
    fs::write(folder.join(CONFIRMED), before).unwrap();
    assert_eq!(spool.read(&ada).unwrap().confirmed, Some(one));
    spool.answered(&ada, capture, Count::Relayed).unwrap();
    assert_eq!(files(spool, &ada), [SETTLED]);

    // All is over, and the folder is still there.
    fs::remove_file(folder.join(SETTLED)).unwrap();
    let held = spool.read(&ada).unwrap();
    spool.tidy(&ada, &held, crate::clock::now()).unwrap();
    assert!(spool.accounts().unwrap().is_empty());
}

#[test]
fn a_damaged_file_is_counted_once_and_hinders_nobody() {
    let place = place();
    let (spool, ada) = (&place.0, Account::of("ada"));
    spool.put(&envelope("ada", 1)).unwrap();
    let folder = spool.folder(&ada);
    fs::write(folder.join("00000000000000000001-x.captured"), b"").unwrap();
    fs::write(folder.join(CONFIRMED), b"{").unwrap();
    fs::write(spool.root.join("something else"), b"").unwrap();
    for _ in 0..2 {
        assert_eq!(spool.read(&spool.accounts().unwrap()[0]).unwrap().pending.len(), 1);
    }
    assert_eq!(count(spool, Count::Damaged), 2);
}

#[test]
fn a_disk_that_takes_nothing_is_an_error_and_leaves_nothing() {
    let place = place();
    fs::write(&place.0.root, b"a file where the spool should be").unwrap();
    assert!(place.0.put(&envelope("ada", 1)).is_err());
}
