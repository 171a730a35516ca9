//! The list for a person: what this machine says, then what the server says, problems first.

use std::fmt::Write;

use protocol::checks::{Group, State};

use super::{Line, Source};

/// As a table. `server` is put before the links.
pub fn table(lines: &[Line], server: Option<&str>) -> String {
    let width = lines.iter().map(|line| line.name.chars().count()).max().unwrap_or_default();
    let of = |source| lines.iter().filter(move |line| line.source == source);
    let mut text = String::from("From this machine\n");
    of(Source::Agent).for_each(|line| row(&mut text, line, width, server));
    for group in Group::ALL {
        let mut found: Vec<&Line> = of(Source::Server).filter(|line| line.check.group == group).collect();
        found.sort_by_key(|line| line.check.order());
        if !found.is_empty() {
            let _ = writeln!(text, "\nFrom the server: {}", group.title());
            found.into_iter().for_each(|line| row(&mut text, line, width, server));
        }
    }
    text
}

fn row(text: &mut String, line: &Line, width: usize, server: Option<&str>) {
    let check = &line.check;
    let place = match (&check.domain_controller, line.source) {
        (Some(name), Source::Server) => format!("{name}: "),
        _ => String::new(),
    };
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  {:<7}  {:<width$}  {place}{}", check.state.as_str(), line.name, check.message);
    if check.state == State::Ok || check.fix.is_empty() {
        return;
    }
    let link = match (&check.link, server) {
        (Some(path), Some(server)) => format!(" ({server}{path})"),
        _ => String::new(),
    };
    let _ = writeln!(text, "  {:<7}  {:<width$}  -> {}{link}", "", "", check.fix);
}

#[cfg(test)]
mod tests {
    use protocol::checks::Check;

    use super::*;

    #[test]
    fn a_problem_shows_its_fix_and_where_to_mend_it() {
        let ok = super::super::line("enrolled", Check::ok("enrolled", "agent 1 of DC=x"));
        let bad = Check::new("bind_refused", State::Error, "It was refused.", "Correct it.").on("dc1");
        let good = Check::ok("service_account", "Agents bind as a@b.");
        let lines = [ok, super::super::told(good), super::super::told(bad)];
        let expected = "\
From this machine
  ok       enrolled         agent 1 of DC=x

From the server: Service account
  error    bind             dc1: It was refused.
                            -> Correct it. (https://s/domains/{domain}/settings#settings.ldap.bind_password)
  ok       service account  Agents bind as a@b.
";
        assert_eq!(table(&lines, Some("https://s")), expected);
    }
}
