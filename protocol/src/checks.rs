//! Pre-flight checks: what one of them says, and the catalogue of all there are. Server and agent speak of the same things
//! by the same names.

pub mod catalogue;

use serde::{Deserialize, Serialize};

use crate::{DomainId, OrganizationId};

pub use catalogue::CATALOGUE;

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CheckState))]
#[serde(rename_all = "snake_case")]
pub enum State {
    Ok,
    Unknown,
    Warning,
    Error,
}

impl State {
    pub const ALL: [Self; 4] = [Self::Ok, Self::Warning, Self::Error, Self::Unknown];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What a check belongs to: the sections of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CheckGroup))]
#[serde(rename_all = "snake_case")]
pub enum Group {
    Directory,
    ServiceAccount,
    Scope,
    Users,
    Passwords,
    DomainControllers,
    #[serde(rename = "jumpcloud")]
    JumpCloud,
    Server,
    /// One that a newer server knows.
    #[serde(other)]
    Other,
}

impl Group {
    /// In the order in which lists show them.
    pub const ALL: [Self; 9] = [
        Self::Directory,
        Self::ServiceAccount,
        Self::Scope,
        Self::Users,
        Self::Passwords,
        Self::DomainControllers,
        Self::JumpCloud,
        Self::Server,
        Self::Other,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::ServiceAccount => "service_account",
            Self::Scope => "scope",
            Self::Users => "users",
            Self::Passwords => "passwords",
            Self::DomainControllers => "domain_controllers",
            Self::JumpCloud => "jumpcloud",
            Self::Server => "server",
            Self::Other => "other",
        }
    }

    /// For a person.
    pub fn title(self) -> &'static str {
        match self {
            Self::Directory => "Directory connection",
            Self::ServiceAccount => "Service account",
            Self::Scope => "Scope",
            Self::Users => "Users",
            Self::Passwords => "Passwords",
            Self::DomainControllers => "Domain controllers",
            Self::JumpCloud => "JumpCloud",
            Self::Server => "Server",
            Self::Other => "Other",
        }
    }
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Check {
    /// Stable, snake case: what was found.
    pub code: String,
    /// Stable, snake case: what it is about. Several codes may be about the same.
    pub subject: String,
    pub group: Group,
    pub state: State,
    /// What was found.
    pub message: String,
    /// What to do; empty where nothing is to be done.
    pub fix: String,
    /// Where in the dashboard it is mended, or shown: a path.
    pub link: Option<String>,
    /// The domain controller it was found on, if it is one's own.
    pub domain_controller: Option<String>,
}

/// `POST /agent/v1/checks`: what the server finds about the agent's domain. It changes nothing, and says nothing about the
/// process that asks: it is no heartbeat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecksRequest {}

/// The answer: what concerns the whole domain, and this agent's domain controller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecksAnswer {
    pub items: Vec<Check>,
}

impl Check {
    /// A finding of the catalogue. Its link is still the catalogue's place: [`Check::in_domain`] and
    /// [`Check::in_organization`] make a path of it.
    pub fn new(code: &str, state: State, message: impl Into<String>, fix: impl Into<String>) -> Self {
        let known = catalogue::find(code);
        Self {
            code: code.into(),
            subject: known.map_or(code, |(subject, _)| subject.name).into(),
            group: known.map_or(Group::Other, |(subject, _)| subject.group),
            state,
            message: message.into(),
            fix: fix.into(),
            link: known.map(|(_, code)| code.place.into()),
            domain_controller: None,
        }
    }

    pub fn ok(code: &str, message: impl Into<String>) -> Self {
        Self::new(code, State::Ok, message, "")
    }

    /// The same, about the subject that `like` is about, if the catalogue does not know the code: it came from elsewhere.
    pub fn or_like(mut self, like: &str) -> Self {
        if let (None, Some((subject, code))) = (catalogue::find(&self.code), catalogue::find(like)) {
            (self.subject, self.group) = (subject.name.into(), subject.group);
            self.link = Some(code.place.into());
        }
        self
    }

    /// The same, found on one domain controller.
    pub fn on(mut self, domain_controller: &str) -> Self {
        self.domain_controller = Some(domain_controller.into());
        self
    }

    /// The same, its link leading to the pages of this domain.
    pub fn in_domain(mut self, domain: DomainId) -> Self {
        self.link = self.link.map(|place| place.replace("{domain}", &domain.to_string()));
        self
    }

    /// The same, its link leading to the page of this organization.
    pub fn in_organization(mut self, organization: OrganizationId) -> Self {
        self.link = self.link.map(|place| place.replace("{organization}", &organization.to_string()));
        self
    }

    /// By group, and within a group what needs a person first.
    pub fn order(&self) -> impl Ord + use<> {
        (self.group, std::cmp::Reverse(self.state))
    }
}
