//! The checks of a domain on its page: in sections, what needs a person apart from what is fine.

use super::views::Badge;
use crate::actions::checks::{Check, Group, State};

/// What the section of the page shows.
#[derive(Debug)]
pub(super) struct Checklist {
    pub problems: Vec<Section>,
    pub fine: Vec<Section>,
}

/// The checks of one group.
#[derive(Debug)]
pub(super) struct Section {
    pub title: &'static str,
    pub rows: Vec<Row>,
}

/// A check with its colour, and where it is mended.
#[derive(Debug)]
pub(super) struct Row {
    pub badge: Badge,
    pub check: Check,
    pub place: Option<Place>,
}

/// A link and its words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub href: String,
    pub words: &'static str,
}

impl Checklist {
    /// `here` is the page itself: nothing leads to its top.
    pub(super) fn new(checks: Vec<Check>, here: &str) -> Self {
        let (fine, problems): (Vec<_>, Vec<_>) =
            checks.into_iter().partition(|check| check.state == State::Ok);
        Self { problems: sections(problems, here), fine: sections(fine, here) }
    }

    pub(super) fn count_fine(&self) -> usize {
        self.fine.iter().map(|section| section.rows.len()).sum()
    }
}

fn sections(checks: Vec<Check>, here: &str) -> Vec<Section> {
    let mut sections: Vec<Section> =
        Group::ALL.iter().map(|group| Section { title: group.title(), rows: Vec::new() }).collect();
    for check in checks {
        let at = Group::ALL.iter().position(|group| *group == check.group).unwrap_or_default();
        sections[at].rows.push(Row::new(check, here));
    }
    sections.retain(|section| !section.rows.is_empty());
    sections
}

impl Row {
    fn new(check: Check, here: &str) -> Self {
        let badge = match check.state {
            State::Ok => ("good", "OK"),
            State::Unknown => ("quiet", "Not known yet"),
            State::Warning => ("warn", "Warning"),
            State::Error => ("bad", "Error"),
        };
        let place = check.link.clone().filter(|link| link != here).map(|href| {
            let href = href
                .strip_prefix(here)
                .filter(|rest| rest.starts_with('#'))
                .map_or(href.clone(), str::to_owned);
            Place { words: words(&href), href }
        });
        Self { badge: badge.into(), check, place }
    }
}

/// Where a path leads.
fn words(href: &str) -> &'static str {
    let leads = [
        ("#enroll", "Enroll an agent"),
        ("#agents", "See the agents"),
        ("/settings", "Open the setting"),
        ("/users", "Show the users"),
        ("/groups", "Show the groups"),
        ("/coverage", "Open the coverage"),
        ("/preview", "Open the preview"),
        ("/operations", "Show the operations"),
        ("/holds", "Open the holds"),
        ("/organizations", "Open the organization"),
    ];
    leads.iter().find(|(part, _)| href.contains(part)).map_or("Open", |(_, words)| words)
}

#[cfg(test)]
mod tests {
    use protocol::checks::CATALOGUE;

    use super::*;

    #[test]
    fn every_place_of_the_catalogue_has_its_words() {
        for place in CATALOGUE.iter().flat_map(|subject| subject.codes).map(|code| code.place) {
            assert!(place == "/domains/{domain}" || words(place) != "Open", "{place}");
        }
    }

    #[test]
    fn problems_stand_apart_and_nothing_leads_to_where_one_is() {
        let here = "/domains/{domain}";
        let checks = vec![
            Check::new("no_agent", State::Error, "None.", "Enroll one."),
            Check::ok("agent", "It is alive."),
            Check::ok("server_disk", "There is room."),
        ];
        let list = Checklist::new(checks, here);
        assert_eq!((list.problems.len(), list.fine.len(), list.count_fine()), (1, 2, 2));
        let enroll = Place { href: "#enroll".into(), words: "Enroll an agent" };
        assert_eq!(list.problems[0].rows[0].place, Some(enroll));
        assert_eq!(list.fine[1].rows[0].place, None);
    }
}
