//! `/alerts`: what somebody should know, with what became of telling it.

use axum::Json;
use axum::extract::State;
use protocol::DomainId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::describe::{List, NoContent, get, post};
use super::extract::{Id, Query, limit, next, one_of, page};
use crate::actions;
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::store;
use crate::store::alert_messages::Delivery;

pub(super) fn routes() -> Routes {
    Routes::new().route("/alerts", get(list).says("List alerts", "The newest first.")).route(
        "/alerts/{id}/acknowledge",
        post(acknowledge)
            .says("Acknowledge an alert", "It stays open until its condition is gone.")
            .conflicts("alert_not_open", "it is over, or acknowledged already"),
    )
}

/// An alert, with what became of telling it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Alert {
    #[serde(flatten)]
    alert: store::alerts::Alert,
    deliveries: Vec<Delivery>,
}

#[derive(Debug, Deserialize, IntoParams)]
pub struct Wanted {
    domain_id: Option<DomainId>,
    /// `open` or `closed`.
    state: Option<String>,
    after: Option<Uuid>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<List<Alert>>, Failure> {
    let open = one_of("state", wanted.state.as_deref(), &["open", "closed"])?.map(|state| state == "open");
    let limit = limit(wanted.limit)?;
    let rows =
        store::alerts::list(&app.db, &caller.reach(), wanted.domain_id, open, wanted.after, limit).await?;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let mut deliveries = store::alert_messages::list_deliveries(&app.db, &ids).await?;
    let next = next(&rows, limit, |row| row.id.to_string());
    let item = |alert: store::alerts::Alert| {
        let deliveries = deliveries.remove(&alert.id).unwrap_or_default();
        Alert { alert, deliveries }
    };
    Ok(page(rows.into_iter().map(item).collect(), next))
}

async fn acknowledge(State(app): State<App>, caller: Caller, Id(id): Id<Uuid>) -> Result<NoContent, Failure> {
    actions::alerts::acknowledge(&app, caller.changing()?, id).await?;
    Ok(NoContent)
}
