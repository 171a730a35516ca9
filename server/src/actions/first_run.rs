//! The first administrator: made by whoever can read what the server prints at its start. There is no default password.

use chrono::Duration;
use protocol::Secret;
use serde_json::json;
use uuid::Uuid;

use super::admins::{address, hashed, record, shown};
use super::sign_in::{self, From, SignedIn};
use super::throttle::{self, Guesser};
use crate::app::{Actor, App};
use crate::crypto::{constant_time_eq, random_bytes, sha256};
use crate::error::{Error, Result};
use crate::store;
use crate::store::admins::{Access, Role};

/// The code of a server that was not seen for so long is gone with it.
const GONE: Duration = Duration::minutes(10);
/// Without those that are taken for others.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// The code with which the first administrator can be made, as long as there is none. It lives as long as this process.
pub async fn code(app: &App) -> Result<Option<Secret>> {
    if store::admins::count(&app.db).await? > 0 {
        return Ok(None);
    }
    let code = fresh_code();
    let mut tx = app.db.begin().await?;
    store::first_run::insert(&mut tx, app.process, &digest(code.expose()), app.clock.now()).await?;
    tx.commit().await?;
    Ok(Some(code))
}

/// This process ends, and its code with it.
pub async fn end(app: &App) -> Result<()> {
    Ok(store::first_run::delete(&app.db, app.process).await?)
}

/// Makes the first administrator, an owner, and signs them in. Every code is spent.
pub async fn begin(app: &App, from: &From, code: &str, email: &str, password: Secret) -> Result<SignedIn> {
    let guess = throttle::take(app, Guesser::of_first_run(from.address.as_deref())).await?;
    let now = app.clock.now();
    let codes = store::first_run::list(&app.db, now - GONE).await?;
    let given = digest(code);
    if !codes.iter().any(|known| constant_time_eq(known, &given)) {
        throttle::was_wrong(app, &guess).await?;
        return Err(Error::field("code", "is not the one that the server printed when it started last"));
    }
    let mut tx = app.db.begin().await?;
    throttle::was_right(&mut tx, &guess).await?;
    tx.commit().await?;
    let email = address(email)?;
    let hash = hashed(password, "password").await?;
    let (id, access) = (Uuid::now_v7(), Access::Everywhere(Role::Owner));
    let mut tx = app.db.begin().await?;
    store::admins::lease(&mut tx).await?;
    if store::admins::count(&mut *tx).await? > 0 {
        return Err(Error::conflict("not_first", "There is an administrator already: sign in."));
    }
    store::admins::insert(&mut tx, id, email, Some(&hash), &access, now).await?;
    store::first_run::delete_all(&mut tx).await?;
    let detail = json!({"email": email, "after": shown(&access)});
    record(&mut tx, &Actor::Nobody, "admin.created", id, detail, now).await?;
    let row = store::admins::find(&mut *tx, id).await?.ok_or(Error::NotFound("administrator"))?;
    let signed_in = sign_in::open(app, &mut tx, &row, from, "first run").await?;
    tx.commit().await?;
    Ok(signed_in)
}

/// 100 bits in groups of five letters, to be typed.
fn fresh_code() -> Secret {
    let mut code = String::new();
    for (at, byte) in random_bytes::<20>().into_iter().enumerate() {
        if at > 0 && at % 5 == 0 {
            code.push('-');
        }
        code.push(char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
    }
    Secret::new(code)
}

/// However it was typed: small letters, spaces and hyphens make no difference.
fn digest(code: &str) -> [u8; 32] {
    let plain: String =
        code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    sha256(plain.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_is_typed() {
        let code = fresh_code();
        assert_eq!(code.expose().len(), 23);
        assert_eq!(digest(code.expose()), digest(&code.expose().to_lowercase().replace('-', " ")));
        assert_ne!(digest(code.expose()), digest(fresh_code().expose()));
    }
}
