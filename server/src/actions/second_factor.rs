//! The second factor: codes of an app (RFC 6238), and recovery codes for when the app is lost. A code serves once.

use protocol::Secret;
use serde_json::json;
use sqlx::PgConnection;
use totp_rs::{Builder, Totp};
use uuid::Uuid;

use super::admins::record;
use crate::app::{Actor, App};
use crate::crypto::{random_bytes, sha256};
use crate::error::{Error, Result};
use crate::store;
use crate::store::admins::AdminRow;

const RECOVERY_CODES: usize = 10;
const STEP_SECONDS: i64 = 30;
/// Without letters and digits that are taken for others.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// What an app is given.
#[derive(Debug)]
pub struct Offer {
    /// In base 32, to be typed.
    pub secret: Secret,
    /// `otpauth://…`, to be scanned.
    pub url: Secret,
}

/// The secret that is to be confirmed: one that was shown before, or a new one.
pub async fn offer(app: &App, id: Uuid) -> Result<Offer> {
    let mut tx = app.db.begin().await?;
    store::admins::lease(&mut tx).await?;
    let row = find(&mut tx, id).await?;
    if row.totp_secret.is_some() {
        return Err(Error::conflict("second_factor_on", "The second factor is on: switch it off first."));
    }
    let totp = match &row.totp_offered {
        Some(sealed) => opened(app, &row, sealed)?,
        None => {
            let secret = random_bytes::<20>();
            let sealed = app
                .vault
                .seal(&purpose(id), &secret)
                .map_err(|error| Error::internal(format!("could not seal a secret: {error}")))?;
            store::second_factor::update_offered(&mut tx, id, Some(&sealed)).await?;
            totp(&row.email, &secret)?
        }
    };
    tx.commit().await?;
    let url = totp.to_url().map_err(|error| Error::internal(format!("no address for an app: {error}")))?;
    Ok(Offer { secret: Secret::new(totp.secret().to_base32()), url: Secret::new(url) })
}

/// Puts the offered secret into force, once a code of it shows that an app has it. Returns the recovery codes, which are
/// shown once.
pub async fn turn_on(app: &App, by: &Actor, id: Uuid, code: &str) -> Result<Vec<Secret>> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    store::admins::lease(&mut tx).await?;
    let row = find(&mut tx, id).await?;
    let sealed = row.totp_offered.as_ref().ok_or_else(|| {
        Error::conflict("second_factor_not_offered", "Open this page again to get a key for your app first.")
    })?;
    let step = step_of(&opened(app, &row, sealed)?, code, now.timestamp()).ok_or_else(|| {
        Error::field(
            "code",
            "is not the one that the app shows now. If it stays wrong, look at the clocks of both",
        )
    })?;
    store::second_factor::update_secret(&mut tx, id, Some(sealed), Some(step)).await?;
    let codes = fresh_codes(&mut tx, id).await?;
    record(&mut tx, by, "admin.second_factor_on", id, json!({"email": row.email}), now).await?;
    tx.commit().await?;
    Ok(codes)
}

/// New recovery codes; the earlier ones hold no longer.
pub async fn renew_codes(app: &App, by: &Actor, id: Uuid) -> Result<Vec<Secret>> {
    let mut tx = app.db.begin().await?;
    let row = find(&mut tx, id).await?;
    if row.totp_secret.is_none() {
        return Err(Error::conflict("second_factor_off", "The second factor is off."));
    }
    let codes = fresh_codes(&mut tx, id).await?;
    let detail = json!({"email": row.email});
    record(&mut tx, by, "admin.recovery_codes_renewed", id, detail, app.clock.now()).await?;
    tx.commit().await?;
    Ok(codes)
}

/// Switches the second factor of an administrator off: one's own, or another's who has lost it.
pub async fn turn_off(app: &App, by: &Actor, id: Uuid) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let row = find(&mut tx, id).await?;
    store::second_factor::update_secret(&mut tx, id, None, None).await?;
    store::second_factor::delete_recovery_codes(&mut tx, id).await?;
    let detail = json!({"email": row.email});
    record(&mut tx, by, "admin.second_factor_off", id, detail, app.clock.now()).await?;
    Ok(tx.commit().await?)
}

/// Whether the code is one of the administrator's, who has no second factor or has shown it. It is spent.
pub(super) async fn pass(app: &App, tx: &mut PgConnection, row: &AdminRow, code: &str) -> Result<bool> {
    let Some(sealed) = &row.totp_secret else { return Ok(true) };
    match step_of(&opened(app, row, sealed)?, code, app.clock.now().timestamp()) {
        Some(step) => Ok(store::second_factor::spend_step(tx, row.id, step).await?),
        None => Ok(store::second_factor::spend_recovery_code(tx, row.id, &digest(code)).await?),
    }
}

async fn find(tx: &mut PgConnection, id: Uuid) -> Result<AdminRow> {
    store::admins::find(&mut *tx, id).await?.ok_or(Error::NotFound("administrator"))
}

/// The time step of a code; none if it is no code of now. The step before and the one after count as now.
fn step_of(totp: &Totp, code: &str, now: i64) -> Option<i64> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    totp.check(&digits, u64::try_from(now).ok()?).and_then(|step| i64::try_from(step).ok())
}

fn opened(app: &App, row: &AdminRow, sealed: &[u8]) -> Result<Totp> {
    let secret = app
        .vault
        .open(&purpose(row.id), sealed)
        .map_err(|error| Error::internal(format!("could not open a sealed secret: {error}")))?;
    totp(&row.email, &secret)
}

fn totp(email: &str, secret: &[u8]) -> Result<Totp> {
    Builder::new()
        .with_secret(secret.to_vec())
        .with_step_duration(STEP_SECONDS.unsigned_abs())
        .with_account_name(email.replace(':', "_"))
        .with_issuer(Some("Adit"))
        .build()
        .map_err(|error| Error::internal(format!("could not make codes: {error}")))
}

/// What the sealed secret is bound to.
fn purpose(admin: Uuid) -> String {
    format!("admin/{admin}/second_factor")
}

async fn fresh_codes(tx: &mut PgConnection, id: Uuid) -> Result<Vec<Secret>> {
    let codes: Vec<_> = (0..RECOVERY_CODES).map(|_| fresh_code()).collect();
    let digests: Vec<_> = codes.iter().map(|code| digest(code.expose()).to_vec()).collect();
    store::second_factor::delete_recovery_codes(tx, id).await?;
    store::second_factor::insert_recovery_codes(tx, id, &digests).await?;
    Ok(codes)
}

/// 80 bits, with a hyphen in the middle.
fn fresh_code() -> Secret {
    let letter = |byte: u8| char::from(LETTERS[usize::from(byte) % LETTERS.len()]);
    let mut code: String = random_bytes::<16>().into_iter().map(letter).collect();
    code.insert(8, '-');
    Secret::new(code)
}

fn digest(code: &str) -> [u8; 32] {
    let plain: String =
        code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    sha256(format!("recovery code {plain}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238() {
        let totp = totp("ada@corp.example", b"12345678901234567890").unwrap();
        // Appendix B has eight digits; an app shows the last six.
        for (time, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(step_of(&totp, code, time), Some(time / STEP_SECONDS), "{time}");
        }
        assert_eq!(step_of(&totp, "287 082", 59 + 30), Some(1), "a slow typist");
        assert_eq!(step_of(&totp, "287082", 59 + 90), None);
        assert_eq!(step_of(&totp, "28708", 59), None);
    }
}
