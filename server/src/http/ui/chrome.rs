//! What surrounds every page: navigation, who is signed in, what needs attention, and what was just done.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use chrono::{DateTime, Utc};

use super::extract;
use super::live::Live;
use super::refusal::Refusal;
use super::session::Viewer;
use super::words;
use crate::actions::rights::Deed;
use crate::app::App;
use crate::store;
use crate::store::admins::Reach;

/// The frame of a page.
#[derive(Debug)]
pub(super) struct Chrome {
    pub viewer: Viewer,
    pub now: DateTime<Utc>,
    pub notices: Vec<Notice>,
    pub open_holds: i64,
    pub open_alerts: i64,
    pub open_conflicts: i64,
    /// The first part of the path: which entry of the navigation is the current one.
    section: String,
    done: Option<String>,
    /// None if asking for the page's address again does not give the page again.
    live: Option<Live>,
}

/// Something that waits for a person, shown on every page until it is settled.
#[derive(Debug)]
pub(super) struct Notice {
    pub severe: bool,
    pub text: String,
    pub href: String,
    pub link: &'static str,
}

impl Chrome {
    /// Reads what needs attention.
    pub(super) async fn load(
        app: &App,
        viewer: Viewer,
        path: &str,
        done: Option<String>,
    ) -> sqlx::Result<Self> {
        let reach = viewer.reach();
        let holds = store::holds::list_open(&app.db, &reach).await?;
        let mut notices = Vec::new();
        for organization in store::organizations::list(&app.db, &reach).await? {
            let Some(message) = organization.problem_message else { continue };
            notices.push(Notice {
                severe: true,
                text: format!("{}: {message}", organization.name),
                href: format!("/organizations/{}", organization.id),
                link: "See the organization",
            });
        }
        for hold in &holds {
            notices.push(Notice {
                severe: false,
                text: format!(
                    "{}: {} {} for your decision.",
                    hold.domain,
                    words::held(&hold.kind, hold.waiting),
                    if hold.waiting == 1 { "waits" } else { "wait" },
                ),
                href: format!("/holds/{}", hold.id),
                link: "Decide",
            });
        }
        let section = path.split('/').nth(1).unwrap_or_default().to_owned();
        let open_holds = i64::try_from(holds.len()).unwrap_or(i64::MAX);
        let open_alerts = store::alerts::count_open(&app.db, &reach, None).await?;
        let open_conflicts =
            store::conflicts::count(&app.db, &reach, None).await?.iter().map(|row| row.count).sum();
        Ok(Self {
            viewer,
            now: app.clock.now(),
            notices,
            open_holds,
            open_alerts,
            open_conflicts,
            section,
            done,
            live: None,
        })
    }

    /// How the page keeps itself up to date while it is open.
    pub(super) fn live(&self) -> Option<&Live> {
        self.live.as_ref()
    }

    /// Has the answer to a form keep itself up to date too, as the page of the same address. To be called before that is read.
    pub(super) fn follow(&mut self, app: &App, uri: &Uri) {
        self.live = Some(Live::new(uri, app.topics.here()));
    }

    pub(super) fn is_in(&self, section: &str) -> bool {
        self.section == section
    }

    /// Whether forms that change something are shown.
    pub(super) fn may_change(&self) -> bool {
        self.viewer.may(Deed::Change)
    }

    /// Whether those are shown that help one person.
    pub(super) fn may_help(&self) -> bool {
        self.viewer.may(Deed::Help)
    }

    /// Whether those are shown that are the owners'.
    pub(super) fn may_own(&self) -> bool {
        self.viewer.may(Deed::Own)
    }

    /// Whether there is no organization that is not there for them.
    pub(super) fn sees_everything(&self) -> bool {
        self.viewer.access.everywhere().is_some()
    }

    /// Whether the pages for the whole installation are there.
    pub(super) fn owns_everything(&self) -> bool {
        self.viewer.owning().is_ok()
    }

    /// What lists give.
    pub(super) fn reach(&self) -> Reach {
        self.viewer.reach()
    }

    /// What the form that led here has done.
    pub(super) fn done(&self) -> Option<&'static str> {
        self.done.as_deref().and_then(words::done)
    }

    pub(super) fn ago(&self, at: &DateTime<Utc>) -> String {
        words::ago(self.now, *at)
    }

    pub(super) fn role(&self) -> &'static str {
        words::role(self.viewer.role)
    }
}

impl FromRequestParts<App> for Chrome {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let viewer = Viewer::from_request_parts(parts, app).await?;
        let done = extract::parameter(&parts.uri, "done");
        // Before anything is read: what changes from now on is told.
        let since = app.topics.here();
        let mut chrome = Self::load(app, viewer, parts.uri.path(), done).await?;
        chrome.live = (parts.method == Method::GET).then(|| Live::new(&parts.uri, since));
        Ok(chrome)
    }
}
