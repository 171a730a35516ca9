//! What a change of the settings would do, before it is done: the API and the pages ask the same, and want the same
//! confirmation.

use std::time::Duration;

use crate::app::App;
use crate::error::{Error, Result};
use crate::settings::DomainSettings;
use crate::store::domains::{Domain, Mode};
use crate::workers::plan::impact::{self, Impact};

/// Longer nobody waits for a page. What was not counted by then is said.
const PATIENCE: Duration = Duration::from_secs(20);

/// Counts what the settings would change; nothing where they decide no plan.
pub(super) async fn impact(app: &App, domain: &Domain, settings: &DomainSettings) -> Result<Impact> {
    if impact::decides_plan(&domain.settings, settings) {
        planned(app, domain, settings).await
    } else {
        Ok(Impact::default())
    }
}

/// The plan by these settings, whether it can be another or not.
pub(super) async fn planned(app: &App, domain: &Domain, settings: &DomainSettings) -> Result<Impact> {
    let mut conn = app.db.acquire().await?;
    impact::of(&mut conn, domain, settings, app.clock.now(), PATIENCE)
        .await
        .map_err(|error| Error::internal(format!("could not plan: {error:#}")))
}

/// Whether saving has effects at once, so that a loss must be confirmed: nothing is written while the domain is not
/// active, and its plan is looked at before it becomes so.
pub(super) fn takes_effect(domain: &Domain, settings: &DomainSettings) -> bool {
    domain.mode == Mode::Active && impact::decides_plan(&domain.settings, settings)
}

/// Whether the number that was typed confirms the one that was counted. Where not all could be counted, the count of
/// another moment may be a smaller one.
pub(super) fn confirms(impact: &Impact, typed: Option<usize>, wanted: usize) -> bool {
    match typed {
        Some(typed) if impact.is_complete() => typed == wanted,
        Some(typed) => typed >= wanted,
        None => false,
    }
}
