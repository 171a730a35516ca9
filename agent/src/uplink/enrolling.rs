//! First contact: both sides prove that they know the token's secret, which does not travel.

use std::time::Duration;

use protocol::enrollment::{EnrollRequest, EnrollmentError, Joined, Joining, Proven, Side, Token};

use super::{Server, UplinkError};

const PATH: &str = "/agent/v1/enroll";

/// Why this machine did not join.
#[derive(Debug, thiserror::Error)]
pub enum EnrollError {
    #[error(transparent)]
    Server(UplinkError),
    #[error("the token was not accepted: {detail} Make a new one on the domain's page ({code}).")]
    Token { code: String, detail: String },
    #[error(
        "whoever answered at {0} does not know the token's secret: it is not the server that issued the token, or \
         somebody is in between. Nothing was kept. Check --server, and pin the server with --server-fingerprint."
    )]
    Impostor(String),
    #[error("the request could not be made: {0}")]
    Request(#[source] EnrollmentError),
}

/// Joins, and returns what the server proved to have said.
pub async fn enroll(server: &Server, token: &Token, joining: &Joining) -> Result<Joined, EnrollError> {
    let key = token.key();
    let proven = key.prove(Side::Agent, joining).map_err(EnrollError::Request)?;
    let body = serde_json::to_vec(&EnrollRequest { token: token.id, proven })
        .map_err(|error| EnrollError::Request(EnrollmentError::Payload(error.to_string())))?;
    let answer: Proven = server.post(PATH, body, None, Duration::from_secs(30)).await.map_err(refused)?;
    let impostor = || EnrollError::Impostor(server.url().to_owned());
    let joined: Joined = key.open(Side::Server, &answer).map_err(|_| impostor())?;
    // An answer to another request, played again, proves nothing.
    if joined.nonce == joining.nonce { Ok(joined) } else { Err(impostor()) }
}

fn refused(error: UplinkError) -> EnrollError {
    match error {
        UplinkError::Refused(problem) if (400..500).contains(&problem.status) => {
            EnrollError::Token { code: problem.code, detail: problem.detail }
        }
        other => EnrollError::Server(other),
    }
}
