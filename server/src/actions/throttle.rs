//! Guessing gets slower: after a few failures an account, and the address that the guesses come from, wait longer each
//! time. The counts are in the database, so it makes no difference which server is asked.

use std::net::IpAddr;

use chrono::Duration;
use serde_json::json;
use sqlx::PgConnection;

use crate::app::{Actor, App};
use crate::error::{Error, Result};
use crate::store::{self, audit};

/// An account has so many before it waits.
const OF_ACCOUNT: i32 = 5;
/// An address may be that of a whole office.
const OF_ADDRESS: i32 = 20;
/// The longest wait is 2 to this power, in seconds.
const LONGEST: i32 = 9;
/// What was typed as an address is kept in full up to here.
const ACCOUNT_SHOWN: usize = 254;

/// Whose guesses are counted together.
#[derive(Debug)]
pub struct Guesser {
    /// What is shown of it in the audit.
    account: String,
    counted: Vec<(String, i32)>,
}

impl Guesser {
    /// Somebody who guesses an account's password or code.
    pub fn of_account(account: &str, address: Option<&str>) -> Self {
        let account: String = account.chars().take(ACCOUNT_SHOWN).collect();
        let mut counted = vec![(format!("account/{account}"), OF_ACCOUNT)];
        counted.extend(address.map(|address| (format!("address/{}", network(address)), OF_ADDRESS)));
        Self { account, counted }
    }

    /// Somebody who guesses the code of the first run.
    pub fn of_first_run(address: Option<&str>) -> Self {
        let mut counted = vec![("first run".to_owned(), OF_ADDRESS)];
        counted.extend(address.map(|address| (format!("address/{}", network(address)), OF_ACCOUNT)));
        Self { account: "first run".into(), counted }
    }
}

/// One household or host has 2^64 addresses of IPv6.
fn network(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        _ => address.to_owned(),
    }
}

/// A guess that was let through. It counts as wrong until it was right, so that many at once are no way around the wait.
#[derive(Debug)]
pub struct Guess {
    guesser: Guesser,
    failures: i32,
    throttled: bool,
}

/// Lets one more guess through, or refuses whoever has to wait.
pub async fn take(app: &App, guesser: Guesser) -> Result<Guess> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let mut longest = 0;
    for (what, free) in &guesser.counted {
        let (failures, last) = store::login_failures::lease(&mut tx, what, now).await?;
        if failures < *free {
            continue;
        }
        let until = last + Duration::seconds(1_i64 << (failures - free).clamp(0, LONGEST));
        longest = longest.max(((until - now).num_milliseconds() + 999) / 1000);
    }
    if longest > 0 {
        return Err(Error::TooMany {
            code: "too_many_attempts",
            detail: format!("Too many failed attempts. Try again in {longest} s."),
        });
    }
    let mut guess = Guess { guesser, failures: 0, throttled: false };
    for (what, free) in &guess.guesser.counted {
        let failures = store::login_failures::insert(&mut tx, what, now).await?;
        guess.throttled |= failures >= *free;
        guess.failures = guess.failures.max(failures);
    }
    tx.commit().await?;
    Ok(guess)
}

/// Writes down that the guess was wrong: from the last free one on whoever guesses waits.
pub async fn was_wrong(app: &App, guess: &Guess) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let record = audit::Record {
        actor: &Actor::Nobody,
        action: if guess.throttled { "admin.sign_in_throttled" } else { "admin.sign_in_failed" },
        subject: Some(guess.guesser.account.clone()),
        domain: None,
        detail: json!({"failures": guess.failures}),
    };
    audit::insert(&mut tx, record, app.clock.now()).await?;
    Ok(tx.commit().await?)
}

/// The account was shown to be theirs; what the address guessed wrongly before goes on counting, as it may guess other
/// accounts meanwhile.
pub async fn was_right(tx: &mut PgConnection, guess: &Guess) -> Result<()> {
    for (at, (what, _)) in guess.guesser.counted.iter().enumerate() {
        if at == 0 {
            store::login_failures::delete(tx, what).await?;
        } else {
            store::login_failures::update_less(tx, what).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_of_ipv6_counts_as_one_address() {
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
    }
}
