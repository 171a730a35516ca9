//! The dashboard's pages.

use axum::Router;

use crate::app::App;

pub fn router(_: &App) -> Router<App> {
    Router::new()
}
