//! Waiting until the cluster answers, by asking it.

use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions, Connection};

use super::ClusterError;
use super::creation::OWNER;
use super::layout::Layout;
use super::postmaster::Postmaster;
use super::socket::PORT;

/// Recovery after a crash replays at most some hundred megabytes.
const PATIENCE: Duration = Duration::from_secs(300);
const ONE_TRY: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
const SAY_SO_AFTER: Duration = Duration::from_secs(5);

/// How to reach the cluster behind `socket_dir`.
pub(super) fn connect_options(socket_dir: &std::path::Path) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket_dir)
        .port(PORT)
        .username(OWNER)
        .database(OWNER)
        .ssl_mode(PgSslMode::Disable)
        .application_name("adit-server")
}

/// Waits for the first answer, then makes sure that our database exists.
pub(super) async fn wait(
    postmaster: &mut Postmaster,
    connect: &PgConnectOptions,
    layout: &Layout,
) -> Result<(), ClusterError> {
    let maintenance = connect.clone().database("postgres");
    let since = Instant::now();
    let mut told = false;
    let connection = loop {
        match tokio::time::timeout(ONE_TRY, maintenance.connect()).await {
            Ok(Ok(connection)) => break connection,
            Ok(Err(error)) if !is_passing(&error) => return Err(ClusterError::Database(error)),
            Ok(Err(_)) | Err(_) => {}
        }
        if !postmaster.is_alive(layout) {
            return Err(ClusterError::Startup { said: postmaster.said(layout), log: layout.log.clone() });
        }
        if since.elapsed() > PATIENCE {
            return Err(ClusterError::NotReady { log: layout.log.clone() });
        }
        if !told && since.elapsed() > SAY_SO_AFTER {
            told = true;
            tracing::info!("waiting for PostgreSQL, which may be recovering from a crash");
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    };
    make_database(connection).await.map_err(ClusterError::Database)
}

async fn make_database(mut connection: PgConnection) -> sqlx::Result<()> {
    let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = 'adit')")
        .fetch_one(&mut connection)
        .await?;
    if !exists {
        sqlx::query("create database adit").execute(&mut connection).await?;
    }
    connection.close().await
}

/// Not listening yet, starting up, shutting down, or full for the moment.
fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(refusal) => {
            matches!(refusal.code().as_deref(), Some("57P01" | "57P02" | "57P03" | "53300"))
        }
        _ => false,
    }
}
