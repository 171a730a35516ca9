//! Hears what the database tells, whichever process changed it, and tells the pages that are open here.

use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::watch;

use crate::app::{App, Topic};
use crate::store;
use crate::store::admins::Reach;

/// How soon a listener that failed is replaced.
const AGAIN: Duration = Duration::from_secs(1);

/// Listens until `stop` turns true.
pub(super) async fn run(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        tokio::select! {
            Err(error) = listen(&app) => tracing::warn!("open pages are not told of changes for a moment: {error}"),
            _ = stop.changed() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            _ = stop.changed() => return,
        }
    }
}

/// Passes on what is told, until the database cannot be reached.
pub async fn listen(app: &App) -> sqlx::Result<Infallible> {
    let mut listener = store::topics::listen(&app.db).await?;
    tell_everything(app).await?;
    loop {
        match listener.next().await? {
            Some(told) => app.topics.tell(told.parse()),
            None => tell_everything(app).await?,
        }
    }
}

/// Nobody knows what was told while nobody listened.
async fn tell_everything(app: &App) -> sqlx::Result<()> {
    let domains = store::domains::list(&app.db, &Reach::EVERYTHING).await?;
    app.topics.tell(Topic::FIXED);
    app.topics.tell(domains.into_iter().map(|domain| Topic::Domain(domain.id)));
    Ok(())
}
