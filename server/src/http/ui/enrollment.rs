//! How an agent joins and leaves: the token, shown once with the commands to paste, and removing an agent.

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Utc};
use protocol::{AgentId, DomainId};

use super::chrome::Chrome;
use super::domains;
use super::extract::Id;
use super::form::{Fields, Form};
use super::session::Viewer;
use super::views::DomainHead;
use super::{Answer, page, to};
use crate::actions::{agents, enrollment};
use crate::app::App;
use crate::error::Error;
use crate::store;

#[derive(Debug, Template)]
#[template(path = "domains/token.html")]
struct TokenPage {
    chrome: Chrome,
    head: DomainHead,
    linux: String,
    windows: String,
    expires_at: DateTime<Utc>,
    max_uses: i32,
}

/// One domain controller, within the hour.
pub(super) fn blank() -> Form {
    let mut form = Form::default();
    form.set("expires_in_seconds", "3600");
    form.set("max_uses", "1");
    form
}

/// The answer itself shows the token: it is kept nowhere, so no other page could.
pub(super) async fn issue(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Id(id): Id<DomainId>,
    fields: Fields,
) -> Answer {
    let domain = domains::find(&app, id).await?;
    let mut form = Form::typed(&fields, &[]);
    let (seconds, uses) = (fields.text("expires_in_seconds").parse(), fields.text("max_uses").parse());
    let (Ok(seconds), Ok(max_uses)) = (seconds, uses) else {
        form.wrong("max_uses", "must be a whole number between 1 and 1000");
        return domains::show_again(&app, chrome, id, form).await;
    };
    match enrollment::issue_token(&app, &viewer.actor(), id, seconds, max_uses).await {
        Ok(issued) => {
            let token = issued.token.expose();
            page(&TokenPage {
                chrome,
                head: DomainHead::new(&domain, "overview"),
                linux: enrollment::install_command(&app, "adit-agent", token),
                windows: enrollment::install_command(&app, "adit-agent.exe", token),
                expires_at: issued.expires_at,
                max_uses,
            })
        }
        Err(error) => {
            let form = form.with(error)?;
            domains::show_again(&app, chrome, id, form).await
        }
    }
}

pub(super) async fn remove(
    State(app): State<App>,
    viewer: Viewer,
    Id((id, agent)): Id<(DomainId, AgentId)>,
) -> Answer {
    let found = store::agents::find(&app.db, agent).await?;
    if found.is_none_or(|found| found.domain_id != id) {
        return Err(Error::NotFound("agent").into());
    }
    agents::revoke(&app, &viewer.actor(), agent).await?;
    Ok(to(&format!("/domains/{id}?done=agent-removed#agents")))
}
