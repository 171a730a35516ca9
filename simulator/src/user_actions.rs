//! The v1 actions on one user. Each answers 200 without a body.

use axum::extract::{Path, State};

use crate::{
    clock,
    reply::{Answer, Refusal, Reply},
    request::Object,
    state_machine,
    user::User,
    user_writes,
    world::Shared,
};

/// `POST /api/systemusers/{id}/expire`: the password must be changed at the next login.
pub(crate) async fn expire(State(shared): State<Shared>, Path(id): Path<String>) -> Answer {
    let now = clock::text(shared.world().now());
    change(&shared, &id, |user| {
        user.set("password_expired", true);
        user.set("password_expiration_date", now);
        Ok(())
    })
}

/// `POST /api/systemusers/{id}/unlock`
pub(crate) async fn unlock(State(shared): State<Shared>, Path(id): Path<String>) -> Answer {
    let now = shared.world().now();
    change(&shared, &id, |user| {
        user_writes::lock(user, false, now);
        Ok(())
    })
}

/// `POST /api/systemusers/{id}/resetmfa`
pub(crate) async fn reset_mfa(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Object(body): Object,
) -> Answer {
    change(&shared, &id, |user| {
        let mut mfa = user.get("mfa").as_object().cloned().unwrap_or_default();
        mfa.insert("configured".to_owned(), false.into());
        let allowed = ["exclusion", "exclusionUntil", "exclusionDays"];
        mfa.extend(body.into_iter().filter(|(field, _)| allowed.contains(&field.as_str())));
        user.set("mfa", mfa);
        user.set("totp_enabled", false);
        Ok(())
    })
}

/// `POST /api/systemusers/{id}/state/activate`: only from STAGED.
pub(crate) async fn activate(State(shared): State<Shared>, Path(id): Path<String>, _: Object) -> Answer {
    change(&shared, &id, |user| {
        if user.text("state") != "STAGED" {
            return Err(Refusal::bad("Bad Request: only a staged user can be activated"));
        }
        state_machine::enter(user, "ACTIVATED");
        Ok(())
    })
}

/// `POST /api/systemusers/{id}/state/suspend`: the path is published, the operation's text is not.
pub(crate) async fn suspend(State(shared): State<Shared>, Path(id): Path<String>, _: Object) -> Answer {
    change(&shared, &id, |user| {
        state_machine::enter(user, "SUSPENDED");
        Ok(())
    })
}

fn change(shared: &Shared, id: &str, apply: impl FnOnce(&mut User) -> Result<(), Refusal>) -> Answer {
    let mut world = shared.world();
    let mut user = world.users.find(id).cloned().ok_or_else(Refusal::not_found)?;
    apply(&mut user)?;
    world.users.put(user);
    Ok(Reply::empty())
}
