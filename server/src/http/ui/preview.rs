//! The plan before it is carried out: what the preview lists is what activation does, and who is not in it and why.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Utc};
use protocol::{DomainId, OperationId};

use super::chrome::Chrome;
use super::extract::{Filter, Id};
use super::form::{Fields, Form};
use super::progress::ProgressBlock;
use super::session::Viewer;
use super::steps::{Names, Step};
use super::unsynced::{self, Reason};
use super::views::{DomainHead, Paging, address};
use super::{Answer, Refusal, again, page, to, words};
use crate::actions::previews::{self, CAUSES, KINDS, Listing};
use crate::actions::{domains, progress};
use crate::app::App;
use crate::error::Error;
use crate::http::export;
use crate::store;
use crate::store::domains::Mode;

const PAGE: i64 = 50;

#[derive(Debug, Template)]
#[template(path = "domains/preview.html")]
struct PreviewPage {
    chrome: Chrome,
    head: DomainHead,
    digest: String,
    /// The plan that somebody looked at before, if it was another.
    seen: Option<Seen>,
    counts: Vec<Count>,
    total: i64,
    held: i64,
    not_synced: i64,
    reasons: Vec<Reason>,
    /// The filter, as a form.
    form: Form,
    kinds: Vec<(&'static str, &'static str)>,
    causes: Vec<(&'static str, &'static str)>,
    steps: Vec<PlannedStep>,
    paging: Paging,
    /// What the addresses of the files end in.
    kept: String,
    is_complete: bool,
    is_read: bool,
    progress: ProgressBlock,
    mirror_read_at: Option<DateTime<Utc>>,
    is_active: bool,
    activation: Form,
}

/// A planned operation, with whom it is about in JumpCloud.
#[derive(Debug)]
struct PlannedStep {
    step: Step,
    jumpcloud_id: Option<String>,
}

#[derive(Debug)]
struct Count {
    kind: String,
    label: &'static str,
    count: i64,
    takes_away: bool,
}

/// How the plan differs from one that was looked at.
#[derive(Debug)]
struct Seen {
    /// Kind, count then, count now; only those that differ.
    changes: Vec<(&'static str, i64, i64)>,
}

impl PreviewPage {
    fn here(&self) -> String {
        format!("/domains/{}/preview", self.head.id)
    }

    fn can_be_activated(&self) -> bool {
        !self.is_active && self.is_read
    }

    fn takes_away(&self) -> i64 {
        self.counts.iter().filter(|count| count.takes_away).map(|count| count.count).sum()
    }

    /// The counts as the form brings them back, to tell what has changed.
    fn counted(&self) -> String {
        let pairs: Vec<_> =
            self.counts.iter().map(|count| format!("{}:{}", count.kind, count.count)).collect();
        pairs.join(",")
    }

    fn is_filtered(&self) -> bool {
        ["kind", "cause", "query", "destructive"].iter().any(|name| !self.form.value(name).is_empty())
    }
}

/// What the address of the page, or the form on it, says of a plan that was looked at.
#[derive(Debug, Default)]
struct Looked {
    digest: Option<String>,
    counted: Option<String>,
}

pub(super) async fn show(
    State(app): State<App>,
    chrome: Chrome,
    Id(id): Id<DomainId>,
    filter: Filter,
) -> Answer {
    let looked = Looked { digest: filter.text("digest"), counted: None };
    page(&shown(&app, chrome, id, &filter, looked, Form::default()).await?)
}

async fn shown(
    app: &App,
    chrome: Chrome,
    id: DomainId,
    filter: &Filter,
    looked: Looked,
    activation: Form,
) -> Result<PreviewPage, Refusal> {
    let mut conn = app.db.acquire().await?;
    let domain = store::domains::find(&mut *conn, id).await?.ok_or(Error::NotFound("domain"))?;
    let organization = store::organizations::find(&mut *conn, domain.organization_id).await?;
    let organization = organization.ok_or(Error::NotFound("organization"))?;
    let plan = previews::of(&mut conn, id).await?;
    let being_planned = store::dirty::count(&mut *conn, id).await?;
    let reasons = unsynced::reasons(&store::unsynced::count(&mut *conn, id).await?);
    drop(conn);

    let wanted = wanted(filter);
    let after = filter.parsed("after").map(OperationId);
    let listing = Listing::of(&app.db, id, wanted.clone()).await?;
    let planned = listing.after(&app.db, after, PAGE).await?;
    let rows: Vec<_> = planned.iter().map(|planned| planned.row.clone()).collect();
    let names = Names::of(&app.db, &rows).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == PAGE);
    let last = rows.last().filter(|_| full).map(|row| row.id);
    let destructive = wanted.destructive.then_some("true");
    let filters = [
        ("kind", wanted.kind.as_deref()),
        ("cause", wanted.cause.as_deref()),
        ("query", wanted.query.as_deref()),
        ("destructive", destructive),
    ];
    let mut kept = filters.to_vec();
    let form = Form::filter(&kept);
    let files = address("", &kept);
    // Page by page it is the same plan, or it is said that it is not.
    let digest = looked.digest.clone().unwrap_or_else(|| plan.digest.clone());
    kept.push(("digest", Some(&digest)));
    let here = format!("/domains/{id}/preview");
    Ok(PreviewPage {
        paging: Paging::new(&here, &kept, after, last),
        kept: files,
        seen: seen(&looked, &plan),
        counts: counts(&plan.counts),
        total: plan.total(),
        held: plan.held,
        digest: plan.digest,
        not_synced: reasons.iter().map(|reason| reason.count).sum(),
        reasons,
        kinds: KINDS.iter().map(|kind| (*kind, words::kind(kind))).collect(),
        causes: CAUSES.iter().map(|cause| (*cause, words::cause(cause))).collect(),
        steps: planned
            .iter()
            .map(|planned| PlannedStep {
                step: Step::new(&planned.row, &names),
                jumpcloud_id: planned.jumpcloud_id.clone(),
            })
            .collect(),
        is_read: domain.directory_read_at.is_some() && organization.mirror_read_at.is_some(),
        is_complete: domain.directory_read_at.is_some()
            && organization.mirror_read >= organization.mirror_wanted
            && being_planned == 0,
        progress: ProgressBlock::new(progress::of_domain(app, &domain, &organization).await?),
        mirror_read_at: organization.mirror_read_at,
        is_active: domain.mode == Mode::Active,
        head: DomainHead::new(&domain, "preview"),
        chrome,
        form,
        activation,
    })
}

