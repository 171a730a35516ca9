//! Reads JumpCloud in full where that is wanted: for the first preview, on request, and to find drift. Never per change.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use planner::input::JumpCloudUser;
use planner::plan::Lane;
use protocol::DomainName;
use sqlx::PgConnection;

use super::Worked;
use crate::app::App;
use crate::jumpcloud::{Associated, Client, JumpCloudError, Verdict};
use crate::store;
use crate::store::admins::Reach;
use crate::store::checks::VisibleOrganization;
use crate::store::organizations::Organization;

/// Reads every organization whose mirror is wanted.
pub async fn turn(app: &App) -> anyhow::Result<Worked> {
    let now = app.clock.now();
    for organization in store::organizations::list(&app.db, &Reach::EVERYTHING).await? {
        let wanted = organization.mirror_wanted > organization.mirror_read;
        let paused = organization.paused_until.is_some_and(|until| until > now);
        if wanted && !paused {
            read(app, &organization).await?;
        }
    }
    Ok(Worked::Idle)
}

async fn read(app: &App, organization: &Organization) -> anyhow::Result<()> {
    let client = app.jumpcloud(organization)?.in_lane(Lane::Bulk);
    let reading = Reading { app, organization, client: &client, drifted: AtomicI64::new(0) };
    match reading.everything().await {
        Ok(()) => {
            let now = app.clock.now();
            store::organizations::update_mirror_read(
                &app.db,
                organization.id,
                organization.mirror_wanted,
                reading.drifted.load(Relaxed),
                now,
            )
            .await?;
            store::organizations::update_healthy(&app.db, organization.id).await?;
            app.wake.plan.notify_one();
            Ok(())
        }
        Err(Failed::JumpCloud(error)) => {
            tracing::warn!(organization.id = %organization.id, "JumpCloud could not be read: {error}");
            super::execute::note_trouble(app, organization.id, &error, 1).await?;
            let until = app.clock.now() + chrono::TimeDelta::seconds(5);
            if organization.paused_until.is_none() {
                let advice = super::execute::advice(&error);
                store::organizations::update_pause(&app.db, organization.id, until, error.code(), &advice)
                    .await?;
            }
            Ok(())
        }
        Err(Failed::Database(error)) => Err(error.into()),
    }
}

enum Failed {
    JumpCloud(JumpCloudError),
    Database(sqlx::Error),
}

impl From<JumpCloudError> for Failed {
    fn from(error: JumpCloudError) -> Self {
        Self::JumpCloud(error)
    }
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

struct Reading<'a> {
    app: &'a App,
    organization: &'a Organization,
    client: &'a Client,
    /// How many linked objects somebody else has changed.
    drifted: AtomicI64,
}

