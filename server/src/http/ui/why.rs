//! Why one user is or is not synced, as lines of the user's page.

use planner::explain::{Rule, RuleState};

use super::views::Badge;

/// One rule and what came of it.
#[derive(Debug)]
pub(super) struct Line {
    pub title: &'static str,
    pub badge: Badge,
    pub message: String,
}

pub(super) fn lines(steps: Vec<Rule>) -> Vec<Line> {
    let line =
        |step: Rule| Line { title: title(&step.code), badge: badge(step.state), message: step.message };
    steps.into_iter().map(line).collect()
}

fn badge(state: RuleState) -> Badge {
    match state {
        RuleState::Passed => ("good", "Passed"),
        RuleState::Failed => ("bad", "Failed"),
        RuleState::Unknown => ("warn", "Open"),
        RuleState::NotReached => ("quiet", "Not reached"),
    }
    .into()
}

fn title(code: &str) -> &'static str {
    match code {
        "read" => "Read from the directory",
        "integration_group" => "Member of the integration group",
        "root_user_container" => "Inside the root user container",
        "account_state" => "Neither disabled nor expired",
        "account_type" => "A user, no computer or service account",
        "privileged" => "Not privileged in AD",
        "attributes" => "Attributes can be read",
        "names" => "First and last name",
        "username" => "Username",
        "email" => "Email address",
        "jumpcloud" => "In JumpCloud",
        "password" => "Password",
        "plan" => "What is planned",
        _ => "Other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_rule_still_has_a_line() {
        let lines = lines(vec![Rule::new("x", RuleState::Unknown, "m")]);
        assert_eq!((lines[0].title, lines[0].badge.word), ("Other", "Open"));
    }
}
