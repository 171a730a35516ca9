//! Whether JumpCloud is in step with a domain, and if not where; how much was done, and how long it took.

use chrono::{DateTime, Duration, Utc};
use protocol::DomainId;
use serde::Serialize;

use crate::app::App;
use crate::error::{Error, Result};
use crate::store;
use crate::store::admins::Reach;
use crate::store::domains::{Domain, Mode};
use crate::store::flow::Latency;

/// How a domain stands.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    pub in_step: bool,
    /// What keeps it out of step, the gravest first.
    pub gaps: Vec<Gap>,
    pub users: i64,
    pub groups: i64,
}

/// One thing that keeps a domain out of step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Stable, snake case.
    pub code: &'static str,
    pub message: String,
    /// The page on which it is seen to.
    pub href: String,
}

/// A stretch of time that is looked back on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    Hour,
    Day,
}

impl Window {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "hour" => Some(Self::Hour),
            "day" => Some(Self::Day),
            _ => None,
        }
    }

    fn bucket(self) -> Duration {
        match self {
            Self::Hour => Duration::minutes(5),
            Self::Day => Duration::hours(1),
        }
    }

    fn buckets(self) -> i32 {
        match self {
            Self::Hour => 12,
            Self::Day => 24,
        }
    }
}

/// What was done in a window, and how long it took from planned to accepted by JumpCloud.
#[derive(Clone, Debug, Serialize)]
pub struct Activity {
    pub since: DateTime<Utc>,
    pub bucket_seconds: i64,
    pub done: i64,
    /// None where nothing was planned and done in the window.
    pub latency: Option<Seconds>,
    pub buckets: Vec<Bucket>,
}

/// Part of a window.
#[derive(Clone, Debug, Serialize)]
pub struct Bucket {
    pub at: DateTime<Utc>,
    pub done: i64,
    pub latency: Option<Seconds>,
}

/// From planned to accepted by JumpCloud.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Seconds {
    pub median: f64,
    pub p95: f64,
    pub longest: f64,
}

impl From<&Latency> for Seconds {
    fn from(row: &Latency) -> Self {
        let short = |seconds: f64| (seconds * 1000.0).round() / 1000.0;
        Self { median: short(row.median), p95: short(row.p95), longest: short(row.longest) }
    }
}

/// Looks back on a window that ends now.
pub async fn of(app: &App, id: DomainId, window: Window) -> Result<Activity> {
    let (until, bucket) = (app.clock.now(), window.bucket());
    let since = until - bucket * window.buckets();
    let seconds = i32::try_from(bucket.num_seconds()).unwrap_or(i32::MAX);
    let until = until + Duration::microseconds(1);
    let done = store::flow::list_done(&app.db, id, since, until, seconds).await?;
    let latencies = store::flow::list_latencies(&app.db, id, since, until, seconds).await?;
    let last = window.buckets() - 1;
    let buckets = (0..=last).map(|at| {
        // What was done this very moment lies on the end of the last stretch.
        let is_here = |bucket: i32| bucket.min(last) == at;
        Bucket {
            at: since + bucket * at,
            done: done.iter().filter(|row| is_here(row.bucket)).map(|row| row.count).sum(),
            latency: latencies.iter().find(|row| row.bucket.is_some_and(is_here)).map(Seconds::from),
        }
    });
    Ok(Activity {
        since,
        bucket_seconds: i64::from(seconds),
        done: done.iter().map(|row| row.count).sum(),
        latency: latencies.iter().find(|row| row.bucket.is_none()).map(Seconds::from),
        buckets: buckets.collect(),
    })
}

/// Whether JumpCloud agrees with the directory, and what keeps it from that.
pub async fn standing(app: &App, domain: &Domain) -> Result<Standing> {
    let counts = store::subjects::count_by_status(&app.db, domain.id).await?;
    let of_kind = |kind: &str, status: &str| -> i64 {
        counts.iter().filter(|row| row.kind == kind && row.status == status).map(|row| row.count).sum()
    };
    let mut gaps = reading(app, domain).await?;
    gaps.extend(deciding(app, domain).await?);
    gaps.extend(doing(app, domain).await?);
    Ok(Standing {
        in_step: gaps.is_empty(),
        gaps,
        users: of_kind("user", "synced"),
        groups: of_kind("group", "synced"),
    })
}

