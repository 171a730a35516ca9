//! What this server sees of itself and of its database. Another server has its own alerts.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::App;
use crate::config::Database;
use crate::store;
use crate::store::alerts::{Code, Condition};

/// One look-up of a row that is in memory should take a millisecond.
const SLOW: Duration = Duration::from_millis(500);
const CERTIFICATE: TimeDelta = TimeDelta::days(30);
/// With less left the disk is nearly full, however large it is.
const LEAST_FREE: u64 = 512 * 1024 * 1024;
/// With less than a fiftieth left it is, unless that is still plenty.
const FREE_SHARE: u64 = 50;
const PLENTY: u64 = 20 * 1024 * 1024 * 1024;

/// What this machine calls itself.
pub(super) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

pub(super) async fn conditions(app: &App, now: DateTime<Utc>) -> anyhow::Result<Vec<Condition>> {
    let found = [connections(app), slow(app).await?, disk(app), certificate(app, now)];
    Ok(found.into_iter().flatten().collect())
}

fn connections(app: &App) -> Option<Condition> {
    let most = app.db.options().get_max_connections();
    let free = u32::try_from(app.db.num_idle()).unwrap_or(u32::MAX) + most.saturating_sub(app.db.size());
    (free == 0)
        .then(|| of(Code::DatabaseConnections, format!("all {most} connections to the database are in use.")))
}

async fn slow(app: &App) -> sqlx::Result<Option<Condition>> {
    let began = Instant::now();
    store::ping(&app.db).await?;
    let took = began.elapsed();
    Ok((took > SLOW).then(|| {
        of(Code::DatabaseSlow, "the database took more than half a second for the simplest question.".into())
    }))
}

/// Of the private database; where somebody else runs it, its disk is theirs.
fn disk(app: &App) -> Option<Condition> {
    let Database::Private = app.config.database else { return None };
    let room = app.config.room()?;
    let full = room.free < LEAST_FREE || room.free < (room.whole / FREE_SHARE).min(PLENTY);
    full.then(|| {
        let message =
            format!("{} MiB are left where {} lies.", room.free / (1024 * 1024), room.path.display());
        of(Code::DiskFull, message)
    })
}

fn certificate(app: &App, now: DateTime<Utc>) -> Option<Condition> {
    let ends = app.certificate_ends.get().copied().filter(|at| *at < now + CERTIFICATE)?;
    Some(of(Code::ServerCertificateExpiring, format!("it expires on {}.", ends.format("%F"))))
}

fn of(code: Code, message: String) -> Condition {
    let host = host();
    Condition {
        organization_id: None,
        domain_id: None,
        code,
        severity: code.severity(),
        message: format!("{host}: {message}"),
        subject: host,
        link: "/alerts".into(),
    }
}
