//! What typed settings would change, before they are saved: the settings field by field, and what the plan becomes.

use askama::Template;
use axum::extract::State;
use protocol::DomainId;
use serde_json::json;
use uuid::Uuid;

use super::revisions::changes;
use crate::actions::drafts;
use crate::actions::previews::KINDS;
use crate::app::App;
use crate::http::review;
use crate::http::ui::chrome::Chrome;
use crate::http::ui::extract::Id;
use crate::http::ui::form::{Fields, Form};
use crate::http::ui::session::Viewer;
use crate::http::ui::steps::{Difference, NameLink, Names};
use crate::http::ui::views::DomainHead;
use crate::http::ui::{Answer, Refusal, again, domains, page, to, words};
use crate::store::domains::Domain;
use crate::store::drafts::Draft;
use crate::workers::plan::impact::Impact;

/// So many of those who lose something are named on the page itself.
const NAMED: usize = 20;

#[derive(Debug, Template)]
#[template(path = "domains/review.html")]
struct ReviewPage {
    chrome: Chrome,
    head: DomainHead,
    draft: Uuid,
    rolls_back_to: Option<i64>,
    differences: Vec<Difference>,
    decides_plan: bool,
    takes_effect: bool,
    rows: Vec<ShiftRow>,
    notes: Vec<String>,
    losses: Vec<Loss>,
    /// All that is taken away by the change itself, as far as it was kept.
    all_losses: usize,
    /// The number to type; none where nothing is taken away at once.
    to_confirm: Option<usize>,
    deletes: usize,
    form: Form,
}

#[derive(Debug)]
struct ShiftRow {
    label: &'static str,
    takes_away: bool,
    now: String,
    then: String,
    added: String,
    dropped: String,
}

#[derive(Debug)]
struct Loss {
    verb: &'static str,
    name: NameLink,
    target: Option<NameLink>,
}

impl ReviewPage {
    fn here(&self) -> String {
        format!("/domains/{}/settings/review/{}", self.head.id, self.draft)
    }

    fn loses(&self) -> bool {
        self.rows.iter().any(|row| row.takes_away && row.added != "0")
    }
}

/// How many are named.
#[derive(Clone, Copy)]
enum Named {
    Some,
    All,
}

pub(in crate::http::ui) async fn show(
    State(app): State<App>,
    chrome: Chrome,
    viewer: Viewer,
    Id((id, draft)): Id<(DomainId, Uuid)>,
    filter: crate::http::ui::extract::Filter,
) -> Answer {
    let domain = domains::find(&app, id).await?;
    let draft = drafts::find(&app, &viewer.actor(), id, draft).await?;
    let impact = review::impact(&app, &domain, &draft.settings).await?;
    let named = if filter.text("losses").is_some() { Named::All } else { Named::Some };
    page(&shown(&app, chrome, &domain, &draft, &impact, Form::default(), named).await?)
}

async fn shown(
    app: &App,
    chrome: Chrome,
    domain: &Domain,
    draft: &Draft,
    impact: &Impact,
    form: Form,
    named: Named,
) -> Result<ReviewPage, Refusal> {
    let takes_effect = review::takes_effect(domain, &draft.settings);
    let some = match named {
        Named::All => impact.losses.as_slice(),
        Named::Some => &impact.losses[..impact.losses.len().min(NAMED)],
    };
    let guids: Vec<_> = some.iter().flat_map(|step| [Some(step.subject), step.target]).flatten().collect();
    let names = Names::load(&app.db, &guids).await?;
    let loss = |step: &planner::Operation| Loss {
        verb: words::kind_of_one(step.change.kind()),
        name: names.link(domain.id, step.subject),
        target: step.target.map(|target| names.link(domain.id, target)),
    };
    let mut differences = changes(&json!(domain.settings.0), &json!(draft.settings.0));
    if draft.bind_password.is_some() {
        let (before, after) = (domain.bind_password.as_ref().map(|_| "set".into()), "another one".into());
        differences.push(Difference { field: "ldap.bind_password".into(), before, after });
    }
    Ok(ReviewPage {
        chrome,
        head: DomainHead::new(domain, "settings"),
        draft: draft.id,
        rolls_back_to: draft.rolls_back_to,
        differences,
        decides_plan: crate::workers::plan::impact::decides_plan(&domain.settings, &draft.settings),
        takes_effect,
        rows: rows(impact),
        notes: impact.notes.iter().map(|note| note.message.clone()).collect(),
        losses: some.iter().map(loss).collect(),
        all_losses: impact.losses.len(),
        to_confirm: impact.to_confirm().filter(|_| takes_effect),
        deletes: impact.deletes,
        form,
    })
}

fn rows(impact: &Impact) -> Vec<ShiftRow> {
    let number = |count: usize| words::number(i64::try_from(count).unwrap_or(i64::MAX));
    let row = |kind: &&'static str| {
        let shift = impact.kinds.get(kind)?;
        Some(ShiftRow {
            label: words::kind(kind),
            takes_away: words::takes_away(kind),
            now: number(shift.now),
            then: number(shift.then),
            added: number(shift.added),
            dropped: number(shift.dropped),
        })
    };
    KINDS.iter().filter_map(row).collect()
}

/// Saves what was reviewed, if the loss was confirmed by its number.
pub(in crate::http::ui) async fn save(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Id((id, draft)): Id<(DomainId, Uuid)>,
    fields: Fields,
) -> Answer {
    let domain = domains::find(&app, id).await?;
    let draft = drafts::find(&app, &viewer.actor(), id, draft).await?;
    let mut form = Form::typed(&fields, &[]);
    let impact = review::impact(&app, &domain, &draft.settings).await?;
    let wanted = impact.to_confirm().filter(|_| review::takes_effect(&domain, &draft.settings));
    let typed = fields.text("confirm").replace([',', ' '], "").parse().ok();
    if let Some(wanted) = wanted
        && !review::confirms(&impact, typed, wanted)
    {
        form.wrong("confirm", format!("must be {wanted}, the number of accounts that lose something"));
        return again(&shown(&app, chrome, &domain, &draft, &impact, form, Named::Some).await?);
    }
    match drafts::publish(&app, &viewer.actor(), &draft).await {
        Ok(_) => {
            let done = if draft.rolls_back_to.is_some() { "rolled-back" } else { "saved" };
            Ok(to(&format!("/domains/{id}/settings?done={done}")))
        }
        Err(error) => {
            let form = form.with(error)?;
            again(&shown(&app, chrome, &domain, &draft, &impact, form, Named::Some).await?)
        }
    }
}