fn gap(code: &'static str, message: impl Into<String>, href: String) -> Gap {
    Gap { code, message: message.into(), href }
}

/// What keeps AD from being seen, or JumpCloud from being reached.
async fn reading(app: &App, domain: &Domain) -> Result<Vec<Gap>> {
    let mut gaps = Vec::new();
    let organization = store::organizations::find(&app.db, domain.organization_id).await?;
    let organization = organization.ok_or(Error::NotFound("organization"))?;
    if let Some(message) = &organization.problem_message {
        gaps.push(gap("jumpcloud", message, format!("/organizations/{}", organization.id)));
    }
    let checks = format!("/domains/{}#checks", domain.id);
    if domain.full_read_at.is_none() {
        gaps.push(gap("not_read", "the directory has not been read in full yet", checks));
    } else if domain.watcher_now(app.clock.now()).is_none() {
        gaps.push(gap(
            "not_watched",
            "no agent watches the directory, so changes in AD are not seen",
            checks,
        ));
    } else if domain.integration_group_lost {
        gaps.push(gap(
            "integration_group_lost",
            "the integration group is missing, unreadable or suddenly empty",
            checks,
        ));
    }
    Ok(gaps)
}

/// What waits for a person.
async fn deciding(app: &App, domain: &Domain) -> Result<Vec<Gap>> {
    let mut gaps = Vec::new();
    for hold in store::holds::list_open(&app.db, &Reach::EVERYTHING)
        .await?
        .into_iter()
        .filter(|hold| hold.domain_id == domain.id)
    {
        let message = if hold.kind == "moved_out" {
            counted(hold.waiting, "moved user waits for a decision", "moved users wait for a decision")
        } else {
            counted(
                hold.waiting,
                "held operation waits for a decision",
                "held operations wait for a decision",
            )
        };
        gaps.push(gap("held", message, format!("/holds/{}", hold.id)));
    }
    let refused: i64 = store::work::count_by_error(&app.db, &Reach::EVERYTHING, Some(domain.id))
        .await?
        .iter()
        .map(|row| row.count)
        .sum();
    if refused > 0 {
        let message = counted(
            refused,
            "operation was refused by JumpCloud or a person",
            "operations were refused by JumpCloud or a person",
        );
        gaps.push(gap("failed", message, format!("/operations?domain={}&state=parked", domain.id)));
    }
    let conflicts = store::conflicts::count(&app.db, &Reach::EVERYTHING, Some(domain.id)).await?;
    let conflicts: i64 =
        conflicts.iter().filter(|row| row.kind != "email_used_outside").map(|row| row.count).sum();
    if conflicts > 0 {
        let message = counted(conflicts, "conflict waits for a person", "conflicts wait for a person");
        gaps.push(gap("conflicts", message, format!("/conflicts?domain={}", domain.id)));
    }
    Ok(gaps)
}

/// What is planned and not done.
async fn doing(app: &App, domain: &Domain) -> Result<Vec<Gap>> {
    let mut gaps = Vec::new();
    let planned = store::operations::count_planned(&app.db, domain.id).await?;
    let waiting = planned.iter().filter(|row| row.state == "ready");
    let ready = waiting.map(|row| row.count).sum::<i64>();
    match domain.mode {
        Mode::Active => {
            let under_way = store::work::count_under_way(&app.db, domain.id).await?;
            if under_way > 0 {
                let message = counted(under_way, "change is under way", "changes are under way");
                gaps.push(gap("under_way", message, format!("/operations?domain={}&state=ready", domain.id)));
            }
        }
        Mode::Preview => {
            let changes = counted(ready, "change", "changes");
            let message = format!("the domain is not active: {changes} would be made");
            gaps.push(gap("preview", message, format!("/domains/{}/preview", domain.id)));
        }
        Mode::Paused => {
            let changes = counted(ready, "change waits", "changes wait");
            let message = format!("the domain is paused: {changes}");
            gaps.push(gap("paused", message, format!("/domains/{}/preview", domain.id)));
        }
    }
    let being_planned = store::dirty::count(&app.db, domain.id).await?;
    if being_planned > 0 {
        let message =
            counted(being_planned, "user or group is being planned", "users and groups are being planned");
        gaps.push(gap("being_planned", message, format!("/domains/{}/users?status=pending", domain.id)));
    }
    Ok(gaps)
}

fn counted(count: i64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
