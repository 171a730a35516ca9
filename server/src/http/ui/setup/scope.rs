//! Step 4: whom to sync. The root user container and the integration group, chosen from what an agent has read.

use askama::Template;
use axum::extract::State;
use protocol::{DistinguishedName, DomainId, ObjectGuid};
use serde_json::json;

use super::{Frame, address, load};
use crate::actions::domains;
use crate::actions::setup::Step;
use crate::app::App;
use crate::error::Error;
use crate::http::ui::chrome::Chrome;
use crate::http::ui::extract::{Filter, Id};
use crate::http::ui::form::{Fields, Form};
use crate::http::ui::session::Viewer;
use crate::http::ui::{Answer, Refusal, again, page, to};
use crate::store;
use crate::store::setup::Reach;

/// How many of each are offered at once; the search finds the others.
const OFFERED: i64 = 8;
/// The value that stands for a name that is typed.
const TYPED: &str = "typed";
const CONTAINER: &str = "settings.root_user_container";
const GROUP: &str = "settings.integration_group";

#[derive(Debug, Template)]
#[template(path = "setup/scope.html")]
struct ScopePage {
    chrome: Chrome,
    frame: Frame,
    is_read: bool,
    reach: Reach,
    containers: Vec<Offer>,
    groups: Vec<Offer>,
    search: Form,
    form: Form,
}

/// A container or group to choose.
#[derive(Debug)]
struct Offer {
    guid: ObjectGuid,
    name: String,
    /// Its whole name, and how many are in it.
    help: String,
    is_set: bool,
}

impl Offer {
    fn new(guid: ObjectGuid, dn: &str, count: i64, what: [&str; 2], set: &str) -> Self {
        let what = if count == 1 { what[0] } else { what[1] };
        let name = DistinguishedName::parse(dn).map_or_else(|_| dn.to_owned(), |dn| dn.name());
        Self { guid, name, help: format!("{dn} · {count} {what}"), is_set: key(dn) == key(set) }
    }
}

/// The form in which names are compared.
fn key(dn: &str) -> String {
    DistinguishedName::parse(dn).map_or_else(|_| dn.to_lowercase(), |dn| dn.key().to_owned())
}

pub(super) async fn show(
    State(app): State<App>,
    chrome: Chrome,
    Id(id): Id<DomainId>,
    filter: Filter,
) -> Answer {
    page(&shown(&app, chrome, id, filter.text("query"), None).await?)
}

async fn shown(
    app: &App,
    chrome: Chrome,
    id: DomainId,
    query: Option<String>,
    form: Option<Form>,
) -> Result<ScopePage, Refusal> {
    let (setup, frame) = load(app, id, Step::Scope).await?;
    let settings = &setup.domain.settings;
    let (container, group) = (&settings.root_user_container, &settings.integration_group);
    let containers = containers(app, id, container, query.as_deref()).await?;
    let groups = groups(app, id, group, &key(container), query.as_deref()).await?;
    let form = form.unwrap_or_else(|| {
        let mut form = Form::default();
        let chosen = |offers: &[Offer]| {
            offers.iter().find(|offer| offer.is_set).map_or(TYPED.to_owned(), |offer| offer.guid.to_string())
        };
        form.set("container", chosen(&containers));
        form.set("group", chosen(&groups));
        form.set(CONTAINER, container);
        form.set(GROUP, group);
        form
    });
    Ok(ScopePage {
        chrome,
        frame,
        is_read: setup.domain.directory_read_at.is_some(),
        reach: store::setup::count_reach(&app.db, id).await?,
        containers,
        groups,
        search: Form::filter(&[("query", query.as_deref())]),
        form,
    })
}

/// The one that is set first, then those with the most users.
async fn containers(app: &App, id: DomainId, set: &str, query: Option<&str>) -> sqlx::Result<Vec<Offer>> {
    let mut rows = store::setup::list_containers(&app.db, id, None, Some(&key(set)), 1).await?;
    let others = store::setup::list_containers(&app.db, id, query, None, OFFERED).await?;
    rows.extend(others.into_iter().filter(|row| key(&row.dn) != key(set)));
    let offer = |row: store::setup::ContainerChoice| {
        Offer::new(row.guid, &row.dn, row.users, ["user below it", "users below it"], set)
    };
    Ok(rows.into_iter().map(offer).collect())
}

/// The one that is set first, then those in the container.
async fn groups(
    app: &App,
    id: DomainId,
    set: &str,
    within: &str,
    query: Option<&str>,
) -> sqlx::Result<Vec<Offer>> {
    let db = &app.db;
    let mut rows = store::setup::list_security_groups(db, id, within, None, Some(&key(set)), 1).await?;
    let others = store::setup::list_security_groups(db, id, within, query, None, OFFERED).await?;
    rows.extend(others.into_iter().filter(|row| key(&row.dn) != key(set)));
    let offer = |row: store::setup::GroupChoice| {
        Offer::new(row.guid, &row.dn, row.members, ["direct member", "direct members"], set)
    };
    Ok(rows.into_iter().map(offer).collect())
}

pub(super) async fn save(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Id(id): Id<DomainId>,
    fields: Fields,
) -> Answer {
    let mut form = Form::typed(&fields, &[]);
    let container = match fields.text("container").parse().map(ObjectGuid) {
        Ok(guid) => store::directory::find_container_dn(&app.db, id, guid).await?,
        Err(_) => fields.filled(CONTAINER),
    };
    let group = match fields.text("group").parse().map(ObjectGuid) {
        Ok(guid) => store::directory::find_group_dn(&app.db, id, guid).await?.map(|(dn, _)| dn),
        Err(_) => fields.filled(GROUP),
    };
    if container.is_none() {
        form.wrong(CONTAINER, "is not chosen: choose a container, or type its name");
    }
    if group.is_none() {
        form.wrong(GROUP, "is not chosen: choose a group, or type its name");
    }
    if !form.is_wrong() {
        let patch = json!({"root_user_container": container, "integration_group": group});
        match domains::change_settings(&app, &viewer.actor(), id, &patch).await {
            Ok(_) => return Ok(to(&format!("{}?done=saved", address(id, Step::Scope)))),
            Err(error @ Error::NotFound(_)) => return Err(error.into()),
            Err(error) => form = form.with(error)?,
        }
    }
    again(&shown(&app, chrome, id, None, Some(form)).await?)
}
