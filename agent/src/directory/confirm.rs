//! Which of an account's captures the domain controller has accepted. Pure.
//!
//! Samba takes the value of `pwdLastSet` inside the write transaction, before it makes the keys and before it starts the
//! hook (`setup_last_set_field` comes first in `setup_password_fields`; seen: 40 to 90 ms before, by each way of changing
//! a password), and changes follow each other in transactions. So the accepted capture of `pwdLastSet` is the first one
//! that is not older. One that the history refuses leaves `pwdLastSet` as it was: it is older than the next one, or not
//! the first. Where `pwdLastSet` is 0 ("must change") the originating time of `unicodePwd` is left, in whole seconds, read
//! after the hook has ended; the hook may have run for 10 s.
//!
//! An account that is made without a password has version 1 of `unicodePwd` and `pwdLastSet` 0. Its first password may
//! follow in the same second, and until that is committed the stamp of the creation would fit: so version 1 is believed
//! only by a look for which the hook's transaction is over.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::captures::PasswordStamp;

/// What makes the keys and starts the hook takes no longer.
const AFTER_PWD_LAST_SET: TimeDelta = TimeDelta::seconds(2);

/// What the hook and all before it may take, until the change is stamped.
const BEFORE_STAMP: TimeDelta = TimeDelta::seconds(12);

/// The stamp is in whole seconds, by a clock that ticks up to a hundredth of a second behind the hook's.
const STAMP: TimeDelta = TimeDelta::milliseconds(1020);

/// What is left of the hook's transaction, after the capture, takes no longer.
const COMMIT: TimeDelta = TimeDelta::seconds(1);

/// From 1601 to 1970, in units of 100 ns.
const EPOCHS_APART: i64 = 116_444_736_000_000_000;

/// What the account shows.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    pub stamp: PasswordStamp,
    /// False if the password was changed on another domain controller, and came by replication.
    pub changed_here: bool,
    /// When the domain controller was asked, by the hook's clock.
    pub looked_at: DateTime<Utc>,
}

/// What is to be done with captures that are in the order of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ruling {
    /// So many of the first are of no use any more.
    pub obsolete: usize,
    /// This one is the account's password.
    pub accepted: Option<usize>,
    /// Those that are obsolete cannot be told from the accepted one.
    pub ambiguous: bool,
}

/// `settled`: when the password was captured that was settled last, and its stamp.
pub fn rule(
    shown: &Shown,
    captured: &[DateTime<Utc>],
    settled: Option<(DateTime<Utc>, PasswordStamp)>,
) -> Ruling {
    let before = |at: DateTime<Utc>| captured.iter().take_while(|captured| **captured < at).count();
    let behind = settled.map_or(0, |(at, _)| before(at + TimeDelta::microseconds(1)));
    let waiting = Ruling { obsolete: behind, ..Ruling::default() };
    if settled.is_some_and(|(_, stamp)| shown.stamp.is_same(&stamp)) {
        return waiting;
    }
    let changed_at = shown.stamp.version.map(|version| version.changed_at);
    if !shown.changed_here {
        return Ruling { obsolete: behind.max(changed_at.map_or(0, before)), ..waiting };
    }
    let last_set = time_of(shown.stamp.pwd_last_set);
    let of_this_change = |at: DateTime<Utc>| {
        changed_at.is_none_or(|changed| at >= changed - BEFORE_STAMP && at < changed + STAMP)
    };
    match (last_set.filter(|at| of_this_change(*at)), changed_at) {
        (Some(last_set), _) => {
            let at = behind.max(before(last_set));
            let fits = |captured: &&DateTime<Utc>| {
                **captured - last_set <= AFTER_PWD_LAST_SET && of_this_change(**captured)
            };
            let accepted = captured.get(at).filter(fits).map(|_| at);
            Ruling { obsolete: at, accepted, ambiguous: false }
        }
        // 0, or set anew since without another password.
        (None, Some(changed_at)) => {
            let from = behind.max(before(changed_at - BEFORE_STAMP));
            let to = before(changed_at + STAMP).max(from);
            let is_first = shown.stamp.version.is_some_and(|version| version.version == 1);
            let may_be_under_way = |captured: &DateTime<Utc>| shown.looked_at < *captured + COMMIT;
            match to - from {
                0 => Ruling { obsolete: from, ..waiting },
                _ if is_first && captured[from..to].iter().any(may_be_under_way) => {
                    Ruling { obsolete: from, ..waiting }
                }
                1 => Ruling { obsolete: from, accepted: Some(from), ambiguous: false },
                _ => Ruling { obsolete: to, accepted: None, ambiguous: true },
            }
        }
        (None, None) => waiting,
    }
}

