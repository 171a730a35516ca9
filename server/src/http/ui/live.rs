//! Pages that keep themselves up to date: a stream of topics tells an open page to ask for its own address again, and it
//! asks as anybody would, under the viewer's own rights. What came is morphed into what is shown (static/app.js).

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use protocol::DomainId;
use tokio::time::{Instant, Interval};

use super::extract::{self, Filter};
use super::refusal::Refusal;
use super::session::Viewer;
use super::{login, session};
use crate::app::{App, Follower, Place, Topic};
use crate::store;

/// What a page asks for by itself carries this header.
const BY_ITSELF: &str = "adit-live";
/// How often a page looks at its agents again, as what was heard of them moves on, and the session is looked at.
const LOOK: Duration = Duration::from_secs(10);
/// What goes over the line at least, so that nobody in between takes it for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// How soon a browser that lost the server comes back.
const RETRY: Duration = Duration::from_secs(2);

/// How one page keeps itself up to date.
#[derive(Debug)]
pub(super) struct Live {
    /// What it asks for again.
    pub here: String,
    /// Where it hears what changed since it was made.
    pub events: String,
    /// The events upon which it asks, as htmx reads them.
    pub upon: String,
}

impl Live {
    pub(super) fn new(uri: &Uri, since: Place) -> Self {
        let topics = topics_of(uri.path()).into_iter().chain(OF_EVERY_PAGE.map(str::to_owned));
        Self {
            here: extract::without(uri, "done"),
            events: format!("/events?since={since}"),
            upon: topics.map(|topic| format!("sse:{topic}")).collect::<Vec<_>>().join(", "),
        }
    }
}

/// What the frame of every page shows, and the end of the session.
const OF_EVERY_PAGE: [&str; 4] = ["alerts", "holds", "organizations", ENDED];
const ENDED: &str = "ended";
/// Some domain has changed.
const DOMAINS: &str = "domains";

/// What a page shows besides, by its address.
fn topics_of(path: &str) -> Vec<String> {
    let mut parts = path.split('/').skip(1);
    let (section, id, page) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let shows_agents = !matches!(page, Some("users" | "groups" | "preview" | "settings"));
    match (section, id) {
        ("domains", Some("new")) => Vec::new(),
        ("setup", Some("organization" | "domain")) => Vec::new(),
        ("setup", Some(id)) => vec![format!("domain-{id}"), "agents".into(), "operations".into()],
        ("domains", Some(id)) if shows_agents => vec![format!("domain-{id}"), "agents".into()],
        ("domains", Some(id)) => vec![format!("domain-{id}")],
        ("" | "domains" | "setup", None) => vec![DOMAINS.into(), "agents".into()],
        ("operations" | "holds", _) => vec!["operations".into()],
        _ => Vec::new(),
    }
}

/// Whether nobody clicked: such a request keeps no session alive.
pub(super) fn asked_by_page(headers: &HeaderMap) -> bool {
    let streams = headers.get(header::ACCEPT).is_some_and(|kind| kind.as_bytes() == b"text/event-stream");
    streams || headers.contains_key(BY_ITSELF)
}

/// Leads the page, not the block of it, to the log-in.
pub(super) fn without_session(headers: &HeaderMap) -> Response {
    let page = headers.get("hx-current-url").and_then(|url| url.to_str().ok()?.parse().ok());
    let page = page.as_ref().and_then(|url: &Uri| url.path_and_query());
    let log_in = login::address(page.map_or("/", |page| page.as_str()), false);
    (StatusCode::UNAUTHORIZED, [("hx-redirect", log_in)]).into_response()
}

/// The topics, as they change, from where the page stands until the session ends or the server stops.
pub(super) async fn events(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    filter: Filter,
) -> Result<Response, Refusal> {
    let seen = seen(&app, &viewer).await?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let follower = app.topics.follow(last.or_else(|| filter.parsed("since")));
    let looks = tokio::time::interval_at(Instant::now() + LOOK, LOOK);
    let open = OpenPage { app, headers, follower, looks, seen };
    let events = stream::unfold(Some(open), |open| async move {
        let mut open = open?;
        Some(match open.next().await {
            Heard::Topics(topics, place) => (told(&topics, place), Some(open)),
            Heard::SessionEnded => (vec![Event::default().event(ENDED).data(ENDED)], None),
            Heard::Stopping => (Vec::new(), None),
        })
    });
    let events = events.flat_map(|events| stream::iter(events.into_iter().map(Ok::<_, Infallible>)));
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // What stands in between may keep back nothing.
    Ok(([("x-accel-buffering", "no")], stream).into_response())
}

/// The domains of which the viewer may know that something changed; none: all of them.
async fn seen(app: &App, viewer: &Viewer) -> sqlx::Result<Option<BTreeSet<DomainId>>> {
    let reach = viewer.reach();
    if reach.is_everything() {
        return Ok(None);
    }
    let domains = store::domains::list(&app.db, &reach).await?;
    Ok(Some(domains.into_iter().map(|domain| domain.id).collect()))
}

/// The events of some topics. Browsers hand out none without data, so each says no more than that.
fn told(topics: &[Topic], place: Place) -> Vec<Event> {
    let mut names: Vec<_> =
        topics.iter().filter(|topic| **topic != Topic::Sessions).map(Topic::to_string).collect();
    if topics.iter().any(|topic| matches!(topic, Topic::Domain(_))) {
        names.push(DOMAINS.into());
    }
    let event = |name| Event::default().event(name).data("changed").id(place.to_string()).retry(RETRY);
    names.into_iter().map(event).collect()
}

/// A page that is open somewhere.
struct OpenPage {
    app: App,
    headers: HeaderMap,
    follower: Follower,
    looks: Interval,
    seen: Option<BTreeSet<DomainId>>,
}

enum Heard {
    Topics(Vec<Topic>, Place),
    SessionEnded,
    Stopping,
}

impl OpenPage {
    /// Waits for the next that the page is told.
    async fn next(&mut self) -> Heard {
        let (topics, place) = tokio::select! {
            told = self.follower.next() => match told {
                Some(told) => told,
                None => return Heard::Stopping,
            },
            _ = self.looks.tick() => (vec![Topic::Agents, Topic::Sessions], self.follower.place()),
        };
        if topics.contains(&Topic::Sessions) && self.session_has_ended().await {
            return Heard::SessionEnded;
        }
        Heard::Topics(topics.into_iter().filter(|topic| self.sees(topic)).collect(), place)
    }

    fn sees(&self, topic: &Topic) -> bool {
        match (topic, &self.seen) {
            (Topic::Domain(id), Some(seen)) => seen.contains(id),
            _ => true,
        }
    }

    /// Of which a database that does not answer says nothing.
    async fn session_has_ended(&self) -> bool {
        matches!(session::find(&self.app, &self.headers).await, Ok(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_follows_what_it_shows() {
        assert_eq!(topics_of("/"), ["domains", "agents"]);
        assert_eq!(topics_of("/domains"), ["domains", "agents"]);
        assert_eq!(topics_of("/domains/new"), [""; 0]);
        assert_eq!(topics_of("/domains/x"), ["domain-x", "agents"]);
        assert_eq!(topics_of("/domains/x/users/y"), ["domain-x"]);
        assert_eq!(topics_of("/holds/x"), ["operations"]);
        assert_eq!(topics_of("/setup/x/agents"), ["domain-x", "agents", "operations"]);
        assert_eq!(topics_of("/setup/domain"), [""; 0]);
        assert_eq!(topics_of("/audit"), [""; 0]);
    }
}
