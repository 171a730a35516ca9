//! What a person asks for one user, group or operation.
//!
//! Locks are taken in the order of plans and settlements, so that none of them waits for another in a circle: the domain,
//! operations, marks, users and groups.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{DomainId, ObjectGuid, OperationId};
use serde_json::json;
use sqlx::PgConnection;

use crate::app::{Actor, App};
use crate::error::{Error, Result};
use crate::store::admins::Reach;
use crate::store::domains::Domain;
use crate::store::{self, audit};

/// Plans the user again now, and tries at once what waits for its next attempt.
pub async fn sync_user(app: &App, by: &Actor, domain: DomainId, guid: ObjectGuid) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    lease(&mut tx, domain).await?;
    store::subjects::find_user(&mut *tx, domain, guid).await?.ok_or(Error::NotFound("user"))?;
    for row in store::operations::list_live(&mut *tx, domain, &[guid]).await? {
        if row.state == "ready" {
            store::operations::update_retry(&mut tx, row.id, now).await?;
        }
    }
    store::dirty::mark(&mut tx, domain, &[guid]).await?;
    store::directory::insert_look_ups(&mut tx, domain, &[guid], now).await?;
    record(&mut tx, app, by, "user.sync_requested", domain, guid.to_string(), json!({})).await?;
    tx.commit().await?;
    app.wake.plan.notify_one();
    Ok(())
}

/// Tries a parked operation again.
pub async fn retry(app: &App, by: &Actor, id: OperationId) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let row = store::operations::find(&mut *tx, id).await?.ok_or(Error::NotFound("operation"))?;
    lease(&mut tx, row.domain_id).await?;
    if !store::operations::update_retry(&mut tx, id, now).await? {
        return Err(Error::conflict(
            "operation_not_retriable",
            format!("The operation is {}: only a parked or waiting one can be tried again.", row.state),
        ));
    }
    store::subjects::update_status(&mut tx, row.domain_id, &[row.subject]).await?;
    record(&mut tx, app, by, "operation.retried", row.domain_id, id.to_string(), json!({"kind": row.kind}))
        .await?;
    tx.commit().await?;
    app.wake.execute.notify_one();
    Ok(())
}

/// Tries again every parked operation of an error code, of one domain or of all in reach. Returns how many.
pub async fn retry_all(
    app: &App,
    by: &Actor,
    reach: &Reach,
    domain: Option<DomainId>,
    error_code: &str,
) -> Result<u64> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let domains = match domain {
        Some(id) => BTreeSet::from([id]),
        None => store::domains::list(&mut *tx, reach).await?.into_iter().map(|row| row.id).collect(),
    };
    for id in domains {
        store::domains::find_locked(&mut tx, id).await?;
    }
    let mut of_domain = BTreeMap::<DomainId, Vec<ObjectGuid>>::new();
    for (id, subject) in store::work::update_retry_all(&mut tx, reach, domain, error_code, now).await? {
        of_domain.entry(id).or_default().push(subject);
    }
    let mut retried = 0;
    for (id, subjects) in of_domain {
        store::subjects::update_status(&mut tx, id, &subjects).await?;
        let count = subjects.len() as u64;
        let detail = json!({"error_code": error_code, "operations": count});
        record(&mut tx, app, by, "operations.retried", id, error_code.to_owned(), detail).await?;
        retried += count;
    }
    tx.commit().await?;
    app.wake.execute.notify_one();
    Ok(retried)
}

/// Decides that the user is that JumpCloud user.
pub async fn decide_takeover(
    app: &App,
    by: &Actor,
    domain: DomainId,
    guid: ObjectGuid,
    jumpcloud_id: &str,
) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let row = lease(&mut tx, domain).await?;
    if store::mirror::find_user(&mut *tx, row.organization_id, jumpcloud_id).await?.is_none() {
        return Err(Error::field("jumpcloud_id", "names no user that JumpCloud had when it was last read"));
    }
    store::dirty::mark(&mut tx, domain, &[guid]).await?;
    if !store::subjects::update_takeover_decision(&mut tx, domain, guid, jumpcloud_id).await? {
        return Err(Error::NotFound("user"));
    }
    let detail = json!({"jumpcloud_id": jumpcloud_id});
    record(&mut tx, app, by, "user.takeover_decided", domain, guid.to_string(), detail).await?;
    tx.commit().await?;
    app.wake.plan.notify_one();
    Ok(())
}

/// Decides that the JumpCloud group of the same name is this group.
pub async fn adopt_group(app: &App, by: &Actor, domain: DomainId, guid: ObjectGuid) -> Result<()> {
    let mut tx = app.db.begin().await?;
    lease(&mut tx, domain).await?;
    store::dirty::mark(&mut tx, domain, &[guid]).await?;
    if !store::subjects::update_adopt(&mut tx, domain, guid).await? {
        return Err(Error::NotFound("group"));
    }
    record(&mut tx, app, by, "group.adopted", domain, guid.to_string(), json!({})).await?;
    tx.commit().await?;
    app.wake.plan.notify_one();
    Ok(())
}

/// Neither plans nor transfers of the domain go on until the transaction ends.
pub(super) async fn lease(tx: &mut PgConnection, domain: DomainId) -> Result<Domain> {
    store::domains::find_locked(tx, domain).await?.ok_or(Error::NotFound("domain"))
}

async fn record(
    tx: &mut PgConnection,
    app: &App,
    by: &Actor,
    action: &str,
    domain: DomainId,
    subject: String,
    detail: serde_json::Value,
) -> Result<()> {
    let record = audit::Record { actor: by, action, subject: Some(subject), domain: Some(domain), detail };
    Ok(audit::insert(tx, record, app.clock.now()).await?)
}
