//! The attribute table's editor: rows beside what they give for a real user, before anything is saved. Every button is a
//! submit of the same form, which keeps what was typed.

mod outcome;
mod table;

use askama::Template;
use axum::extract::State;
use planner::mapping::{COMMON_ATTRIBUTES, Trial, effective, jumpcloud_fields};
use protocol::{DomainId, ObjectGuid};
use serde_json::json;

use super::chrome::Chrome;
use super::extract::{Filter, Id};
use super::form::{Fields, Form};
use super::session::Viewer;
use super::views::{Badge, DomainHead};
use super::{Answer, Refusal, again, domains, facts, page, to};
use crate::actions;
use crate::app::App;
use crate::error::Error;
use crate::settings::{DomainSettings, mapping_errors};
use crate::store::domains::Domain;
use crate::store::roster::{self, Sort};
use crate::{store, workers};
use outcome::Outcome;
use table::{ADDITIONAL, Act, Row};

/// How many users a search shows.
const HITS: i64 = 10;

#[derive(Debug, Template)]
#[template(path = "mappings/edit.html")]
struct MappingsPage {
    chrome: Chrome,
    head: DomainHead,
    /// Of the settings on which what was typed is based.
    revision: i64,
    form: Form,
    rows: Vec<Row>,
    /// One for each row, if a user is chosen.
    outcomes: Vec<Option<Outcome>>,
    defaults: Vec<Default>,
    hits: Vec<Hit>,
    chosen: Option<Chosen>,
    fields: Vec<(String, String)>,
}

/// A row that holds because no row of the settings names its field.
#[derive(Debug)]
struct Default {
    field: String,
    attribute: String,
    outcome: Option<Outcome>,
}

/// A user that the search found.
#[derive(Debug)]
struct Hit {
    guid: ObjectGuid,
    name: String,
    account: String,
}

/// The user for whom results are shown, and how it would stand.
#[derive(Debug)]
struct Chosen {
    guid: ObjectGuid,
    name: String,
    badge: Badge,
    in_jumpcloud: bool,
    reasons: Vec<String>,
    /// Nothing can be shown before the directory was read.
    is_read: bool,
}

impl MappingsPage {
    fn attributes(&self) -> &'static [(&'static str, &'static str)] {
        &COMMON_ATTRIBUTES
    }

    fn searched(&self) -> bool {
        !self.form.value("query").is_empty()
    }
}

pub(super) async fn show(
    State(app): State<App>,
    chrome: Chrome,
    Id(id): Id<DomainId>,
    filter: Filter,
) -> Answer {
    let domain = domains::find(&app, id).await?;
    let mut form = table::form_of(&domain.settings);
    form.set("query", filter.text("query").unwrap_or_default());
    form.set("user", filter.text("user").unwrap_or_default());
    page(&shown(&app, chrome, &domain, domain.revision, form).await?)
}

/// Saves, or shows the form again with what the button asked for.
pub(super) async fn act(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Id(id): Id<DomainId>,
    fields: Fields,
) -> Answer {
    let domain = domains::find(&app, id).await?;
    let act = Act::of(fields.text("do"));
    let form = table::typed(&fields, act);
    if act != Act::Save {
        let revision = fields.text("revision").parse().unwrap_or(domain.revision);
        return page(&shown(&app, chrome, &domain, revision, form).await?);
    }
    let form = match save(&app, &viewer, &domain, &fields, form).await? {
        Saved::As(revision) => {
            let done = if revision == domain.revision { "unchanged" } else { "saved" };
            return Ok(to(&format!("/domains/{id}/mappings?done={done}{}", user_of(&fields))));
        }
        Saved::Not(form) => form,
    };
    again(&shown(&app, chrome, &domain, domain.revision, form).await?)
}

enum Saved {
    As(i64),
    /// With what is wrong.
    Not(Form),
}

async fn save(
    app: &App,
    viewer: &Viewer,
    domain: &Domain,
    fields: &Fields,
    mut form: Form,
) -> Result<Saved, Refusal> {
    if fields.text("revision") != domain.revision.to_string() {
        form.refused(format!(
            "The settings were changed meanwhile and are at revision {} now; see the list of revisions on the settings page. \
             What you typed is kept here: check it and save again.",
            domain.revision
        ));
        return Ok(Saved::Not(form));
    }
    let rows = table::rows_of(&form);
    let patch = json!({"attribute_mappings": rows, "sync_additional_attributes": form.is_on(ADDITIONAL)});
    match actions::domains::change_settings(app, &viewer.actor(), domain.id, &patch).await {
        Ok(revision) => Ok(Saved::As(revision)),
        Err(Error::Invalid(errors)) => {
            Ok(Saved::Not(form.with(Error::Invalid(table::errors_of_form(errors)))?))
        }
        Err(error) => Ok(Saved::Not(form.with(error)?)),
    }
}

