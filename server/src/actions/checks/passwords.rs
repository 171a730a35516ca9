//! Whether passwords get from the domain controllers to JumpCloud.

use super::{Check, Facts, State, count};
use crate::actions::coverage::{Capture, Covering};

pub(super) fn of(facts: &Facts) -> Vec<Check> {
    let mut checks: Vec<Check> = facts.coverage.domain_controllers.iter().filter_map(capture).collect();
    checks.push(if facts.tallies.has_sealing_key {
        Check::ok("sealing_key", "There is a key to which agents seal passwords.")
    } else {
        Check::new(
            "sealing_key_missing",
            State::Error,
            "There is no key to which agents could seal passwords, so none is kept.",
            "Restart the server, or run adit-server rotate-sealing-key.",
        )
    });
    checks.extend(delivered(facts));
    checks
}

/// Nothing before anything is captured at all, or where it is named by another check.
fn capture(row: &Covering) -> Option<Check> {
    let (code, state) = match row.capture {
        Capture::Healthy => {
            return Some(Check::ok("capture", "Password changes are captured.").on(&row.dns_host_name));
        }
        Capture::Degraded => ("capture_degraded", State::Warning),
        Capture::Missing => ("capture_missing", State::Warning),
        Capture::Unknown => ("capture_unknown", State::Unknown),
        Capture::NoAgent | Capture::Exempt => return None,
    };
    Some(Check::new(code, state, row.message.clone(), "See the coverage page.").on(&row.dns_host_name))
}

fn delivered(facts: &Facts) -> Vec<Check> {
    let number = |state: &str| facts.coverage.counts.get(state).copied().unwrap_or_default();
    let problem = |code, state, what: &str, fix| {
        let users = number(state);
        let message = format!("{} {what}", count(users, "user's password", "users' passwords"));
        (users > 0).then(|| Check::new(code, State::Warning, message, fix))
    };
    let problems = [
        problem(
            "passwords_refused",
            "refused",
            "could not be set in JumpCloud: it refused them.",
            "Have these users choose another password in AD; the coverage tells JumpCloud's reason.",
        ),
        problem(
            "passwords_missed",
            "missed",
            "changed where nothing was captured, so JumpCloud has the former ones.",
            "Install the hook on every domain controller, and have these users change their passwords again.",
        ),
        problem(
            "passwords_expired",
            "expired",
            "waited for too long and were erased.",
            "See why these users were not synced, and have them change their passwords again.",
        ),
    ];
    let problems: Vec<Check> = problems.into_iter().flatten().collect();
    if problems.is_empty() {
        let message = format!(
            "{} of {} have their current AD password in JumpCloud, and none was refused or missed.",
            number("delivered"),
            count(facts.coverage.users, "user in scope", "users in scope")
        );
        return vec![Check::ok("passwords_delivered", message)];
    }
    problems
}
