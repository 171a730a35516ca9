//! One user: why it is or is not synced, what both sides have, and what a person can do about it.

use askama::Template;
use axum::extract::State;
use planner::Status;
use planner::explain::MappedField;
use planner::reason::Reason;
use protocol::{DomainId, ObjectGuid};

use super::chrome::Chrome;
use super::compare::Comparison;
use super::extract::{Filter, Id};
use super::facts::{self, Fact};
use super::form::{Fields, Form};
use super::passwords::{self, Places};
use super::session::Viewer;
use super::steps::{NameLink, Names, Planned, Step};
use super::views::{Badge, DomainHead};
use super::why::{Line, lines};
use super::{Answer, Refusal, again, back, domains, page, to, words};
use crate::actions::subjects;
use crate::app::App;
use crate::error::Error;
use crate::http::why;
use crate::store::subjects::UserView;
use crate::{store, workers};

#[derive(Debug, Template)]
#[template(path = "users/show.html")]
struct ShowPage {
    chrome: Chrome,
    head: DomainHead,
    guid: ObjectGuid,
    name: String,
    badge: Badge,
    user: UserView,
    reasons: Vec<Reason>,
    path: Vec<NameLink>,
    directory: Vec<Fact>,
    jumpcloud: Vec<Fact>,
    /// None while the user is not in scope.
    password: Option<passwords::Shown>,
    hold_hours: u32,
    steps: Vec<Step>,
    /// Rule by rule.
    rules: Vec<Line>,
    fields: Vec<MappedField>,
    /// Whom it could be in JumpCloud; only while a person has to decide.
    comparison: Option<Comparison>,
    dry_run: Option<DryRun>,
    form: Form,
}

/// What a sync now would do.
#[derive(Debug)]
struct DryRun {
    steps: Vec<Planned>,
    badge: Badge,
    reasons: Vec<Reason>,
}

impl ShowPage {
    fn here(&self) -> String {
        format!("/domains/{}/users/{}", self.head.id, self.guid)
    }

    /// JumpCloud does not have the current one.
    fn password_lags(&self) -> bool {
        self.password.as_ref().is_some_and(|password| !password.meaning.remedy.is_empty())
    }
}

pub(super) async fn show(
    State(app): State<App>,
    chrome: Chrome,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
    filter: Filter,
) -> Answer {
    let mut shown = shown(&app, chrome, id, guid, Form::default()).await?;
    if filter.text("dry_run").is_some() {
        shown.dry_run = Some(dry_run(&app, id, guid).await?);
    }
    page(&shown)
}

/// The plan of this one user as things stand, carried out by nobody.
async fn dry_run(app: &App, id: DomainId, guid: ObjectGuid) -> Result<DryRun, Refusal> {
    let domain = domains::find(app, id).await?;
    let mut conn = app.db.acquire().await?;
    let plan = workers::plan::dry_run(&mut conn, &domain, guid, app.clock.now())
        .await
        .map_err(|error| Error::internal(format!("could not plan: {error:#}")))?;
    drop(conn);
    let user = store::subjects::find_user(&app.db, id, guid).await?.ok_or(Error::NotFound("user"))?;
    let known = match &user.jumpcloud_id {
        Some(known) => store::mirror::find_user(&app.db, domain.organization_id, known).await?,
        None => None,
    };
    let before = known.and_then(|known| serde_json::to_value(known).ok());
    let guids: Vec<_> =
        plan.operations.iter().flat_map(|step| [Some(step.subject), step.target]).flatten().collect();
    let names = Names::load(&app.db, &guids).await?;
    let verdict = plan.verdicts.get(&guid);
    let status = verdict.map_or(Status::Pending, |verdict| verdict.status);
    Ok(DryRun {
        steps: plan.operations.iter().map(|step| Planned::new(id, step, before.as_ref(), &names)).collect(),
        badge: Badge::of(words::status(status)),
        reasons: verdict.map(|verdict| verdict.reasons.clone()).unwrap_or_default(),
    })
}

async fn shown(
    app: &App,
    chrome: Chrome,
    id: DomainId,
    guid: ObjectGuid,
    form: Form,
) -> Result<ShowPage, Refusal> {
    let domain = domains::find(app, id).await?;
    let user = store::subjects::find_user(&app.db, id, guid).await?.ok_or(Error::NotFound("user"))?;
    let operations = store::operations::list_of(&app.db, id, guid, 50).await?;
    let names = Names::of(&app.db, &operations).await?;
    let around: Vec<_> = user.scope_path.iter().copied().chain(user.body.manager).collect();
    let around = Names::load(&app.db, &around).await?;
    let known = match &user.jumpcloud_id {
        Some(known) => store::mirror::find_user(&app.db, domain.organization_id, known).await?,
        None => None,
    };
    let places = Places::new(&store::agents::list_of(&app.db, id).await?);
    let password = store::coverage::find(&app.db, id, chrome.now, guid).await?;
    let why = why::of(app, &domain, guid, password.as_ref(), &operations).await?;
    let comparison = Comparison::new(&why).filter(|_| user.status == "conflict");
    Ok(ShowPage {
        chrome,
        head: DomainHead::new(&domain, "users"),
        password: password.map(|password| passwords::Shown::new(id, &password, &places)),
        hold_hours: domain.settings.password_hold_hours,
        guid,
        name: facts::name(&user),
        badge: Badge::of(&user.status),
        reasons: user.reasons.0.clone(),
        path: user.scope_path.iter().map(|group| around.link(id, *group)).collect(),
        directory: facts::directory(&user.body, user.body.manager.map(|manager| around.link(id, manager))),
        jumpcloud: known.as_ref().map(facts::jumpcloud).unwrap_or_default(),
        steps: operations.iter().map(|row| Step::new(row, &names)).collect(),
        rules: lines(why.steps),
        fields: why.fields,
        comparison,
        dry_run: None,
        user,
        form,
    })
}

pub(super) async fn sync(
    State(app): State<App>,
    viewer: Viewer,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
) -> Answer {
    subjects::sync_user(&app, &viewer.actor(), id, guid).await?;
    Ok(to(&format!("/domains/{id}/users/{guid}?done=sync")))
}

/// A person decides which JumpCloud user this is: one of those listed, or another by its id.
pub(super) async fn decide_takeover(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
    fields: Fields,
) -> Answer {
    let chosen = match fields.text("choice") {
        "" | "other" => fields.text("jumpcloud_id"),
        listed => listed,
    };
    let mut form = Form::typed(&fields, &[]);
    if chosen.is_empty() {
        form.wrong("jumpcloud_id", "must be chosen or typed: which JumpCloud user is it?");
        return again(&shown(&app, chrome, id, guid, form).await?);
    }
    match subjects::decide_takeover(&app, &viewer.actor(), id, guid, chosen).await {
        Ok(()) => Ok(back(&fields, &format!("/domains/{id}/users/{guid}"), "takeover")),
        Err(error) => {
            let form = form.with(error)?;
            again(&shown(&app, chrome, id, guid, form).await?)
        }
    }
}
