//! Who is not synced, and why: the other half of the preview.

use askama::Template;
use axum::extract::State;
use protocol::{DomainId, ObjectGuid};

use super::chrome::Chrome;
use super::extract::{Filter, Id};
use super::form::Form;
use super::views::{Badge, DomainHead, Paging};
use super::{Answer, domains, page, words};
use crate::app::App;
use crate::store;
use crate::store::unsynced::{Counted, Unsynced};

const PAGE: i64 = 50;

#[derive(Debug, Template)]
#[template(path = "domains/unsynced.html")]
struct UnsyncedPage {
    chrome: Chrome,
    head: DomainHead,
    total: i64,
    reasons: Vec<Reason>,
    form: Form,
    rows: Vec<Row>,
    paging: Paging,
}

/// How many users a reason keeps out.
#[derive(Debug)]
pub(super) struct Reason {
    pub code: String,
    pub label: String,
    pub count: i64,
}

#[derive(Debug)]
struct Row {
    guid: ObjectGuid,
    name: String,
    account: String,
    badge: Badge,
    reasons: Vec<String>,
    jumpcloud_id: Option<String>,
}

pub(super) fn reasons(rows: &[Counted]) -> Vec<Reason> {
    let reason =
        |row: &Counted| Reason { code: row.code.clone(), label: words::reason(&row.code), count: row.count };
    rows.iter().map(reason).collect()
}

pub(super) async fn list(
    State(app): State<App>,
    chrome: Chrome,
    Id(id): Id<DomainId>,
    filter: Filter,
) -> Answer {
    let domain = domains::find(&app, id).await?;
    let reason = filter.text("reason");
    let after = filter.parsed("after").map(ObjectGuid);
    let reasons = reasons(&store::unsynced::count(&app.db, id).await?);
    let rows = store::unsynced::list(&app.db, id, reason.as_deref(), after, PAGE).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == PAGE);
    let last = rows.last().filter(|_| full).map(|row| row.guid);
    let kept = [("reason", reason.as_deref())];
    page(&UnsyncedPage {
        chrome,
        head: DomainHead::new(&domain, "preview"),
        total: reasons.iter().map(|reason| reason.count).sum(),
        reasons,
        form: Form::filter(&kept),
        paging: Paging::new(&format!("/domains/{id}/not-synced"), &kept, after, last),
        rows: rows.iter().map(row).collect(),
    })
}

fn row(user: &Unsynced) -> Row {
    let account = [&user.sam_account_name, &user.mail];
    let account: Vec<_> = account.into_iter().flatten().map(String::as_str).collect();
    let name = user.display_name.as_ref().or(user.sam_account_name.as_ref()).unwrap_or(&user.dn);
    Row {
        guid: user.guid,
        name: name.clone(),
        account: account.join(" · "),
        badge: Badge::of(&user.status),
        reasons: user.reasons.iter().map(|reason| reason.message.clone()).collect(),
        jumpcloud_id: user.jumpcloud_id.clone(),
    }
}
