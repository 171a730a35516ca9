//! Scope on random group graphs, ten deep and with cycles, against a naive reading of "member, directly or nested".

use std::collections::{BTreeMap, BTreeSet};

use planner::Change;
use proptest::prelude::*;

use crate::world::World;

const DEPTH: usize = 10;
const USERS: usize = 8;

/// Groups in levels; most edges lead one level down, some anywhere, so that there are cycles.
#[derive(Clone, Debug)]
struct Graph {
    edges: Vec<(usize, usize)>,
    listed: Vec<(usize, usize)>,
    primary: Vec<Option<usize>>,
    width: usize,
}

fn graphs() -> impl Strategy<Value = Graph> {
    (1..4_usize).prop_flat_map(|width| {
        let groups = width * DEPTH;
        let down = proptest::collection::vec((0..groups - width, 0..width), groups..2 * groups);
        let anywhere = proptest::collection::vec((0..groups, 0..groups), 0..4);
        let listed = proptest::collection::vec((0..groups, 0..USERS), USERS..3 * USERS);
        let primary = proptest::collection::vec(proptest::option::weighted(0.3, 0..groups), USERS);
        (down, anywhere, listed, primary).prop_map(move |(down, anywhere, listed, primary)| {
            let next_level = |(group, place): (usize, usize)| (group, (group / width + 1) * width + place);
            let edges = down.into_iter().map(next_level).chain(anywhere).collect();
            Graph { edges, listed, primary, width }
        })
    })
}

fn world_of(graph: &Graph) -> World {
    let mut world = World::new();
    for group in 0..graph.width * DEPTH {
        let rid = 7000 + u32::try_from(group).unwrap();
        world.group(&format!("g{group}")).of_rid(rid);
    }
    world.join("g0", "JumpCloud");
    for (above, below) in &graph.edges {
        world.join(&format!("g{below}"), &format!("g{above}"));
    }
    for user in 0..USERS {
        let rid = graph.primary[user].map_or(513, |group| 7000 + u32::try_from(group).unwrap());
        world.user(&format!("u{user}")).edit(|user| user.primary_group_id = Some(rid));
    }
    for (group, user) in &graph.listed {
        world.join(&format!("u{user}"), &format!("g{group}"));
    }
    world
}

/// The members of every group, by adding until nothing more can be added.
fn naive_members(graph: &Graph) -> BTreeMap<usize, BTreeSet<usize>> {
    let mut members = BTreeMap::<usize, BTreeSet<usize>>::new();
    let primary = graph.primary.iter().enumerate().filter_map(|(user, group)| Some(((*group)?, user)));
    for (group, user) in graph.listed.iter().copied().chain(primary) {
        members.entry(group).or_default().insert(user);
    }
    loop {
        let before = members.clone();
        for (above, below) in &graph.edges {
            let inherited = members.get(below).cloned().unwrap_or_default();
            members.entry(*above).or_default().extend(inherited);
        }
        if members == before {
            return members;
        }
    }
}

/// The groups that are members of the first, itself included.
fn naive_scope(graph: &Graph) -> BTreeSet<usize> {
    let mut scope = BTreeSet::from([0]);
    loop {
        let more: Vec<_> = graph
            .edges
            .iter()
            .filter(|(above, below)| scope.contains(above) && !scope.contains(below))
            .collect();
        if more.is_empty() {
            return scope;
        }
        scope.extend(more.into_iter().map(|(_, below)| *below));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn scope_and_flattened_memberships_are_those_of_the_naive_reading(graph in graphs()) {
        let world = world_of(&graph);
        let plan = planner::plan(&world.observe());
        let (members, scope) = (naive_members(&graph), naive_scope(&graph));
        let nobody = BTreeSet::new();
        for user in 0..USERS {
            let guid = world.guid(&format!("u{user}"));
            let is_member = members.get(&0).unwrap_or(&nobody).contains(&user);
            prop_assert_eq!(plan.verdicts[&guid].in_scope, is_member);

            let steps = plan.operations.iter().filter(|step| step.subject == guid && step.change == Change::AddMember);
            let planned: BTreeSet<_> = steps.filter_map(|step| step.target).collect();
            let groups = scope.iter().filter(|group| members.get(group).is_some_and(|users| users.contains(&user)));
            let expected: BTreeSet<_> = groups.map(|group| world.guid(&format!("g{group}"))).collect();
            let integration = is_member.then(|| world.guid("JumpCloud"));
            prop_assert_eq!(planned, expected.into_iter().chain(integration).collect());
        }
        for group in 0..graph.width * DEPTH {
            let guid = world.guid(&format!("g{group}"));
            prop_assert_eq!(plan.verdicts[&guid].in_scope, scope.contains(&group));
        }
    }

    #[test]
    fn the_scope_path_is_a_real_way_from_the_integration_group_to_one_that_lists_the_user(graph in graphs()) {
        let world = world_of(&graph);
        let input = world.observe();
        let plan = planner::plan(&input);
        for (guid, subject) in &input.users {
            let path = &plan.verdicts[guid].scope_path;
            prop_assert_eq!(path.is_empty(), !plan.verdicts[guid].in_scope);
            for pair in path.windows(2) {
                prop_assert!(input.parents[&pair[1]].contains(&pair[0]));
            }
            if let Some(last) = path.last() {
                prop_assert_eq!(path[0], world.guid("JumpCloud"));
                let primary = subject.user.as_ref().and_then(|user| user.primary_group_id);
                let is_primary = input.groups[last].sid.as_ref().and_then(|sid| sid.rid()) == primary;
                prop_assert!(subject.direct_groups.contains(last) || is_primary);
            }
        }
    }
}
