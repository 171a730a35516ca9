//! What flows to JumpCloud, and what stops it.

use chrono::Duration;
use planner::policy::Limit;

use super::{Check, Facts, State, count};
use crate::store::domains::Mode;

/// What could be done and was not for so long, while nothing else was either, is stuck.
const STUCK: Duration = Duration::minutes(10);

/// From this share on a limit holds nothing that deserves it.
const WIDE_PERCENT: u32 = 50;
const WIDE_COUNT: u32 = 100;
const WIDE_MEMBERSHIPS: u32 = 1000;

pub(super) fn of(facts: &Facts) -> Vec<Check> {
    vec![holds(facts.tallies.open_holds), parked(facts), queue(facts), guard(facts)]
}

fn holds(open: i64) -> Check {
    if open == 0 {
        return Check::ok("holds", "Nothing waits for a decision.");
    }
    Check::new(
        "holds",
        State::Warning,
        format!("{} for a decision.", count(open, "hold waits", "holds wait")),
        "Approve or reject what is held.",
    )
}

fn parked(facts: &Facts) -> Check {
    let tallies = &facts.tallies;
    if tallies.parked == 0 {
        return Check::ok("operations", "JumpCloud refused nothing that is still to be done.");
    }
    let codes: Vec<_> = tallies.parked_codes.iter().take(3).map(String::as_str).collect();
    let message = format!(
        "{} refused: {}.",
        count(tallies.parked, "operation was", "operations were"),
        codes.join(", ")
    );
    let fix = "See JumpCloud's words with each, mend the cause, and retry.";
    Check::new("operations_parked", State::Warning, message, fix)
}

fn queue(facts: &Facts) -> Check {
    let tallies = &facts.tallies;
    let planned = count(tallies.ready, "operation is", "operations are");
    if facts.domain.mode != Mode::Active {
        return Check::ok(
            "queue",
            format!("{planned} planned; nothing is written before the domain is active."),
        );
    }
    let since = facts.now - STUCK;
    let waits = tallies.waits_since.filter(|at| *at < since);
    let moves = tallies.last_done_at.is_some_and(|at| at > since);
    match (waits, &facts.organization.problem_code) {
        (Some(at), None) if !moves => Check::new(
            "queue_not_draining",
            State::Error,
            format!(
                "{planned} waiting, the longest since {}, and none was carried out in the last ten minutes.",
                at.format("%F %R UTC")
            ),
            "See the server's log: is it running, and does it reach JumpCloud?",
        ),
        (Some(_), Some(_)) => Check::ok("queue", format!("{planned} waiting for JumpCloud.")),
        _ => Check::ok("queue", format!("{planned} waiting, and being carried out.")),
    }
}

fn guard(facts: &Facts) -> Check {
    let guard = &facts.domain.settings.guard;
    let wide = |limit: Limit, count| {
        limit.max_count > limit.min_count && limit.max_percent >= WIDE_PERCENT || limit.min_count >= count
    };
    let kinds = [
        ("users", guard.users, WIDE_COUNT),
        ("suspends", guard.suspends, WIDE_COUNT),
        ("groups", guard.groups, WIDE_COUNT),
        ("memberships", guard.memberships, WIDE_MEMBERSHIPS),
    ];
    let found: Vec<_> =
        kinds.into_iter().filter(|(_, limit, count)| wide(*limit, *count)).map(|(name, ..)| name).collect();
    if found.is_empty() {
        return Check::ok(
            "guard",
            format!("The guard holds large removals within {} hours.", guard.window_hours),
        );
    }
    Check::new(
        "guard_wide",
        State::Warning,
        format!(
            "The guard lets half of everything, or more than a hundred at once, pass without a person: {}.",
            found.join(", ")
        ),
        "Lower max_percent and min_count to what your company loses on an ordinary day.",
    )
}
