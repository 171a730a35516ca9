//! Why somebody who is looked for is not among the users that were read.

use protocol::{DistinguishedName, DomainName};
use serde::Serialize;

use crate::app::App;
use crate::error::Result;
use crate::store;
use crate::store::domains::Domain;
use crate::store::roster::{Filter, Sort, Unread};

/// One thing that may be why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct Absence {
    /// Stable, snake case.
    pub code: &'static str,
    pub message: String,
}

impl Absence {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// What is known of an account that no user of the mirror matches.
pub(in crate::http) async fn absent(app: &App, domain: &Domain, query: &str) -> Result<Vec<Absence>> {
    let mut found: Vec<_> = elsewhere(domain, query).into_iter().collect();
    for unread in store::roster::list_unread(&app.db, domain.id, query, 5).await? {
        found.push(listed(&unread));
    }
    let filter = Filter { query: Some(query), ..Filter::default() };
    for group in store::roster::list_groups(&app.db, domain.id, &filter, Sort::Name, None, 3).await? {
        found.push(Absence::new(
            "group",
            format!("{} is a group, not a user: look among the groups.", group.dn),
        ));
    }
    found.push(reading(domain));
    Ok(found)
}

/// A name that belongs to another domain.
fn elsewhere(domain: &Domain, query: &str) -> Option<Absence> {
    let own = DomainName::parse(&domain.name).ok()?;
    let is_name = query.contains('=') && query.contains(',');
    if let Some(dn) = DistinguishedName::parse(query).ok().filter(|_| is_name) {
        let top = DistinguishedName::parse(&domain.name).ok()?;
        let message = format!("{query} lies outside {}, so no agent of this domain reads it.", domain.name);
        return (!dn.is_within(&top)).then(|| Absence::new("outside_domain", message));
    }
    let (prefix, account) = query.split_once('\\')?;
    let message = format!(
        "Accounts are kept without the name of their domain: search for “{account}”. If {prefix} is not {}, it belongs to \
         another domain.",
        own.dns()
    );
    Some(Absence::new("domain_prefix", message))
}

/// A group lists it, and it is no user of the mirror.
fn listed(unread: &Unread) -> Absence {
    let (dn, group) = (&unread.dn, &unread.group);
    match unread.class.as_deref() {
        Some(class) => Absence::new(
            "not_a_user",
            format!(
                "{dn} is listed by the group {group}, and is no user of this domain ({class}); only users are synced."
            ),
        ),
        None => Absence::new(
            "unreadable",
            format!(
                "{dn} is listed by the group {group}, but has not been read: the service account may not read it, or it is no \
                 user of this domain. Give the service account the right to read it."
            ),
        ),
    }
}

/// How far the directory was read.
fn reading(domain: &Domain) -> Absence {
    match domain.full_read_at {
        None => Absence::new(
            "not_read_yet",
            "The directory has not been read in full yet. See the domain's checks for what is missing.",
        ),
        Some(at) => Absence::new(
            "not_found",
            format!(
                "No user that the service account may read matches. The directory was last read in full at {}, and changes are \
                 read within seconds. Computers, contacts and accounts that the service account may not read are never among \
                 the users.",
                at.format("%F %T UTC")
            ),
        ),
    }
}
