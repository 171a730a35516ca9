//! Watches over the cluster while the server runs.

use std::time::Duration;

use super::private::Private;

const LOOK_AGAIN: Duration = Duration::from_millis(500);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Until the close; giving up in the middle is safe, since the postmaster is noted as soon as it runs.
pub(super) async fn supervise(private: &Private) {
    tokio::select! {
        () = private.closes() => {}
        () = watch(private) => {}
    }
}

async fn watch(private: &Private) {
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        let mut postmaster = private.postmaster.lock().await;
        if let Some(running) = postmaster.as_mut() {
            if running.is_alive(&private.layout) {
                continue;
            }
            tracing::error!(said = running.said(&private.layout), "PostgreSQL died; restarting it");
        }
        match private.restart(&mut postmaster).await {
            Ok(()) => {
                tracing::info!("PostgreSQL runs again");
                pause = FIRST_PAUSE;
            }
            Err(error) => {
                tracing::error!(%error, ?pause, "PostgreSQL does not come back; trying again after a pause");
                drop(postmaster);
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}
