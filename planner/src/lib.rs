//! Decides what JumpCloud must change so that it agrees with the directory.
//!
//! Pure: no I/O, no clock, no randomness. The same input gives the same plan; a plan that was applied and planned again
//! is empty; planning all subjects equals the union of planning any partition of them.

pub mod guard;
pub mod input;
pub mod plan;
pub mod policy;
pub mod reason;

pub use input::Input;
pub use plan::{Change, GuardKind, Operation, Plan};
pub use policy::Policy;
pub use reason::{Reason, Status};
