//! How each domain controller hands its password changes over, with what its agent counted.

use chrono::{DateTime, Utc};
use protocol::captures::CaptureState;

use crate::actions::captures::{LOST, counted};
use crate::actions::coverage::{Capture, Covering};
use crate::http::ui::passwords;
use crate::http::ui::views::Badge;
use crate::store::agents::Agent;

/// One domain controller.
#[derive(Debug)]
pub(super) struct Controller {
    pub(super) name: String,
    pub(super) capture: Badge,
    pub(super) message: String,
    pub(super) has_agent: bool,
    pub(super) is_exempt: bool,
    /// What its agent says of the capturing, if there is one that does.
    pub(super) told: Option<Told>,
}

#[derive(Debug)]
pub(super) struct Told {
    pub(super) lost: u64,
    pub(super) lost_at: Option<DateTime<Utc>>,
    pub(super) waiting: u64,
    pub(super) oldest_waiting: Option<DateTime<Utc>>,
    pub(super) last_captured_at: Option<DateTime<Utc>>,
    /// What was lost first.
    pub(super) counts: Vec<Count>,
}

#[derive(Debug)]
pub(super) struct Count {
    pub(super) what: String,
    pub(super) count: u64,
    pub(super) is_lost: bool,
}

pub(super) fn rows(found: Vec<Covering>, agents: &[Agent]) -> Vec<Controller> {
    let row = |covering: Covering| {
        let agent = agents.iter().find(|agent| Some(agent.id) == covering.agent_id);
        Controller {
            name: covering.dns_host_name,
            capture: passwords::capture(covering.capture),
            message: covering.message,
            has_agent: agent.is_some(),
            is_exempt: covering.capture == Capture::Exempt,
            told: agent.and_then(told),
        }
    };
    found.into_iter().map(row).collect()
}

fn told(agent: &Agent) -> Option<Told> {
    let state = agent.capture.as_deref()?;
    let counts = counts(state);
    Some(Told {
        lost: counts.iter().filter(|count| count.is_lost).map(|count| count.count).sum(),
        lost_at: agent.capture_lost_at,
        waiting: state.waiting,
        oldest_waiting: state.oldest_waiting,
        last_captured_at: state.last_captured_at,
        counts,
    })
}

fn counts(state: &CaptureState) -> Vec<Count> {
    let count = |(code, count): (&String, &u64)| Count {
        what: counted(code).map_or_else(|| code.clone(), str::to_owned),
        count: *count,
        is_lost: LOST.contains(&code.as_str()),
    };
    let mut counts: Vec<_> = state.counters.iter().map(count).filter(|count| count.count > 0).collect();
    counts.sort_by_key(|count| !count.is_lost);
    counts
}

#[cfg(test)]
mod tests {
    use protocol::captures::Hook;

    use super::*;

    #[test]
    fn what_was_lost_stands_first_and_a_code_of_a_newer_agent_is_shown_as_it_is() {
        let counters = [("captured", 9), ("brand_new", 2), ("disk_full", 1), ("too_slow", 0)];
        let state = CaptureState {
            hook: Hook::Installed { chained: false },
            sealing_key: Some(1),
            exempt_version: None,
            waiting: 0,
            oldest_waiting: None,
            last_captured_at: None,
            counters: counters.into_iter().map(|(code, count)| (code.to_owned(), count)).collect(),
        };
        let counts: Vec<_> = counts(&state).into_iter().map(|count| (count.what, count.is_lost)).collect();
        let expected = [("the disk was full", true), ("brand_new", false), ("captured", false)];
        assert_eq!(counts, expected.map(|(what, is_lost)| (what.to_owned(), is_lost)));
    }
}
