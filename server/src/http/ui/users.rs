//! Users: the list, and one user: why it is or is not synced.

use askama::Template;
use axum::extract::State;
use planner::input::JumpCloudUser;
use planner::reason::Reason;
use protocol::{DomainId, ObjectGuid};

use super::chrome::Chrome;
use super::extract::{Filter, Id};
use super::facts::{self, Fact};
use super::form::{Fields, Form};
use super::passwords::{self, Places};
use super::session::Viewer;
use super::steps::{NameLink, Names, Step};
use super::views::{Badge, DomainHead, Paging, STATUSES, Tally, reason, tallies};
use super::{Answer, Refusal, again, domains, page, to};
use crate::actions::subjects;
use crate::app::App;
use crate::error::Error;
use crate::store;
use crate::store::subjects::UserView;

const PAGE: i64 = 50;

#[derive(Debug, Template)]
#[template(path = "users/list.html")]
struct ListPage {
    chrome: Chrome,
    head: DomainHead,
    form: Form,
    tallies: Vec<Tally>,
    rows: Vec<Row>,
    paging: Paging,
}

#[derive(Debug)]
struct Row {
    guid: ObjectGuid,
    name: String,
    account: String,
    badge: Badge,
    reason: String,
}

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
    /// Whom it could be in JumpCloud; only while a person has to decide.
    candidates: Vec<JumpCloudUser>,
    form: Form,
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

pub(super) async fn list(
    State(app): State<App>,
    chrome: Chrome,
    Id(id): Id<DomainId>,
    filter: Filter,
) -> Answer {
    let domain = domains::find(&app, id).await?;
    let (query, status) = (filter.text("query"), filter.one_of("status", &STATUSES));
    let after = filter.parsed("after").map(ObjectGuid);
    let rows = store::subjects::list_users(&app.db, id, query.as_deref(), status, after, PAGE).await?;
    let counts = store::subjects::count_by_status(&app.db, id).await?;
    let here = format!("/domains/{id}/users");
    let kept = [("query", query.as_deref()), ("status", status)];
    let last = rows.last().filter(|_| rows.len() == 50).map(|row| row.guid);
    page(&ListPage {
        chrome,
        head: DomainHead::new(&domain, "users"),
        form: Form::filter(&kept),
        tallies: tallies(&counts, "user"),
        paging: Paging::new(&here, &kept, after, last),
        rows: rows.iter().map(row).collect(),
    })
}

fn row(user: &UserView) -> Row {
    Row {
        guid: user.guid,
        name: facts::name(user),
        account: [&user.body.sam_account_name, &user.body.mail]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" · "),
        badge: Badge::of(&user.status),
        reason: reason(&user.reasons, &user.status),
    }
}

pub(super) async fn show(
    State(app): State<App>,
    chrome: Chrome,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
) -> Answer {
    page(&shown(&app, chrome, id, guid, Form::default()).await?)
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
    let candidates = if user.status == "conflict" {
        store::mirror::list_candidates(&app.db, id, guid).await?
    } else {
        Vec::new()
    };
    let places = Places::new(&store::agents::list_of(&app.db, id).await?);
    let password = store::coverage::find(&app.db, id, chrome.now, guid).await?;
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
        candidates,
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
        Ok(()) => Ok(to(&format!("/domains/{id}/users/{guid}?done=takeover"))),
        Err(error) => {
            let form = form.with(error)?;
            again(&shown(&app, chrome, id, guid, form).await?)
        }
    }
}
