//! What can be reached in the graph, with the paths that lead there (GraphObjectWithPaths).

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use serde_json::{Map, Value, json};

use crate::{
    filter::Filter,
    filter_v2,
    graph::{Graph, Kind, Node},
    paging::Page,
    reply::{Answer, Refusal, Reply},
    request::Params,
    settings::Settings,
    world::{Shared, World},
};

/// One step of a path.
struct Hop {
    kind: Kind,
    id: String,
    attributes: Value,
}

/// An object and every path to it.
struct Reached {
    kind: Kind,
    id: String,
    paths: Vec<Vec<Hop>>,
}

/// `GET /api/v2/users/{user_id}/activedirectories`
pub(crate) async fn directories_of_user(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    params: Params,
) -> Answer {
    let world = shared.world();
    world.users.find(&id).ok_or_else(Refusal::not_found)?;
    through_groups(&world, &Node { kind: Kind::User, id }, Kind::ActiveDirectory, &params)
}

/// `GET /api/v2/usergroups/{group_id}/activedirectories`
pub(crate) async fn directories_of_group(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    params: Params,
) -> Answer {
    let world = shared.world();
    world.groups.find(&id).ok_or_else(Refusal::not_found)?;
    through_groups(&world, &Node { kind: Kind::UserGroup, id }, Kind::ActiveDirectory, &params)
}

/// `GET /api/v2/activedirectories/{id}/users`: bound by themselves or through a group.
pub(crate) async fn users_of_directory(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    params: Params,
) -> Answer {
    let world = shared.world();
    world.directories.find(&id).ok_or_else(Refusal::not_found)?;
    through_groups(&world, &Node { kind: Kind::ActiveDirectory, id }, Kind::User, &params)
}

/// `GET /api/v2/activedirectories/{id}/usergroups`
pub(crate) async fn groups_of_directory(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    params: Params,
) -> Answer {
    let world = shared.world();
    world.directories.find(&id).ok_or_else(Refusal::not_found)?;
    through_groups(&world, &Node { kind: Kind::ActiveDirectory, id }, Kind::UserGroup, &params)
}

/// The objects of `kind` next to `from`, or next to one of its groups.
fn through_groups(world: &World, from: &Node, kind: Kind, params: &Params) -> Answer {
    let graph = &world.graph;
    let filter = filter_v2::parse(params)?;
    let page = Page::from_params(params)?;
    let groups: Vec<Node> = match kind {
        Kind::UserGroup => Vec::new(),
        _ if from.kind == Kind::UserGroup => Vec::new(),
        _ => graph.neighbours(from, Kind::UserGroup).map(|(id, _)| Node::new(Kind::UserGroup, id)).collect(),
    };
    let mut ids: BTreeSet<&str> = graph.neighbours(from, kind).map(|(id, _)| id).collect();
    ids.extend(groups.iter().flat_map(|group| graph.neighbours(group, kind)).map(|(id, _)| id));
    ids.retain(|id| filter.is_everything() || filter.accepts(&identity(kind, id)));

    let total = ids.len();
    let rows = ids.into_iter().skip(page.skip).take(page.limit);
    let rows = rows.map(|id| {
        shown(
            Reached { kind, id: id.to_owned(), paths: paths(graph, from, &groups, kind, id) },
            &world.settings,
        )
    });
    Ok(Reply::list(total, rows.collect()))
}

fn paths(graph: &Graph, from: &Node, groups: &[Node], kind: Kind, id: &str) -> Vec<Vec<Hop>> {
    let end = Node::new(kind, id);
    let hop = |a: &Node, b: &Node| Hop {
        kind: b.kind,
        id: b.id.clone(),
        attributes: graph.attributes(a, b).cloned().unwrap_or_default(),
    };
    let direct = graph.connected(from, &end).then(|| vec![hop(from, &end)]);
    let by_group = groups.iter().filter(|group| graph.connected(group, &end));
    direct.into_iter().chain(by_group.map(|group| vec![hop(from, group), hop(group, &end)])).collect()
}

/// Answers the page of `edges`, which are in id order and one step long.
pub(crate) fn neighbours<'a>(
    edges: impl Iterator<Item = (&'a str, &'a Value)>,
    kind: Kind,
    filter: &Filter,
    params: &Params,
    settings: &Settings,
) -> Answer {
    let page = Page::from_params(params)?;
    let accepted = |id: &str| filter.is_everything() || filter.accepts(&identity(kind, id));
    let rows: Vec<_> = edges.filter(|(id, _)| accepted(id)).collect();
    let total = rows.len();
    let rows = rows.into_iter().skip(page.skip).take(page.limit).map(|(id, attributes)| {
        let hop = Hop { kind, id: id.to_owned(), attributes: attributes.clone() };
        shown(Reached { kind, id: id.to_owned(), paths: vec![vec![hop]] }, settings)
    });
    Ok(Reply::list(total, rows.collect()))
}

/// What a filter on a traversal can name: `object_id` and `type`.
fn identity(kind: Kind, id: &str) -> Map<String, Value> {
    let fields = [("id", id), ("object_id", id), ("type", kind.name())];
    fields.into_iter().map(|(field, value)| (field.to_owned(), value.into())).collect()
}

/// The recorded shape of a GraphObjectWithPaths.
fn shown(reached: Reached, settings: &Settings) -> Value {
    let compiled = reached.paths.iter().flatten().filter_map(|hop| hop.attributes.as_object()).flatten();
    let compiled: Map<String, Value> = compiled.map(|(name, value)| (name.clone(), value.clone())).collect();
    let hop = |hop: Hop| {
        json!({
            "attributes": settings.object_or_unset(&hop.attributes),
            "to": { "attributes": settings.object_or_unset(&Value::Null), "id": hop.id, "type": hop.kind.name() },
        })
    };
    let paths: Vec<Vec<Value>> =
        reached.paths.into_iter().map(|path| path.into_iter().map(hop).collect()).collect();
    json!({
        "id": reached.id,
        "type": reached.kind.name(),
        "compiledAttributes": compiled,
        "paths": paths,
    })
}
