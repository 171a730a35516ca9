//! Tells the channels about alerts: gathers what belongs together into messages, and sends those that are due. A message
//! that does not arrive is tried again, each time after a longer pause.

mod compose;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinSet;

use super::Worked;
use crate::actions::alert_channels;
use crate::app::App;
use crate::notify::NotSent;
use crate::store;
use crate::store::alert_messages::{Ended, Leased};

/// How many are under way at once.
const AT_ONCE: i64 = 8;
/// Longer than any attempt takes.
const LEASE: TimeDelta = TimeDelta::seconds(90);
/// 10 s, 20 s, 40 s … up to an hour apart: most of a day.
const ATTEMPTS: i32 = 30;
const LONGEST_PAUSE: i64 = 3600;

/// Composes what is due, and sends one lot.
pub async fn turn(app: &App) -> anyhow::Result<Worked> {
    compose::turn(app).await?;
    let now = app.clock.now();
    let leased = store::alert_messages::lease(&app.db, now, now + LEASE, AT_ONCE).await?;
    if leased.is_empty() {
        return Ok(Worked::Idle);
    }
    let mut under_way = JoinSet::new();
    for message in leased {
        under_way.spawn(deliver(app.clone(), message));
    }
    while let Some(done) = under_way.join_next().await {
        done??;
    }
    Ok(Worked::More)
}

async fn deliver(app: App, message: Leased) -> anyhow::Result<()> {
    let Some(channel) = store::alert_channels::find(&app.db, message.channel_id).await? else {
        return Ok(());
    };
    let sent = alert_channels::send(&app, &channel, message.id, &message.body).await;
    let now = app.clock.now();
    let error = sent.as_ref().err().map(ToString::to_string);
    store::alert_messages::update_ended(
        &app.db,
        &message,
        ended(&sent, error.as_deref(), message.attempts, now),
        now,
    )
    .await?;
    store::alert_channels::update_delivered(&app.db, channel.id, error.as_deref(), now).await?;
    if let Some(error) = error {
        tracing::warn!(channel.id = %channel.id, message.id = %message.id, "an alert could not be sent: {error}");
    }
    Ok(())
}

fn ended<'a>(
    sent: &Result<(), NotSent>,
    error: Option<&'a str>,
    attempts: i32,
    now: DateTime<Utc>,
) -> Ended<'a> {
    match (sent, error.unwrap_or_default()) {
        (Ok(()), _) => Ended::Sent,
        (Err(_), error) if attempts >= ATTEMPTS => Ended::Failed(error),
        (Err(_), error) => Ended::Again(error, now + pause(attempts)),
    }
}

fn pause(attempts: i32) -> TimeDelta {
    let seconds = 10_i64 << attempts.saturating_sub(1).clamp(0, 10);
    TimeDelta::seconds(seconds.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_an_hour() {
        assert_eq!([1, 2, 5, 30].map(|attempt| pause(attempt).num_seconds()), [10, 20, 160, 3600]);
    }
}
