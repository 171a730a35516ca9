//! Holds: what tripped the guard, what it comes from, the exact set, and the decision about all of it or some.

mod decisions;

use askama::Template;
use axum::extract::State;
use planner::input::MovedOutAnswer;
use protocol::{HoldId, OperationId};
use uuid::Uuid;

use super::chrome::Chrome;
use super::extract::{Filter, Id};
use super::facts;
use super::form::{Fields, Form};
use super::session::Viewer;
use super::steps::{NameLink, Names, Step};
use super::views::{Badge, address};
use super::{Answer, Refusal, again, page, to, words};
use crate::actions::holds::{self, Decision};
use crate::app::App;
use crate::error::Error;
use crate::http::causes::{self, Cause};
use crate::store;
use crate::store::admins::Reach;
use crate::store::holds::{Hold, Which};
use decisions::{Decided, decided};

const PAGE: i64 = 100;

#[derive(Debug, Template)]
#[template(path = "holds/list.html")]
struct ListPage {
    chrome: Chrome,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    hold: Hold,
    domain: String,
    what: String,
    badge: Badge,
}

#[derive(Debug, Template)]
#[template(path = "holds/show.html")]
struct ShowPage {
    chrome: Chrome,
    hold: Hold,
    domain: String,
    what: String,
    badge: Badge,
    window_hours: u32,
    causes: Vec<Cause>,
    /// The one that the list is limited to.
    only: Option<Cause>,
    /// With the ids of the boxes.
    steps: Vec<Step>,
    next: Option<String>,
    is_first: bool,
    users: Vec<MovedOut>,
    history: Vec<Decided>,
    is_open: bool,
    form: Form,
}

/// A user that was moved out of the root user container.
#[derive(Debug)]
struct MovedOut {
    guid: Uuid,
    name: NameLink,
    dn: String,
}

impl ShowPage {
    fn is_moved_out(&self) -> bool {
        self.hold.kind == "moved_out"
    }

    /// In all of the hold, or of the cause that the list is limited to.
    fn waiting(&self) -> i64 {
        match &self.only {
            Some(cause) => cause.count,
            None if self.is_moved_out() => count(self.users.len()),
            None => self.hold.waiting,
        }
    }

    fn here(&self) -> String {
        address(
            &format!("/holds/{}", self.hold.id),
            &[("cause", self.only.as_ref().map(|cause| cause.key.as_str()))],
        )
    }

    fn of_cause(&self, cause: &Cause) -> String {
        address(&format!("/holds/{}", self.hold.id), &[("cause", Some(&cause.key))])
    }
}

