//! `docs/checks.md` says what the catalogue says. To write it anew: `ADIT_WRITE_DOCS=1 cargo test -p adit-protocol`.

#![cfg(test)]

use std::fmt::Write;
use std::path::Path;

use protocol::checks::{CATALOGUE, Group};

const HEAD: &str = "\
# Checks

What Adit looks at before, and while, it syncs a domain. The same list stands on the domain's page, in
`GET /api/v1/domains/{id}/checks` (`?state=error,warning`, `?group=users`) and in `adit-agent check`, which adds what can be
told from its own machine. A check has a `code`, a `state` (`ok`, `warning`, `error`, `unknown`), one sentence, a fix, a `link`
to where it is mended or shown in the dashboard, and a domain controller if it is about one.

The first code of each row says that all is well, or is merely a fact; the others name what may be wrong. Codes never change
their meaning. Until the directory, or JumpCloud, has been read in full, what is told from it is missing from the list.

";

fn page() -> String {
    let mut text = String::from(HEAD);
    for group in Group::ALL {
        let of_group: Vec<_> = CATALOGUE.iter().filter(|subject| subject.group == group).collect();
        if of_group.is_empty() {
            continue;
        }
        let _ = writeln!(text, "## {}\n\n| What | Codes | Where |\n|---|---|---|", group.title());
        for subject in of_group {
            let codes: Vec<_> = subject.codes.iter().map(|code| format!("`{}`", code.name)).collect();
            let mut places: Vec<_> = subject.codes.iter().map(|code| format!("`{}`", code.place)).collect();
            places.dedup();
            places.sort();
            places.dedup();
            let _ = writeln!(text, "| {} | {} | {} |", subject.about, codes.join(", "), places.join(", "));
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[test]
fn the_documentation_lists_every_check_there_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/checks.md");
    if std::env::var_os("ADIT_WRITE_DOCS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written == page(), "docs/checks.md is out of date: see the head of this test");
}