impl Reading<'_> {
    async fn everything(&self) -> Result<(), Failed> {
        self.organizations().await?;
        self.password_policy().await?;
        self.instances().await?;
        self.users().await?;
        self.groups().await?;
        self.members().await?;
        self.associations().await
    }

    /// Which organizations the credential can see; some roles may not see the list, and do not need it.
    async fn organizations(&self) -> Result<(), Failed> {
        let visible = match self.client.list_organizations().await {
            Ok(visible) => visible,
            Err(error) if matches!(error.verdict(), Verdict::Retry | Verdict::RetryAfter(_)) => {
                return Err(error.into());
            }
            Err(_) => return Ok(()),
        };
        let visible: Vec<_> =
            visible.into_iter().map(|one| VisibleOrganization { id: one.id, name: one.name }).collect();
        let db = &self.app.db;
        Ok(store::checks::update_visible_organizations(db, self.organization.id, Some(&visible)).await?)
    }

    /// What cannot be read of it is shown as unknown, and holds nothing up.
    async fn password_policy(&self) -> Result<(), Failed> {
        match self.client.password_policy().await {
            Ok(policy) => {
                let policy = serde_json::json!(policy);
                Ok(store::organizations::update_password_policy(&self.app.db, self.organization.id, &policy)
                    .await?)
            }
            Err(error) if matches!(error.verdict(), Verdict::Retry | Verdict::RetryAfter(_)) => {
                Err(error.into())
            }
            Err(error) => {
                tracing::warn!("JumpCloud's password policy could not be read: {error}");
                Ok(())
            }
        }
    }

    /// An object of the domain that is there already: what it marked before us is ours, not another source's.
    async fn instances(&self) -> Result<(), Failed> {
        for domain in store::domains::list_of(&self.app.db, self.organization.id).await? {
            let Ok(name) = DomainName::parse(&domain.name) else { continue };
            let found = self.client.find_activedirectory(&name).await?;
            let instance = found.as_ref().map(|object| super::execute::instance_of(object, None));
            store::checks::update_instance(&self.app.db, domain.id, instance.as_ref()).await?;
            if let Some(id) =
                found.map(|object| object.id).filter(|id| domain.activedirectory_id.as_ref() != Some(id))
            {
                let mut tx = self.app.db.begin().await?;
                store::domains::update_activedirectory(&mut *tx, domain.id, &id).await?;
                store::dirty::mark_all(&mut tx, domain.id).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }

    /// Page by page: what was written while this went on is newer than what was read, and stays.
    async fn users(&self) -> Result<(), Failed> {
        let (db, id) = (&self.app.db, self.organization.id);
        let began = self.app.clock.now();
        let mut seen = Vec::new();
        let mut pages = self.client.list_users();
        while let Some(page) = pages.next_page().await? {
            seen.extend(page.iter().map(|user| user.id.clone()));
            let mut tx = db.begin().await?;
            let changed = store::mirror::insert_users(&mut tx, id, &page, began).await?;
            self.count_drift(&mut tx, &changed).await?;
            store::dirty::mark_linked(&mut tx, id, &changed).await?;
            let (usernames, emails) = names(&page, &changed);
            store::dirty::mark_claimants(&mut tx, id, &usernames, &emails).await?;
            tx.commit().await?;
        }
        // A user that was deleted while the pages were read shifts them: what is linked is asked for by its id.
        for linked in store::links::list_unseen_linked(db, id, &seen, began).await? {
            if self.client.get_user(&linked).await?.is_some() {
                seen.push(linked);
            }
        }
        let mut tx = db.begin().await?;
        let gone = store::mirror::delete_users_unseen(&mut tx, id, &seen, began).await?;
        self.count_drift(&mut tx, &gone).await?;
        store::dirty::mark_linked(&mut tx, id, &gone).await?;
        Ok(tx.commit().await?)
    }

    async fn groups(&self) -> Result<(), Failed> {
        let (db, id) = (&self.app.db, self.organization.id);
        let began = self.app.clock.now();
        let groups = self.client.list_groups().await?;
        let mut tx = db.begin().await?;
        let changed = store::mirror::insert_groups(&mut tx, id, &groups, began).await?;
        let seen: Vec<_> = groups.iter().map(|group| group.id.clone()).collect();
        let gone = store::mirror::delete_groups_unseen(&mut tx, id, &seen, began).await?;
        self.count_drift(&mut tx, &changed).await?;
        self.count_drift(&mut tx, &gone).await?;
        store::dirty::mark_linked(&mut tx, id, &changed).await?;
        store::dirty::mark_linked(&mut tx, id, &gone).await?;
        let names: Vec<_> = groups
            .iter()
            .filter(|group| changed.contains(&group.id))
            .map(|group| store::mirror::fold(&group.name))
            .collect();
        store::dirty::mark_name_claimants(&mut tx, id, &names).await?;
        Ok(tx.commit().await?)
    }

    /// Of the groups that are ours; others' members are nobody's business.
    async fn members(&self) -> Result<(), Failed> {
        let id = self.organization.id;
        for group in store::links::list_linked_groups(&self.app.db, id).await? {
            let members = match self.client.list_members(&group).await {
                Err(JumpCloudError::NotFound(_)) => Vec::new(),
                members => members?,
            };
            let mut tx = self.app.db.begin().await?;
            let changed = store::mirror::insert_members(&mut tx, id, &group, &members).await?;
            self.count_drift(&mut tx, &changed).await?;
            store::dirty::mark_linked(&mut tx, id, &changed).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Before the first full read there is nothing that could have drifted.
    async fn count_drift(&self, tx: &mut PgConnection, changed: &[String]) -> sqlx::Result<()> {
        if self.organization.mirror_read_at.is_some() {
            let linked = store::links::count_linked(tx, self.organization.id, changed).await?;
            self.drifted.fetch_add(linked, Relaxed);
        }
        Ok(())
    }

    async fn associations(&self) -> Result<(), Failed> {
        let id = self.organization.id;
        for domain in store::domains::list_of(&self.app.db, id).await? {
            let Some(object) = &domain.activedirectory_id else { continue };
            for (kind, target) in [("user", Associated::User), ("group", Associated::UserGroup)] {
                let ids = match self.client.list_associations(object, target).await {
                    Err(JumpCloudError::NotFound(_)) => Vec::new(),
                    ids => ids?,
                };
                let mut tx = self.app.db.begin().await?;
                let changed = store::mirror::insert_associations(&mut tx, domain.id, kind, &ids).await?;
                store::dirty::mark_linked(&mut tx, id, &changed).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }
}

/// Folded usernames and emails of the users that changed.
fn names(page: &[JumpCloudUser], changed: &[String]) -> (Vec<String>, Vec<String>) {
    let changed: std::collections::BTreeSet<_> = changed.iter().collect();
    page.iter()
        .filter(|user| changed.contains(&user.id))
        .map(|user| (store::mirror::fold(&user.username), store::mirror::fold(&user.email)))
        .unzip()
}
