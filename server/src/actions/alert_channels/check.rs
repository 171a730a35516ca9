//! What is wrong with a channel as it was entered.

use protocol::problem::FieldError;
use protocol::{DomainId, OrganizationId};

use super::{Draft, sends_secret_to_same};
use crate::app::App;
use crate::error::{Error, Result};
use crate::notify;
use crate::store;
use crate::store::alert_channels::{Channel, Mail, MailSecurity, Target};

/// A key that can be guessed signs nothing.
const SHORTEST_KEY: usize = 16;
const MOST_RECIPIENTS: usize = 20;

/// Every field that is wrong.
pub(super) async fn draft(app: &App, draft: &Draft, before: Option<&Channel>) -> Result<()> {
    let mut wrong = Vec::new();
    let mut push = |field: &str, message: String| wrong.push(FieldError { field: field.into(), message });
    let name = draft.name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        push("name", "must have 1 to 100 characters: say who is reached".into());
    } else if store::alert_channels::find_by_name(&app.db, name)
        .await?
        .is_some_and(|id| Some(id) != before.map(|row| row.id))
    {
        push("name", "is the name of another channel already".into());
    }
    let kept = before.filter(|row| sends_secret_to_same(&row.target, &draft.target) && row.secret.is_some());
    match &draft.target {
        Target::Webhook { url } => {
            if let Err(message) = app.outbound().check(url) {
                push("url", message);
            }
            match &draft.secret {
                Some(key) if key.expose().len() < SHORTEST_KEY => push(
                    "signing_key",
                    format!(
                        "must have at least {SHORTEST_KEY} characters: the receiver checks signatures with it"
                    ),
                ),
                None if kept.is_none() => {
                    push("signing_key", "is missing: the receiver checks signatures with it".into());
                }
                Some(_) | None => {}
            }
        }
        Target::Email(mail) => {
            for (field, message) in of_mail(mail) {
                push(field, message);
            }
            if mail.username.is_some() && draft.secret.is_none() && kept.is_none() {
                push(
                    "smtp.password",
                    "is missing: the user name needs one, also when the server is another one".into(),
                );
            }
        }
    }
    if !(0..=1440).contains(&draft.quiet_minutes) {
        push("quiet_minutes", "must lie between 0 and 1440".into());
    }
    if draft.quiet_hours.is_some_and(|(from, to)| from == to) {
        push("quiet_hours.to", "must be another time than the beginning".into());
    }
    for id in &draft.organizations {
        if store::organizations::find(&app.db, OrganizationId(*id)).await?.is_none() {
            push("organization_ids", format!("{id} is no organization"));
        }
    }
    for id in &draft.domains {
        if store::domains::find(&app.db, DomainId(*id)).await?.is_none() {
            push("domain_ids", format!("{id} is no domain"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
}

fn of_mail(mail: &Mail) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    if let Err(message) = notify::check_mail_server(&mail.host, security(mail.security)) {
        wrong.push(("smtp.host", message));
    }
    if mail.port == 0 {
        wrong.push(("smtp.port", "must lie between 1 and 65535, mostly 587 or 465".into()));
    }
    if let Err(message) = notify::check_mailbox(&mail.from) {
        wrong.push(("smtp.from", message));
    }
    if mail.to.is_empty() || mail.to.len() > MOST_RECIPIENTS {
        wrong.push(("smtp.to", format!("must name 1 to {MOST_RECIPIENTS} mail addresses")));
    }
    for to in &mail.to {
        if let Err(message) = notify::check_mailbox(to) {
            wrong.push(("smtp.to", message));
        }
    }
    if mail.username.is_some() && mail.security == MailSecurity::None {
        wrong.push(("smtp.username", "needs an encrypted connection".into()));
    }
    wrong
}

pub(super) fn security(security: MailSecurity) -> notify::Security {
    match security {
        MailSecurity::Tls => notify::Security::Tls,
        MailSecurity::Starttls => notify::Security::Starttls,
        MailSecurity::None => notify::Security::None,
    }
}

/// Of a web address, to be shown to everybody.
pub(super) fn host(url: &str) -> String {
    url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// `22:00` as minutes of the day.
pub fn minutes(text: &str) -> Option<i32> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let (hours, minutes) = (hours.parse::<i32>().ok()?, minutes.parse::<i32>().ok()?);
    ((0..24).contains(&hours) && (0..60).contains(&minutes)).then_some(hours * 60 + minutes)
}

/// Minutes of the day as `22:00`.
pub fn clock_time(minutes: i32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_day_are_read_and_written() {
        assert_eq!((minutes("22:05"), minutes(" 0:00")), (Some(1325), Some(0)));
        assert_eq!(
            (minutes("24:00"), minutes("-1:00"), minutes("9"), minutes("9:60")),
            (None, None, None, None)
        );
        assert_eq!(clock_time(1325), "22:05");
    }
}
