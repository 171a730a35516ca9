//! The hook as Samba runs it: a process with a password on its standard input.

#![cfg(unix)]

use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use agent::capture::Guide;
use agent::config::StateDir;
use agent::spool::{Account, Spool};
use protocol::sealing::{Envelope, OpeningKey};
use protocol::{AgentId, DomainId};
use uuid::Uuid;

use crate::world::Folder;

/// Far more than the hook may take, on a machine that is busy with other things.
const SOON: Duration = Duration::from_secs(5);

struct Place {
    state: StateDir,
    key: OpeningKey,
    _folder: Folder,
}

impl Place {
    fn new() -> Self {
        let folder = Folder::new();
        let state = StateDir::new(folder.0.clone());
        state.prepare().unwrap();
        let (key, sealing) = OpeningKey::generate(1);
        let (domain, agent) = (DomainId(Uuid::from_u128(1)), AgentId(Uuid::from_u128(2)));
        Guide { domain, agent, sealing_key: Some(sealing), exempt: None }.write(&state).unwrap();
        Self { state, key, _folder: folder }
    }

    fn spool(&self) -> Spool {
        Spool::of(&self.state)
    }

    fn hook(&self, password: &[u8], options: &[&str]) -> Output {
        let state_dir = self.state.path().to_str().unwrap();
        run(password, &[&["--state-dir", state_dir], options].concat())
    }

    fn pending(&self) -> Vec<Envelope> {
        self.spool().read(&Account::of("ada")).unwrap().pending
    }

    fn count(&self, code: &str) -> u64 {
        self.spool().counters.all().get(code).copied().unwrap_or_default()
    }
}

fn run(password: &[u8], options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_adit-agent"));
    command.arg("capture").args(options).env("SAMBA_CPS_ACCOUNT_NAME", "ada").current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(password).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_good_password_is_sealed_and_a_weak_one_is_refused_with_the_rule() {
    let place = Place::new();
    let good = place.hook("Grüße-€-1".as_bytes(), &[]);
    assert!(good.status.success(), "{good:?}");
    assert_eq!(place.key.open(&place.pending()[0]).unwrap().expose(), "Grüße-€-1");
    let weak = place.hook(b"alllowercase", &[]);
    assert_eq!(weak.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&weak.stderr).contains("three of these kinds"));
    assert_eq!((place.pending().len(), place.count("captured")), (1, 1));
}

#[test]
fn nothing_but_the_sealed_form_is_written_or_printed() {
    let place = Place::new();
    let secret = "Very-Secret-Canary-1";
    let mut said = Vec::new();
    for options in [&[][..], &["--chain", "exit 1"], &["--chain", "exit 0"]] {
        let output = place.hook(secret.as_bytes(), options);
        said.extend([output.stdout, output.stderr].concat());
    }
    for envelope in place.pending() {
        said.extend(serde_json::to_vec(&envelope).unwrap());
    }
    assert!(!String::from_utf8_lossy(&said).contains("Canary"));
}

#[test]
fn a_chained_script_decides_alone_and_sees_what_samba_would_show_it() {
    let place = Place::new();
    let sees = r#"test "$(cat)" = weak && test "$SAMBA_CPS_ACCOUNT_NAME" = ada"#;
    assert!(place.hook(b"weak", &["--chain", sees]).status.success());
    assert_eq!(place.pending().len(), 1);
    assert!(!place.hook(b"Str0ng-enough", &["--chain", "exit 3"]).status.success());
    assert!(!place.hook(b"Str0ng-enough", &["--chain", "/there/is/no/such/script"]).status.success());
    assert_eq!(place.pending().len(), 1);
}

#[test]
fn a_chained_script_that_hangs_is_ended_with_all_that_it_started_and_refuses() {
    let place = Place::new();
    let mark = place.state.file("alive");
    let script = format!("(sleep 9.5; touch '{}') & sleep 60", mark.display());
    let began = Instant::now();
    assert!(!place.hook(b"Str0ng-enough", &["--chain", &script]).status.success());
    let took = began.elapsed();
    assert!(took > Duration::from_secs(7) && took < Duration::from_millis(9500), "{took:?}");
    while began.elapsed() < Duration::from_secs(11) {
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(!mark.exists() && place.pending().is_empty());
}

#[test]
fn no_state_of_the_agent_changes_the_verdict_or_delays_it() {
    let place = Place::new();
    // An agent that hangs: its socket is full.
    let socket = UnixDatagram::bind(place.spool().nudges()).unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    sender.set_nonblocking(true).unwrap();
    while sender.send_to(b"x", place.spool().nudges()).is_ok() {}
    let began = Instant::now();
    assert!(place.hook(b"Passw0rd-1", &[]).status.success());
    drop(socket);
    assert!(place.hook(b"Passw0rd-2", &[]).status.success());
    assert_eq!(place.pending().len(), 2);
    // No state at all.
    assert!(run(b"Passw0rd-3", &["--state-dir", "/proc/nowhere"]).status.success());
    assert!(!run(b"weak", &["--state-dir", "/proc/nowhere"]).status.success());
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

#[test]
fn a_spool_that_cannot_be_written_is_counted_and_changes_nothing() {
    let place = Place::new();
    std::fs::write(place.state.file("spool"), b"in the way").unwrap();
    assert!(place.hook(b"Passw0rd-1", &[]).status.success());
    assert_eq!(place.count("disk_full"), 1);
}

#[test]
fn a_line_of_smb_conf_that_is_wrong_does_not_lock_every_password() {
    assert!(run(b"Passw0rd-1", &["--no-such-option"]).status.success());
    assert_eq!(run(b"weak", &["--no-such-option"]).status.code(), Some(1));
}
