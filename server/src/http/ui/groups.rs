//! Groups: the list, and one group with what it is in JumpCloud and who is in it.

use askama::Template;
use axum::extract::State;
use protocol::{DomainId, ObjectGuid};

use super::chrome::Chrome;
use super::extract::{Filter, Id};
use super::form::{Fields, Form};
use super::session::Viewer;
use super::steps::{NameLink, Names, Step};
use super::views::{Badge, DomainHead, Paging, STATUSES, Tally, reason, tallies};
use super::{Answer, back, domains, page};
use crate::actions::subjects;
use crate::app::App;
use crate::error::Error;
use crate::http::api::groups::Below;
use crate::store;
use crate::store::group_members::{self, Counts, Member};
use crate::store::roster::{self, Sort};
use crate::store::subjects::GroupView;

const PAGE: i64 = 50;
const MEMBERS: i64 = 100;

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
    /// Members that JumpCloud has.
    jumpcloud_members: i64,
    is_adopted: bool,
}

#[derive(Debug, Template)]
#[template(path = "groups/show.html")]
struct ShowPage {
    chrome: Chrome,
    head: DomainHead,
    name: String,
    badge: Badge,
    group: GroupView,
    /// Through however many others.
    counts: Counts,
    form: Form,
    members: Vec<MemberRow>,
    paging: Paging,
    steps: Vec<Step>,
    /// A JumpCloud group has the name, and a person may say that it is this one.
    can_adopt: bool,
    here: String,
}

/// A member, and the way down to it.
#[derive(Debug)]
struct MemberRow {
    name: NameLink,
    path: Vec<NameLink>,
    badge: Badge,
    reason: String,
}

impl ShowPage {
    fn is_adopted(&self) -> bool {
        self.group.adopt && self.group.jumpcloud_id.is_some()
    }

    fn left_out(&self) -> i64 {
        self.counts.members - self.counts.synced
    }
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
    let asked = roster::Filter { query: query.as_deref(), status, ..roster::Filter::default() };
    let rows = roster::list_groups(&app.db, id, &asked, Sort::Name, after, PAGE).await?;
    let counts = store::subjects::count_by_status(&app.db, id).await?;
    let kept = [("query", query.as_deref()), ("status", status)];
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == PAGE);
    let last = rows.last().filter(|_| full).map(|row| row.guid);
    let row = |group: &GroupView| Row {
        guid: group.guid,
        name: name(group),
        dn: group.dn.clone(),
        badge: Badge::of(&group.status),
        reason: reason(&group.reasons, &group.status),
        members: group.members,
        jumpcloud: group.jumpcloud_name.clone(),
        jumpcloud_members: group.jumpcloud_members,
        is_adopted: group.adopt && group.jumpcloud_id.is_some(),
    };
    page(&ListPage {
        chrome,
        head: DomainHead::new(&domain, "groups"),
        form: Form::filter(&kept),
        tallies: tallies(&counts, "group"),
        rows: rows.iter().map(row).collect(),
        paging: Paging::new(&format!("/domains/{id}/groups"), &kept, after, last),
    })
}

pub(super) async fn show(
    State(app): State<App>,
    chrome: Chrome,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
    filter: Filter,
) -> Answer {
    let domain = domains::find(&app, id).await?;
    let group = store::subjects::find_group(&app.db, id, guid).await?.ok_or(Error::NotFound("group"))?;
    let operations = store::operations::list_of(&app.db, id, guid, 50).await?;
    let names = Names::of(&app.db, &operations).await?;

    let below = Below::of(&app, id, guid).await?;
    let around = Names::load(&app.db, &below.groups).await?;
    let only = filter.one_of("members", &["synced", "left_out"]);
    let after = filter.parsed("after").map(ObjectGuid);
    let synced = only.map(|only| only == "synced");
    let members = group_members::list(&app.db, id, &below.groups, synced, after, MEMBERS).await?;
    let full = i64::try_from(members.len()).is_ok_and(|count| count == MEMBERS);
    let last = members.last().filter(|_| full).map(|row| row.guid);
    let (here, kept) = (format!("/domains/{id}/groups/{guid}"), [("members", only)]);
    let row = |member: &Member| MemberRow {
        name: match member.kind.as_str() {
            "user" => {
                let href = format!("/domains/{id}/users/{}", member.guid);
                NameLink { text: member.name.clone(), href }
            }
            _ => NameLink { text: member.dn.clone(), href: String::new() },
        },
        path: below.path(member.via).into_iter().skip(1).map(|group| around.link(id, group)).collect(),
        badge: Badge::of(&member.status),
        reason: left_out(member),
    };
    page(&ShowPage {
        chrome,
        head: DomainHead::new(&domain, "groups"),
        name: name(&group),
        badge: Badge::of(&group.status),
        can_adopt: group.reasons.iter().any(|reason| reason.code == "group_name_taken"),
        counts: group_members::count(&app.db, id, &below.groups).await?,
        group,
        form: Form::filter(&kept),
        members: members.iter().map(row).collect(),
        paging: Paging::new(&here, &kept, after, last),
        steps: operations.iter().map(|row| Step::new(row, &names)).collect(),
        here,
    })
}

/// Why a member is not synced.
fn left_out(member: &Member) -> String {
    match (member.kind.as_str(), &member.class) {
        ("user", _) => reason(&member.reasons, &member.status),
        (_, Some(class)) => format!("No user of this domain ({class}); only users are synced."),
        (_, None) => {
            "It has not been read: the service account may not read it, or it is no user of this domain."
                .into()
        }
    }
}

pub(super) async fn adopt(
    State(app): State<App>,
    viewer: Viewer,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
    fields: Fields,
) -> Answer {
    subjects::adopt_group(&app, &viewer.actor(), id, guid).await?;
    Ok(back(&fields, &format!("/domains/{id}/groups/{guid}"), "adopted"))
}
