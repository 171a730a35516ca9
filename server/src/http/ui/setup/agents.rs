//! Step 3: an agent on each domain controller, with one command.

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use chrono::{DateTime, Utc};
use protocol::DomainId;

use super::{Frame, load};
use crate::actions::enrollment;
use crate::actions::setup::{Controller, Joined, Setup, Step};
use crate::app::App;
use crate::http::ui::chrome::Chrome;
use crate::http::ui::extract::Id;
use crate::http::ui::form::{Fields, Form};
use crate::http::ui::session::Viewer;
use crate::http::ui::views::Badge;
use crate::http::ui::{Answer, again, page};

/// How long the token of this step serves.
const SECONDS: i64 = 3600;

#[derive(Debug, Template)]
#[template(path = "setup/agents.html")]
struct AgentsPage {
    chrome: Chrome,
    frame: Frame,
    controllers: Vec<Row>,
    uncovered: usize,
    token: Option<Token>,
    form: Form,
}

/// The command, shown once.
#[derive(Debug)]
struct Token {
    linux: String,
    expires_at: DateTime<Utc>,
    max_uses: i32,
}

#[derive(Debug)]
struct Row {
    name: String,
    badge: Badge,
    detail: String,
}

impl Row {
    fn new(controller: &Controller) -> Self {
        let (tone, word, detail) = match &controller.joined {
            Joined::Joined => ("good", "Joined", "Its agent reads the directory."),
            Joined::Connecting => {
                ("info", "Connecting", "Its agent has joined and is reaching the directory.")
            }
            Joined::Failed { message } => ("bad", "Failed", message.as_str()),
            Joined::Silent => {
                ("bad", "Silent", "Its agent has not been heard of for a minute: start adit-agent run there.")
            }
            Joined::NoAgent => {
                ("warn", "No agent", "Run the command on it: passwords that are changed there are missed.")
            }
            Joined::Exempt => ("quiet", "Read-only", "A read-only domain controller needs no agent."),
        };
        let badge = Badge { tone, word };
        Self { name: controller.dns_host_name.clone(), badge, detail: detail.to_owned() }
    }
}

pub(super) async fn show(State(app): State<App>, chrome: Chrome, Id(id): Id<DomainId>) -> Answer {
    let (setup, frame) = load(&app, id, Step::Agents).await?;
    let mut form = Form::default();
    form.set("max_uses", setup.uncovered().max(1).to_string());
    page(&shown(chrome, &setup, frame, None, form))
}

fn shown(chrome: Chrome, setup: &Setup, frame: Frame, token: Option<Token>, form: Form) -> AgentsPage {
    let controllers = setup.controllers.iter().map(Row::new).collect();
    AgentsPage { chrome, frame, controllers, uncovered: setup.uncovered(), token, form }
}

/// The answer itself shows the command: the token in it is kept nowhere.
pub(super) async fn issue(
    State(app): State<App>,
    viewer: Viewer,
    mut chrome: Chrome,
    uri: Uri,
    Id(id): Id<DomainId>,
    fields: Fields,
) -> Answer {
    chrome.follow(&app, &uri);
    let (setup, frame) = load(&app, id, Step::Agents).await?;
    let mut form = Form::typed(&fields, &[]);
    let Ok(max_uses) = fields.text("max_uses").parse() else {
        form.wrong("max_uses", "must be a whole number between 1 and 1000");
        return again(&shown(chrome, &setup, frame, None, form));
    };
    match enrollment::issue_token(&app, &viewer.actor(), id, SECONDS, max_uses).await {
        Ok(issued) => {
            let linux = enrollment::install_command(&app, "adit-agent", issued.token.expose());
            let token = Token { linux, expires_at: issued.expires_at, max_uses };
            page(&shown(chrome, &setup, frame, Some(token), form))
        }
        Err(error) => {
            let form = form.with(error)?;
            again(&shown(chrome, &setup, frame, None, form))
        }
    }
}
