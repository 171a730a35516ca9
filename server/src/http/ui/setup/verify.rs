//! Step 7: whether it works, end to end.

use askama::Template;
use axum::extract::State;
use protocol::DomainId;

use super::{Frame, load};
use crate::actions::checks;
use crate::actions::setup::{Finding, Step};
use crate::app::App;
use crate::http::ui::chrome::Chrome;
use crate::http::ui::extract::Id;
use crate::http::ui::views::Badge;
use crate::http::ui::{Answer, page};

#[derive(Debug, Template)]
#[template(path = "setup/verify.html")]
struct VerifyPage {
    chrome: Chrome,
    frame: Frame,
    id: DomainId,
    rows: Vec<Row>,
    open: usize,
}

#[derive(Debug)]
struct Row {
    badge: Badge,
    finding: Finding,
}

impl Row {
    fn new(finding: Finding) -> Self {
        let badge = match finding.state {
            checks::State::Ok => ("good", "There"),
            checks::State::Unknown => ("info", "Not yet"),
            checks::State::Warning => ("warn", "To do"),
            checks::State::Error => ("bad", "Error"),
        };
        Self { badge: badge.into(), finding }
    }
}

pub(super) async fn show(State(app): State<App>, chrome: Chrome, Id(id): Id<DomainId>) -> Answer {
    let (setup, frame) = load(&app, id, Step::Verify).await?;
    let open = setup.findings.iter().filter(|finding| !finding.is_fine()).count();
    let rows = setup.findings.into_iter().map(Row::new).collect();
    page(&VerifyPage { chrome, frame, id, rows, open })
}
