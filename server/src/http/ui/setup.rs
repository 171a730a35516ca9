//! The set-up wizard: seven steps from nothing to a domain that syncs. Each is a page that looks by itself whether it is
//! done, and can be come back to at any time.

mod agents;
mod choices;
mod domain;
mod organization;
mod preview;
mod scope;
mod start;
mod verify;

use protocol::{DomainId, OrganizationId};

use super::checks::Checklist;
use crate::actions::checks;
use crate::actions::setup::{self, Setup, Step};
use crate::app::App;
use crate::error::Result;
use crate::http::routes::{Routes, get, post};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/setup", get(start::show))
        .route("/setup/organization", get(organization::blank).post(organization::add))
        .route("/setup/domain", get(domain::blank).post(domain::add))
        .route("/setup/{id}", get(start::resume))
        .route("/setup/{id}/organization", get(organization::show))
        .route("/setup/{id}/domain", get(domain::show).post(domain::save))
        .route("/setup/{id}/agents", get(agents::show).post(agents::issue))
        .route("/setup/{id}/scope", get(scope::show).post(scope::save))
        .route("/setup/{id}/choices", get(choices::show).post(choices::save))
        .route("/setup/{id}/preview", get(preview::show).post(preview::activate))
        .route("/setup/{id}/preview/refresh", post(preview::refresh))
        .route("/setup/{id}/verify", get(verify::show))
}

/// What each step has around it: where it stands among the others, and the checks that belong to it.
#[derive(Debug)]
struct Frame {
    /// None before the domain is there.
    domain: Option<DomainId>,
    name: String,
    number: usize,
    title: &'static str,
    is_done: bool,
    steps: Vec<StepLink>,
    checks: Checklist,
}

/// One step in the row of them.
#[derive(Clone, Debug)]
struct StepLink {
    number: usize,
    title: &'static str,
    /// Empty for one that cannot be gone to yet.
    href: String,
    is_done: bool,
    is_here: bool,
}

impl Frame {
    /// Of a domain that is still to be added.
    fn new(here: Step, organization: Option<OrganizationId>) -> Self {
        let link = |step: Step| match (step, organization) {
            (Step::Organization, _) => "/setup/organization".into(),
            (Step::Domain, Some(id)) => format!("/setup/domain?organization={id}"),
            _ => String::new(),
        };
        let is_done = |step| step == Step::Organization && here != step;
        Self {
            domain: None,
            name: String::new(),
            number: number(here),
            title: title(here),
            is_done: is_done(here),
            steps: steps(here, link, is_done),
            checks: Checklist::new(Vec::new(), ""),
        }
    }

    async fn of(app: &App, setup: &Setup, here: Step) -> Result<Self> {
        let id = setup.domain.id;
        let concerns: Vec<_> =
            checks::list(app, id).await?.into_iter().filter(|check| here.concerns(check)).collect();
        Ok(Self {
            domain: Some(id),
            name: setup.domain.name.clone(),
            number: number(here),
            title: title(here),
            is_done: setup.is_done(here),
            steps: steps(here, |step| address(id, step), |step| setup.is_done(step)),
            checks: Checklist::new(concerns, &address(id, here)),
        })
    }

    fn previous(&self) -> Option<&StepLink> {
        self.steps.iter().find(|step| step.number + 1 == self.number).filter(|step| !step.href.is_empty())
    }

    fn next(&self) -> Option<&StepLink> {
        self.steps.iter().find(|step| step.number == self.number + 1).filter(|step| !step.href.is_empty())
    }
}

/// Reads a domain, and what surrounds one of its steps.
async fn load(app: &App, id: DomainId, here: Step) -> Result<(Setup, Frame)> {
    let setup = setup::of(app, id).await?;
    let frame = Frame::of(app, &setup, here).await?;
    Ok((setup, frame))
}

fn steps(here: Step, href: impl Fn(Step) -> String, is_done: impl Fn(Step) -> bool) -> Vec<StepLink> {
    let link = |step| StepLink {
        number: number(step),
        title: title(step),
        href: href(step),
        is_done: is_done(step),
        is_here: step == here,
    };
    Step::ALL.into_iter().map(link).collect()
}

fn number(step: Step) -> usize {
    Step::ALL.iter().take_while(|other| **other != step).count() + 1
}

fn title(step: Step) -> &'static str {
    match step {
        Step::Organization => "Organization",
        Step::Domain => "Domain",
        Step::Agents => "Agents",
        Step::Scope => "Scope",
        Step::Choices => "Choices",
        Step::Preview => "Preview",
        Step::Verify => "Verify",
    }
}

/// The page of a step.
fn address(id: DomainId, step: Step) -> String {
    format!("/setup/{id}/{}", step.as_str())
}
