//! Which messages are made of what is to be told. After a message, more about the same code and domain is gathered for the
//! channel's quiet minutes; in its quiet hours only what is critical goes out, the rest follows when they are over.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use protocol::DomainId;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::app::App;
use crate::store;
use crate::store::alert_channels::Channel;
use crate::store::alert_messages::{NewMessage, Notice};
use crate::store::alerts::{Alert, Code, Severity};

type Groups = BTreeMap<(String, Option<DomainId>), Vec<Notice>>;

/// Puts what is due into the outbox. One server at a time, so that nothing is told twice.
pub(super) async fn turn(app: &App) -> anyhow::Result<()> {
    if store::alert_messages::count_notices(&app.db).await? == 0 {
        return Ok(());
    }
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if !store::alert_messages::lease_composing(&mut tx).await? {
        return Ok(());
    }
    let notices = store::alert_messages::list_notices(&mut *tx).await?;
    for channel in store::alert_channels::list(&mut *tx).await? {
        for ((code, domain), group) in groups(&channel, &notices, now) {
            let last = store::alert_messages::find_last(&mut *tx, channel.id, &code, domain).await?;
            if is_gathering(&channel, last, now) {
                continue;
            }
            let id = Uuid::now_v7();
            let (alerts, body) = body(&mut tx, app, id, &group, now).await?;
            let message = NewMessage { id, channel_id: channel.id, code, domain_id: domain, body };
            store::alert_messages::insert(&mut tx, &message, &alerts, now).await?;
        }
    }
    Ok(tx.commit().await?)
}

/// What the channel may be told now, by code and domain.
fn groups(channel: &Channel, notices: &[Notice], now: DateTime<Utc>) -> Groups {
    let quiet = is_quiet(channel, now);
    let mut groups = Groups::new();
    for notice in notices.iter().filter(|notice| notice.channel_id == channel.id) {
        if !quiet || notice.severity == Severity::Critical {
            groups.entry((notice.code.clone(), notice.domain_id)).or_default().push(notice.clone());
        }
    }
    groups
}

fn is_gathering(channel: &Channel, last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    last.is_some_and(|last| now < last + TimeDelta::minutes(i64::from(channel.quiet_minutes)))
}

fn is_quiet(channel: &Channel, now: DateTime<Utc>) -> bool {
    let (Some(from), Some(to)) = (channel.quiet_from, channel.quiet_to) else { return false };
    let minute = i32::try_from(now.num_seconds_from_midnight() / 60).unwrap_or_default();
    if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to }
}

/// The alerts that are told of, and the message as webhooks get it.
async fn body(
    tx: &mut PgConnection,
    app: &App,
    id: Uuid,
    group: &[Notice],
    now: DateTime<Utc>,
) -> sqlx::Result<(Vec<Uuid>, Value)> {
    let server = app.public_url.origin();
    let (mut told, mut alerts) = (Vec::new(), Vec::new());
    for notice in group {
        // Opened and over within one message is told once, as over.
        if told.contains(&notice.alert_id) {
            continue;
        }
        told.push(notice.alert_id);
        if let Some(alert) = store::alerts::find(&mut *tx, notice.alert_id).await? {
            alerts.push(shown(tx, &server, alert).await?);
        }
    }
    let body = json!({"id": id, "type": "alerts", "created_at": now, "server": server, "alerts": alerts});
    Ok((told, body))
}

async fn shown(tx: &mut PgConnection, server: &str, alert: Alert) -> sqlx::Result<Value> {
    let domain = match alert.domain_id {
        Some(id) => store::domains::find(&mut *tx, id).await?,
        None => None,
    };
    let organization = match alert.organization_id {
        Some(id) => store::organizations::find(&mut *tx, id).await?,
        None => None,
    };
    let title = Code::parse(&alert.code).map_or_else(|| alert.code.clone(), |code| code.title().to_owned());
    Ok(json!({
        "id": alert.id, "code": alert.code, "title": title,
        "state": if alert.closed_at.is_some() { "closed" } else { "open" },
        "severity": alert.severity, "subject": alert.subject, "message": alert.message, "fix": alert.fix,
        "link": format!("{server}{}", alert.link), "opened_at": alert.opened_at, "closed_at": alert.closed_at,
        "domain": domain.map(|row| json!({"id": row.id, "name": row.name})),
        "organization": organization.map(|row| json!({"id": row.id, "name": row.name})),
    }))
}

#[cfg(test)]
mod tests {
    use sqlx::types::Json;

    use super::*;
    use crate::store::alert_channels::Target;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2027-01-15T{text}:00Z").parse().unwrap()
    }

    fn channel(quiet: Option<(i32, i32)>) -> Channel {
        Channel {
            id: Uuid::nil(),
            name: "n".into(),
            target: Json(Target::Webhook { url: String::new() }),
            secret: None,
            min_severity: Severity::Notice,
            organizations: Vec::new(),
            domains: Vec::new(),
            quiet_minutes: 10,
            quiet_from: quiet.map(|hours| hours.0),
            quiet_to: quiet.map(|hours| hours.1),
            created_at: at("00:00"),
            last_delivered_at: None,
            last_error: None,
            last_error_at: None,
        }
    }

    fn notice(severity: Severity) -> Notice {
        Notice {
            channel_id: Uuid::nil(),
            alert_id: Uuid::nil(),
            event: "opened".into(),
            code: "clock_skew".into(),
            domain_id: None,
            severity,
            created_at: at("00:00"),
        }
    }

    #[test]
    fn quiet_hours_may_span_midnight() {
        let night = channel(Some((22 * 60, 6 * 60)));
        assert!(is_quiet(&night, at("23:00")) && is_quiet(&night, at("05:59")));
        assert!(!is_quiet(&night, at("06:00")) && !is_quiet(&night, at("21:59")));
        assert!(!is_quiet(&channel(None), at("23:00")));
    }

    #[test]
    fn in_quiet_hours_only_what_is_critical_goes_out() {
        let night = channel(Some((22 * 60, 6 * 60)));
        let notices = [notice(Severity::Warning), notice(Severity::Critical)];
        let told = |now| groups(&night, &notices, at(now)).into_values().flatten().count();
        assert_eq!((told("23:00"), told("07:00")), (1, 2));
    }

    #[test]
    fn what_follows_soon_is_gathered() {
        let channel = channel(None);
        assert!(!is_gathering(&channel, None, at("08:00")));
        assert!(is_gathering(&channel, Some(at("08:00")), at("08:09")));
        assert!(!is_gathering(&channel, Some(at("08:00")), at("08:10")));
    }
}
