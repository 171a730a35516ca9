//! Who may do what, where: decided here for pages and API alike. What belongs to an organization that somebody has no role
//! in does not exist for them.

use protocol::OrganizationId;
use sqlx::PgPool;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::store::admins::{Access, Role};
use crate::store::places::{self, Thing};

/// What is done, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// Seeing what there is, and what would happen.
    Look,
    /// Syncing one user, trying one operation again.
    Help,
    /// Settings, holds, activation, agents.
    Change,
    /// Credentials, administrators, tokens, who is alerted.
    Own,
}

impl Deed {
    /// The least role that may do it.
    pub fn role(self) -> Role {
        match self {
            Self::Look => Role::ReadOnly,
            Self::Help => Role::Helpdesk,
            Self::Change => Role::Operator,
            Self::Own => Role::Owner,
        }
    }

    fn refusal(self) -> &'static str {
        match self {
            Self::Look => "You have no role here.",
            Self::Help => "You may look, but not change: this takes the role helpdesk, operator or owner.",
            Self::Change => "You may look, but not change: this takes the role operator or owner.",
            Self::Own => "Only an owner may do this.",
        }
    }
}

/// Where it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// With what the address names.
    Of(Thing),
    /// In lists, which give only what is there for the caller, and in forms whose handlers ask [`require_at`].
    Lists,
    /// With the whole installation: a role for particular organizations does not count.
    Everything,
    /// With one's own account.
    Oneself,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    pub deed: Deed,
    pub place: Place,
    /// Whether who asks must have shown lately who they are.
    pub is_grave: bool,
}

/// What a route of the pages or of the API (without its `/api/v1`) asks for. One that is not named here may be read by
/// everybody who sees its object, and takes an operator to be posted to.
pub fn needed(reads: bool, route: &str) -> Need {
    let place = place(reads, route);
    let deed = if reads { reading(route) } else { writing(route) };
    Need { deed, place, is_grave: !reads && is_grave(route) }
}

fn place(reads: bool, route: &str) -> Place {
    let mut segments = route.split('/').skip(1);
    let (first, second) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    match (first, second) {
        ("account" | "logout" | "events", _) => Place::Oneself,
        ("admins" | "single-sign-on" | "api-tokens" | "alert-channels" | "metrics", _)
        | ("alerts", "channels") => Place::Everything,
        // Whoever adds an organization had no role in it before.
        ("organizations", "" | "new") if !reads => Place::Everything,
        ("setup", "organization") if !reads => Place::Lists,
        ("domains" | "setup", "{id}") => Place::Of(Thing::Domain),
        ("organizations", "{id}") => Place::Of(Thing::Organization),
        ("operations", "{id}") => Place::Of(Thing::Operation),
        ("holds", "{id}") => Place::Of(Thing::Hold),
        ("alerts", "{id}") => Place::Of(Thing::Alert),
        ("agents", "{id}") => Place::Of(Thing::Agent),
        _ => Place::Lists,
    }
}

fn reading(route: &str) -> Deed {
    if is_of_access(route) {
        return Deed::Own;
    }
    if route.starts_with("/alerts/channels/") {
        // The form shows the address, which may be a secret.
        return Deed::Own;
    }
    let is_for_operators = ["/audit", "/audit.jsonl", "/alert-channels", "/alert-channels/{id}"];
    if is_for_operators.contains(&route) { Deed::Change } else { Deed::Look }
}

fn writing(route: &str) -> Deed {
    match route {
        "/operations/{id}/retry" | "/domains/{id}/users/{guid}/sync" => Deed::Help,
        // Plans that nothing comes of.
        "/domains/{id}/mappings/preview" => Deed::Look,
        "/organizations" | "/organizations/new" | "/organizations/{id}/credential" => Deed::Own,
        _ if is_of_access(route)
            || is_under(route, "/alert-channels")
            || is_under(route, "/alerts/channels") =>
        {
            Deed::Own
        }
        _ if is_under(route, "/account") || route == "/logout" => Deed::Look,
        _ => Deed::Change,
    }
}

