//! Pages to look at the users and groups while a demonstration runs. They read again every two seconds.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use serde_json::Value;

use crate::{
    graph::{Kind, Node},
    groups,
    request::Params,
    sim::snapshot,
    user::User,
    world::{Shared, World},
};

/// Rows on one page.
const ROWS: usize = 100;

const STYLE: &str = include_str!("page.css");

/// `GET /?page=`
pub(crate) async fn overview(State(shared): State<Shared>, params: Params) -> Html<String> {
    let number: usize = params.get("page").and_then(|page| page.parse().ok()).unwrap_or(0);
    let world = shared.world();
    let users: String =
        world.users.iter().skip(number.saturating_mul(ROWS)).take(ROWS).map(user_row).collect();
    let groups: String = world.groups.iter().map(|group| group_row(&world, group)).collect();
    Html(document(
        "JumpCloud simulator",
        &format!(
            "<h2>Users <small>{}</small></h2>\
             <table><thead><tr><th>Username<th>Name<th>Email<th>State<th>From AD</thead>\
             <tbody>{users}</tbody></table>{}\
             <h2>Groups</h2>\
             <table><thead><tr><th>Name<th>Members<th>Description</thead><tbody>{groups}</tbody></table>",
            world.users.len(),
            pager(number, world.users.len()),
        ),
    ))
}

/// `GET /users/{id}`
pub(crate) async fn user(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let world = shared.world();
    let Some(user) = world.users.find(&id) else { return missing() };
    let node = Node::new(Kind::User, &id);
    let groups: String = world
        .graph
        .neighbours(&node, Kind::UserGroup)
        .map(|(id, _)| {
            let name = world.groups.find(id).map_or("", |group| groups::text(group, "name"));
            format!("<li><a href=\"/groups/{}\">{}</a>", escaped(id), escaped(name))
        })
        .collect();
    let password = if user.password.is_some() { "set" } else { "not set" };
    let body = format!(
        "<p><a href=\"/\">All users and groups</a></p><h2>Groups</h2><ul>{groups}</ul>\
         <h2>Fields</h2><table><tbody><tr><th>password<td>{password}{}</tbody></table>",
        fields(&user.show(true)),
    );
    Html(document(user.username(), &body)).into_response()
}

/// `GET /groups/{id}`
pub(crate) async fn group(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let world = shared.world();
    let Some(group) = world.groups.find(&id) else { return missing() };
    let node = Node::new(Kind::UserGroup, &id);
    let members: String = world
        .graph
        .neighbours(&node, Kind::User)
        .take(1000)
        .filter_map(|(id, _)| world.users.find(id))
        .map(|user| format!("<li>{}", user_link(user)))
        .collect();
    let body = format!(
        "<p><a href=\"/\">All users and groups</a></p><h2>Members <small>{}</small></h2><ul>{members}</ul>\
         <h2>Fields</h2><table><tbody>{}</tbody></table>",
        world.graph.count(&node, Kind::User),
        fields(group),
    );
    Html(document(groups::text(group, "name"), &body)).into_response()
}

fn missing() -> Response {
    let body = "<p>There is nothing with this id. <a href=\"/\">All users and groups</a></p>";
    (StatusCode::NOT_FOUND, Html(document("Not found", body))).into_response()
}

fn user_row(user: &User) -> String {
    let name = format!("{} {}", user.text("firstname"), user.text("lastname"));
    let state = user.text("state");
    let managed = if user.flag("externally_managed") { "yes" } else { "" };
    format!(
        "<tr><td>{}<td>{}<td>{}<td class=\"{}\">{}<td>{managed}",
        user_link(user),
        escaped(name.trim()),
        escaped(user.text("email")),
        escaped(&state.to_lowercase()),
        escaped(state),
    )
}

fn user_link(user: &User) -> String {
    format!("<a href=\"/users/{}\">{}</a>", escaped(user.id()), escaped(user.username()))
}

fn group_row(world: &World, group: &serde_json::Map<String, Value>) -> String {
    let id = groups::text(group, "id");
    format!(
        "<tr><td><a href=\"/groups/{}\">{}</a><td>{}<td>{}",
        escaped(id),
        escaped(groups::text(group, "name")),
        snapshot::member_count(world, id),
        escaped(groups::text(group, "description")),
    )
}

fn fields(row: &serde_json::Map<String, Value>) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    row.iter()
        .map(|(field, value)| format!("<tr><th>{}<td>{}", escaped(field), escaped(&text(value))))
        .collect()
}

fn pager(number: usize, total: usize) -> String {
    let link = |page: usize, word: &str| format!("<a href=\"/?page={page}\">{word}</a> ");
    let earlier = number.checked_sub(1).map(|page| link(page, "Earlier"));
    let later = ((number + 1).saturating_mul(ROWS) < total).then(|| link(number + 1, "Later"));
    format!("<p>{}{}</p>", earlier.unwrap_or_default(), later.unwrap_or_default())
}

fn document(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><meta http-equiv=\"refresh\" content=\"2\">\
         <title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
