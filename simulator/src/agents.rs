//! `/api/v2/activedirectories/{id}/agents`.
//!
//! Nothing in the public API lets an agent report itself as active: one that was created stays `unsealed`.

use axum::extract::{Path, State};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    activedirectories::find,
    paging::Page,
    reply::{Answer, Refusal, Reply},
    request::{Object, Params},
    shape::Shape,
    world::Shared,
};

/// `GET /api/v2/activedirectories/{id}/agents`
pub(crate) async fn list(State(shared): State<Shared>, Path(id): Path<String>, params: Params) -> Answer {
    let page = Page::from_params(&params)?;
    let world = shared.world();
    let agents = &find(&world, &id)?.agents;
    let rows = agents.values().skip(page.skip).take(page.limit).cloned();
    Ok(Reply::list(agents.len(), rows.collect()))
}

/// `POST /api/v2/activedirectories/{id}/agents {"agentType": "IMPORT"}`. The connect key is shown once.
/// The description says `agentType`, the documentation's example `agent_type`.
pub(crate) async fn create(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Object(body): Object,
) -> Answer {
    let kind = body.get("agentType").or_else(|| body.get("agent_type")).cloned().unwrap_or(json!("SYNC"));
    Shape::OneOf(&["SYNC", "IMPORT"]).check("agentType", &kind)?;
    let mut world = shared.world();
    let now = world.now();
    let agent_id = world.ids.next(now);
    let directory = world.directories.find_mut(&id).ok_or_else(Refusal::not_found)?;
    let agent = json!({
        "id": agent_id, "idSourceId": id, "agentType": kind, "state": "unsealed",
        "hostname": "", "source_ip": "", "version": "", "contactAt": "",
    });
    directory.agents.insert(agent_id, agent.clone());
    let mut answer: Map<String, Value> = agent.as_object().cloned().unwrap_or_default();
    answer.retain(|field, _| field != "idSourceId" && field != "agentType");
    answer.insert("connectKey".to_owned(), Uuid::new_v4().simple().to_string().into());
    Ok(Reply::created(answer))
}

/// `GET /api/v2/activedirectories/{id}/agents/{agent_id}`
pub(crate) async fn read(State(shared): State<Shared>, Path((id, agent)): Path<(String, String)>) -> Answer {
    let world = shared.world();
    Ok(Reply::ok(find(&world, &id)?.agents.get(&agent).cloned().ok_or_else(Refusal::not_found)?))
}

/// `DELETE /api/v2/activedirectories/{id}/agents/{agent_id}`
pub(crate) async fn delete(
    State(shared): State<Shared>,
    Path((id, agent)): Path<(String, String)>,
) -> Answer {
    let mut world = shared.world();
    let directory = world.directories.find_mut(&id).ok_or_else(Refusal::not_found)?;
    directory.agents.remove(&agent).ok_or_else(Refusal::not_found)?;
    Ok(Reply::nothing())
}
