//! The last step: whether what was set up works, end to end.

use serde::Serialize;

use crate::actions::checks::State;
use crate::actions::coverage::{self, Capture, Coverage};
use crate::app::App;
use crate::error::Result;
use crate::store;
use crate::store::domains::{Domain, Mode};

/// One thing that is to be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Finding {
    /// Stable, snake case.
    pub code: &'static str,
    pub state: State,
    pub title: &'static str,
    pub message: String,
    /// What to do; empty where nothing is to be done.
    pub fix: String,
    /// A command that mends it on a domain controller; empty if there is none.
    pub command: &'static str,
}

impl Finding {
    fn ok(code: &'static str, title: &'static str, message: impl Into<String>) -> Self {
        Self { code, state: State::Ok, title, message: message.into(), fix: String::new(), command: "" }
    }

    fn waits(code: &'static str, title: &'static str, message: impl Into<String>, fix: &str) -> Self {
        Self { code, state: State::Unknown, title, message: message.into(), fix: fix.to_owned(), command: "" }
    }

    fn warns(self) -> Self {
        Self { state: State::Warning, ..self }
    }

    pub fn is_fine(&self) -> bool {
        self.state == State::Ok
    }
}

pub(super) async fn list(app: &App, domain: &Domain) -> Result<Vec<Finding>> {
    let coverage = coverage::of(app, domain.id).await?;
    Ok(vec![
        instance(domain),
        group(app, domain).await?,
        agents(&coverage),
        users(app, domain).await?,
        capture(&coverage),
        passwords(&coverage),
    ])
}

fn instance(domain: &Domain) -> Finding {
    let (code, title) = ("ad_instance", "AD instance in JumpCloud");
    match &domain.activedirectory_id {
        Some(id) => {
            Finding::ok(code, title, format!("JumpCloud has the AD instance of {} ({id}).", domain.name))
        }
        None => Finding::waits(
            code,
            title,
            "JumpCloud has no AD instance of this domain yet.",
            "It is made by itself once the domain is active.",
        ),
    }
}

async fn group(app: &App, domain: &Domain) -> Result<Finding> {
    let (code, title) = ("jumpcloud_group", "JumpCloud group");
    if !domain.settings.group_sync {
        return Ok(Finding::ok(code, title, "Groups are not synced: the settings say so."));
    }
    let waits = |message: &str, fix: &str| Ok(Finding::waits(code, title, message, fix));
    let Some(guid) = domain.integration_group else {
        return waits(
            "The integration group has not been found in the directory.",
            "Choose it in step 4, Scope.",
        );
    };
    let Some(row) = store::subjects::find_group(&app.db, domain.id, guid).await? else {
        return waits("The integration group has not been read yet.", "Wait: the agent reads it by itself.");
    };
    match (row.status.as_str(), row.jumpcloud_name, row.jumpcloud_id) {
        ("synced", Some(name), Some(_)) => Ok(Finding::ok(
            code,
            title,
            format!(
                "JumpCloud has the group {name}, associated with the AD instance, with {} members.",
                row.jumpcloud_members
            ),
        )),
        (_, _, Some(_)) | ("pending", ..) => {
            waits("The group is on its way to JumpCloud.", "Wait, or see the operations.")
        }
        _ => {
            let why =
                row.reasons.0.first().map_or("See the group's page.", |reason| &reason.message).to_owned();
            Ok(Finding::waits(code, title, "The integration group is not in JumpCloud.", &why).warns())
        }
    }
}

fn agents(coverage: &Coverage) -> Finding {
    let (code, title) = ("domain_controllers_report", "Domain controllers");
    let all = &coverage.domain_controllers;
    let missing: Vec<&str> = all
        .iter()
        .filter(|row| row.capture == Capture::NoAgent)
        .map(|row| row.dns_host_name.as_str())
        .collect();
    if all.iter().all(|row| row.agent_id.is_none()) {
        return Finding::waits(
            code,
            title,
            "No agent has joined.",
            "Run the command of step 3, Agents, on each domain controller.",
        );
    }
    if missing.is_empty() {
        return Finding::ok(code, title, "Every writable domain controller has an agent.");
    }
    let message = format!("Without an agent: {}.", missing.join(", "));
    Finding::waits(code, title, message, "Run the command of step 3, Agents, there.").warns()
}

async fn users(app: &App, domain: &Domain) -> Result<Finding> {
    let (code, title) = ("users_synced", "Users");
    let counts = store::subjects::count_by_status(&app.db, domain.id).await?;
    let count = |status: &str| {
        counts.iter().find(|row| row.kind == "user" && row.status == status).map_or(0, |row| row.count)
    };
    let (synced, pending) = (count("synced"), count("pending"));
    if domain.mode != Mode::Active {
        return Ok(Finding::waits(
            code,
            title,
            "The domain is not active, so nothing is written.",
            "Activate it in step 6, Preview.",
        ));
    }
    if pending > 0 {
        let message = format!("{synced} users are synced, {pending} are on their way.");
        return Ok(Finding::waits(code, title, message, "Wait, or see the operations."));
    }
    if synced == 0 {
        let fix = "Add users to the integration group, and see the users' page for why others are excluded.";
        return Ok(Finding::waits(code, title, "Nobody is synced.", fix).warns());
    }
    Ok(Finding::ok(code, title, format!("{synced} users are synced.")))
}

fn capture(coverage: &Coverage) -> Finding {
    let (code, title) = ("password_capture", "Password capture");
    let lacking: Vec<_> = coverage
        .domain_controllers
        .iter()
        .filter(|row| row.agent_id.is_some() && row.capture != Capture::Healthy)
        .collect();
    let covered = coverage.domain_controllers.iter().any(|row| row.capture == Capture::Healthy);
    if lacking.is_empty() && covered {
        return Finding::ok(
            code,
            title,
            "Every agent captures the changes of passwords on its domain controller.",
        );
    }
    if lacking.is_empty() {
        return Finding::waits(code, title, "No agent has joined.", "Enroll the agents first.");
    }
    let message = lacking
        .iter()
        .map(|row| format!("{}: {}", row.dns_host_name, row.message))
        .collect::<Vec<_>>()
        .join(" ");
    let missing = lacking.iter().any(|row| row.capture == Capture::Missing);
    let fix = if missing {
        "On the domain controller, as root; it shows the change to smb.conf and asks:"
    } else {
        ""
    };
    let command = if missing { "adit-agent capture install" } else { "" };
    Finding { command, ..Finding::waits(code, title, message, fix).warns() }
}

fn passwords(coverage: &Coverage) -> Finding {
    let (code, title) = ("first_password", "First password");
    let delivered = coverage.counts.get("delivered").copied().unwrap_or_default();
    if delivered > 0 {
        let message =
            format!("JumpCloud has the current AD password of {delivered} of {} users.", coverage.users);
        return Finding::ok(code, title, message);
    }
    let fix = "Change the password of one synced user in AD: it arrives within seconds. Passwords from before the capture \
               was installed cannot be read from AD; they follow when they are next changed.";
    Finding::waits(code, title, "No password has arrived in JumpCloud yet.", fix)
}
