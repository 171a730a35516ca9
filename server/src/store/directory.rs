//! The mirror of the directory: what a transfer writes. One statement serves a whole part.

mod containers;
mod groups;
mod look_ups;
mod memberships;
mod presence;
mod users;

pub use containers::{find_container_dn, insert_container, update_below};
pub use groups::{find_group_dn, insert_groups};
pub use look_ups::{
    delete_look_up, insert_look_ups, insert_look_ups_for_members, insert_look_ups_for_unseen, insert_other,
    list_look_ups,
};
pub use memberships::{
    MembersChange, count_members, delete_memberships, delete_vanished, insert_members,
    list_missing_primary_members,
};
pub use presence::{is_known, update_presence};
pub use users::{Upserted, UserRow, insert_users, list_bodies, update_identity_keys};
