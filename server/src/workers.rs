//! What goes on by itself. Each worker is an idempotent function of the database: it takes no hint of what changed, and
//! the next turn is the retry.

pub mod alerts;
pub mod deliver;
pub mod execute;
pub mod housekeeping;
pub mod listen;
pub mod mirror;
pub mod plan;

use std::future::Future;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::app::App;

/// What a turn found to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worked {
    /// There may be more.
    More,
    /// Nothing is left to do for now.
    Idle,
}

/// Starts every worker; each ends when `stop` turns true.
pub fn start(app: &App, stop: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    let second = Duration::from_secs(1);
    workers.spawn(run(
        "plan",
        app.clone(),
        stop.clone(),
        |app| &app.wake.plan,
        second,
        |app| async move { plan::turn(&app).await },
    ));
    workers.spawn(run(
        "mirror",
        app.clone(),
        stop.clone(),
        |app| &app.wake.mirror,
        second,
        |app| async move { mirror::turn(&app).await },
    ));
    workers.spawn(run(
        "housekeeping",
        app.clone(),
        stop.clone(),
        |app| &app.wake.housekeeping,
        second,
        |app| async move { housekeeping::turn(&app).await },
    ));
    workers.spawn(run(
        "alerts",
        app.clone(),
        stop.clone(),
        |app| &app.wake.alerts,
        Duration::from_secs(10),
        |app| async move { alerts::turn(&app).await },
    ));
    workers.spawn(run(
        "deliver",
        app.clone(),
        stop.clone(),
        |app| &app.wake.deliver,
        Duration::from_secs(5),
        |app| async move { deliver::turn(&app).await },
    ));
    workers.spawn(execute::run(app.clone(), stop.clone()));
    workers.spawn(listen::run(app.clone(), stop.clone()));
    workers
}

/// Turns until there is nothing to do, then waits for the bell or the period, whichever is first.
async fn run<F, T>(
    name: &'static str,
    app: App,
    mut stop: watch::Receiver<bool>,
    bell: impl Fn(&App) -> &Notify + Send,
    period: Duration,
    turn: F,
) where
    F: Fn(App) -> T + Send,
    T: Future<Output = anyhow::Result<Worked>> + Send,
{
    while !*stop.borrow() {
        // A bell that rings during the turn is kept, so nothing is slept through.
        let worked = turn(app.clone()).await.unwrap_or_else(|error| {
            tracing::error!(worker = name, "a turn failed, the next one tries again: {error:#}");
            Worked::Idle
        });
        if worked == Worked::Idle {
            tokio::select! {
                () = bell(&app).notified() => {}
                () = tokio::time::sleep(period) => {}
                _ = stop.changed() => {}
            }
        }
    }
}
