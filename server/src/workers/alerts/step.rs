//! What a look changes: pure. A condition opens one alert once it has held for long enough, and the alert is over once the
//! condition has been gone for long enough; in between it may come and go.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use protocol::DomainId;
use uuid::Uuid;

use crate::store::alerts::{Alert, Code, Condition, Suspicion};

/// What only one server sees is over if that server has not been heard of for so long.
const OTHER_SERVER_GONE: TimeDelta = TimeDelta::minutes(5);
/// That it still holds is not written down at every look.
const SEEN_AGAIN: TimeDelta = TimeDelta::minutes(1);

/// What is to be written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    pub open: Vec<Condition>,
    /// It holds, in these words.
    pub held: Vec<(Uuid, String)>,
    pub absent: Vec<Uuid>,
    pub close: Vec<Uuid>,
    pub suspect: Vec<Suspicion>,
    pub forget: Vec<Suspicion>,
}

type Key = (Option<DomainId>, String, String);

/// Compares what is open and suspected with what holds, as seen by the server called `host`.
pub(super) fn step(
    open: &[Alert],
    suspicions: &[Suspicion],
    conditions: Vec<Condition>,
    host: &str,
    now: DateTime<Utc>,
) -> Step {
    let mut step = Step::default();
    let mut holds: BTreeMap<Key, Condition> =
        conditions.into_iter().map(|condition| (key_of(&condition), condition)).collect();
    for alert in open {
        let key = (alert.domain_id, alert.code.clone(), alert.subject.clone());
        match holds.remove(&key) {
            Some(condition) => {
                let stale = alert.seen_at.is_none_or(|seen| seen <= now - SEEN_AGAIN);
                let local = condition.code.is_local();
                if condition.message != alert.message || alert.absent_since.is_some() || (local && stale) {
                    step.held.push((alert.id, condition.message));
                }
            }
            None => gone(alert, host, now, &mut step),
        }
    }
    for suspicion in suspicions {
        let key = (suspicion.domain_id, suspicion.code.clone(), suspicion.subject.clone());
        match holds.remove(&key) {
            Some(condition) if now - suspicion.since >= condition.code.opens_after() => {
                step.forget.push(suspicion.clone());
                step.open.push(condition);
            }
            Some(_) => {}
            None if is_of_another(&suspicion.code, &suspicion.subject, host)
                && suspicion.since > now - OTHER_SERVER_GONE => {}
            None => step.forget.push(suspicion.clone()),
        }
    }
    for ((domain_id, code, subject), condition) in holds {
        if condition.code.opens_after().is_zero() {
            step.open.push(condition);
        } else {
            step.suspect.push(Suspicion { domain_id, code, subject, since: now });
        }
    }
    step
}

fn gone(alert: &Alert, host: &str, now: DateTime<Utc>, step: &mut Step) {
    if is_of_another(&alert.code, &alert.subject, host)
        && alert.seen_at.is_some_and(|seen| seen > now - OTHER_SERVER_GONE)
    {
        return;
    }
    let patience = Code::parse(&alert.code).map_or(TimeDelta::zero(), Code::closes_after);
    match alert.absent_since {
        Some(since) if now - since >= patience => step.close.push(alert.id),
        Some(_) => {}
        None if patience.is_zero() => step.close.push(alert.id),
        None => step.absent.push(alert.id),
    }
}

fn is_of_another(code: &str, subject: &str, host: &str) -> bool {
    Code::parse(code).is_some_and(Code::is_local) && subject != host
}

fn key_of(condition: &Condition) -> Key {
    (condition.domain_id, condition.code.as_str().to_owned(), condition.subject.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn condition(code: Code, subject: &str) -> Condition {
        Condition {
            organization_id: None,
            domain_id: None,
            code,
            subject: subject.into(),
            severity: code.severity(),
            message: "m".into(),
            link: String::new(),
        }
    }

    fn alert(code: Code, subject: &str, absent_since: Option<DateTime<Utc>>) -> Alert {
        Alert {
            id: Uuid::nil(),
            organization_id: None,
            domain_id: None,
            code: code.as_str().into(),
            subject: subject.into(),
            severity: code.severity(),
            message: "m".into(),
            fix: String::new(),
            link: String::new(),
            opened_at: at(0),
            closed_at: None,
            acknowledged_at: None,
            acknowledged_by: None,
            absent_since,
            seen_at: Some(at(0)),
        }
    }

    #[test]
    fn what_holds_on_changes_nothing() {
        let open = [alert(Code::AgentSilent, "dc1", None)];
        let found = step(&open, &[], vec![condition(Code::AgentSilent, "dc1")], "s", at(500));
        assert_eq!(found, Step::default());
    }

    #[test]
    fn what_comes_and_goes_is_one_alert() {
        let open = [alert(Code::AgentSilent, "dc1", None)];
        assert_eq!(step(&open, &[], Vec::new(), "s", at(10)).absent, [Uuid::nil()]);
        let absent = [alert(Code::AgentSilent, "dc1", Some(at(10)))];
        assert_eq!(step(&absent, &[], Vec::new(), "s", at(20)), Step::default());
        let back = step(&absent, &[], vec![condition(Code::AgentSilent, "dc1")], "s", at(20));
        assert_eq!((back.held.len(), back.open.len()), (1, 0));
        assert_eq!(step(&absent, &[], Vec::new(), "s", at(25)).close, [Uuid::nil()]);
    }

    #[test]
    fn what_is_short_is_never_told() {
        let wanted = || vec![condition(Code::JumpCloudUnreachable, "o")];
        let first = step(&[], &[], wanted(), "s", at(0));
        assert!(first.open.is_empty());
        assert_eq!(step(&[], &first.suspect, wanted(), "s", at(59)), Step::default());
        assert_eq!(step(&[], &first.suspect, wanted(), "s", at(60)).open.len(), 1);
        assert_eq!(step(&[], &first.suspect, Vec::new(), "s", at(30)).forget, first.suspect);
    }

    #[test]
    fn what_another_server_sees_is_its_own_to_close() {
        let open = [alert(Code::DiskFull, "server2", None)];
        assert_eq!(step(&open, &[], Vec::new(), "server1", at(60)), Step::default());
        assert_eq!(step(&open, &[], Vec::new(), "server2", at(60)).absent, [Uuid::nil()]);
        assert_eq!(step(&open, &[], Vec::new(), "server1", at(400)).absent, [Uuid::nil()]);
    }

    #[test]
    fn every_code_is_known_by_its_name() {
        assert!(Code::ALL.iter().all(|code| Code::parse(code.as_str()) == Some(*code)));
        assert!(Code::ALL.iter().all(|code| !code.fix().is_empty()));
    }
}
