//! The `/associations` collections of users, user groups and active directories, and what every change of an
//! edge has in common.

use axum::extract::{Path, State};
use serde_json::{Map, Value, json};

use crate::{
    graph::{Kind, Node, RESOURCES},
    paging::Page,
    reply::{Answer, Refusal, Reply},
    request::{Object, Params},
    shape::Shape,
    world::{Shared, World},
};

const DIRECTORY_TARGETS: [Kind; 2] = [Kind::User, Kind::UserGroup];

/// `GET /api/v2/users/{id}/associations?targets=`
pub(crate) async fn of_user(State(shared): State<Shared>, Path(id): Path<String>, params: Params) -> Answer {
    list(&shared, &Node { kind: Kind::User, id }, &RESOURCES, &params)
}

/// `POST /api/v2/users/{id}/associations`
pub(crate) async fn change_user(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Object(body): Object,
) -> Answer {
    change(&shared, &Node { kind: Kind::User, id }, &RESOURCES, &body)
}

/// `GET /api/v2/usergroups/{id}/associations?targets=`
pub(crate) async fn of_group(State(shared): State<Shared>, Path(id): Path<String>, params: Params) -> Answer {
    list(&shared, &Node { kind: Kind::UserGroup, id }, &RESOURCES, &params)
}

/// `POST /api/v2/usergroups/{id}/associations`
pub(crate) async fn change_group(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Object(body): Object,
) -> Answer {
    change(&shared, &Node { kind: Kind::UserGroup, id }, &RESOURCES, &body)
}

/// `GET /api/v2/activedirectories/{id}/associations?targets=`
pub(crate) async fn of_directory(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    params: Params,
) -> Answer {
    list(&shared, &Node { kind: Kind::ActiveDirectory, id }, &DIRECTORY_TARGETS, &params)
}

/// `POST /api/v2/activedirectories/{id}/associations`
pub(crate) async fn change_directory(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Object(body): Object,
) -> Answer {
    change(&shared, &Node { kind: Kind::ActiveDirectory, id }, &DIRECTORY_TARGETS, &body)
}

fn list(shared: &Shared, node: &Node, targets: &[Kind], params: &Params) -> Answer {
    let world = shared.world();
    require(&world, node)?;
    let Some(target) = params.get("targets") else {
        return Err(Refusal::bad("Bad Request: targets is required"));
    };
    let Some(kind) = Kind::among(targets, target) else {
        return Err(Refusal::bad(format!("Bad Request: invalid targets: {target}")));
    };
    listed(&world, node, kind, params)
}

/// The edges from `node` to objects of `kind`, as GraphConnections.
pub(crate) fn listed(world: &World, node: &Node, kind: Kind, params: &Params) -> Answer {
    let page = Page::from_params(params)?;
    let shown = |value: &Value| world.settings.object_or_unset(value);
    let unset = shown(&Value::Null);
    let rows = world.graph.neighbours(node, kind).skip(page.skip).take(page.limit).map(|(id, attributes)| {
        json!({
            "attributes": shown(attributes),
            "from": { "id": node.id, "type": node.kind.name(), "attributes": unset },
            "to": { "id": id, "type": kind.name(), "attributes": unset },
        })
    });
    Ok(Reply::list(world.graph.count(node, kind), rows.collect()))
}

fn change(shared: &Shared, node: &Node, targets: &[Kind], body: &Map<String, Value>) -> Answer {
    let change = Change::read(body, targets)?;
    let mut world = shared.world();
    require(&world, node)?;
    change.apply(&mut world, node)
}

fn require(world: &World, node: &Node) -> Result<(), Refusal> {
    let known = match node.kind {
        Kind::User => world.users.find(&node.id).is_some(),
        Kind::UserGroup => world.groups.find(&node.id).is_some(),
        Kind::ActiveDirectory => world.directories.find(&node.id).is_some(),
        // Everything else is outside of what is simulated; any id may exist.
        Kind::Application
        | Kind::GSuite
        | Kind::IdpRoutingPolicy
        | Kind::LdapServer
        | Kind::Office365
        | Kind::PasswordManagerItem
        | Kind::RadiusServer
        | Kind::System
        | Kind::SystemGroup => true,
    };
    if known { Ok(()) } else { Err(Refusal::not_found()) }
}

/// A GraphOperation: `{"op": "add" | "remove" | "update", "type": .., "id": .., "attributes"?: {..}}`.
pub(crate) struct Change {
    op: String,
    other: Node,
    attributes: Value,
}

impl Change {
    pub(crate) fn read(body: &Map<String, Value>, targets: &[Kind]) -> Result<Self, Refusal> {
        let text = |field: &str| {
            let text = body.get(field).and_then(Value::as_str);
            text.ok_or_else(|| Refusal::bad(format!("Validation failed: {field} is required")))
        };
        let op = text("op")?.to_owned();
        Shape::OneOf(&["add", "remove", "update"]).check("op", &json!(op))?;
        let kind = Kind::among(targets, text("type")?)
            .ok_or_else(|| Refusal::bad("Validation failed: type is not possible here"))?;
        let attributes = body.get("attributes").cloned().unwrap_or(Value::Null);
        Ok(Self { op, other: Node::new(kind, text("id")?), attributes })
    }

    /// 204; 409 where the edge to add is there, 404 where the edge to remove or update is not.
    pub(crate) fn apply(self, world: &mut World, node: &Node) -> Answer {
        require(world, &self.other)?;
        let graph = &mut world.graph;
        match self.op.as_str() {
            "add" if graph.connect(node, &self.other, self.attributes.clone()) => Ok(Reply::nothing()),
            "add" => Err(Refusal::already_exists()),
            "remove" if graph.disconnect(node, &self.other) => Ok(Reply::nothing()),
            "update" if graph.relabel(node, &self.other, self.attributes) => Ok(Reply::nothing()),
            _ => Err(Refusal::not_found()),
        }
    }
}
