//! Where setting up begins, or goes on.

use askama::Template;
use axum::extract::State;
use protocol::DomainId;

use super::{address, number, title};
use crate::actions::setup::{self, Setup, Step};
use crate::app::App;
use crate::http::ui::chrome::Chrome;
use crate::http::ui::extract::Id;
use crate::http::ui::views::DomainHead;
use crate::http::ui::{Answer, page, to};
use crate::store;

#[derive(Debug, Template)]
#[template(path = "setup/start.html")]
struct StartPage {
    chrome: Chrome,
    rows: Vec<Row>,
}

/// A domain that is there.
#[derive(Debug)]
struct Row {
    head: DomainHead,
    organization: String,
    done: usize,
    of: usize,
    /// The first step that is not done.
    next: Option<(usize, &'static str)>,
}

impl Row {
    fn new(setup: &Setup) -> Self {
        Self {
            head: DomainHead::new(&setup.domain, ""),
            organization: setup.organization.name.clone(),
            done: Step::ALL.iter().filter(|step| setup.is_done(**step)).count(),
            of: Step::ALL.len(),
            next: setup.next().map(|step| (number(step), title(step))),
        }
    }
}

pub(super) async fn show(State(app): State<App>, chrome: Chrome) -> Answer {
    let mut rows = Vec::new();
    for domain in store::domains::list(&app.db, &chrome.reach()).await? {
        rows.push(Row::new(&setup::of(&app, domain.id).await?));
    }
    page(&StartPage { chrome, rows })
}

/// Goes on where the domain has come to.
pub(super) async fn resume(State(app): State<App>, Id(id): Id<DomainId>) -> Answer {
    let setup = setup::of(&app, id).await?;
    Ok(to(&address(id, setup.next().unwrap_or(Step::Verify))))
}