/// The chosen user as a parameter of an address.
fn user_of(fields: &Fields) -> String {
    let user: Option<ObjectGuid> = fields.text("user").parse().ok().map(ObjectGuid);
    user.map(|user| format!("&user={user}")).unwrap_or_default()
}

async fn shown(
    app: &App,
    chrome: Chrome,
    domain: &Domain,
    revision: i64,
    mut form: Form,
) -> Result<MappingsPage, Refusal> {
    let settings = domain.settings.with_mappings(table::rows_of(&form), form.is_on(ADDITIONAL));
    let hits = found(app, domain, &mut form).await?;
    let (chosen, trial) = tried(app, domain, &settings, form.value("user")).await?;
    table::add_errors(&mut form, mapping_errors(table::TABLE, &settings.attribute_mappings));
    let names = outcome::Names::of(app, domain, trial.as_ref()).await?;
    let outcome_of = |row: Option<usize>, field: &str| {
        let mut fields = trial.iter().flat_map(|trial| &trial.fields);
        fields.find(|tried| tried.row == row && tried.field == field).map(|tried| Outcome::of(tried, &names))
    };
    let rows = table::rows(&form);
    let outcomes = rows.iter().map(|row| outcome_of(Some(row.at), form.value(&row.field))).collect();
    let defaults = effective(&settings.policy()).into_iter().filter(|(row, _)| row.is_none());
    let default = |(_, row): (_, planner::policy::AttributeMapping)| Default {
        attribute: row.source.text().to_owned(),
        outcome: outcome_of(None, &row.field),
        field: row.field,
    };
    Ok(MappingsPage {
        chrome,
        head: DomainHead::new(domain, "settings"),
        revision,
        outcomes,
        defaults: defaults.map(default).collect(),
        rows,
        hits,
        chosen,
        fields: jumpcloud_fields(),
        form,
    })
}

/// Whom the search finds. A single one is chosen at once.
async fn found(app: &App, domain: &Domain, form: &mut Form) -> Result<Vec<Hit>, Refusal> {
    let query = form.value("query").trim().to_owned();
    if query.is_empty() {
        return Ok(Vec::new());
    }
    let filter = roster::Filter { query: Some(&query), ..roster::Filter::default() };
    let now = app.clock.now();
    let rows = store::roster::list_users(&app.db, domain.id, now, &filter, Sort::Name, None, HITS).await?;
    if let [only] = &rows[..] {
        form.set("user", only.guid.to_string());
    }
    let hit = |user: &store::subjects::UserView| Hit {
        guid: user.guid,
        name: facts::name(user),
        account: user.body.sam_account_name.clone().unwrap_or_default(),
    };
    Ok(rows.iter().map(hit).collect())
}

/// What the table gives for the chosen user.
async fn tried(
    app: &App,
    domain: &Domain,
    settings: &DomainSettings,
    user: &str,
) -> Result<(Option<Chosen>, Option<Trial>), Refusal> {
    let Some(guid) = user.parse().ok().map(ObjectGuid) else { return Ok((None, None)) };
    let mut conn = app.db.acquire().await?;
    let Some(view) = store::subjects::find_user(&mut *conn, domain.id, guid).await? else {
        return Ok((None, None));
    };
    let trial = workers::plan::try_mappings(&mut conn, domain, settings, guid, app.clock.now())
        .await
        .map_err(|error| Error::internal(format!("could not plan: {error:#}")))?;
    let verdict = trial.as_ref().map(|trial| &trial.verdict);
    let status = verdict.and_then(|verdict| json!(verdict.status).as_str().map(str::to_owned));
    let chosen = Chosen {
        guid,
        name: facts::name(&view),
        badge: Badge::of(status.as_deref().unwrap_or(&view.status)),
        in_jumpcloud: trial.as_ref().is_some_and(|trial| trial.jumpcloud_id.is_some()),
        reasons: verdict
            .iter()
            .flat_map(|verdict| &verdict.reasons)
            .map(|reason| reason.message.clone())
            .collect(),
        is_read: trial.is_some(),
    };
    Ok((Some(chosen), trial))
}
