//! `/metrics` in Prometheus' text format, for whoever has an API token of any role. What the database knows is the same on
//! every server; what was asked of JumpCloud is this process's own.

use std::collections::BTreeMap;
use std::fmt::Write;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::api::views::colour;
use super::problem::Failure;
use crate::app::App;
use crate::jumpcloud;
use crate::store;
use crate::store::admins::Reach;
use crate::store::metrics::Count;

pub(super) async fn show(State(app): State<App>) -> Result<Response, Failure> {
    let mut text = Text::default();
    database(&app, &mut text).await?;
    process(&app, &mut text);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text.0).into_response())
}

async fn database(app: &App, text: &mut Text) -> sqlx::Result<()> {
    let (db, now) = (&app.db, app.clock.now());
    text.counts(
        ("adit_operations", "Operations that are not settled."),
        ["state", "lane"],
        &store::metrics::count_operations(db).await?,
    );
    let oldest = store::metrics::find_oldest_ready(db, now).await?;
    let age = oldest.map_or(0, |at| (now - at).num_seconds().max(0));
    text.head(
        "adit_operations_oldest_ready_seconds",
        "gauge",
        "Age of the oldest operation that could be carried out now.",
    );
    text.line("adit_operations_oldest_ready_seconds", &[], age);
    text.counts(
        ("adit_users", "Users of the directory."),
        ["status", ""],
        &store::metrics::count_users(db).await?,
    );
    text.counts(
        ("adit_passwords", "Users by what became of their last captured password."),
        ["state", ""],
        &store::metrics::count_passwords(db).await?,
    );
    text.counts(
        ("adit_alerts_open", "Open alerts."),
        ["severity", "code"],
        &store::metrics::count_alerts(db).await?,
    );
    let mut colours = BTreeMap::from([("green", 0), ("yellow", 0), ("red", 0)]);
    for agent in store::agents::list(db, &Reach::EVERYTHING).await? {
        *colours.entry(colour(agent.last_seen_at, now)).or_default() += 1;
    }
    text.head(
        "adit_agents",
        "gauge",
        "Agents: green were seen within 30 s, yellow within 60 s, red are silent.",
    );
    for (colour, count) in colours {
        text.line("adit_agents", &[("status", colour)], count);
    }
    Ok(())
}

fn process(app: &App, text: &mut Text) {
    let read = jumpcloud::readings();
    text.head(
        "adit_jumpcloud_requests_total",
        "counter",
        "Requests to JumpCloud, by the class of the answer.",
    );
    for (class, count) in &read.answers {
        text.line("adit_jumpcloud_requests_total", &[("answer", *class)], count);
    }
    let name = "adit_jumpcloud_request_duration_seconds";
    text.head(name, "histogram", "How long JumpCloud took to answer.");
    for (bound, count) in &read.within {
        let bound = format!("{}", std::time::Duration::from_millis(*bound).as_secs_f64());
        text.line(&format!("{name}_bucket"), &[("le", bound.as_str())], count);
    }
    text.line(&format!("{name}_bucket"), &[("le", "+Inf")], read.count);
    text.line(&format!("{name}_sum"), &[], read.total.as_secs_f64());
    text.line(&format!("{name}_count"), &[], read.count);
    text.head("adit_database_connections", "gauge", "Connections of this process to the database.");
    let idle = u32::try_from(app.db.num_idle()).unwrap_or(u32::MAX);
    text.line("adit_database_connections", &[("state", "idle")], idle);
    text.line("adit_database_connections", &[("state", "used")], app.db.size().saturating_sub(idle));
    text.head("adit_build_info", "gauge", "The version that runs.");
    text.line("adit_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.0.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<_> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        // Writing to a text cannot fail.
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    /// A gauge with one line for each row.
    fn counts(&mut self, (name, help): (&str, &str), labels: [&str; 2], rows: &[Count]) {
        self.head(name, "gauge", help);
        for row in rows {
            let mut pairs = vec![(labels[0], row.label.as_str())];
            pairs.extend(row.second.as_deref().map(|second| (labels[1], second)));
            self.line(name, &pairs, row.count);
        }
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_break_out() {
        let mut text = Text::default();
        text.line("m", &[("l", "a\"}\n\\")], 1);
        assert_eq!(text.0, "m{l=\"a\\\"}\\n\\\\\"} 1\n");
    }
}
