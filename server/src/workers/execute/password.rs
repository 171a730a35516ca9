//! A captured password on its last few steps: opened, sent, and forgotten.

use std::sync::Arc;

use protocol::CaptureId;
use protocol::sealing::{Envelope, OpeningKey, SealingError};

use super::outcome::{Effect, Outcome};
use super::perform::{Called, Calls, done};
use crate::error::Result;
use crate::jumpcloud::{JumpCloudError, Verdict};
use crate::store;
use crate::store::operations::Leased;

/// A captured password as it stands in the store.
enum Sealed {
    Waiting(Envelope, Option<Arc<OpeningKey>>),
    Refused(String),
    Gone,
}

impl Calls<'_> {
    /// The only place where a captured password is readable, for as long as the call takes.
    pub(super) async fn set_password(&self, operation: &Leased, id: &str, capture: CaptureId) -> Called {
        let (envelope, key) = match self.sealed_password(operation, capture).await {
            Ok(Sealed::Waiting(envelope, key)) => (envelope, key),
            Ok(Sealed::Refused(message)) => {
                return Ok(refused_password(capture, "password_refused", message, None));
            }
            // A later one took its place, or it is settled: the plan knows.
            Ok(Sealed::Gone) => return Ok(Outcome::Replan { effects: Vec::new() }),
            Err(error) => return Ok(Outcome::Postponed(format!("The password could not be read: {error}"))),
        };
        let opened = key.ok_or(SealingError::OtherKey).and_then(|key| key.open(&envelope));
        let answered = match opened {
            Ok(password) => self.client.set_password(id, &password).await,
            Err(error) => {
                let message = format!(
                    "The captured password cannot be opened: {error}. It is gone; set another one in AD."
                );
                return Ok(refused_password(capture, "password_unreadable", message, None));
            }
        };
        match answered {
            Ok(()) => done(vec![Effect::PasswordDelivered(capture)]),
            Err(error @ JumpCloudError::NotFound(_)) => Err(error),
            Err(error) if error.verdict() == Verdict::Park => {
                // An answer that was lost on the way: its password is in the history now, or was set too recently.
                if operation.attempts > 1
                    && self.client.password_set_at(id).await?.is_some_and(|at| at >= operation.created_at)
                {
                    return done(vec![Effect::PasswordDelivered(capture)]);
                }
                let answer = error.refusal().map(|refusal| refusal.answer.clone());
                Ok(refused_password(capture, "password_refused", refusal_words(&error), answer))
            }
            Err(error) => Err(error),
        }
    }

    async fn sealed_password(&self, operation: &Leased, capture: CaptureId) -> Result<Sealed> {
        let (db, domain, user) = (&self.app.db, operation.domain_id, operation.subject);
        if let Some(envelope) = store::passwords::find_waiting(db, domain, user, capture).await? {
            let key = self.app.opening_key(envelope.label.key).await?;
            return Ok(Sealed::Waiting(envelope, key));
        }
        let refusal = store::passwords::find_refusal(db, domain, user, capture).await?;
        Ok(refusal.map_or(Sealed::Gone, Sealed::Refused))
    }
}

/// JumpCloud will not have this password, and would not have it the next time.
fn refused_password(
    capture: CaptureId,
    code: &'static str,
    message: String,
    answer: Option<String>,
) -> Outcome {
    let effects = vec![Effect::PasswordRefused { capture, code, message: message.clone() }];
    Outcome::Parked { code, message, answer, effects }
}

fn refusal_words(error: &JumpCloudError) -> String {
    let why = match error.refusal() {
        Some(refusal) if !refusal.details.is_empty() => refusal.details.join("; "),
        Some(refusal) => refusal.message.clone(),
        None => error.to_string(),
    };
    format!(
        "JumpCloud does not accept the user's password: {why}. The former one still holds there; have the user choose another in AD."
    )
}
