//! AD's password policy beside JumpCloud's, rule by rule: what AD lets pass and JumpCloud refuses leaves the user with two
//! passwords.

use protocol::heartbeat::{DirectoryState, Platform, Report};

use super::{Check, State};
use crate::jumpcloud::PasswordPolicy;
use crate::store::agents::Agent;
use crate::store::organizations::Organization;

/// Three of AD's five categories are enough, so it demands none in particular.
const NOT_IN_AD: &str =
    "JumpCloud demands it of every password, AD's complexity rule only three of five kinds of characters.";

/// One check for each rule that JumpCloud has, and whether anything can be captured at all.
pub(super) fn of(organization: &Organization, agents: &[Agent]) -> Vec<Check> {
    let report = agents.iter().find_map(|agent| match agent.directory.as_deref() {
        Some(DirectoryState::Connected { report, .. }) => Some((agent, &**report)),
        _ => None,
    });
    let Some((agent, report)) = report else { return Vec::new() };
    let mut checks = vec![complexity(agent, report)];
    let policy = organization.password_policy.clone();
    match policy.and_then(|policy| serde_json::from_value::<PasswordPolicy>(policy).ok()) {
        Some(policy) => checks.extend(rules(&policy, report)),
        None => checks.push(Check::new(
            "password_policy_unknown",
            State::Unknown,
            "JumpCloud's password policy has not been read yet.",
            "Wait: it is read together with JumpCloud's users. The credential must be able to read the organization.",
        )),
    }
    checks
}

fn complexity(agent: &Agent, report: &Report) -> Check {
    match report.password_complexity {
        Some(true) => Check::ok("password_complexity", "AD demands complex passwords."),
        None => Check::new(
            "password_complexity",
            State::Unknown,
            "The service account may not read the domain's pwdProperties.",
            "Give it the right to read the domain's head.",
        ),
        Some(false) if agent.platform == platform(Platform::Linux) => Check::new(
            "password_complexity_off",
            State::Error,
            "The domain's password policy has complexity off. Samba then never runs the password hook, so no password can be \
             captured.",
            "Turn it on: samba-tool domain passwordsettings set --complexity=on",
        ),
        Some(false) => Check::new(
            "password_complexity_off",
            State::Warning,
            "The domain's password policy has complexity off, so JumpCloud may refuse passwords that AD accepts.",
            "Turn on \"Password must meet complexity requirements\" in the Default Domain Policy.",
        ),
    }
}

fn platform(platform: Platform) -> &'static str {
    match platform {
        Platform::Linux => "linux",
        Platform::Windows => "windows",
    }
}

fn rules(policy: &PasswordPolicy, report: &Report) -> Vec<Check> {
    let at_least = |code: &str, what: &str, fix: &str, theirs: Option<u32>, ours: Option<i64>| {
        let theirs = theirs.filter(|theirs| *theirs > 0)?;
        Some(match ours {
            Some(ours) if ours >= i64::from(theirs) => {
                Check::ok(code, format!("{what}: AD demands {ours}, JumpCloud {theirs}."))
            }
            Some(ours) => {
                let message = format!(
                    "{what}: AD demands {ours}, JumpCloud {theirs}. Passwords that AD accepts may be refused by JumpCloud."
                );
                Check::new(code, State::Warning, message, fix)
            }
            None => Check::new(
                code,
                State::Unknown,
                format!("{what}: JumpCloud demands {theirs}, AD's value may not be read."),
                "Give the service account the right to read the domain's head.",
            ),
        })
    };
    let length = at_least(
        "password_policy_length",
        "Minimum length",
        "Raise AD's minimum password length, or lower JumpCloud's.",
        policy.min_length,
        report.min_password_length,
    );
    let history = at_least(
        "password_policy_history",
        "Remembered passwords",
        "Raise AD's password history, or lower JumpCloud's.",
        policy.history,
        report.password_history_length,
    );
    let age = at_least(
        "password_policy_minimum_age",
        "Minimum age in days",
        "Raise AD's minimum password age, or lower JumpCloud's minimum change period.",
        policy.min_change_days,
        report.min_password_age_days,
    );
    let demanded = [
        (policy.needs_lowercase, "password_policy_lowercase", "A lower-case letter", NOT_IN_AD),
        (policy.needs_uppercase, "password_policy_uppercase", "An upper-case letter", NOT_IN_AD),
        (policy.needs_number, "password_policy_number", "A digit", NOT_IN_AD),
        (policy.needs_symbol, "password_policy_symbol", "A special character", NOT_IN_AD),
        (
            policy.forbids_common,
            "password_policy_common",
            "No common password",
            "JumpCloud refuses common passwords, AD does not.",
        ),
        (
            policy.forbids_sequences,
            "password_policy_sequences",
            "No sequences or repetitions",
            "JumpCloud refuses them, AD does not.",
        ),
        (
            policy.forbids_username,
            "password_policy_username",
            "Not the username within the password",
            "JumpCloud refuses it; Samba's complexity rule does not look for it.",
        ),
    ];
    let demanded = demanded.into_iter().filter(|(on, ..)| *on).map(|(_, code, what, why)| {
        let fix = "Turn the rule off in JumpCloud's password settings, or tell people: what is refused shows in the coverage.";
        Check::new(code, State::Warning, format!("{what}: {why}"), fix)
    });
    let counted: Vec<Check> = [length, history, age].into_iter().flatten().collect();
    let found: Vec<Check> = counted.into_iter().chain(demanded).collect();
    if found.is_empty() {
        return vec![Check::ok(
            "password_policy",
            "JumpCloud demands nothing of a password that AD does not.",
        )];
    }
    found
}
