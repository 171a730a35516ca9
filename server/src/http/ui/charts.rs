//! What was done, and how long it took, as small charts with their figures in words.

use crate::actions::activity::{Activity, Bucket, Seconds};

/// Of the drawing, in its own units; it is scaled to where it stands.
const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 60.0;
const GAP: f64 = 2.0;

/// One chart: a bar for each stretch of time.
#[derive(Debug)]
pub(super) struct Chart {
    pub title: &'static str,
    /// The figures in words: what the drawing says, for whoever does not see it.
    pub text: String,
    pub bars: Vec<Bar>,
}

/// One stretch of time.
#[derive(Debug)]
pub(super) struct Bar {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
    /// When, and how much.
    pub label: String,
}

/// What was done.
pub(super) fn throughput(activity: &Activity, window: &'static str) -> Chart {
    let text = match activity.done {
        0 => format!("Nothing was done in the last {window}."),
        done => format!("{done} operations were done in the last {window}."),
    };
    let value = |bucket: &Bucket| (bucket.done as f64, format!("{} done", bucket.done));
    Chart { title: "Operations done", text, bars: bars(activity, value) }
}

/// From planned to accepted by JumpCloud: the median of each stretch.
pub(super) fn latency(activity: &Activity, window: &'static str) -> Chart {
    let text = match &activity.latency {
        None => format!("Nothing was planned and accepted in the last {window}."),
        Some(Seconds { median, p95, longest }) => format!(
            "Half within {}, 95 of 100 within {}, the longest {}.",
            seconds(*median),
            seconds(*p95),
            seconds(*longest)
        ),
    };
    let value = |bucket: &Bucket| match &bucket.latency {
        Some(latency) => (latency.median, format!("median {}", seconds(latency.median))),
        None => (0.0, "nothing".into()),
    };
    Chart { title: "From planned to accepted by JumpCloud", text, bars: bars(activity, value) }
}

fn bars(activity: &Activity, value: impl Fn(&Bucket) -> (f64, String)) -> Vec<Bar> {
    let highest = activity.buckets.iter().map(|bucket| value(bucket).0).fold(0.0, f64::max);
    let width = WIDTH / activity.buckets.len().max(1) as f64;
    let bar = |(at, bucket): (usize, &Bucket)| {
        let (amount, what) = value(bucket);
        let height = if highest > 0.0 { (amount / highest * HEIGHT * 10.0).round() / 10.0 } else { 0.0 };
        Bar {
            x: (at as f64 * width * 10.0).round() / 10.0,
            y: HEIGHT - height,
            width: ((width - GAP) * 10.0).round() / 10.0,
            height,
            label: format!("from {}: {what}", bucket.at.format("%F %R UTC")),
        }
    };
    activity.buckets.iter().enumerate().map(bar).collect()
}

/// As exact as it helps.
fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => format!("{:.0} ms", s * 1000.0),
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7_200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3_600.0),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn times_are_as_exact_as_it_helps() {
        let all = [0.0421, 2.345, 600.0, 36_000.0].map(seconds);
        assert_eq!(all, ["42 ms", "2.3 s", "10 min", "10.0 h"]);
    }

    #[test]
    fn the_highest_bar_fills_the_chart_and_an_empty_one_is_flat() {
        let bucket = |done| Bucket { at: DateTime::UNIX_EPOCH, done, latency: None };
        let buckets = vec![bucket(4), bucket(0), bucket(2), bucket(0)];
        let activity =
            Activity { since: DateTime::UNIX_EPOCH, bucket_seconds: 300, done: 6, latency: None, buckets };
        let chart = throughput(&activity, "hour");
        let shape: Vec<_> = chart.bars.iter().map(|bar| (bar.x, bar.y, bar.height)).collect();
        assert_eq!(shape, [(0.0, 0.0, 60.0), (60.0, 60.0, 0.0), (120.0, 30.0, 30.0), (180.0, 60.0, 0.0)]);
        assert_eq!(chart.text, "6 operations were done in the last hour.");
        assert!(latency(&activity, "day").text.starts_with("Nothing was planned"));
    }
}
