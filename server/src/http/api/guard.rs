//! Stands before every handler: the caller's role must be one that the route's description allows. Settled before the
//! request is read, so that no handler can forget it and nobody learns from an error what is none of theirs.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::auth::Caller;
use super::super::problem::Failure;
use super::super::routes::Routes;
use crate::error::Error;
use crate::store::admins::Role;

/// The role that each route needs.
#[derive(Clone, Debug)]
pub(super) struct Needed(Arc<HashMap<(Method, String), Role>>);

impl Needed {
    pub(super) fn of(routes: &Routes) -> Self {
        let routes = routes.list().iter();
        let needed = routes.filter_map(|route| {
            let role = route.description.as_ref()?.role;
            Some(((route.method.clone(), format!("/api/v1{}", route.path)), role))
        });
        Self(Arc::new(needed.collect()))
    }

    /// What is in no list is for owners.
    fn role(&self, method: &Method, path: &str) -> Role {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.0.get(&(method.clone(), path.to_owned())).copied().unwrap_or(Role::Owner)
    }
}

pub(super) async fn keep(
    State(needed): State<Needed>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    let Some(path) = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()) else {
        return next.run(request).await;
    };
    match needed.role(request.method(), &path) {
        needed if allows(needed, caller.role) => next.run(request).await,
        needed => Failure::from(refusal(needed)).into_response(),
    }
}

fn allows(needed: Role, role: Role) -> bool {
    match needed {
        Role::ReadOnly => true,
        Role::Helpdesk => role != Role::ReadOnly,
        Role::Operator => role.may_change(),
        Role::Owner => role == Role::Owner,
    }
}

fn refusal(needed: Role) -> Error {
    Error::Forbidden(match needed {
        Role::Owner => "Only an owner may do this.".into(),
        role => {
            format!("This token's role does not allow that: use one of the role {} or above.", role.as_str())
        }
    })
}
