//! Who asks: an API token or a session. Authentication comes before everything else, whatever else is wrong.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Failure;
use crate::app::{Actor, App};
use crate::crypto::sha256;
use crate::error::Error;
use crate::store;
use crate::store::admins::Role;

/// The caller of the REST API.
#[derive(Clone, Debug)]
pub struct Caller {
    pub actor: Actor,
    pub role: Role,
}

impl Caller {
    /// The caller, if it may change what is configured.
    pub fn changing(&self) -> Result<&Actor, Failure> {
        if self.role.may_change() {
            Ok(&self.actor)
        } else {
            Err(Error::Forbidden("This token may read only: use one of the role operator or owner.".into())
                .into())
        }
    }

    /// The caller, if it owns the installation.
    pub fn owning(&self) -> Result<&Actor, Failure> {
        match self.role {
            Role::Owner => Ok(&self.actor),
            Role::Operator | Role::Helpdesk | Role::ReadOnly => {
                Err(Error::Forbidden("Only an owner may do this.".into()).into())
            }
        }
    }
}

/// Lets nobody pass without a valid API token: every path answers 401, also those that do not exist.
pub async fn require_token(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let token = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim().to_owned());
    match caller(&app, token).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(failure) => {
            let mut response = failure.into_response();
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
            response
        }
    }
}

async fn caller(app: &App, token: Option<String>) -> Result<Caller, Failure> {
    let token = token.ok_or(Error::Unauthorized)?;
    let row = store::admins::find_api_token(&app.db, &sha256(token.as_bytes()))
        .await?
        .ok_or(Error::Unauthorized)?;
    store::admins::update_api_token_used(&app.db, row.id, app.clock.now()).await?;
    Ok(Caller { actor: Actor::ApiToken { id: row.id, name: row.name }, role: row.role })
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Error::Unauthorized.into())
    }
}
