//! Stands behind authentication, for pages and API alike: finds what a request asks for, and whether the caller may.

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use uuid::Uuid;

use crate::actions::rights::{self, Need};
use crate::app::App;
use crate::error::Result;
use crate::store::admins::{Access, Role};

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// None if it leads nowhere, which is the router's to answer.
    pub need: Option<Need>,
    id: Option<Uuid>,
}

impl Asked {
    pub(super) fn by(request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let need = route.map(|route| rights::needed(reads(request.method()), in_rights(route)));
        Self { need, id: route.and_then(|route| id(route, request.uri().path())) }
    }

    /// The role in which the caller does it.
    pub(super) async fn role(self, app: &App, access: &Access) -> Result<Role> {
        let Some(need) = self.need else { return Ok(access.most()) };
        rights::require(&app.db, access, need, self.id).await
    }
}

pub(super) fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Pages and API share their names.
fn in_rights(route: &str) -> &str {
    route.strip_prefix("/api/v1").filter(|rest| rest.starts_with('/')).unwrap_or(route)
}

/// What stands in the address where the route has `{id}`. Read from the end, as the API's own prefix is taken off the address.
fn id(route: &str, path: &str) -> Option<Uuid> {
    let (_, text) = route.rsplit('/').zip(path.rsplit('/')).find(|(hole, _)| *hole == "{id}")?;
    text.parse().ok()
}
