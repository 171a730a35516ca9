//! What held operations come from, in words: the pages and the API say the same.

use planner::origin::Origin;
use protocol::{DomainId, ObjectGuid};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::store;
use crate::store::holds::Hold;

/// Part of a hold: what comes from one thing that happened.
#[derive(Clone, Debug)]
pub(super) struct Cause {
    /// The origin as text; what a decision about all of it names.
    pub key: String,
    /// The group that it is about, with its name.
    pub group: Option<(ObjectGuid, String)>,
    pub message: String,
    /// While the hold is open what waits, later all of it.
    pub count: i64,
}

/// As the API shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HoldCause)]
pub(super) struct View {
    /// What a decision about all of it names.
    cause: String,
    count: i64,
    message: String,
    group: Option<Named>,
}

/// A group by its name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NamedGroup)]
pub(super) struct Named {
    object_guid: ObjectGuid,
    name: String,
}

/// The largest first.
pub(super) async fn of(app: &App, hold: &Hold) -> sqlx::Result<Vec<Cause>> {
    let counts = store::work::count_by_cause(&app.db, hold.id).await?;
    let origins: Vec<Option<Origin>> = counts.iter().map(|row| row.cause.parse().ok()).collect();
    let groups: Vec<ObjectGuid> = origins.iter().flatten().filter_map(|origin| origin.group()).collect();
    let names = store::subjects::list_names(&app.db, &groups).await?;
    let name = |domain: DomainId, guid: ObjectGuid| {
        let found = names.iter().find(|name| name.guid == guid && name.domain_id == domain);
        found.map_or_else(|| guid.to_string(), |name| name.name.clone())
    };
    let is_open = hold.state == "open";
    let causes = counts.into_iter().zip(origins).map(|(row, origin)| {
        let group = origin.and_then(Origin::group).map(|guid| (guid, name(hold.domain_id, guid)));
        Cause {
            message: message(origin, group.as_ref().map(|(_, name)| name.as_str())),
            key: row.cause,
            group,
            count: if is_open { row.waiting } else { row.all },
        }
    });
    Ok(causes.filter(|cause| cause.count > 0).collect())
}

impl Cause {
    pub(super) fn view(&self) -> View {
        let group = self.group.clone().map(|(object_guid, name)| Named { object_guid, name });
        View { cause: self.key.clone(), count: self.count, message: self.message.clone(), group }
    }
}

fn message(origin: Option<Origin>, group: Option<&str>) -> String {
    let group = group.unwrap_or_default();
    match origin {
        Some(Origin::LeftGroup(Some(_))) => format!("No longer a member of the group {group}"),
        Some(Origin::LeftGroup(None)) => "No longer a member of the integration group".into(),
        Some(Origin::GroupLeft(_)) => format!("The group {group} is no longer in the integration group"),
        Some(Origin::GroupDeleted(_)) => format!("The group {group} was deleted in AD"),
        Some(Origin::IntegrationGroupChanged) => "The settings name another integration group".into(),
        Some(Origin::Deleted) => "Deleted in AD".into(),
        Some(Origin::Disabled) => "Disabled in AD".into(),
        Some(Origin::Expired) => "Expired in AD".into(),
        Some(Origin::MovedOut) => "Moved out of the root user container, and to be dissociated".into(),
        None => "Other".into(),
    }
}
