//! The wire between agent and server: serde types, identifiers, signatures. No I/O.
//!
//! Evolution is additive: a new field has a default, an unknown directive is ignored. Old agents keep working.

pub mod captures;
pub mod checks;
pub mod directory;
pub mod dn;
pub mod enrollment;
pub mod heartbeat;
pub mod ids;
pub mod jwt;
pub mod problem;
pub mod sealing;
pub mod secret;
pub mod signing;
pub mod transfer;

pub use dn::{DistinguishedName, DomainName};
pub use ids::{AgentId, CaptureId, DomainId, HoldId, ObjectGuid, OperationId, OrganizationId, Sid, TokenId};
pub use secret::Secret;
