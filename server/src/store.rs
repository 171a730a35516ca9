//! The only room with SQL: one statement per function, named by a fixed verb.

pub mod access;
pub mod admins;
pub mod agents;
pub mod alert_channels;
pub mod alert_messages;
pub mod alerts;
pub mod api_tokens;
pub mod audit;
pub mod checks;
pub mod cluster;
pub mod conflicts;
pub mod coverage;
pub mod directory;
pub mod dirty;
pub mod domains;
pub mod drafts;
pub mod exempt;
pub mod first_run;
pub mod flow;
pub mod group_members;
pub mod held_forms;
pub mod holds;
pub mod keys;
pub mod links;
pub mod login_failures;
pub mod metrics;
pub mod mirror;
pub mod operations;
pub mod organizations;
pub mod passwords;
pub mod places;
pub mod planning;
pub mod plans;
pub mod progress;
pub mod roster;
pub mod sealing_keys;
pub mod second_factor;
pub mod session;
pub mod sessions;
pub mod setup;
pub mod single_sign_on;
pub mod subjects;
pub mod topics;
pub mod transfers;
pub mod unsynced;
pub mod work;

/// The schema, forward only; run at start.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// Asks the database whether it is there.
pub async fn ping(db: &sqlx::PgPool) -> sqlx::Result<()> {
    sqlx::query_scalar!(r#"select 1 as "one!""#).fetch_one(db).await.map(|_| ())
}
