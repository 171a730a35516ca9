//! `/alerts`: what somebody should know, with what became of telling it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::DomainId;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::extract::one_of;
use super::extract::{Id, Query, limit, next, page};
use crate::actions;
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::store;

#[derive(Debug, Deserialize)]
pub struct Wanted {
    domain_id: Option<DomainId>,
    state: Option<String>,
    after: Option<Uuid>,
    limit: Option<i64>,
}

/// The newest first. `state` is `open` or `closed`.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Failure> {
    let open = one_of("state", wanted.state.as_deref(), &["open", "closed"])?.map(|state| state == "open");
    let limit = limit(wanted.limit)?;
    let rows =
        store::alerts::list(&app.db, &caller.reach(), wanted.domain_id, open, wanted.after, limit).await?;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let mut deliveries = store::alert_messages::list_deliveries(&app.db, &ids).await?;
    let next = next(&rows, limit, |row| row.id.to_string());
    let item = |row: &store::alerts::Alert| {
        let mut item = json!(row);
        item["deliveries"] = json!(deliveries.remove(&row.id).unwrap_or_default());
        item
    };
    Ok(page(rows.iter().map(item).collect(), next))
}

pub async fn acknowledge(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Failure> {
    actions::alerts::acknowledge(&app, caller.changing()?, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
