//! `/api/v2/usergroups/{id}/members` and `/membership`. There is no bulk call: one POST per edge.

use axum::extract::{Path, State};

use crate::{
    associations::{Change, listed},
    filter_v2,
    graph::{Kind, Node},
    groups::is_dynamic,
    reply::{Answer, Refusal},
    request::{Object, Params},
    traversal::neighbours,
    world::Shared,
};

/// `GET /api/v2/usergroups/{group_id}/members`: the direct members.
pub(crate) async fn list(State(shared): State<Shared>, Path(id): Path<String>, params: Params) -> Answer {
    let world = shared.world();
    world.groups.find(&id).ok_or_else(Refusal::not_found)?;
    listed(&world, &Node::new(Kind::UserGroup, &id), Kind::User, &params)
}

/// `POST /api/v2/usergroups/{group_id}/members`. Only users: groups do not nest in JumpCloud.
///
/// 204; adding a member again is 409 and removing a stranger is 404 (both from clients). That a group whose
/// members JumpCloud computes refuses with 400 is assumed.
pub(crate) async fn change(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Object(body): Object,
) -> Answer {
    let change = Change::read(&body, &[Kind::User])?;
    let mut world = shared.world();
    let group = world.groups.find(&id).ok_or_else(Refusal::not_found)?;
    if is_dynamic(group) {
        return Err(Refusal::bad("Bad Request: the members of a dynamic group cannot be changed"));
    }
    change.apply(&mut world, &Node::new(Kind::UserGroup, &id))
}

/// `GET /api/v2/usergroups/{group_id}/membership`: the members with the path that makes them one.
pub(crate) async fn membership(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    params: Params,
) -> Answer {
    let filter = filter_v2::parse(&params)?;
    let world = shared.world();
    world.groups.find(&id).ok_or_else(Refusal::not_found)?;
    let edges = world.graph.neighbours(&Node::new(Kind::UserGroup, &id), Kind::User);
    neighbours(edges, Kind::User, &filter, &params, &world.settings)
}

/// `GET /api/v2/users/{user_id}/memberof`: the groups of a user, each with its path.
pub(crate) async fn member_of(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    params: Params,
) -> Answer {
    let filter = filter_v2::parse(&params)?;
    let world = shared.world();
    world.users.find(&id).ok_or_else(Refusal::not_found)?;
    let edges = world.graph.neighbours(&Node::new(Kind::User, &id), Kind::UserGroup);
    neighbours(edges, Kind::UserGroup, &filter, &params, &world.settings)
}
