//! The `activedirectory` object of an active domain: found by the domain's name, whatever its case and separators, or
//! made. It is the first thing that is written to JumpCloud, and not before activation.

use planner::plan::Lane;
use protocol::DomainName;

use crate::app::App;
use crate::jumpcloud::{ActiveDirectory, AuthorityOutcome, Client, JumpCloudError, Tenure};
use crate::store;
use crate::store::checks::Instance;
use crate::store::domains::Mode;
use crate::store::organizations::Organization;

/// Finds or makes the object of every active domain of the organization that has none yet.
pub(super) async fn ensure(
    app: &App,
    organization: &Organization,
    client: &Client,
    tenure: &Tenure,
) -> anyhow::Result<()> {
    for domain in store::domains::list_of(&app.db, organization.id).await? {
        // What the settings name has not been found yet: there is nothing to sync, and so nothing to write.
        let unresolved = domain.integration_group.is_none() || domain.root_user_container.is_none();
        if domain.mode != Mode::Active || domain.activedirectory_ready || unresolved {
            continue;
        }
        if !super::take_budget(app, organization.id, tenure).await? {
            return Ok(());
        }
        let name = DomainName::parse(&domain.name)?;
        match find_or_create(&client.in_lane(Lane::Urgent), &name).await {
            Ok((id, instance)) => {
                let mut tx = app.db.begin().await?;
                store::checks::update_instance(&mut *tx, domain.id, Some(&instance)).await?;
                store::domains::update_activedirectory_ready(&mut *tx, domain.id).await?;
                if domain.activedirectory_id.as_deref() == Some(id.as_str()) {
                    tx.commit().await?;
                    continue;
                }
                store::domains::update_activedirectory(&mut *tx, domain.id, &id).await?;
                store::dirty::mark_all(&mut tx, domain.id).await?;
                // What is associated with it already is read with the mirror.
                store::organizations::update_mirror_wanted(&mut *tx, organization.id).await?;
                tx.commit().await?;
                app.wake.plan.notify_one();
                app.wake.mirror.notify_one();
            }
            Err(error) => super::settle::note_trouble(app, organization.id, &error, 1).await?,
        }
    }
    Ok(())
}

async fn find_or_create(client: &Client, name: &DomainName) -> Result<(String, Instance), JumpCloudError> {
    let object = match client.find_activedirectory(name).await? {
        Some(object) => object,
        None => client.create_activedirectory(name).await?,
    };
    if object.is_set_up() {
        return Ok((object.id.clone(), instance_of(&object, None)));
    }
    match client.set_authority(&object.id).await? {
        AuthorityOutcome::Set(set) => Ok((object.id, instance_of(&set, None))),
        AuthorityOutcome::Refused(refusal) => {
            tracing::warn!("JumpCloud refused to make AD the authority of its AD object: {refusal}");
            let instance = instance_of(&object, Some(refusal.to_string()));
            Ok((object.id, instance))
        }
    }
}

/// The object as the checks show it.
pub(in crate::workers) fn instance_of(object: &ActiveDirectory, refusal: Option<String>) -> Instance {
    Instance { use_case: object.use_case.clone(), groups_enabled: object.groups_enabled, refusal }
}
