//! Groups: the list, and one group with what it is in JumpCloud.

use askama::Template;
use axum::extract::State;
use protocol::{DomainId, ObjectGuid};

use super::chrome::Chrome;
use super::extract::{Filter, Id};
use super::form::Form;
use super::session::Viewer;
use super::steps::{NameLink, Names, Step};
use super::views::{Badge, DomainHead, Paging, STATUSES, Tally, reason, tallies};
use super::{Answer, domains, page, to};
use crate::actions::subjects;
use crate::app::App;
use crate::error::Error;
use crate::store;
use crate::store::subjects::GroupView;

const PAGE: i64 = 50;
/// More members than this are counted, not listed.
const MEMBERS: i64 = 200;

#[derive(Debug, Template)]
#[template(path = "groups/list.html")]
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
    dn: String,
    badge: Badge,
    reason: String,
    members: i64,
    jumpcloud: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "groups/show.html")]
struct ShowPage {
    chrome: Chrome,
    head: DomainHead,
    name: String,
    badge: Badge,
    group: GroupView,
    members: Vec<NameLink>,
    steps: Vec<Step>,
    /// A JumpCloud group has the name, and a person may say that it is this one.
    can_adopt: bool,
    here: String,
}

fn name(group: &GroupView) -> String {
    group.body.sam_account_name.clone().unwrap_or_else(|| group.body.dn.name())
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
    let rows = store::subjects::list_groups(&app.db, id, query.as_deref(), status, after, PAGE).await?;
    let counts = store::subjects::count_by_status(&app.db, id).await?;
    let kept = [("query", query.as_deref()), ("status", status)];
    let last = rows.last().filter(|_| rows.len() == 50).map(|row| row.guid);
    let row = |group: &GroupView| Row {
        guid: group.guid,
        name: name(group),
        dn: group.dn.clone(),
        badge: Badge::of(&group.status),
        reason: reason(&group.reasons, &group.status),
        members: group.members,
        jumpcloud: group.jumpcloud_name.clone(),
    };
    page(&ListPage {
        chrome,
        head: DomainHead::new(&domain, "groups"),
        form: Form::filter(&kept),
        tallies: tallies(&counts, "group"),
        paging: Paging::new(&format!("/domains/{id}/groups"), &kept, after, last),
        rows: rows.iter().map(row).collect(),
    })
}

pub(super) async fn show(
    State(app): State<App>,
    chrome: Chrome,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
) -> Answer {
    let domain = domains::find(&app, id).await?;
    let group = store::subjects::find_group(&app.db, id, guid).await?.ok_or(Error::NotFound("group"))?;
    let operations = store::operations::list_of(&app.db, id, guid, 50).await?;
    let names = Names::of(&app.db, &operations).await?;
    let members = store::subjects::list_members(&app.db, id, guid, MEMBERS).await?;
    page(&ShowPage {
        chrome,
        head: DomainHead::new(&domain, "groups"),
        name: name(&group),
        badge: Badge::of(&group.status),
        can_adopt: group.reasons.iter().any(|reason| reason.code == "group_name_taken"),
        group,
        members: members.iter().map(NameLink::new).collect(),
        steps: operations.iter().map(|row| Step::new(row, &names)).collect(),
        here: format!("/domains/{id}/groups/{guid}"),
    })
}

pub(super) async fn adopt(
    State(app): State<App>,
    viewer: Viewer,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
) -> Answer {
    subjects::adopt_group(&app, &viewer.actor(), id, guid).await?;
    Ok(to(&format!("/domains/{id}/groups/{guid}?done=adopted")))
}
