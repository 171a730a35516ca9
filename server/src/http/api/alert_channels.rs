//! `/alert-channels`: where alerts are sent to. Secrets are written, and never read back.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use protocol::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::describe::{Created, List, NoContent, Tagged, get, post};
use super::extract::{Body, Id, IfMatch, Paging, Query};
use super::views::Set;
use crate::actions::alert_channels::{self, Draft, clock_time, minutes};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::store;
use crate::store::alert_channels::{Channel, Mail, MailSecurity, Target};
use crate::store::alerts::Severity;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route(
            "/alert-channels",
            get(list)
                .says(
                    "List the alert channels",
                    "For those who may change them: a webhook's address may be a secret.",
                )
                .post(add)
                .says("Add an alert channel", "Give `kind`, and `url` or `smtp` as it asks for."),
        )
        .route(
            "/alert-channels/{id}",
            get(find)
                .says("Show an alert channel", "")
                .patch(change)
                .says("Change an alert channel", "What is left out stays as it was.")
                .delete(remove)
                .says("Remove an alert channel", ""),
        )
        .route(
            "/alert-channels/{id}/test",
            post(test).says("Send a test message now", "").refuses(
                StatusCode::UNPROCESSABLE_ENTITY,
                "message_not_sent",
                "the other side did not take it; `detail` has its words",
            ),
        )
}

/// A channel as it is written; in a change, what is left out stays as it was.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChannelSent, example = json!({"name": "On call", "kind": "webhook", "url": "https://hooks.example.com/adit", "min_severity": "warning"}))]
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
    #[schema(value_type = Option<Hours>)]
    quiet_hours: Option<Option<Hours>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ChannelKind)]
enum Kind {
    Webhook,
    Email,
}

/// A mail server, and who writes to whom.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SmtpSent)]
struct Smtp {
    host: Option<String>,
    port: Option<u16>,
    security: Option<MailSecurity>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    username: Option<Option<String>>,
    password: Option<Secret>,
    from: Option<String>,
    to: Option<Vec<String>>,
}

/// Times of the day at the server.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = QuietHours)]
struct Hours {
    #[schema(example = "22:00")]
    from: String,
    #[schema(example = "06:00")]
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

/// A channel as it is read back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Channel)]
pub struct View {
    id: Uuid,
    name: String,
    /// `webhook` or `email`.
    #[schema(example = "webhook")]
    kind: &'static str,
    min_severity: Severity,
    /// Empty: of all.
    organization_ids: Vec<Uuid>,
    domain_ids: Vec<Uuid>,
    quiet_minutes: i32,
    quiet_hours: Option<Hours>,
    created_at: DateTime<Utc>,
    last_delivered_at: Option<DateTime<Utc>>,
    last_error: Option<String>,
    last_error_at: Option<DateTime<Utc>>,
    /// Of a webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://hooks.example.com/adit")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_key: Option<Set>,
    /// Of mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    smtp: Option<SmtpView>,
}

/// A mail server as it is read back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Smtp)]
pub struct SmtpView {
    #[serde(flatten)]
    mail: Mail,
    password: Set,
}

fn view(row: Channel) -> View {
    let secret = Set { set: row.secret.is_some() };
    let kind = row.target.kind();
    let (url, smtp) = match row.target.0 {
        Target::Webhook { url } => (Some(url), None),
        Target::Email(mail) => (None, Some(SmtpView { mail, password: secret })),
    };
    let hours = |(from, to)| Hours { from: clock_time(from), to: clock_time(to) };
    View {
        id: row.id,
        name: row.name,
        kind,
        min_severity: row.min_severity,
        organization_ids: row.organizations,
        domain_ids: row.domains,
        quiet_minutes: row.quiet_minutes,
        quiet_hours: row.quiet_from.zip(row.quiet_to).map(hours),
        created_at: row.created_at,
        last_delivered_at: row.last_delivered_at,
        last_error: row.last_error,
        last_error_at: row.last_error_at,
        signing_key: url.is_some().then_some(secret),
        url,
        smtp,
    }
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Json<List<View>>, Failure> {
    caller.changing()?;
    let rows = store::alert_channels::list(&app.db).await?;
    paging.cut(rows.into_iter().map(view).collect(), |row: &View| row.id)
}

async fn find(State(app): State<App>, caller: Caller, Id(id): Id<Uuid>) -> Result<Tagged<View>, Failure> {
    caller.changing()?;
    found(&app, id).await
}

async fn add(
    State(app): State<App>,
    caller: Caller,
    Body(document): Body<Document>,
) -> Result<Created<View>, Failure> {
    let actor = caller.owning()?;
    let id = alert_channels::add(&app, actor, document.draft(None)?).await?;
    Ok(Created(found(&app, id).await?.view))
}

async fn change(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<Uuid>,
    if_match: IfMatch,
    Body(document): Body<Document>,
) -> Result<Tagged<View>, Failure> {
    let actor = caller.owning()?;
    let before = store::alert_channels::find(&app.db, id).await?.ok_or(Error::NotFound("alert channel"))?;
    alert_channels::change_at(&app, actor, id, document.draft(Some(&before))?, if_match.tag()).await?;
    found(&app, id).await
}

async fn remove(State(app): State<App>, caller: Caller, Id(id): Id<Uuid>) -> Result<NoContent, Failure> {
    alert_channels::remove(&app, caller.owning()?, id).await?;
    Ok(NoContent)
}

/// That a test message was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sent {
    sent: bool,
}

async fn test(State(app): State<App>, caller: Caller, Id(id): Id<Uuid>) -> Result<Json<Sent>, Failure> {
    alert_channels::test(&app, caller.owning()?, id).await?;
    Ok(Json(Sent { sent: true }))
}

async fn found(app: &App, id: Uuid) -> Result<Tagged<View>, Failure> {
    let row = store::alert_channels::find(&app.db, id).await?.ok_or(Error::NotFound("alert channel"))?;
    Ok(Tagged { tag: alert_channels::tag(&row), view: view(row) })
}