fn count(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

pub(super) async fn list(State(app): State<App>, chrome: Chrome) -> Answer {
    let domains = store::domains::list(&app.db, &chrome.reach()).await?;
    let open = store::holds::list_open(&app.db, &chrome.reach()).await?;
    let row = |hold: Hold| {
        let domain = domains.iter().find(|domain| domain.id == hold.domain_id);
        let waiting = open.iter().find(|found| found.id == hold.id).map_or(0, |found| found.waiting);
        let badge = Badge::of(&hold.state);
        Row {
            what: words::held_kind(&hold.kind, waiting),
            domain: domain.map(|domain| domain.name.clone()).unwrap_or_default(),
            hold,
            badge,
        }
    };
    let rows = store::holds::list(&app.db, &chrome.reach()).await?.into_iter().map(row).collect();
    page(&ListPage { chrome, rows })
}

pub(super) async fn show(
    State(app): State<App>,
    chrome: Chrome,
    Id(id): Id<HoldId>,
    filter: Filter,
) -> Answer {
    page(&shown(&app, chrome, id, &filter, Form::default()).await?)
}

async fn shown(
    app: &App,
    chrome: Chrome,
    id: HoldId,
    filter: &Filter,
    form: Form,
) -> Result<ShowPage, Refusal> {
    let hold = store::holds::find(&app.db, id).await?.ok_or(Error::NotFound("hold"))?;
    let domain = super::domains::find(app, hold.domain_id).await?;
    let is_open = hold.state == "open";
    let causes = causes::of(app, &hold).await?;
    let asked = filter.text("cause");
    let only = causes.iter().find(|cause| asked.as_ref() == Some(&cause.key)).cloned();
    let after = filter.parsed("after").map(OperationId);
    let key = only.as_ref().map(|cause| cause.key.as_str());
    let rows = store::work::list_held(&app.db, id, key, is_open, after, PAGE).await?;
    let names = Names::of(&app.db, &rows).await?;
    let next = rows.last().filter(|_| count(rows.len()) == PAGE).map(|last| last.id.to_string());
    let next = next.map(|last| address(&format!("/holds/{id}"), &[("cause", key), ("after", Some(&last))]));
    let users = if hold.kind == "moved_out" && is_open { moved_out(app, &hold).await? } else { Vec::new() };
    let waiting = if hold.kind == "moved_out" { count(users.len()) } else { hold.waiting };
    let history = store::audit::list_about(&app.db, &id.to_string(), 200).await?;
    Ok(ShowPage {
        chrome,
        what: words::held_kind(&hold.kind, waiting),
        badge: Badge::of(&hold.state),
        window_hours: domain.settings.guard.window_hours,
        domain: domain.name,
        hold,
        steps: rows.iter().map(|row| Step::new(row, &names)).collect(),
        next,
        is_first: after.is_none(),
        history: history.iter().filter_map(|event| decided(event, &causes)).collect(),
        causes,
        only,
        users,
        is_open,
        form,
    })
}

async fn moved_out(app: &App, hold: &Hold) -> sqlx::Result<Vec<MovedOut>> {
    let users = store::subjects::list_moved_out(&app.db, hold.domain_id).await?;
    let row = |user: store::subjects::UserView| {
        let href = format!("/domains/{}/users/{}", hold.domain_id, user.guid);
        MovedOut { guid: user.guid.0, name: NameLink { text: facts::name(&user), href }, dn: user.dn }
    };
    Ok(users.into_iter().map(row).collect())
}

/// Approves or rejects all, all of one cause, or what is ticked.
pub(super) async fn decide(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Id(id): Id<HoldId>,
    fields: Fields,
) -> Answer {
    let (decision, done) = match fields.text("decision") {
        "approve" => (Decision::Approve, "approved"),
        "reject" => (Decision::Reject, "rejected"),
        _ => return Err(Refusal::untrusted_form()),
    };
    let filter = Filter::only("cause", fields.text("cause"));
    let chosen = match chosen(&app, id, &fields).await? {
        Ok(chosen) => chosen,
        Err(form) => return again(&shown(&app, chrome, id, &filter, form).await?),
    };
    let operations: Option<Vec<_>> = chosen.map(|ids| ids.into_iter().map(OperationId).collect());
    let cause = fields.text("cause");
    let which = match &operations {
        Some(ids) => Which::Named(ids),
        None if !cause.is_empty() => Which::Cause(cause),
        None => Which::All,
    };
    match holds::decide(&app, &viewer.actor(), id, decision, which).await {
        Ok(_) => Ok(to(&format!("/holds/{id}?done={done}"))),
        Err(error) => {
            let form = Form::typed(&fields, &[]).with(error)?;
            again(&shown(&app, chrome, id, &filter, form).await?)
        }
    }
}

/// Says what happens to users that were moved out of the root user container: all, or those ticked.
pub(super) async fn answer(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Id(id): Id<HoldId>,
    fields: Fields,
) -> Answer {
    let answer = match fields.text("decision") {
        "follow" => MovedOutAnswer::Follow,
        "dissociate" => MovedOutAnswer::Dissociate,
        _ => return Err(Refusal::untrusted_form()),
    };
    let filter = Filter::default();
    let chosen = match chosen(&app, id, &fields).await? {
        Ok(chosen) => chosen,
        Err(form) => return again(&shown(&app, chrome, id, &filter, form).await?),
    };
    match holds::answer_moved_out(&app, &viewer.actor(), id, answer, chosen.as_deref()).await {
        Ok(_) => Ok(to(&format!("/holds/{id}?done=answered"))),
        Err(error) => {
            let form = Form::typed(&fields, &[]).with(error)?;
            again(&shown(&app, chrome, id, &filter, form).await?)
        }
    }
}

/// The ticked ids, or `None` for all. *All* means what the page showed: if more waits by now, the form is shown again.
async fn chosen(app: &App, id: HoldId, fields: &Fields) -> Result<Result<Option<Vec<Uuid>>, Form>, Refusal> {
    let mut form = Form::typed(fields, &[]);
    if fields.text("which") != "all" {
        let ticked: Vec<Uuid> = fields.all("chosen").filter_map(|id| id.parse().ok()).collect();
        if ticked.is_empty() {
            form.refused("Nothing was ticked. Tick what you decide about, or decide about all.");
            return Ok(Err(form));
        }
        return Ok(Ok(Some(ticked)));
    }
    let waiting = match fields.text("cause") {
        "" => {
            let open = store::holds::list_open(&app.db, &Reach::EVERYTHING).await?;
            open.iter().find(|hold| hold.id == id).map_or(0, |hold| hold.waiting)
        }
        cause => {
            let causes = store::work::count_by_cause(&app.db, id).await?;
            causes.iter().find(|row| row.cause == cause).map_or(0, |row| row.waiting)
        }
    };
    if fields.text("shown").parse::<i64>().is_ok_and(|shown| waiting <= shown) {
        return Ok(Ok(None));
    }
    form.refused(
        "More waits by now than the page showed. Look at the list again before you decide about all.",
    );
    Ok(Err(form))
}
