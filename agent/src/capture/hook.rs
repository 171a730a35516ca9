//! The hook's one run: a verdict, and then, within a bounded time, a sealed password in the spool.

use std::io::{self, Write};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, Utc};
use protocol::CaptureId;
use protocol::sealing::{Envelope, Label, MAX_PASSWORD_BYTES};
use uuid::Uuid;

use super::complexity::{self, RULE};
use super::guide::Guide;
use super::password::Password;
use crate::config::StateDir;
use crate::platform;
use crate::spool::{Account, Count, Put, Spool};

/// All that follows the verdict takes no longer than both together.
const KEEPING: Duration = Duration::from_millis(250);
const COUNTING: Duration = Duration::from_millis(50);

/// Samba ends the hook after 10 s, and everything that it started must be gone by then.
const SCRIPT_ENDS_AFTER: Duration = Duration::from_secs(8);

/// What the hook was started with.
#[derive(Debug)]
pub struct Hook {
    pub state: StateDir,
    /// The script that was there before. Then its verdict is the verdict, and Samba's complexity rule is not applied:
    /// with a script Samba did not apply it either, and the domain stays exactly as strict as it was.
    pub chain: Option<String>,
    /// `SAMBA_CPS_ACCOUNT_NAME`.
    pub account: Option<String>,
    /// When the process began, before anything else.
    pub started_at: DateTime<Utc>,
    pub started: Instant,
}

/// Reads the password from standard input. `true`: the domain controller may accept it.
pub fn run(hook: Hook) -> bool {
    let Some(password) = read() else { return false };
    if !is_accepted(&hook, &password) {
        return false;
    }
    keep_in_time(hook, password);
    true
}

/// The verdict of one that was started with options that nobody understands: a line of smb.conf that is wrong must not
/// lock every password of the domain.
pub fn judge_only() -> bool {
    read().is_some_and(|password| complexity::is_complex(&password) || refuse(RULE))
}

fn read() -> Option<Password> {
    platform::forbid_dumps();
    let read = platform::standard_input().and_then(Password::read);
    read.map_err(|error| refuse(&format!("the password could not be read: {error}"))).ok()
}

fn refuse(why: &str) -> bool {
    let _ = writeln!(io::stderr(), "adit-agent: refused: {why}");
    false
}

fn is_accepted(hook: &Hook, password: &Password) -> bool {
    let Some(script) = &hook.chain else {
        return complexity::is_complex(password) || refuse(RULE);
    };
    let patience = SCRIPT_ENDS_AFTER.saturating_sub(hook.started.elapsed());
    match platform::ask_script(script, password.octets(), patience) {
        Ok(Some(accepted)) => accepted || refuse("the chained script refuses the password"),
        Ok(None) => refuse("the chained script did not answer within 8 s"),
        Err(error) => refuse(&format!("the chained script could not be run: {error}")),
    }
}

/// A disk that hangs holds up a thread, not the domain controller. What is in the spool outlives this process; where the
/// disk takes long to make that durable, it does so later.
fn keep_in_time(hook: Hook, password: Password) {
    let (started, counters) = (Instant::now(), Spool::of(&hook.state).counters);
    let steps = in_background(move |done| {
        let spool = Spool::of(&hook.state);
        let kept = keep(&hook, &spool, &password);
        spool.counters.add(kept.as_ref().err().copied().unwrap_or(Count::Captured));
        let _ = done.send(());
        if let Ok((account, envelope)) = kept {
            let _ = spool.sync(&account, &envelope);
        }
    });
    if steps.recv_timeout(KEEPING).is_ok() {
        // The second word is the channel's end.
        let _ = steps.recv_timeout(KEEPING.saturating_sub(started.elapsed()));
        return;
    }
    let counted = in_background(move |_| counters.add(Count::TooSlow));
    let _ = counted.recv_timeout(COUNTING);
}

/// Does some work that tells how far it is; the channel ends with it.
fn in_background(work: impl FnOnce(&mpsc::Sender<()>) + Send + 'static) -> mpsc::Receiver<()> {
    let (done, steps) = mpsc::channel();
    let _ = std::thread::Builder::new().spawn(move || work(&done));
    steps
}

