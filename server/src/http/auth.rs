//! Who asks: an API token or a session. Authentication comes before everything else, whatever else is wrong.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use protocol::OrganizationId;

use super::gate::Asked;
use super::problem::Failure;
use crate::actions::rights::{self, Deed};
use crate::app::{Actor, App};
use crate::crypto::sha256;
use crate::error::Error;
use crate::store;
use crate::store::admins::{Access, Reach, Role};

/// The caller of the REST API.
#[derive(Clone, Debug)]
pub struct Caller {
    pub actor: Actor,
    /// At what the request names.
    pub role: Role,
    pub access: Access,
}

impl Caller {
    /// The caller, if it may change what is configured.
    pub fn changing(&self) -> Result<&Actor, Failure> {
        self.doing(Deed::Change)
    }

    /// The caller, if it may change what is configured for the organization.
    pub fn changing_at(&self, organization: OrganizationId) -> Result<&Actor, Failure> {
        rights::require_at(&self.access, Deed::Change, organization)?;
        Ok(&self.actor)
    }

    /// The caller, if it may sync one user and try one operation again.
    pub fn helping(&self) -> Result<&Actor, Failure> {
        self.doing(Deed::Help)
    }

    /// The caller, if it owns what the request names.
    pub fn owning(&self) -> Result<&Actor, Failure> {
        self.doing(Deed::Own)
    }

    /// What lists give it.
    pub fn reach(&self) -> Reach {
        self.access.reach()
    }

    /// Where it has at least the role.
    pub fn reach_of(&self, least: Role) -> Reach {
        self.access.reach_of(least)
    }

    fn doing(&self, deed: Deed) -> Result<&Actor, Failure> {
        rights::require_role(self.role, deed)?;
        Ok(&self.actor)
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
    let asked = Asked::by(&request);
    match caller(&app, token).await {
        Ok(mut caller) => match asked.role(&app, &caller.access).await {
            Ok(role) => {
                caller.role = role;
                request.extensions_mut().insert(caller);
                next.run(request).await
            }
            Err(error) => Failure::from(error).into_response(),
        },
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
    let now = app.clock.now();
    let row = store::api_tokens::find_by_digest(&app.db, &sha256(token.as_bytes()), now)
        .await?
        .ok_or(Error::Unauthorized)?;
    store::api_tokens::update_used(&app.db, row.id, now).await?;
    let access = row.access();
    Ok(Caller { actor: Actor::ApiToken { id: row.id, name: row.name }, role: access.most(), access })
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Error::Unauthorized.into())
    }
}