/// A FILETIME, to the microsecond below: the hook's clock is no finer.
fn time_of(filetime: i64) -> Option<DateTime<Utc>> {
    (filetime > 0)
        .then(|| DateTime::from_timestamp_micros(filetime.saturating_sub(EPOCHS_APART).div_euclid(10)))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::directory::PasswordVersion;
    use uuid::Uuid;

    const NOON: i64 = 1_800_000_000_000_000;

    fn at(micros: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(NOON + micros).unwrap()
    }

    fn times(micros: &[i64]) -> Vec<DateTime<Utc>> {
        micros.iter().map(|micros| at(*micros)).collect()
    }

    /// `pwdLastSet` in µs after noon (`None`: 0), the stamp's second after noon.
    fn shown(last_set: Option<i64>, version: Option<(u32, i64)>) -> Shown {
        let pwd_last_set = last_set.map_or(0, |micros| (NOON + micros) * 10 + EPOCHS_APART + 7);
        let version = version.map(|(version, second)| PasswordVersion {
            version,
            changed_at: at(second * 1_000_000),
            invocation_id: Uuid::from_u128(1),
        });
        let looked_at = at(3_600_000_000);
        Shown { stamp: PasswordStamp { pwd_last_set, version }, changed_here: true, looked_at }
    }

    fn ruling(obsolete: usize, accepted: Option<usize>) -> Ruling {
        Ruling { obsolete, accepted, ambiguous: false }
    }

    #[test]
    fn the_first_capture_after_pwd_last_set_is_the_accepted_one() {
        let shown = shown(Some(100_000), Some((3, 0)));
        assert_eq!(rule(&shown, &times(&[150_000]), None), ruling(0, Some(0)));
        assert_eq!(rule(&shown, &times(&[100_000]), None), ruling(0, Some(0)));
        assert_eq!(rule(&shown, &times(&[99_999]), None), ruling(1, None));
        assert_eq!(rule(&shown, &[], None), ruling(0, None));
    }

    #[test]
    fn one_that_the_history_refused_is_never_taken_before_or_after_the_accepted_one() {
        let shown = shown(Some(100_000), Some((3, 0)));
        assert_eq!(rule(&shown, &times(&[60_000, 150_000, 300_000]), None), ruling(1, Some(1)));
        let settled = Some((at(150_000), shown.stamp));
        assert_eq!(rule(&shown, &times(&[300_000]), settled), ruling(0, None));
        // The accepted one was not kept: the next one comes too late to be it.
        assert_eq!(rule(&shown, &times(&[2_200_000]), None), ruling(0, None));
        assert_eq!(rule(&shown, &times(&[1_020_000]), None), ruling(0, None));
    }

    #[test]
    fn after_an_outage_only_the_last_of_several_is_known_and_the_earlier_are_of_no_use() {
        let shown = shown(Some(5_000_000), Some((7, 5)));
        let captured = times(&[100_000, 2_000_000, 5_050_000, 9_000_000]);
        assert_eq!(
            rule(&shown, &captured, Some((at(0), self::shown(Some(0), Some((4, 0))).stamp))),
            ruling(2, Some(2))
        );
    }

    #[test]
    fn where_the_password_must_be_changed_the_stamp_decides_as_long_as_it_can() {
        let shown = shown(None, Some((3, 20)));
        assert_eq!(rule(&shown, &times(&[19_800_000]), None), ruling(0, Some(0)));
        assert_eq!(rule(&shown, &times(&[21_019_999]), None), ruling(0, Some(0)));
        assert_eq!(rule(&shown, &times(&[7_999_999]), None), ruling(1, None));
        assert_eq!(rule(&shown, &times(&[21_020_000]), None), ruling(0, None));
        let several = times(&[1_000_000, 19_000_000, 20_100_000, 25_000_000]);
        assert_eq!(rule(&shown, &several, None), Ruling { obsolete: 3, accepted: None, ambiguous: true });
        let earlier = Some((at(19_000_000), self::shown(None, Some((2, 19))).stamp));
        assert_eq!(rule(&shown, &several, earlier), ruling(2, Some(2)));
        assert_eq!(rule(&self::shown(None, None), &several, None), ruling(0, None));
    }

    #[test]
    fn the_stamp_of_an_account_s_creation_is_not_taken_for_the_one_of_its_first_password() {
        let created = shown(None, Some((1, 20)));
        let looked = |micros| Shown { looked_at: at(micros), ..created };
        let captured = times(&[20_500_000]);
        assert_eq!(rule(&looked(20_520_000), &captured, None), ruling(0, None));
        let set = Shown { looked_at: at(20_570_000), ..shown(Some(20_450_000), Some((2, 20))) };
        assert_eq!(rule(&set, &captured, None), ruling(0, Some(0)));
        // Made with its password at once, which must be changed: that stays as it is shown.
        assert_eq!(rule(&looked(21_500_000), &captured, None), ruling(0, Some(0)));
    }

    #[test]
    fn a_flag_that_was_set_later_does_not_hide_the_change() {
        let shown = shown(Some(60_000_000), Some((3, 20)));
        assert_eq!(rule(&shown, &times(&[19_800_000]), None), ruling(0, Some(0)));
        let settled = Some((at(19_800_000), self::shown(Some(19_700_000), Some((3, 20))).stamp));
        assert_eq!(rule(&shown, &times(&[60_050_000]), settled), ruling(0, None));
    }

    #[test]
    fn a_change_on_another_domain_controller_makes_what_is_older_useless() {
        let shown = Shown { changed_here: false, ..shown(Some(19_500_000), Some((9, 20))) };
        assert_eq!(rule(&shown, &times(&[19_800_000, 21_000_000]), None), ruling(1, None));
    }
}
