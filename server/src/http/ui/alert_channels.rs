//! Where alerts are sent to: the list with what became of the last delivery, a form for each kind, and the test.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::chrome::Chrome;
use super::extract::{Filter, Id};
use super::form::{Fields, Form};
use super::session::Viewer;
use super::{Answer, again, page, to};
use crate::actions::alert_channels::{self, Draft, clock_time, minutes};
use crate::app::App;
use crate::error::{Error, Result};
use crate::store;
use crate::store::admins::Reach;
use crate::store::alert_channels::{Channel, Mail, MailSecurity, Target};
use crate::store::alerts::Severity;

const SECRETS: [&str; 2] = ["signing_key", "smtp.password"];

#[derive(Debug, Template)]
#[template(path = "alerts/channels.html")]
struct ListPage {
    chrome: Chrome,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    id: Uuid,
    name: String,
    kind: &'static str,
    wants: &'static str,
    last_delivered_at: Option<DateTime<Utc>>,
    error: Option<(String, DateTime<Utc>)>,
}

#[derive(Debug, Template)]
#[template(path = "alerts/channel.html")]
struct EditPage {
    chrome: Chrome,
    form: Form,
    title: String,
    /// Where the form is sent.
    action: String,
    submit: &'static str,
    is_mail: bool,
    /// Boxes: the field's name, and what it stands for.
    organizations: Vec<(String, String)>,
    domains: Vec<(String, String)>,
    /// None: it is to be added.
    row: Option<Row>,
}

pub(super) async fn list(State(app): State<App>, chrome: Chrome) -> Answer {
    let rows = store::alert_channels::list(&app.db).await?;
    page(&ListPage { chrome, rows: rows.into_iter().map(row).collect() })
}

fn row(row: Channel) -> Row {
    Row {
        id: row.id,
        kind: match row.target.0 {
            Target::Webhook { .. } => "Webhook",
            Target::Email(_) => "Mail",
        },
        wants: match row.min_severity {
            Severity::Notice => "Everything",
            Severity::Warning => "Warnings and what is critical",
            Severity::Critical => "Only what is critical",
        },
        name: row.name,
        last_delivered_at: row.last_delivered_at,
        error: row.last_error.zip(row.last_error_at),
    }
}

pub(super) async fn blank(State(app): State<App>, viewer: Viewer, chrome: Chrome, filter: Filter) -> Answer {
    viewer.owning()?;
    let mut form = Form::default();
    for (name, value) in [
        ("kind", filter.one_of("kind", &["webhook", "email"]).unwrap_or("webhook")),
        ("min_severity", "warning"),
        ("quiet_minutes", "10"),
        ("smtp.port", "587"),
        ("smtp.security", "starttls"),
    ] {
        form.set(name, value);
    }
    page(&edited(&app, chrome, None, form).await?)
}

pub(super) async fn add(State(app): State<App>, viewer: Viewer, chrome: Chrome, fields: Fields) -> Answer {
    let added = match draft(&app, &fields).await {
        Ok(draft) => alert_channels::add(&app, &viewer.actor(), draft).await,
        Err(error) => Err(error),
    };
    match added {
        Ok(id) => Ok(to(&format!("/alerts/channels/{id}?done=channel-added"))),
        Err(error) => {
            let form = Form::typed(&fields, &SECRETS).with(error)?;
            again(&edited(&app, chrome, None, form).await?)
        }
    }
}

pub(super) async fn show(State(app): State<App>, viewer: Viewer, chrome: Chrome, Id(id): Id<Uuid>) -> Answer {
    viewer.owning()?;
    let channel = find(&app, id).await?;
    let form = kept(&channel);
    page(&edited(&app, chrome, Some(channel), form).await?)
}

pub(super) async fn change(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Id(id): Id<Uuid>,
    fields: Fields,
) -> Answer {
    let channel = find(&app, id).await?;
    let changed = match draft(&app, &fields).await {
        Ok(draft) => alert_channels::change(&app, &viewer.actor(), id, draft).await,
        Err(error) => Err(error),
    };
    match changed {
        Ok(()) => Ok(to(&format!("/alerts/channels/{id}?done=channel-saved"))),
        Err(error) => {
            let form = Form::typed(&fields, &SECRETS).with(error)?;
            again(&edited(&app, chrome, Some(channel), form).await?)
        }
    }
}

pub(super) async fn test(State(app): State<App>, viewer: Viewer, chrome: Chrome, Id(id): Id<Uuid>) -> Answer {
    match alert_channels::test(&app, &viewer.actor(), id).await {
        Ok(()) => Ok(to(&format!("/alerts/channels/{id}?done=channel-tested"))),
        Err(error) => {
            let channel = find(&app, id).await?;
            let form = kept(&channel).with(error)?;
            again(&edited(&app, chrome, Some(channel), form).await?)
        }
    }
}

pub(super) async fn remove(
    State(app): State<App>,
    viewer: Viewer,
    Id(id): Id<Uuid>,
) -> Result<Response, super::Refusal> {
    alert_channels::remove(&app, &viewer.actor(), id).await?;
    Ok(to("/alerts/channels?done=channel-removed"))
}

async fn find(app: &App, id: Uuid) -> Result<Channel> {
    store::alert_channels::find(&app.db, id).await?.ok_or(Error::NotFound("alert channel"))
}

