//! How an agent joins a domain. The token's secret never travels; the token is spent by one statement.

use chrono::Duration;
use protocol::enrollment::{EnrollRequest, Joined, Joining, Proven, SECRET_BYTES, Side, Token, TokenKey};
use protocol::heartbeat::Platform;
use protocol::{AgentId, DomainId, Secret, TokenId};
use serde_json::json;
use uuid::Uuid;

use crate::app::{Actor, App};
use crate::crypto::random_bytes;
use crate::error::{Error, Result};
use crate::store::agents::{NewAgent, TokenRow};
use crate::store::{self, audit};

/// A token as it is shown, once.
#[derive(Debug)]
pub struct Issued {
    pub id: TokenId,
    pub token: Secret,
    pub expires_at: chrono::DateTime<chrono::Utc>,
}

/// Issues a token with which `max_uses` agents may join the domain until it expires.
pub async fn issue_token(
    app: &App,
    by: &Actor,
    domain: DomainId,
    expires_in_seconds: i64,
    max_uses: i32,
) -> Result<Issued> {
    if !(60..=2_592_000).contains(&expires_in_seconds) {
        return Err(Error::field("expires_in_seconds", "must lie between 60 and 2592000 (30 days)"));
    }
    if !(1..=1000).contains(&max_uses) {
        return Err(Error::field("max_uses", "must lie between 1 and 1000"));
    }
    store::domains::find(&app.db, domain).await?.ok_or(Error::NotFound("domain"))?;
    let token = Token::new(TokenId(Uuid::now_v7()), &random_bytes::<SECRET_BYTES>());
    let now = app.clock.now();
    let row = TokenRow {
        id: token.id,
        domain_id: domain,
        key: app
            .vault
            .seal(&purpose(token.id), token.key().octets())
            .map_err(|error| Error::internal(format!("could not seal a token: {error}")))?,
        max_uses,
        uses: 0,
        expires_at: now + Duration::seconds(expires_in_seconds),
        created_by: by.to_string(),
        created_at: now,
    };
    let mut tx = app.db.begin().await?;
    store::agents::insert_token(&mut tx, &row).await?;
    let detail = json!({"token": token.id, "expires_at": row.expires_at, "max_uses": max_uses});
    let record = audit::Record {
        actor: by,
        action: "enrollment_token.issued",
        subject: Some(token.id.to_string()),
        domain: Some(domain),
        detail,
    };
    audit::insert(&mut tx, record, now).await?;
    tx.commit().await?;
    Ok(Issued { id: token.id, token: token.reveal(), expires_at: row.expires_at })
}

/// Lets an agent join. The same domain controller again replaces its key: a reinstall is an update.
pub async fn enroll(app: &App, request: &EnrollRequest) -> Result<Proven> {
    let now = app.clock.now();
    let row = store::agents::find_token(&app.db, request.token).await?.ok_or_else(unknown)?;
    let octets = app
        .vault
        .open(&purpose(row.id), &row.key)
        .map_err(|error| Error::internal(format!("could not open a token: {error}")))?;
    let octets: [u8; 32] =
        octets.as_slice().try_into().map_err(|_| Error::internal("a token's key has the wrong length"))?;
    let key = TokenKey::from_octets(octets);
    let joining: Joining = key.open(Side::Agent, &request.proven).map_err(|_| unknown())?;

    let mut tx = app.db.begin().await?;
    if !store::agents::spend_token(&mut tx, row.id, now).await? {
        return Err(spent(&row, now));
    }
    let domain = store::domains::find(&mut *tx, row.domain_id).await?.ok_or(Error::NotFound("domain"))?;
    let new = NewAgent {
        id: AgentId(Uuid::now_v7()),
        domain_id: row.domain_id,
        domain_controller: joining.domain_controller.to_lowercase(),
        host: joining.host,
        platform: match joining.platform {
            Platform::Linux => "linux",
            Platform::Windows => "windows",
        },
        version: joining.version,
        public_key: joining.public_key,
    };
    let agent = store::agents::insert(&mut tx, &new, now).await?;
    store::domains::update_watcher_gone(&mut *tx, agent).await?;
    let detail = json!({"domain_controller": new.domain_controller, "host": new.host, "token": row.id, "version": new.version});
    let record = audit::Record {
        actor: &Actor::Agent { id: agent, domain_controller: new.domain_controller.clone() },
        action: "agent.enrolled",
        subject: Some(agent.to_string()),
        domain: Some(row.domain_id),
        detail,
    };
    audit::insert(&mut tx, record, now).await?;
    tx.commit().await?;

    let joined = Joined {
        nonce: joining.nonce,
        agent,
        domain: row.domain_id,
        domain_name: super::domains::name_of(&domain)?,
        server_time: now,
        sealing_key: store::sealing_keys::find_newest(&app.db).await?,
    };
    key.prove(Side::Server, &joined).map_err(|error| Error::internal(error.to_string()))
}

fn purpose(token: TokenId) -> String {
    format!("enrollment_token/{token}")
}

/// A token that does not exist and one whose proof is wrong look alike.
fn unknown() -> Error {
    Error::conflict(
        "token_unknown",
        "The enrollment token is not known here, or was altered. Make a new one on the domain's page and copy it in full.",
    )
}

fn spent(row: &TokenRow, now: chrono::DateTime<chrono::Utc>) -> Error {
    if row.expires_at <= now {
        Error::conflict(
            "token_expired",
            "The enrollment token has expired. Make a new one on the domain's page.",
        )
    } else {
        Error::conflict(
            "token_used",
            "The enrollment token has been used already. Make a new one on the domain's page.",
        )
    }
}

/// The command to paste on a domain controller.
pub fn install_command(app: &App, program: &str, token: &str) -> String {
    let pin = app
        .fingerprint
        .as_ref()
        .map(|fingerprint| format!(" --server-fingerprint {fingerprint}"))
        .unwrap_or_default();
    format!("{program} enroll --server {}{pin} --token {token}", app.public_url)
}
