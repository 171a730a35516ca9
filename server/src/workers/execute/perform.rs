//! One operation, call by call. Any of it may run twice: what is to be made is looked up first, what is done already is
//! done.

use std::collections::BTreeSet;

use planner::input::JumpCloudUser;
use planner::plan::{Change, Fields};
use serde_json::{Value, json};

use super::outcome::{Effect, Outcome};
use crate::app::App;
use crate::jumpcloud::{Associated, Client, JumpCloudError, Marks};
use crate::store;
use crate::store::operations::Leased;
use crate::store::organizations::Organization;

/// What calls are made with.
pub(super) struct Calls<'a> {
    pub(super) app: &'a App,
    pub(super) organization: &'a Organization,
    pub(super) client: &'a Client,
}

pub(super) type Called = Result<Outcome, JumpCloudError>;

pub(super) fn done(effects: Vec<Effect>) -> Called {
    Ok(Outcome::Done { before: None, effects })
}

impl Calls<'_> {
    /// Carries the operation out and says what came of it.
    pub(super) async fn perform(&self, operation: &Leased) -> Outcome {
        match self.call(operation).await {
            Ok(outcome) => outcome,
            Err(JumpCloudError::NotFound(_)) => self.gone(operation),
            Err(error) => Outcome::Failed(error),
        }
    }

    async fn call(&self, operation: &Leased) -> Called {
        let subject = operation.subject_id.clone().unwrap_or_default();
        let target = operation.target_id.clone().unwrap_or_default();
        let instance = operation.activedirectory_id.clone().unwrap_or_default();
        match &operation.change.0 {
            Change::CreateUser { fields } => self.create_user(fields).await,
            Change::LinkUser { jumpcloud_id, fields } => {
                self.link_user(jumpcloud_id, fields, &instance).await
            }
            Change::ExpirePassword => {
                self.client.expire_password(&subject).await?;
                done(vec![Effect::PasswordExpired])
            }
            Change::AssociateUser => {
                self.client.add_association(&instance, Associated::User, &subject).await?;
                done(vec![Effect::Association { kind: "user", jumpcloud_id: subject, present: true }])
            }
            Change::SuspendUser { restorable, .. } => {
                let user = self.client.suspend_user(&subject).await?;
                done(vec![Effect::User(Box::new(user)), Effect::Suspended { by_us: *restorable }])
            }
            Change::RestoreUser => {
                let user = self.client.restore_user(&subject).await?;
                done(vec![Effect::User(Box::new(user)), Effect::Suspended { by_us: false }])
            }
            Change::SetPassword { capture } => self.set_password(operation, &subject, *capture).await,
            Change::SetUsername { username } => {
                let before = self.mirrored(&subject).await;
                let user = self.client.set_username(&subject, username).await?;
                Ok(Outcome::Done { before, effects: vec![Effect::User(Box::new(user))] })
            }
            Change::UpdateUser { fields } => self.update(&subject, fields).await,
            Change::SetManager => {
                let user = self.client.set_manager(&subject, operation.target_id.as_deref()).await?;
                done(vec![Effect::User(Box::new(user))])
            }
            Change::UnbindUser { .. } => self.unbind_user(&subject, &instance).await,
            Change::DeleteUser { .. } => {
                self.client.delete_user(&subject).await?;
                done(vec![Effect::UserGone(subject), Effect::Unlink])
            }
            Change::CreateGroup { name } => self.create_group(name).await,
            Change::AdoptGroup { jumpcloud_id, .. } => {
                let Some(group) = self.client.get_group(jumpcloud_id).await? else {
                    return Ok(Outcome::Replan { effects: vec![Effect::GroupGone(jumpcloud_id.clone())] });
                };
                let link = Effect::Link { kind: "group", jumpcloud_id: group.id.clone(), taken_over: true };
                done(vec![Effect::Group(group), link])
            }
            Change::AssociateGroup => {
                self.client.add_association(&instance, Associated::UserGroup, &subject).await?;
                done(vec![Effect::Association { kind: "group", jumpcloud_id: subject, present: true }])
            }
            Change::RenameGroup { name } => {
                let group = self.client.rename_group(&subject, name).await?;
                done(vec![Effect::Group(group)])
            }
            Change::UnbindGroup => {
                if !instance.is_empty() {
                    self.client.remove_association(&instance, Associated::UserGroup, &subject).await?;
                }
                done(vec![
                    Effect::Association { kind: "group", jumpcloud_id: subject, present: false },
                    Effect::Unlink,
                ])
            }
            Change::DeleteGroup => {
                self.client.delete_group(&subject).await?;
                done(vec![Effect::GroupGone(subject), Effect::Unlink])
            }
            Change::AddMember => {
                self.client.add_member(&target, &subject).await?;
                done(vec![Effect::Member { group: target, user: subject, present: true }])
            }
            Change::RemoveMember => {
                self.client.remove_member(&target, &subject).await?;
                done(vec![Effect::Member { group: target, user: subject, present: false }])
            }
        }
    }

    /// Looked up first, by email and by username: whatever is found and not ours already is for the planner.
    async fn create_user(&self, fields: &Fields) -> Called {
        let (email, username) = (text(fields, "email"), text(fields, "username"));
        let found = self.look_up(email, username).await?;
        if let Some(own) = found.iter().find(|user| is_ours(user, fields)) {
            return self.linked(own.clone(), false);
        }
        if !found.is_empty() {
            return Ok(Outcome::Replan {
                effects: found.into_iter().map(|user| Effect::User(Box::new(user))).collect(),
            });
        }
        match self.client.create_user(fields).await {
            Ok(user) => self.linked(user, false),
            Err(error) if error.may_be_duplicate() => {
                let found = self.look_up(email, username).await?;
                if found.is_empty() && !says_duplicate(&error) {
                    return Err(error);
                }
                if found.is_empty() {
                    return Ok(Outcome::Parked {
                        code: "email_used_outside_organization",
                        message: format!(
                            "JumpCloud refuses to create the user, and no user of this organization has the email {email} or \
                             the username {username}: the email is in use in another organization. Change mail in AD, or \
                             have JumpCloud free it."
                        ),
                        answer: error.refusal().map(|refusal| refusal.answer.clone()),
                        effects: Vec::new(),
                    });
                }
                Ok(Outcome::Replan {
                    effects: found.into_iter().map(|user| Effect::User(Box::new(user))).collect(),
                })
            }
            Err(error) => Err(error),
        }
    }

    async fn look_up(&self, email: &str, username: &str) -> Result<Vec<JumpCloudUser>, JumpCloudError> {
        let mut found = self.client.search_users_by_email(email).await?;
        let known: BTreeSet<_> = found.iter().map(|user| user.id.clone()).collect();
        let by_name = self.client.search_users_by_username(username).await?;
        found.extend(by_name.into_iter().filter(|user| !known.contains(&user.id)));
        Ok(found)
    }

    fn linked(&self, user: JumpCloudUser, taken_over: bool) -> Called {
        let link = Effect::Link { kind: "user", jumpcloud_id: user.id.clone(), taken_over };
        done(vec![Effect::User(Box::new(user)), link])
    }

    async fn link_user(&self, id: &str, fields: &Fields, instance: &str) -> Called {
        let Some(before) = self.client.get_user(id).await? else {
            return Ok(Outcome::Replan { effects: vec![Effect::UserGone(id.into())] });
        };
        let marks = Marks {
            external_dn: text(fields, "external_dn").into(),
            external_source_type: text(fields, "external_source_type").into(),
            activedirectory_id: Some(instance.to_owned()).filter(|id| !id.is_empty()),
        };
        let user = self.client.mark_user(id, &marks).await?;
        let link = Effect::Link { kind: "user", jumpcloud_id: id.into(), taken_over: true };
        Ok(Outcome::Done { before: Some(json!(before)), effects: vec![Effect::User(Box::new(user)), link] })
    }

    async fn update(&self, id: &str, fields: &Fields) -> Called {
        let before = self.mirrored(id).await;
        let user = self.client.update_user(id, fields).await?;
        Ok(Outcome::Done { before, effects: vec![Effect::User(Box::new(user))] })
    }

    /// What JumpCloud had, for the history. A reading that fails costs the history a line, nothing else.
    async fn mirrored(&self, id: &str) -> Option<Value> {
        let found = store::mirror::find_user(&self.app.db, self.organization.id, id).await;
        found.ok().flatten().map(|before| json!(before))
    }

    async fn unbind_user(&self, id: &str, instance: &str) -> Called {
        let user = self.client.unbind_user(id, Some(instance).filter(|id| !id.is_empty())).await?;
        let association = Effect::Association { kind: "user", jumpcloud_id: id.into(), present: false };
        done(vec![Effect::User(Box::new(user)), association, Effect::Unlink])
    }

    async fn create_group(&self, name: &str) -> Called {
        if let Some(group) = self.client.find_group_by_name(name).await? {
            return self.found_group(group).await;
        }
        match self.client.create_group(name).await {
            Ok(group) => {
                let link = Effect::Link { kind: "group", jumpcloud_id: group.id.clone(), taken_over: false };
                done(vec![Effect::Group(group), link])
            }
            Err(error) if error.may_be_duplicate() => match self.client.find_group_by_name(name).await? {
                Some(group) => self.found_group(group).await,
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// A group of the name is there: the planner decides whether it may be adopted.
    async fn found_group(&self, group: planner::input::JumpCloudGroup) -> Called {
        Ok(Outcome::Replan { effects: vec![Effect::Group(group)] })
    }

    /// JumpCloud no longer knows an id that we had: the mirror forgets it, and the planner heals.
    fn gone(&self, operation: &Leased) -> Outcome {
        let (subject, target) = (operation.subject_id.clone(), operation.target_id.clone());
        let effects = match &operation.change.0 {
            Change::AddMember | Change::RemoveMember => target.map(Effect::GroupGone).into_iter().collect(),
            Change::CreateGroup { .. }
            | Change::AdoptGroup { .. }
            | Change::AssociateGroup
            | Change::RenameGroup { .. }
            | Change::UnbindGroup
            | Change::DeleteGroup => subject.map(Effect::GroupGone).into_iter().collect(),
            Change::LinkUser { jumpcloud_id, .. } => vec![Effect::UserGone(jumpcloud_id.clone())],
            Change::CreateUser { .. }
            | Change::ExpirePassword
            | Change::AssociateUser
            | Change::SuspendUser { .. }
            | Change::RestoreUser
            | Change::SetPassword { .. }
            | Change::SetUsername { .. }
            | Change::UpdateUser { .. }
            | Change::SetManager
            | Change::UnbindUser { .. }
            | Change::DeleteUser { .. } => subject.map(Effect::UserGone).into_iter().collect(),
        };
        Outcome::Replan { effects }
    }
}

fn text<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A 400 on create may mean anything; only words about existing users mean a duplicate.
fn says_duplicate(error: &JumpCloudError) -> bool {
    let Some(refusal) = error.refusal() else { return false };
    let answer = refusal.answer.to_lowercase();
    refusal.status == 409
        || ["exist", "duplicate", "already", "taken", "in use"].iter().any(|word| answer.contains(word))
}

/// Made by us in a run that was not settled: everything that only we would write is as we would write it.
fn is_ours(user: &JumpCloudUser, fields: &Fields) -> bool {
    user.externally_managed
        && user.external_dn == text(fields, "external_dn")
        && user.email.eq_ignore_ascii_case(text(fields, "email"))
        && user.username.eq_ignore_ascii_case(text(fields, "username"))
}