fn is_grave(route: &str) -> bool {
    let of_pages = [
        "/organizations/{id}/credential",
        "/domains/{id}/activate",
        "/domains/{id}/settings/review/{draft}",
        "/domains/{id}/rollback",
        "/setup/{id}/preview",
        "/holds/{id}/decide",
        "/holds/{id}/answer",
        "/account/password",
        "/account/second-factor",
        "/account/second-factor/off",
        "/account/second-factor/codes",
    ];
    of_pages.contains(&route) || is_of_access(route)
}

/// Who is let in, and how.
fn is_of_access(route: &str) -> bool {
    ["/admins", "/single-sign-on", "/api-tokens"].iter().any(|prefix| is_under(route, prefix))
}

fn is_under(route: &str, prefix: &str) -> bool {
    route.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The role in which somebody does it, if they may. What their roles do not reach is not found.
pub async fn require(db: &PgPool, access: &Access, need: Need, id: Option<Uuid>) -> Result<Role> {
    let role = match need.place {
        Place::Oneself => return Ok(access.most()),
        Place::Lists => access.most(),
        Place::Everything => access.everywhere().ok_or_else(|| {
            Error::Forbidden(
                "This concerns every organization, and your roles are for particular ones.".into(),
            )
        })?,
        Place::Of(thing) => role_at(db, access, thing, id).await?,
    };
    if role >= need.deed.role() { Ok(role) } else { Err(Error::Forbidden(need.deed.refusal().into())) }
}

async fn role_at(db: &PgPool, access: &Access, thing: Thing, id: Option<Uuid>) -> Result<Role> {
    let gone = Error::NotFound(thing.word());
    if let Some(role) = access.everywhere() {
        // Whether it is there is the handler's to say.
        return Ok(role);
    }
    let Some(id) = id else { return Err(gone) };
    let organization = places::find_organization(db, thing, id).await?;
    organization.and_then(|organization| access.at(organization)).ok_or(gone)
}

/// Lets somebody do something in an organization that the request names past its address.
pub fn require_at(access: &Access, deed: Deed, organization: OrganizationId) -> Result<()> {
    let role = access.at(organization).ok_or(Error::NotFound("organization"))?;
    if role >= deed.role() { Ok(()) } else { Err(Error::Forbidden(deed.refusal().into())) }
}

/// Lets somebody do something with the whole installation.
pub fn require_everywhere(access: &Access, deed: Deed) -> Result<()> {
    match access.everywhere() {
        Some(role) if role >= deed.role() => Ok(()),
        _ => Err(Error::Forbidden(deed.refusal().into())),
    }
}

/// What a role may not do is refused.
pub fn require_role(role: Role, deed: Deed) -> Result<()> {
    if role >= deed.role() { Ok(()) } else { Err(Error::Forbidden(deed.refusal().into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_takes_an_operator_to_be_changed() {
        let need = needed(false, "/domains/{id}/something/new");
        assert_eq!((need.deed, need.place), (Deed::Change, Place::Of(Thing::Domain)));
        assert_eq!(needed(true, "/domains/{id}/something/new").deed, Deed::Look);
    }

    #[test]
    fn helpdesk_may_sync_a_user_and_retry_an_operation_and_no_more() {
        for route in ["/operations/{id}/retry", "/domains/{id}/users/{guid}/sync"] {
            assert_eq!(needed(false, route).deed, Deed::Help);
        }
        for route in
            ["/operations/retry", "/holds/{id}/approve", "/domains/{id}/activate", "/domains/{id}/settings"]
        {
            assert!(needed(false, route).deed > Deed::Help, "{route}");
        }
    }

    #[test]
    fn administrators_tokens_and_credentials_are_the_owners() {
        for route in [
            "/admins",
            "/admins/{id}/reset",
            "/single-sign-on",
            "/api-tokens/{id}",
            "/organizations/{id}/credential",
        ] {
            let need = needed(false, route);
            assert_eq!(need.deed, Deed::Own, "{route}");
            assert!(need.is_grave, "{route}");
        }
        assert_eq!(needed(true, "/admins").deed, Deed::Own);
        assert_eq!(needed(true, "/administrators").deed, Deed::Look);
    }
}
