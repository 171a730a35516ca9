//! Hands one message over to a channel: as it stands to a webhook, in words to a mailbox.

use protocol::Secret;
use serde_json::Value;
use uuid::Uuid;

use super::check::security;
use crate::app::{App, alert_channel_purpose};
use crate::notify::{self, Hook, Letter, MailServer, NotSent};
use crate::store::alert_channels::{Channel, Mail, Target};

/// How many alerts of one message a mail names.
const NAMED: usize = 50;

/// Sends the message. It may arrive twice; its id is the same then.
pub async fn send(app: &App, channel: &Channel, id: Uuid, body: &Value) -> Result<(), NotSent> {
    let secret = match &channel.secret {
        Some(sealed) => app
            .open(&alert_channel_purpose(channel.id), sealed)
            .map_err(|_| NotSent("The channel's secret cannot be opened: enter it again.".into()))?,
        None => Secret::new(String::new()),
    };
    match &channel.target.0 {
        Target::Webhook { url } => {
            let hook = Hook { url, key: &secret, outbound: app.outbound() };
            notify::post(&hook, &id.to_string(), app.clock.now().timestamp(), body.to_string()).await
        }
        Target::Email(mail) => mailed(mail, &secret, id, body).await,
    }
}

async fn mailed(mail: &Mail, password: &Secret, id: Uuid, body: &Value) -> Result<(), NotSent> {
    let server = MailServer {
        host: &mail.host,
        port: mail.port,
        security: security(mail.security),
        login: mail.username.as_deref().map(|name| (name, password)),
    };
    let letter = Letter {
        id: &id.to_string(),
        from: &mail.from,
        to: &mail.to,
        subject: subject(body),
        text: text(body),
    };
    notify::send(&server, &letter).await
}

fn alerts(body: &Value) -> &[Value] {
    body["alerts"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn word<'a>(alert: &'a Value, name: &str) -> &'a str {
    alert[name].as_str().unwrap_or_default()
}

fn subject(body: &Value) -> String {
    let place =
        |alert: &Value| match alert["domain"]["name"].as_str().or(alert["organization"]["name"].as_str()) {
            Some(name) => format!(" ({name})"),
            None => String::new(),
        };
    match alerts(body) {
        [] => "[Adit] Test".into(),
        [one] if word(one, "state") == "closed" => {
            format!("[Adit] Over: {}{}", word(one, "title"), place(one))
        }
        [one] => format!("[Adit] {}: {}{}", weight(one), word(one, "title"), place(one)),
        [first, ..] => {
            format!("[Adit] {} alerts: {}{}", alerts(body).len(), word(first, "title"), place(first))
        }
    }
}

fn weight(alert: &Value) -> &'static str {
    match word(alert, "severity") {
        "critical" => "Critical",
        "warning" => "Warning",
        _ => "Notice",
    }
}

fn text(body: &Value) -> String {
    let mut text = String::new();
    if let Some(message) = body["message"].as_str() {
        text.push_str(&format!("{message}\n\n"));
    }
    for alert in alerts(body).iter().take(NAMED) {
        let over = word(alert, "state") == "closed";
        let head = if over { "Over" } else { weight(alert) };
        text.push_str(&format!("{head}: {}\n{}\n", word(alert, "title"), word(alert, "message")));
        if !over && !word(alert, "fix").is_empty() {
            text.push_str(&format!("To do: {}\n", word(alert, "fix")));
        }
        text.push_str(&format!("{}\n\n", word(alert, "link")));
    }
    if let Some(more) = alerts(body).len().checked_sub(NAMED).filter(|more| *more > 0) {
        text.push_str(&format!("And {more} more.\n\n"));
    }
    text.push_str(&format!("Adit, {}\n", word(body, "server")));
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mail_says_what_is_wrong_and_what_to_do() {
        let alert = json!({
            "state": "open", "severity": "critical", "title": "An agent is silent", "message": "dc1: nothing was heard of it.",
            "fix": "Start it.", "link": "https://adit.example/domains/1", "domain": {"name": "DC=corp,DC=example"},
        });
        let body = json!({"alerts": [alert], "server": "https://adit.example"});
        assert_eq!(subject(&body), "[Adit] Critical: An agent is silent (DC=corp,DC=example)");
        assert!(
            text(&body).starts_with(
                "Critical: An agent is silent\ndc1: nothing was heard of it.\nTo do: Start it.\n"
            )
        );
        let over = json!({"alerts": [{"state": "closed", "title": "A clock is wrong", "organization": {"name": "Corp"}}]});
        assert_eq!(subject(&over), "[Adit] Over: A clock is wrong (Corp)");
    }
}
