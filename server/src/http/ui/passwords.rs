//! Where a password is, and how a domain controller hands them over, in words: what it means and what to do about it.

use chrono::{DateTime, Utc};
use protocol::DomainId;
use uuid::Uuid;

use super::views::Badge;
use crate::actions::coverage::{self, Capture};
use crate::store::agents::Agent;
use crate::store::coverage::Covered;

/// A state of a user's current AD password.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meaning {
    pub badge: Badge,
    pub what: &'static str,
    /// Empty where nothing is to be done.
    pub remedy: &'static str,
}

pub(super) fn meaning(state: &str) -> Meaning {
    let ((tone, word), what, remedy) = match state {
        "delivered" => (("good", "In JumpCloud"), "JumpCloud has the password that is current in AD.", ""),
        "waiting" => (
            ("info", "Waiting"),
            "It was captured and is not in JumpCloud yet, or it was changed less than a minute ago.",
            "Nothing, if it passes within seconds. If it stays, see the user's page: somebody who is not synced yet, or a domain \
             that is not active, has to wait.",
        ),
        "refused" => (
            ("bad", "Refused"),
            "JumpCloud's own password policy does not accept it. The former one still holds there.",
            "Have the user choose another one; the reason says what was wrong with it. Make AD's password policy at least as \
             strict as JumpCloud's: the domain's checks compare them rule by rule.",
        ),
        "expired" => (
            ("warn", "Expired"),
            "It was captured and erased again, because it waited for longer than the settings allow.",
            "See on the user's page why it could not be sent, then have the user change it again.",
        ),
        "missed" => (
            ("bad", "Missed"),
            "It was changed, and nothing was captured. JumpCloud has the former one.",
            "See that the domain controller on which it was changed has an agent and its hook, then have the user change it again.",
        ),
        "never_captured" => (
            ("quiet", "Never captured"),
            "It was set before anything was captured in this domain.",
            "Have everybody concerned change it once: a forced-change campaign.",
        ),
        _ => (("quiet", "Unknown"), "", ""),
    };
    Meaning { badge: (tone, word).into(), what, remedy }
}

pub(super) fn capture(state: Capture) -> Badge {
    let (tone, word) = match state {
        Capture::Healthy => ("good", "Captured"),
        Capture::Degraded => ("warn", "Degraded"),
        Capture::Missing => ("bad", "Hook missing"),
        Capture::Unknown => ("quiet", "Not known"),
        Capture::NoAgent => ("bad", "No agent"),
        Capture::Exempt => ("quiet", "Read-only, exempt"),
    };
    (tone, word).into()
}

/// In a hundred, as it was rounded: never up.
pub(super) fn percent(percent: f64) -> String {
    format!("{percent} %")
}

/// The domain controllers of a domain by their databases.
#[derive(Debug)]
pub(super) struct Places(Vec<(Uuid, String)>);

impl Places {
    pub(super) fn new(agents: &[Agent]) -> Self {
        let place = |agent: &Agent| Some((agent.invocation_id?, coverage::name_of(agent)));
        Self(agents.iter().filter_map(place).collect())
    }

    /// Where a user's current password was set; none if that cannot be told.
    pub(super) fn of(&self, row: &Covered) -> Option<String> {
        let id = row.invocation_id?;
        let known = self.0.iter().find(|(found, _)| *found == id).map(|(_, name)| name.clone());
        Some(known.unwrap_or_else(|| format!("a domain controller without an agent (invocationId {id})")))
    }
}

/// A user's password, as the user's page shows it.
#[derive(Debug)]
pub(super) struct Shown {
    pub meaning: Meaning,
    pub message: Option<String>,
    pub changed_at: Option<DateTime<Utc>>,
    pub place: Option<String>,
    pub captured_at: Option<DateTime<Utc>>,
    pub delivered_at: Option<DateTime<Utc>>,
    /// Everybody who stands so.
    pub href: String,
}

impl Shown {
    pub(super) fn new(domain: DomainId, row: &Covered, places: &Places) -> Self {
        Self {
            meaning: meaning(&row.state),
            message: row.message.clone().filter(|message| !message.is_empty() && row.state != "delivered"),
            changed_at: row.changed_at,
            place: places.of(row),
            captured_at: row.captured_at,
            delivered_at: row.delivered_at,
            href: format!("/domains/{domain}/coverage?state={}#people", row.state),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_words() {
        for state in coverage::STATES {
            let meaning = meaning(state);
            assert_ne!(meaning.badge.word, "Unknown", "{state}");
            assert!(!meaning.what.is_empty() && (meaning.remedy.is_empty() == (state == "delivered")));
        }
    }

    #[test]
    fn a_share_is_as_exact_as_it_is() {
        assert_eq!([percent(100.0), percent(99.99), percent(0.0)], ["100 %", "99.99 %", "0 %"]);
    }
}
