//! Step 6: what would be done, what takes something away first; and activating exactly that.

use askama::Template;
use axum::extract::State;
use protocol::DomainId;

use super::{Frame, address, load};
use crate::actions::setup::Step;
use crate::actions::{domains, previews};
use crate::app::App;
use crate::http::ui::chrome::Chrome;
use crate::http::ui::extract::Id;
use crate::http::ui::form::{Fields, Form};
use crate::http::ui::session::Viewer;
use crate::http::ui::views::Badge;
use crate::http::ui::{Answer, Refusal, again, page, to, words};
use crate::store;
use crate::store::domains::Mode;

#[derive(Debug, Template)]
#[template(path = "setup/preview.html")]
struct PreviewPage {
    chrome: Chrome,
    frame: Frame,
    counts: Vec<Count>,
    total: i64,
    takes_away: i64,
    excluded: Vec<Excluded>,
    digest: String,
    /// What is still missing before there is a plan; empty once it is whole.
    missing: Vec<String>,
    is_active: bool,
    form: Form,
}

#[derive(Debug)]
struct Count {
    label: &'static str,
    count: i64,
    takes_away: bool,
}

/// Members who are not synced, by their first reason.
#[derive(Debug)]
struct Excluded {
    badge: Badge,
    message: String,
    count: i64,
}

pub(super) async fn show(State(app): State<App>, chrome: Chrome, Id(id): Id<DomainId>) -> Answer {
    page(&shown(&app, chrome, id, Form::default()).await?)
}

async fn shown(app: &App, chrome: Chrome, id: DomainId, form: Form) -> Result<PreviewPage, Refusal> {
    let (setup, frame) = load(app, id, Step::Preview).await?;
    let mut conn = app.db.acquire().await?;
    let plan = previews::of(&mut conn, id).await?;
    let being_planned = store::dirty::count(&mut *conn, id).await?;
    let excluded = store::setup::list_exclusions(&mut *conn, id).await?;
    drop(conn);

    let mut missing = Vec::new();
    if setup.domain.directory_read_at.is_none() {
        missing.push("No agent has read the directory in full yet.".to_owned());
    }
    if setup.organization.mirror_read < setup.organization.mirror_wanted {
        missing.push("JumpCloud is being read.".to_owned());
    }
    if being_planned > 0 {
        missing.push(format!("{being_planned} users and groups are being planned."));
    }
    for step in [Step::Scope, Step::Choices] {
        if !setup.is_done(step) {
            missing.push(format!("Step {}, {}, is not done.", super::number(step), super::title(step)));
        }
    }
    let mut counts: Vec<Count> = plan
        .counts
        .iter()
        .map(|(kind, count)| Count {
            label: words::kind(kind),
            count: *count,
            takes_away: words::takes_away(kind),
        })
        .collect();
    counts.sort_by_key(|count| !count.takes_away);
    Ok(PreviewPage {
        chrome,
        frame,
        total: counts.iter().map(|count| count.count).sum(),
        takes_away: counts.iter().filter(|count| count.takes_away).map(|count| count.count).sum(),
        counts,
        excluded: excluded
            .into_iter()
            .map(|row| Excluded { badge: Badge::of(&row.status), message: row.message, count: row.count })
            .collect(),
        digest: plan.digest,
        missing,
        is_active: setup.domain.mode == Mode::Active,
        form,
    })
}

pub(super) async fn refresh(State(app): State<App>, Id(id): Id<DomainId>) -> Answer {
    domains::refresh_preview(&app, id).await?;
    Ok(to(&format!("{}?done=reading", address(id, Step::Preview))))
}

/// Activates what was seen. Once it is active, the same form again only leads on.
pub(super) async fn activate(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Id(id): Id<DomainId>,
    fields: Fields,
) -> Answer {
    let onwards = format!("{}?done=activated", address(id, Step::Verify));
    let (setup, _) = load(&app, id, Step::Preview).await?;
    if setup.domain.mode == Mode::Active {
        return Ok(to(&onwards));
    }
    let mut form = Form::typed(&fields, &[]);
    if !setup.is_done(Step::Choices) {
        form.refused("What happens to users who leave is not chosen yet: go through step 5, Choices, first.");
    }
    if !fields.is_on("confirmed") {
        form.wrong("confirmed", "must be ticked: what is listed above is done at once");
    }
    if form.is_wrong() {
        return again(&shown(&app, chrome, id, form).await?);
    }
    match domains::activate(&app, &viewer.actor(), id, Some(fields.text("digest"))).await {
        Ok(()) => Ok(to(&onwards)),
        Err(error) => {
            // Another plan is shown now: it is to be confirmed anew.
            form.set("confirmed", "");
            let form = form.with(error)?;
            again(&shown(&app, chrome, id, form).await?)
        }
    }
}
