//! What a setting is when nobody set it. serde wants a function for each.

use planner::policy::{
    DissociationAction, EmailSource, GroupDissociationAction, Guard, Limit, MustChangeAction, Policy,
    TakeoverAction, UsernameAttribute,
};

pub(super) fn yes() -> bool {
    true
}
pub(super) fn suspend() -> DissociationAction {
    DissociationAction::Suspend
}
pub(super) fn dc_settle_minutes() -> u32 {
    15
}
pub(super) fn poll_interval_ms() -> u64 {
    1000
}
pub(super) fn username_attribute() -> UsernameAttribute {
    Policy::default().username_attribute
}
pub(super) fn email() -> EmailSource {
    Policy::default().email
}
pub(super) fn user_dissociation_action() -> DissociationAction {
    Policy::default().user_dissociation_action
}
pub(super) fn group_dissociation_action() -> GroupDissociationAction {
    Policy::default().group_dissociation_action
}
pub(super) fn removal_grace_days() -> u32 {
    Policy::default().removal_grace_days
}
pub(super) fn user_takeover_action() -> TakeoverAction {
    Policy::default().user_takeover_action
}
pub(super) fn password_must_change_action() -> MustChangeAction {
    Policy::default().password_must_change_action
}
pub(super) fn password_hold_hours() -> u32 {
    24
}
pub(super) fn group_name_template() -> String {
    Policy::default().group_name_template
}
pub(super) fn window_hours() -> u32 {
    Guard::default().window_hours
}
pub(super) fn guard_users() -> Limit {
    Guard::default().users
}
pub(super) fn guard_suspends() -> Limit {
    Guard::default().suspends
}
pub(super) fn guard_groups() -> Limit {
    Guard::default().groups
}
pub(super) fn guard_memberships() -> Limit {
    Guard::default().memberships
}