fn wanted(filter: &Filter) -> previews::Filter {
    previews::Filter {
        kind: filter.one_of("kind", &KINDS).map(str::to_owned),
        destructive: filter.text("destructive").is_some(),
        cause: filter.one_of("cause", &CAUSES).map(str::to_owned),
        query: filter.text("query"),
    }
}

fn counts(counts: &BTreeMap<String, i64>) -> Vec<Count> {
    let count = |kind: &&str| {
        let count = *counts.get(*kind)?;
        Some(Count {
            kind: (*kind).to_owned(),
            label: words::kind(kind),
            count,
            takes_away: words::takes_away(kind),
        })
    };
    KINDS.iter().filter_map(count).collect()
}

fn seen(looked: &Looked, plan: &previews::Preview) -> Option<Seen> {
    looked.digest.as_ref().filter(|digest| **digest != plan.digest)?;
    let then: BTreeMap<&str, i64> = looked
        .counted
        .iter()
        .flat_map(|text| text.split(','))
        .filter_map(|pair| pair.split_once(':'))
        .filter_map(|(kind, count)| Some((kind, count.parse().ok()?)))
        .collect();
    let change = |kind: &&str| {
        let then = then.get(*kind).copied().unwrap_or_default();
        let now = plan.counts.get(*kind).copied().unwrap_or_default();
        (then != now).then(|| (words::kind(kind), then, now))
    };
    let told = looked.counted.is_some();
    Some(Seen { changes: if told { KINDS.iter().filter_map(change).collect() } else { Vec::new() } })
}

pub(super) async fn csv(
    State(app): State<App>,
    viewer: Viewer,
    Id(id): Id<DomainId>,
    filter: Filter,
) -> Answer {
    Ok(export::plan::csv(&app, &viewer.actor(), id, wanted(&filter)).await?)
}

pub(super) async fn json(
    State(app): State<App>,
    viewer: Viewer,
    Id(id): Id<DomainId>,
    filter: Filter,
) -> Answer {
    Ok(export::plan::json(&app, &viewer.actor(), id, wanted(&filter)).await?)
}

pub(super) async fn refresh(State(app): State<App>, Id(id): Id<DomainId>) -> Answer {
    domains::refresh_preview(&app, id).await?;
    Ok(to(&format!("/domains/{id}/preview?done=reading")))
}

/// Activates what was seen: the form carries the digest of the plan that the page showed.
pub(super) async fn activate(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Id(id): Id<DomainId>,
    fields: Fields,
) -> Answer {
    let mut form = Form::typed(&fields, &[]);
    let looked = Looked { digest: fields.filled("digest"), counted: fields.filled("counted") };
    let all = Filter::default();
    if !fields.is_on("confirmed") {
        form.wrong("confirmed", "must be ticked: what is listed above is done at once");
        return again(&shown(&app, chrome, id, &all, looked, form).await?);
    }
    match domains::activate(&app, &viewer.actor(), id, Some(fields.text("digest"))).await {
        Ok(()) => Ok(to(&format!("/domains/{id}?done=activated"))),
        Err(error) => {
            // Another plan is shown now: it is to be confirmed anew.
            form.set("confirmed", "");
            let form = form.with(error)?;
            again(&shown(&app, chrome, id, &all, looked, form).await?)
        }
    }
}
