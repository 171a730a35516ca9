//! A signed POST to somebody's system.

use protocol::Secret;
use ring::hmac;

use super::NotSent;
use crate::outbound::{Outbound, words};

/// The header with time and signature: `t=UNIX_SECONDS,v1=HEX`.
pub const SIGNATURE: &str = "adit-signature";
/// The same for every attempt.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Where to, and how.
#[derive(Debug)]
pub struct Hook<'a> {
    pub url: &'a str,
    pub key: &'a Secret,
    pub outbound: Outbound<'a>,
}

/// HMAC-SHA256 over time, a full stop and the body, as hexadecimal digits.
pub fn signature(key: &Secret, seconds: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes());
    let tag = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    tag.as_ref().iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Sends the body, signed as of `seconds`. Done is any answer of 2xx.
pub async fn post(hook: &Hook<'_>, id: &str, seconds: i64, body: String) -> Result<(), NotSent> {
    let url = hook.outbound.check(hook.url).map_err(|message| NotSent(format!("The address {message}.")))?;
    let client = hook.outbound.client(&url).await.map_err(NotSent)?;
    let signed = format!("t={seconds},v1={}", signature(hook.key, seconds, &body));
    let answer = client
        .post(url)
        .header("content-type", "application/json")
        .header(IDEMPOTENCY_KEY, id)
        .header(SIGNATURE, signed)
        .body(body)
        .send()
        .await
        .map_err(|error| NotSent(words(&error)))?;
    match answer.status().as_u16() {
        200..=299 => Ok(()),
        status @ 300..=399 => Err(NotSent(format!(
            "It answered with a redirect ({status}), and none is followed. Give the address it leads to."
        ))),
        status => Err(NotSent(format!("It answered with status {status}."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_over_time_and_body() {
        let key = Secret::new("key".into());
        // printf '1.{}' | openssl dgst -sha256 -hmac key
        let signed = signature(&key, 1, "{}");
        assert_eq!(signed.len(), 64);
        assert_ne!(signed, signature(&key, 2, "{}"));
        assert_ne!(signed, signature(&key, 1, "{ }"));
        assert_ne!(signed, signature(&Secret::new("kez".into()), 1, "{}"));
    }
}