/// Keeps the password, or says why not.
fn keep(hook: &Hook, spool: &Spool, password: &Password) -> Result<(Account, Envelope), Count> {
    let Some(account) = hook.account.as_deref().filter(|account| !is_ignored(account)) else {
        return Err(Count::IgnoredAccount);
    };
    let Some(guide) = Guide::read(&hook.state) else { return Err(Count::NoSealingKey) };
    if guide.exempts(account) {
        return Err(Count::Exempt);
    }
    let Some(key) = &guide.sealing_key else { return Err(Count::NoSealingKey) };
    if password.cut || password.octets().len() > MAX_PASSWORD_BYTES {
        return Err(Count::TooLong);
    }
    if !password.is_text() {
        return Err(Count::NotText);
    }
    let label = Label {
        capture: CaptureId(Uuid::new_v4()),
        domain: guide.domain,
        agent: guide.agent,
        account: account.to_owned(),
        // No finer than the label's own octets, and the spool's names.
        captured_at: hook.started_at.trunc_subsecs(6),
        key: key.id,
    };
    // The only other reason is a key that is none.
    let Ok(envelope) = key.seal(label, password.octets()) else { return Err(Count::NoSealingKey) };
    match spool.put(&envelope) {
        Ok(Put::Kept(account)) => {
            platform::nudge(&spool.nudges(), account.name());
            Ok((account, envelope))
        }
        Ok(Put::Full) => Err(Count::SpoolFull),
        Err(_) => Err(Count::DiskFull),
    }
}

/// Computers, trusts and managed service accounts end with `$`; a read-only domain controller has a krbtgt of its own.
fn is_ignored(account: &str) -> bool {
    let account = account.to_lowercase();
    account.is_empty() || account.ends_with('$') || account == "krbtgt" || account.starts_with("krbtgt_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::captures::Exempt;
    use protocol::sealing::{OpeningKey, SealingKey};
    use protocol::{AgentId, DomainId};

    struct Place(StateDir);

    impl Place {
        fn new(sealing_key: Option<SealingKey>) -> Self {
            let folder = std::env::temp_dir().join(format!("adit-hook-test-{}", Uuid::new_v4().simple()));
            let state = StateDir::new(folder);
            state.prepare().unwrap();
            let exempt = Exempt { version: "1".into(), accounts: vec!["boss".into()] };
            let (domain, agent) = (DomainId(Uuid::from_u128(1)), AgentId(Uuid::from_u128(2)));
            Guide { domain, agent, sealing_key, exempt: Some(exempt) }.write(&state).unwrap();
            Self(state)
        }

        fn keep(&self, account: &str, password: &[u8]) -> Count {
            let hook = Hook {
                state: self.0.clone(),
                chain: None,
                account: Some(account.into()),
                started_at: crate::clock::now(),
                started: Instant::now(),
            };
            let kept = keep(&hook, &Spool::of(&self.0), &Password::read(password).unwrap());
            kept.err().unwrap_or(Count::Captured)
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(self.0.path());
        }
    }

    #[test]
    fn what_is_kept_opens_to_the_password_and_the_account_as_it_was_named() {
        let (opening, sealing) = OpeningKey::generate(3);
        let place = Place::new(Some(sealing));
        assert_eq!(place.keep("Jörg", "Grüße-€-1".as_bytes()), Count::Captured);
        let spool = Spool::of(&place.0);
        let held = spool.read(&spool.accounts().unwrap()[0]).unwrap();
        assert_eq!(held.pending.len(), 1);
        assert_eq!(held.pending[0].label.account, "Jörg");
        assert_eq!(opening.open(&held.pending[0]).unwrap().expose(), "Grüße-€-1");
    }

    #[test]
    fn what_is_never_kept_is_counted_by_its_reason() {
        let place = Place::new(Some(OpeningKey::generate(3).1));
        for (account, password, expected) in [
            ("DC1$", "x".into(), Count::IgnoredAccount),
            ("KRBTGT", "x".into(), Count::IgnoredAccount),
            ("krbtgt_4711", "x".into(), Count::IgnoredAccount),
            ("", "x".into(), Count::IgnoredAccount),
            ("Boss", "x".into(), Count::Exempt),
            ("ada", "a\0b".into(), Count::NotText),
            ("ada", "x".repeat(MAX_PASSWORD_BYTES + 1), Count::TooLong),
            ("ada", "x".repeat(MAX_PASSWORD_BYTES), Count::Captured),
        ] {
            assert_eq!(place.keep(account, password.as_bytes()), expected, "{account}");
        }
        assert_eq!(Place::new(None).keep("ada", b"x"), Count::NoSealingKey);
    }

    #[test]
    fn work_that_hangs_is_left_behind() {
        let (hold, held) = mpsc::channel::<()>();
        let steps = in_background(move |_| assert!(held.recv().is_err()));
        assert_eq!(steps.recv_timeout(Duration::from_millis(20)), Err(mpsc::RecvTimeoutError::Timeout));
        drop(hold);
        assert_eq!(steps.recv(), Err(mpsc::RecvError));
    }
}
