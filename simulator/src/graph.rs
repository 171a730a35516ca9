//! JumpCloud's graph: who is a member of what, and what is associated with what.
//!
//! An edge has no direction; it is stored at both ends so that either end can be listed in id order.

use std::collections::BTreeMap;

use serde_json::Value;

/// The kinds of objects that the graph connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    ActiveDirectory,
    Application,
    GSuite,
    IdpRoutingPolicy,
    LdapServer,
    Office365,
    PasswordManagerItem,
    RadiusServer,
    System,
    SystemGroup,
    User,
    UserGroup,
}

/// What a user or a user group can be associated with, besides each other.
pub(crate) const RESOURCES: [Kind; 10] = [
    Kind::ActiveDirectory,
    Kind::Application,
    Kind::GSuite,
    Kind::IdpRoutingPolicy,
    Kind::LdapServer,
    Kind::Office365,
    Kind::PasswordManagerItem,
    Kind::RadiusServer,
    Kind::System,
    Kind::SystemGroup,
];

impl Kind {
    /// The kind's name on the wire.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ActiveDirectory => "active_directory",
            Self::Application => "application",
            Self::GSuite => "g_suite",
            Self::IdpRoutingPolicy => "idp_routing_policy",
            Self::LdapServer => "ldap_server",
            Self::Office365 => "office_365",
            Self::PasswordManagerItem => "password_manager_item",
            Self::RadiusServer => "radius_server",
            Self::System => "system",
            Self::SystemGroup => "system_group",
            Self::User => "user",
            Self::UserGroup => "user_group",
        }
    }

    /// The kind that `name` stands for, if it is among `allowed`.
    pub(crate) fn among(allowed: &[Self], name: &str) -> Option<Self> {
        allowed.iter().copied().find(|kind| kind.name() == name)
    }
}

/// One object in the graph.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) id: String,
}

impl Node {
    pub(crate) fn new(kind: Kind, id: &str) -> Self {
        Self { kind, id: id.to_owned() }
    }
}

/// All edges.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    edges: BTreeMap<Node, BTreeMap<Node, Value>>,
}

impl Graph {
    /// Connects two objects. False when they were connected already.
    pub(crate) fn connect(&mut self, a: &Node, b: &Node, attributes: Value) -> bool {
        if self.connected(a, b) {
            return false;
        }
        self.label(a, b, attributes);
        true
    }

    /// Replaces the attributes of an edge. False when there is no such edge.
    pub(crate) fn relabel(&mut self, a: &Node, b: &Node, attributes: Value) -> bool {
        if !self.connected(a, b) {
            return false;
        }
        self.label(a, b, attributes);
        true
    }

    fn label(&mut self, a: &Node, b: &Node, attributes: Value) {
        self.edges.entry(a.clone()).or_default().insert(b.clone(), attributes.clone());
        self.edges.entry(b.clone()).or_default().insert(a.clone(), attributes);
    }

    /// Cuts an edge. False when there was none.
    pub(crate) fn disconnect(&mut self, a: &Node, b: &Node) -> bool {
        let cut = self.edges.get_mut(a).is_some_and(|ends| ends.remove(b).is_some());
        if let Some(ends) = self.edges.get_mut(b) {
            ends.remove(a);
        }
        cut
    }

    /// Removes an object with all its edges.
    pub(crate) fn remove(&mut self, node: &Node) {
        for neighbour in self.edges.remove(node).unwrap_or_default().keys() {
            if let Some(ends) = self.edges.get_mut(neighbour) {
                ends.remove(node);
            }
        }
    }

    pub(crate) fn connected(&self, a: &Node, b: &Node) -> bool {
        self.edges.get(a).is_some_and(|ends| ends.contains_key(b))
    }

    pub(crate) fn attributes(&self, a: &Node, b: &Node) -> Option<&Value> {
        self.edges.get(a)?.get(b)
    }

    /// The neighbours of one kind in id order, with the attributes of the edge.
    pub(crate) fn neighbours(
        &self,
        node: &Node,
        kind: Kind,
    ) -> impl Iterator<Item = (&str, &Value)> + use<'_> {
        self.edges
            .get(node)
            .into_iter()
            .flat_map(move |ends| ends.range(Node::new(kind, "")..))
            .take_while(move |(end, _)| end.kind == kind)
            .map(|(end, attributes)| (end.id.as_str(), attributes))
    }

    pub(crate) fn count(&self, node: &Node, kind: Kind) -> usize {
        self.neighbours(node, kind).count()
    }
}
