//! `/sim/settings`: the switches.

use axum::extract::State;
use serde_json::{Map, Value};

use crate::{
    reply::{Answer, Refusal, Reply},
    settings::Settings,
    sim::input::Input,
    world::Shared,
};

/// `GET /sim/settings`
pub(crate) async fn read(State(shared): State<Shared>) -> Answer {
    Ok(Reply::ok(as_json(&shared.world().settings)?))
}

/// `PATCH /sim/settings`: only what is named changes.
pub(crate) async fn change(
    State(shared): State<Shared>,
    Input(changes): Input<Map<String, Value>>,
) -> Answer {
    let mut world = shared.world();
    let mut merged = as_json(&world.settings)?;
    if let Some(merged) = merged.as_object_mut() {
        merged.extend(changes);
    }
    let settings: Settings =
        serde_json::from_value(merged).map_err(|error| Refusal::bad(format!("invalid settings: {error}")))?;
    if let Some(problem) = settings.problem() {
        return Err(Refusal::bad(problem));
    }
    world.settings = settings;
    Ok(Reply::ok(as_json(&world.settings)?))
}

fn as_json(settings: &Settings) -> Result<Value, Refusal> {
    serde_json::to_value(settings).map_err(|error| Refusal::bad(error.to_string()))
}
