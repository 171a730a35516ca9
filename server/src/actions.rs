//! One sentence of the business each: one transaction, one audit event, a wake-up after the commit.

pub mod activity;
pub mod admins;
pub mod agents;
pub mod alert_channels;
pub mod alerts;
pub mod audit;
pub mod captures;
pub mod checks;
pub mod coverage;
pub mod domains;
pub mod drafts;
pub mod enrollment;
pub mod heartbeats;
pub mod holds;
pub mod organizations;
pub mod previews;
pub mod progress;
pub mod sealing;
pub mod setup;
pub mod subjects;
pub mod transfers;
