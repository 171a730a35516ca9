//! How far long work has come, in words: a block that the pages of a domain have in common.

use super::words;
use crate::actions::progress::{self, Name};

/// What is going on; empty while nothing is.
#[derive(Debug)]
pub(super) struct ProgressBlock {
    pub lines: Vec<Line>,
}

/// One kind of work.
#[derive(Debug)]
pub(super) struct Line {
    pub title: &'static str,
    /// How far it is, and what is known of its end.
    pub text: String,
    pub note: Option<String>,
    /// Done, and how much there is in all; only where both are known.
    pub share: Option<(i64, i64)>,
}

impl ProgressBlock {
    pub(super) fn new(steps: Vec<progress::Step>) -> Self {
        Self { lines: steps.into_iter().map(line).collect() }
    }
}

fn line(step: progress::Step) -> Line {
    let mut parts = Vec::new();
    match (step.done, step.total) {
        (Some(done), Some(total)) => {
            parts.push(format!("{} of {}", words::number(done), words::number(total)));
        }
        (Some(done), None) => parts.push(format!("{} so far", words::number(done))),
        (None, _) => parts.extend(step.left.map(|left| format!("{} to go", words::number(left)))),
    }
    parts.extend(step.per_minute.map(|rate| format!("{} a minute", words::number(rate))));
    parts.extend(step.remaining_seconds.map(words::about));
    Line {
        title: title(step.name),
        text: parts.join(", "),
        note: step.note,
        share: step.done.zip(step.total).filter(|(_, total)| *total > 0),
    }
}

fn title(name: Name) -> &'static str {
    match name {
        Name::ReadDirectory => "Reading the directory",
        Name::ReadJumpcloud => "Reading JumpCloud",
        Name::Plan => "Planning",
        Name::Execute => "Writing to JumpCloud",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_of_the_end_without_a_basis() {
        let step = progress::Step {
            name: Name::ReadDirectory,
            done: Some(12_000),
            total: None,
            left: None,
            per_minute: None,
            remaining_seconds: None,
            note: None,
        };
        assert_eq!(line(step).text, "12,000 so far");
        let step = progress::Step {
            name: Name::Execute,
            done: Some(1_000),
            total: Some(5_000),
            left: Some(4_000),
            per_minute: Some(1_000),
            remaining_seconds: Some(240),
            note: None,
        };
        assert_eq!(line(step).text, "1,000 of 5,000, 1,000 a minute, about 4 minutes left");
    }
}