async fn edited(app: &App, chrome: Chrome, channel: Option<Channel>, form: Form) -> Result<EditPage> {
    let organizations = store::organizations::list(&app.db, &Reach::EVERYTHING).await?;
    let domains = store::domains::list(&app.db, &Reach::EVERYTHING).await?;
    let is_mail = form.is("kind", "email");
    let (title, action, submit) = match &channel {
        Some(row) => (row.name.clone(), format!("/alerts/channels/{}", row.id), "Save"),
        None => {
            let title = if is_mail { "Add a mailbox" } else { "Add a webhook" };
            (title.into(), "/alerts/channels/new".into(), "Add")
        }
    };
    Ok(EditPage {
        chrome,
        title,
        action,
        submit,
        is_mail,
        form,
        organizations: organizations.into_iter().map(|row| (organization_box(row.id.0), row.name)).collect(),
        domains: domains.into_iter().map(|row| (domain_box(row.id.0), row.name)).collect(),
        row: channel.map(row),
    })
}

fn organization_box(id: Uuid) -> String {
    format!("organization-{id}")
}

fn domain_box(id: Uuid) -> String {
    format!("domain-{id}")
}

fn kept(channel: &Channel) -> Form {
    let mut form = Form::default();
    form.set("name", &channel.name);
    form.set("kind", channel.target.kind());
    form.set("min_severity", channel.min_severity.as_str());
    form.set("quiet_minutes", channel.quiet_minutes.to_string());
    form.set("quiet_hours.from", channel.quiet_from.map(clock_time).unwrap_or_default());
    form.set("quiet_hours.to", channel.quiet_to.map(clock_time).unwrap_or_default());
    for id in &channel.organizations {
        form.set(organization_box(*id), "true");
    }
    for id in &channel.domains {
        form.set(domain_box(*id), "true");
    }
    match &channel.target.0 {
        Target::Webhook { url } => form.set("url", url),
        Target::Email(mail) => {
            form.set("smtp.host", &mail.host);
            form.set("smtp.port", mail.port.to_string());
            form.set("smtp.security", security_word(mail.security));
            form.set("smtp.username", mail.username.clone().unwrap_or_default());
            form.set("smtp.from", &mail.from);
            form.set("smtp.to", mail.to.join("\n"));
        }
    }
    form
}

fn security_word(security: MailSecurity) -> &'static str {
    match security {
        MailSecurity::Tls => "tls",
        MailSecurity::Starttls => "starttls",
        MailSecurity::None => "none",
    }
}

async fn draft(app: &App, fields: &Fields) -> Result<Draft> {
    let is_mail = fields.text("kind") == "email";
    let organizations =
        store::organizations::list(&app.db, &Reach::EVERYTHING).await?.into_iter().map(|row| row.id.0);
    let domains = store::domains::list(&app.db, &Reach::EVERYTHING).await?.into_iter().map(|row| row.id.0);
    let number =
        |name: &str, message: &str| fields.text(name).parse::<i32>().map_err(|_| Error::field(name, message));
    Ok(Draft {
        name: fields.text("name").into(),
        target: if is_mail {
            Target::Email(mail(fields)?)
        } else {
            Target::Webhook { url: fields.text("url").into() }
        },
        secret: fields.secret(if is_mail { "smtp.password" } else { "signing_key" }),
        min_severity: Severity::parse(fields.text("min_severity"))
            .ok_or_else(|| Error::field("min_severity", "must be chosen"))?,
        organizations: organizations.filter(|id| fields.is_on(&organization_box(*id))).collect(),
        domains: domains.filter(|id| fields.is_on(&domain_box(*id))).collect(),
        quiet_minutes: number("quiet_minutes", "must be a number of minutes from 0 to 1440")?,
        quiet_hours: quiet_hours(fields)?,
    })
}

fn quiet_hours(fields: &Fields) -> Result<Option<(i32, i32)>> {
    let time = |name: &str| match fields.filled(name) {
        Some(text) => minutes(&text)
            .map(Some)
            .ok_or_else(|| Error::field(name, "must be a time of the day, such as 22:00")),
        None => Ok(None),
    };
    match (time("quiet_hours.from")?, time("quiet_hours.to")?) {
        (Some(from), Some(to)) => Ok(Some((from, to))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(Error::field("quiet_hours.to", "is missing")),
        (None, Some(_)) => Err(Error::field("quiet_hours.from", "is missing")),
    }
}

fn mail(fields: &Fields) -> Result<Mail> {
    let addresses = fields.raw("smtp.to").split([',', ';', '\n']).map(str::trim);
    Ok(Mail {
        host: fields.text("smtp.host").into(),
        port: fields
            .text("smtp.port")
            .parse()
            .map_err(|_| Error::field("smtp.port", "must lie between 1 and 65535, mostly 587 or 465"))?,
        security: match fields.text("smtp.security") {
            "tls" => MailSecurity::Tls,
            "starttls" => MailSecurity::Starttls,
            "none" => MailSecurity::None,
            _ => return Err(Error::field("smtp.security", "must be chosen")),
        },
        username: fields.filled("smtp.username"),
        from: fields.text("smtp.from").into(),
        to: addresses.filter(|address| !address.is_empty()).map(str::to_owned).collect(),
    })
}
