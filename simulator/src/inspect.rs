//! What a test in the same process asks and does. `/sim` offers the same over HTTP, with the same code.

use std::{collections::BTreeSet, time::Duration};

use serde_json::Value;

use crate::{
    faults::{Fault, Scripted},
    groups,
    log::LoggedRequest,
    settings::Settings,
    sim::{keys, login, people, snapshot},
    simulator::Simulator,
};

impl Simulator {
    /// The user as `GET /api/systemusers/{id}` answers it.
    pub fn user_by_username(&self, username: &str) -> Option<Value> {
        let world = self.shared.world();
        let user = world.users.find_by_username(username)?;
        Some(user.show(world.settings.recorded_nulls).into())
    }

    /// Every user, oldest first.
    pub fn users(&self) -> Vec<Value> {
        let world = self.shared.world();
        world.users.iter().map(|user| user.show(world.settings.recorded_nulls).into()).collect()
    }

    /// Every user group, oldest first.
    pub fn groups(&self) -> Vec<Value> {
        let world = self.shared.world();
        world.groups.iter().map(|group| groups::shown(group, &world.settings).into()).collect()
    }

    pub fn group_by_name(&self, name: &str) -> Option<Value> {
        let world = self.shared.world();
        let group = world.groups.find_by_name(name)?;
        Some(groups::shown(group, &world.settings).into())
    }

    /// The usernames of a group's members; empty where there is no such group.
    pub fn group_members(&self, name: &str) -> BTreeSet<String> {
        let world = self.shared.world();
        let Some(group) = world.groups.find_by_name(name) else { return BTreeSet::new() };
        snapshot::members(&world, groups::text(group, "id"))
    }

    /// Everything, as `GET /sim/state` answers it.
    pub fn state(&self) -> Value {
        snapshot::everything(&self.shared.world())
    }

    /// Every API request, oldest first.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.shared.world().log.iter().cloned().collect()
    }

    /// The requests that were to change something, refused ones included.
    pub fn writes(&self) -> Vec<LoggedRequest> {
        self.shared.world().log.iter().filter(|request| request.write).cloned().collect()
    }

    /// The writes about one user, by the username at that time.
    pub fn writes_to(&self, username: &str) -> Vec<LoggedRequest> {
        let mut writes = self.writes();
        writes.retain(|request| request.user.as_deref() == Some(username));
        writes
    }

    /// What was done to one user, in words: `["create", "add to group", "suspend"]`. Only what took effect.
    pub fn actions_on(&self, username: &str) -> Vec<String> {
        let writes = self.writes_to(username).into_iter().filter(|request| request.applied);
        writes.filter_map(|request| request.action).collect()
    }

    pub fn forget_requests(&self) {
        self.shared.world().log.clear();
    }

    /// Scripts a fault. Returns its id.
    pub fn script(&self, fault: Fault) -> u64 {
        self.shared.world().faults.add(fault)
    }

    /// The script as it stands.
    pub fn faults(&self) -> Vec<Scripted> {
        self.shared.world().faults.list()
    }

    pub fn clear_faults(&self) {
        self.shared.world().faults.clear();
    }

    /// Whether the user could log in with this password.
    pub fn login(&self, username: &str, password: &str) -> bool {
        login::attempt(&self.shared.world(), username, password).is_ok()
    }

    pub fn settings(&self) -> Settings {
        self.shared.world().settings.clone()
    }

    pub fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.shared.world().settings);
    }

    /// Moves the simulator's clock forward.
    pub fn advance(&self, by: Duration) {
        let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        let mut world = self.shared.world();
        world.settings.clock_offset_seconds = world.settings.clock_offset_seconds.saturating_add(seconds);
    }

    pub fn add_key(&self, key: &str) {
        keys::add(&mut self.shared.world(), key, false, false);
    }

    /// A key of an administrator who may only read.
    pub fn add_read_only_key(&self, key: &str) {
        keys::add(&mut self.shared.world(), key, true, false);
    }

    /// A key of an administrator of several organizations, who must send `x-org-id`.
    pub fn add_multi_tenant_key(&self, key: &str) {
        keys::add(&mut self.shared.world(), key, false, true);
    }

    /// Revokes an API key. False where it was unknown.
    pub fn revoke_key(&self, key: &str) -> bool {
        self.shared.world().access.revoke_key(key)
    }

    /// Makes every token of the service account invalid.
    pub fn revoke_tokens(&self) {
        self.shared.world().access.revoke_tokens();
    }

    /// Binds a user to a resource (a system), or unbinds it. False where there is no such user.
    pub fn bind(&self, username: &str, bound: bool) -> bool {
        people::bind(&mut self.shared.world(), username, bound)
    }

    /// Lets a user of another organization have this address.
    pub fn add_foreign_email(&self, email: &str) {
        self.shared.world().foreign_emails.insert(email.to_lowercase());
    }

    /// Sets fields of a user as they are, read-only ones included, without a request. False where there is no
    /// such user.
    pub fn force(&self, username: &str, fields: &serde_json::Map<String, Value>) -> bool {
        people::force(&mut self.shared.world(), username, fields)
    }
}
