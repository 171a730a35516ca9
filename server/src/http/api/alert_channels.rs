//! `/alert-channels`: where alerts are sent to. Secrets are written, and never read back.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::Secret;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::extract::{Body, Id, page};
use crate::actions::alert_channels::{self, Draft, clock_time, minutes};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::store;
use crate::store::alert_channels::{Channel, Mail, MailSecurity, Target};
use crate::store::alerts::Severity;

/// A channel as it is written; in a change, what is left out stays as it was.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    name: Option<String>,
    kind: Option<Kind>,
    url: Option<String>,
    signing_key: Option<Secret>,
    smtp: Option<Smtp>,
    min_severity: Option<Severity>,
    organization_ids: Option<Vec<Uuid>>,
    domain_ids: Option<Vec<Uuid>>,
    quiet_minutes: Option<i32>,
    /// Null ends them.
    #[serde(default, deserialize_with = "given")]
    quiet_hours: Option<Option<Hours>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Webhook,
    Email,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Smtp {
    host: Option<String>,
    port: Option<u16>,
    security: Option<MailSecurity>,
    #[serde(default, deserialize_with = "given")]
    username: Option<Option<String>>,
    password: Option<Secret>,
    from: Option<String>,
    to: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hours {
    from: String,
    to: String,
}

/// Tells null from nothing.
fn given<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl Document {
    fn draft(self, before: Option<&Channel>) -> Result<Draft, Error> {
        let quiet_hours = match self.quiet_hours {
            Some(Some(hours)) => {
                Some((time("quiet_hours.from", &hours.from)?, time("quiet_hours.to", &hours.to)?))
            }
            Some(None) => None,
            None => before.and_then(|row| row.quiet_from.zip(row.quiet_to)),
        };
        let smtp = self.smtp.unwrap_or_default();
        let target = match (self.kind, before.map(|row| &row.target.0)) {
            (Some(Kind::Webhook), Some(Target::Email(_)))
            | (Some(Kind::Email), Some(Target::Webhook { .. })) => {
                return Err(Error::field("kind", "cannot be changed: add another channel"));
            }
            (Some(Kind::Webhook) | None, Some(Target::Webhook { url })) => {
                Target::Webhook { url: self.url.unwrap_or_else(|| url.clone()) }
            }
            (Some(Kind::Email) | None, Some(Target::Email(mail))) => Target::Email(smtp.over(mail)),
            (Some(Kind::Webhook), None) => Target::Webhook { url: self.url.unwrap_or_default() },
            (Some(Kind::Email), None) => Target::Email(smtp.over(&nothing())),
            (None, None) => return Err(Error::field("kind", "must be webhook or email")),
        };
        let secret = match target {
            Target::Webhook { .. } => self.signing_key,
            Target::Email(_) => smtp.password,
        };
        let kept = |ids: fn(&Channel) -> &Vec<Uuid>| before.map(ids).cloned().unwrap_or_default();
        Ok(Draft {
            name: self.name.or_else(|| before.map(|row| row.name.clone())).unwrap_or_default(),
            target,
            secret,
            min_severity: self
                .min_severity
                .or_else(|| before.map(|row| row.min_severity))
                .unwrap_or(Severity::Warning),
            organizations: self.organization_ids.unwrap_or_else(|| kept(|row| &row.organizations)),
            domains: self.domain_ids.unwrap_or_else(|| kept(|row| &row.domains)),
            quiet_minutes: self.quiet_minutes.or_else(|| before.map(|row| row.quiet_minutes)).unwrap_or(10),
            quiet_hours,
        })
    }
}

impl Smtp {
    fn over(&self, mail: &Mail) -> Mail {
        let username = self.username.clone().unwrap_or_else(|| mail.username.clone());
        Mail {
            host: self.host.clone().unwrap_or_else(|| mail.host.clone()),
            port: self.port.unwrap_or(mail.port),
            security: self.security.unwrap_or(mail.security),
            username: username.filter(|name| !name.is_empty()),
            from: self.from.clone().unwrap_or_else(|| mail.from.clone()),
            to: self.to.clone().unwrap_or_else(|| mail.to.clone()),
        }
    }
}

fn nothing() -> Mail {
    Mail {
        host: String::new(),
        port: 587,
        security: MailSecurity::Starttls,
        username: None,
        from: String::new(),
        to: Vec::new(),
    }
}

fn time(field: &str, text: &str) -> Result<i32, Error> {
    minutes(text).ok_or_else(|| Error::field(field, "must be a time of the day, such as 22:00"))
}

fn view(row: &Channel) -> Value {
    let mut view = json!({
        "id": row.id, "name": row.name, "kind": row.target.kind(), "min_severity": row.min_severity,
        "organization_ids": row.organizations, "domain_ids": row.domains, "quiet_minutes": row.quiet_minutes,
        "quiet_hours": row.quiet_from.zip(row.quiet_to).map(|(from, to)| json!({"from": clock_time(from), "to": clock_time(to)})),
        "created_at": row.created_at, "last_delivered_at": row.last_delivered_at, "last_error": row.last_error,
        "last_error_at": row.last_error_at,
    });
    let secret = json!({"set": row.secret.is_some()});
    match &row.target.0 {
        Target::Webhook { url } => {
            view["url"] = json!(url);
            view["signing_key"] = secret;
        }
        Target::Email(mail) => {
            view["smtp"] = json!(mail);
            view["smtp"]["password"] = secret;
        }
    }
    view
}

/// For those who may change them: the address of a webhook may be a secret.
pub async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Failure> {
    caller.changing()?;
    let rows = store::alert_channels::list(&app.db).await?;
    Ok(page(rows.iter().map(view).collect(), None))
}

pub async fn find(State(app): State<App>, caller: Caller, Id(id): Id<Uuid>) -> Result<Json<Value>, Failure> {
    caller.changing()?;
    found(&app, id).await
}

pub async fn add(
    State(app): State<App>,
    caller: Caller,
    Body(document): Body<Document>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let actor = caller.owning()?;
    let id = alert_channels::add(&app, actor, document.draft(None)?).await?;
    Ok((StatusCode::CREATED, found(&app, id).await?))
}

pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<Uuid>,
    Body(document): Body<Document>,
) -> Result<Json<Value>, Failure> {
    let actor = caller.owning()?;
    let before = store::alert_channels::find(&app.db, id).await?.ok_or(Error::NotFound("alert channel"))?;
    alert_channels::change(&app, actor, id, document.draft(Some(&before))?).await?;
    found(&app, id).await
}

pub async fn remove(State(app): State<App>, caller: Caller, Id(id): Id<Uuid>) -> Result<StatusCode, Failure> {
    alert_channels::remove(&app, caller.owning()?, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a test now; what is wrong stands in the answer.
pub async fn test(State(app): State<App>, caller: Caller, Id(id): Id<Uuid>) -> Result<Json<Value>, Failure> {
    alert_channels::test(&app, caller.owning()?, id).await?;
    Ok(Json(json!({"sent": true})))
}

async fn found(app: &App, id: Uuid) -> Result<Json<Value>, Failure> {
    let row = store::alert_channels::find(&app.db, id).await?.ok_or(Error::NotFound("alert channel"))?;
    Ok(Json(view(&row)))
}
