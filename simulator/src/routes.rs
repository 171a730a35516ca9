//! Every path that is served.

use axum::{
    Router,
    http::StatusCode,
    middleware,
    routing::{delete, get, post},
};

use crate::{
    activedirectories, agents, associations, directories, gate::gate, members, oauth, organizations, page,
    reply::Refusal, search, sim, systemusers, traversal, user_actions, usergroups, world::Shared,
};

/// The whole service.
pub(crate) fn all(shared: Shared) -> Router {
    Router::new()
        .nest("/api", v1())
        .nest("/api/v2", v2())
        .route("/oauth2/token", post(oauth::token))
        .nest("/sim", sim::routes())
        .route("/", get(page::overview))
        .route("/users/{id}", get(page::user))
        .route("/groups/{id}", get(page::group))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(shared.clone(), gate))
        .with_state(shared)
}

fn v1() -> Router<Shared> {
    Router::new()
        .route("/systemusers", get(systemusers::list).post(systemusers::create))
        .route(
            "/systemusers/{id}",
            get(systemusers::read).put(systemusers::update).delete(systemusers::delete),
        )
        .route("/systemusers/{id}/expire", post(user_actions::expire))
        .route("/systemusers/{id}/unlock", post(user_actions::unlock))
        .route("/systemusers/{id}/resetmfa", post(user_actions::reset_mfa))
        .route("/systemusers/{id}/state/activate", post(user_actions::activate))
        .route("/systemusers/{id}/state/suspend", post(user_actions::suspend))
        .route("/search/systemusers", post(search::users))
        .route("/organizations", get(organizations::list))
        // The documentation's own example ends in a slash.
        .route("/organizations/", get(organizations::list))
        .route("/organizations/{id}", get(organizations::read).put(organizations::update))
}

fn v2() -> Router<Shared> {
    Router::new()
        .route("/groups", get(usergroups::list_all))
        .route("/usergroups", get(usergroups::list).post(usergroups::create))
        .route("/usergroups/{id}", get(usergroups::read).put(usergroups::replace).delete(usergroups::delete))
        .route("/usergroups/{id}/members", get(members::list).post(members::change))
        .route("/usergroups/{id}/membership", get(members::membership))
        .route("/usergroups/{id}/associations", get(associations::of_group).post(associations::change_group))
        .route("/usergroups/{id}/activedirectories", get(traversal::directories_of_group))
        .route("/users/{id}/memberof", get(members::member_of))
        .route("/users/{id}/associations", get(associations::of_user).post(associations::change_user))
        .route("/users/{id}/activedirectories", get(traversal::directories_of_user))
        .route("/directories", get(directories::list))
        .merge(v2_activedirectories())
}

fn v2_activedirectories() -> Router<Shared> {
    Router::new()
        .route("/activedirectories", get(activedirectories::list).post(activedirectories::create))
        .route(
            "/activedirectories/{id}",
            get(activedirectories::read).put(activedirectories::update).delete(activedirectories::delete),
        )
        .route("/activedirectories/{id}/agents", get(agents::list).post(agents::create))
        .route("/activedirectories/{id}/agents/{agent}", get(agents::read))
        .route("/activedirectories/{id}/agents/{agent}", delete(agents::delete))
        .route(
            "/activedirectories/{id}/associations",
            get(associations::of_directory).post(associations::change_directory),
        )
        .route("/activedirectories/{id}/users", get(traversal::users_of_directory))
        .route("/activedirectories/{id}/usergroups", get(traversal::groups_of_directory))
}

async fn not_found() -> Refusal {
    Refusal::not_found()
}

async fn method_not_allowed() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
}
