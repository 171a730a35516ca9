//! `/domains/{id}/domain-controllers`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use protocol::DomainId;
use protocol::heartbeat::DirectoryState;
use serde::Serialize;
use utoipa::ToSchema;

use super::describe::{List, get};
use super::extract::{Id, page};
use super::views::Agent;
use crate::actions::coverage::{self, Capture};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::store;

pub(super) fn routes() -> Routes {
    Routes::new().route(
        "/domains/{id}/domain-controllers",
        get(domain_controllers).says(
            "List the domain controllers",
            "Those that the directory lists, each with the agent on it, if there is one.",
        ),
    )
}

/// A domain controller.
#[derive(Debug, Serialize, ToSchema)]
pub struct DomainController {
    #[schema(example = "dc1.corp.example.com")]
    dns_host_name: String,
    read_only: bool,
    pdc_emulator: bool,
    agent: Option<Agent>,
    /// Whether its password changes are captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    capture: Option<Capturing>,
}

/// How password changes are captured.
#[derive(Debug, Serialize, ToSchema)]
pub struct Capturing {
    state: Capture,
    message: String,
}

async fn domain_controllers(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
) -> Result<Json<List<DomainController>>, Failure> {
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let agents = store::agents::list_of(&app.db, id).await?;
    let now = app.clock.now();
    let mut found = BTreeMap::new();
    for agent in &agents {
        let Some(DirectoryState::Connected { report, .. }) = agent.directory.as_deref() else { continue };
        for dc in &report.domain_controllers {
            let name = dc.dns_host_name.to_lowercase();
            let row = DomainController {
                dns_host_name: name.clone(),
                read_only: dc.read_only,
                pdc_emulator: dc.pdc,
                agent: None,
                capture: None,
            };
            found.entry(name).or_insert(row);
        }
    }
    for agent in &agents {
        let Some(DirectoryState::Connected { report, .. }) = agent.directory.as_deref() else { continue };
        if let Some(row) = found.get_mut(&report.dns_host_name.to_lowercase()) {
            row.agent = Some(Agent::of(agent, domain.watcher == Some(agent.id), now));
        }
    }
    for covering in coverage::covering(&agents, now) {
        if let Some(row) = found.get_mut(&covering.dns_host_name) {
            row.capture = Some(Capturing { state: covering.capture, message: covering.message });
        }
    }
    Ok(page(found.into_values().collect(), None))
}
