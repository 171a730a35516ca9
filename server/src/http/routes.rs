//! The routes of the server, each known by method and path: the tests of who may do what and the API's description are
//! made from the same list as the router.

use std::convert::Infallible;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter};

use super::api::describe::Description;
use crate::app::App;

/// One method of one path.
#[derive(Debug)]
pub struct Route {
    pub method: Method,
    /// With its parameters in braces.
    pub path: String,
    /// Of a route of the REST API.
    pub description: Option<Description>,
}

/// A router and the list of what it takes.
#[derive(Debug, Default)]
pub struct Routes {
    router: Router<App>,
    list: Vec<Route>,
}

impl Routes {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn route(mut self, path: &'static str, methods: impl Into<Methods>) -> Self {
        let methods = methods.into();
        self.router = self.router.route(path, methods.router);
        let route = |(method, description)| Route { method, path: path.into(), description };
        self.list.extend(methods.list.into_iter().map(route));
        self
    }

    pub(super) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.list.extend(other.list);
        self
    }

    pub(super) fn nest(mut self, prefix: &str, other: Self) -> Self {
        self.router = self.router.nest(prefix, other.router);
        let under = |route: Route| Route { path: format!("{prefix}{}", route.path), ..route };
        self.list.extend(other.list.into_iter().map(under));
        self
    }

    /// Adds what has no method and path of its own: layers and fallbacks.
    pub(super) fn with(mut self, add: impl FnOnce(Router<App>) -> Router<App>) -> Self {
        self.router = add(self.router);
        self
    }

    pub(super) fn into_router(self) -> Router<App> {
        self.router
    }

    pub fn list(&self) -> &[Route] {
        &self.list
    }

    pub(super) fn list_mut(&mut self) -> &mut [Route] {
        &mut self.list
    }
}

/// What one path takes.
#[derive(Debug, Default)]
pub(super) struct Methods {
    router: MethodRouter<App, Infallible>,
    list: Vec<(Method, Option<Description>)>,
}

impl Methods {
    pub(super) fn on<H, T>(mut self, method: Method, handler: H, description: Option<Description>) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
        self.router = self.router.on(filter, handler);
        self.list.push((method, description));
        self
    }

    /// As `route_layer` of axum: for the methods that are there so far.
    pub(super) fn with(mut self, add: impl FnOnce(MethodRouter<App>) -> MethodRouter<App>) -> Self {
        self.router = add(self.router);
        self
    }

    pub(super) fn last(&mut self) -> Option<&mut Description> {
        self.list.last_mut().and_then(|(_, description)| description.as_mut())
    }

    pub(super) fn post<H: Handler<T, App>, T: 'static>(self, handler: H) -> Self {
        self.on(Method::POST, handler, None)
    }
}

/// A page, or another route that is no part of the REST API.
pub(super) fn get<H: Handler<T, App>, T: 'static>(handler: H) -> Methods {
    Methods::default().on(Method::GET, handler, None)
}

/// A form's address, or what agents send to.
pub(super) fn post<H: Handler<T, App>, T: 'static>(handler: H) -> Methods {
    Methods::default().on(Method::POST, handler, None)
}
