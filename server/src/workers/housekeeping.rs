//! What the clock alone brings about: expiries, ends of grace periods, lost leases, abandoned transfers, the daily full
//! read and the regular look at JumpCloud.

use chrono::Duration;

use super::Worked;
use crate::actions::confirmation::FORM_AGE;
use crate::actions::sign_in::IDLE_MINUTES;
use crate::app::App;
use crate::store;
use crate::store::admins::Reach;

/// How old a mirror of JumpCloud may become before it is read again: that is how drift is found.
const MIRROR_AGE: Duration = Duration::hours(6);
/// How often everything is read from the directory.
const FULL_READ_AGE: Duration = Duration::hours(24);
/// How soon a domain controller that may lag behind is read again.
const UNSETTLED_READ_AGE: Duration = Duration::seconds(5);
/// Parts of a transfer that was never finished are kept for this long.
const PART_AGE: Duration = Duration::hours(1);

/// How long a sealing key that was replaced is kept: an agent may be off for as long without losing a password.
const OLD_SEALING_KEY_AGE: Duration = Duration::days(90);

/// What nobody tried to guess for so long starts anew.
const FAILURE_AGE: Duration = Duration::hours(1);

/// One round.
pub async fn turn(app: &App) -> anyhow::Result<Worked> {
    let now = app.clock.now();
    if store::dirty::mark_due(&app.db, now).await? > 0 {
        app.wake.plan.notify_one();
    }
    if store::operations::update_leases_ended(&app.db, None, now).await? > 0 {
        app.wake.execute.notify_one();
    }
    let mut tx = app.db.begin().await?;
    for expired in store::passwords::update_expired(&mut tx, now).await? {
        store::dirty::mark(&mut tx, expired.domain_id, &[expired.guid]).await?;
    }
    tx.commit().await?;
    store::sealing_keys::delete_unused(&app.db, now - OLD_SEALING_KEY_AGE).await?;
    store::transfers::delete_older(&app.db, now - PART_AGE).await?;
    store::sessions::delete_ended(&app.db, now, now - Duration::minutes(IDLE_MINUTES)).await?;
    store::held_forms::delete_older(&app.db, now - FORM_AGE).await?;
    store::first_run::update_seen(&app.db, app.process, now).await?;
    store::login_failures::delete_older(&app.db, now - FAILURE_AGE).await?;
    for organization in store::organizations::list(&app.db, &Reach::EVERYTHING).await? {
        let old = organization.mirror_read_at.is_some_and(|at| at < now - MIRROR_AGE);
        if old && organization.mirror_wanted <= organization.mirror_read {
            store::organizations::update_mirror_wanted(&app.db, organization.id).await?;
            app.wake.mirror.notify_one();
        }
    }
    store::domains::update_read_again_in_time(&app.db, now, now - FULL_READ_AGE, now - UNSETTLED_READ_AGE)
        .await?;
    Ok(Worked::Idle)
}
