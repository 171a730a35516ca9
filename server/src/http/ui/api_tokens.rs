//! API tokens, for owners: what there are, making one, ending one.

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use uuid::Uuid;

use super::chrome::Chrome;
use super::extract::{Filter, Id};
use super::form::{Fields, Form};
use super::roles::{self, Choices};
use super::session::Viewer;
use super::{Answer, again, page, to};
use crate::actions::api_tokens::{self, New};
use crate::app::App;
use crate::error::{Error, Result};
use crate::store;
use crate::store::admins::Role;
use crate::store::api_tokens::ApiTokenRow;

const PAGE: i64 = 100;

#[derive(Debug, Template)]
#[template(path = "api_tokens/list.html")]
struct ListPage {
    chrome: Chrome,
    rows: Vec<Row>,
    next: Option<Uuid>,
    choices: Choices,
    form: Form,
}

#[derive(Debug)]
struct Row {
    id: Uuid,
    name: String,
    roles: Vec<String>,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    has_expired: bool,
}

#[derive(Debug, Template)]
#[template(path = "api_tokens/made.html")]
struct MadePage {
    chrome: Chrome,
    name: String,
    token: String,
    expires_at: Option<DateTime<Utc>>,
}

pub(super) async fn list(State(app): State<App>, chrome: Chrome, filter: Filter) -> Answer {
    let mut form = Form::default();
    form.set("role", Role::ReadOnly.as_str());
    page(&listed(&app, chrome, filter.parsed("after"), form).await?)
}

async fn listed(app: &App, chrome: Chrome, after: Option<Uuid>, form: Form) -> Result<ListPage> {
    let choices = roles::choices(app).await?;
    let rows = store::api_tokens::list(&app.db, after, PAGE).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|len| len == PAGE);
    let next = rows.last().filter(|_| full).map(|row| row.id);
    let now = chrome.now;
    let row = |row: ApiTokenRow| Row {
        roles: roles::described(&row.access(), &choices),
        id: row.id,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        has_expired: row.expires_at.is_some_and(|ends| ends <= now),
        expires_at: row.expires_at,
        name: row.name,
    };
    let rows = rows.into_iter().map(row).collect();
    Ok(ListPage { chrome, rows, next, choices, form })
}

/// The answer itself shows the token: it is kept nowhere, so no other page could.
pub(super) async fn create(State(app): State<App>, viewer: Viewer, chrome: Chrome, fields: Fields) -> Answer {
    let made = async {
        let by = viewer.owning()?;
        let access = roles::chosen(&fields, &roles::choices(&app).await?);
        let expires_at = last_moment(fields.text("expires_at"))?;
        let new = New { name: fields.text("name").into(), access, expires_at };
        let (_, token) = api_tokens::create(&app, &by, new).await?;
        Ok::<_, Error>((token, expires_at))
    };
    match made.await {
        Ok((token, expires_at)) => page(&MadePage {
            chrome,
            name: fields.text("name").to_owned(),
            token: token.expose().to_owned(),
            expires_at,
        }),
        Err(error) => {
            let form = Form::typed(&fields, &[]).with(error)?;
            again(&listed(&app, chrome, None, form).await?)
        }
    }
}

/// The end of the day that was chosen, in UTC.
fn last_moment(day: &str) -> Result<Option<DateTime<Utc>>> {
    if day.is_empty() {
        return Ok(None);
    }
    let day: NaiveDate = day
        .parse()
        .map_err(|_| Error::field("expires_at", "must be a day, such as 2030-12-31, or left empty"))?;
    let next = day.succ_opt().map(|next| next.and_time(NaiveTime::MIN).and_utc());
    Ok(next)
}

pub(super) async fn remove(State(app): State<App>, viewer: Viewer, Id(id): Id<Uuid>) -> Answer {
    api_tokens::delete(&app, &viewer.owning()?, id).await?;
    Ok(to("/api-tokens?done=token-removed"))
}
