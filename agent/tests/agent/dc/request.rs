//! What the agent asks, taken out of BER.

use ldap3::asn1::StructureTag;

use crate::ber;
use crate::filter::Filter;

pub(crate) enum Request {
    Bind { id: i64, user: String, password: String },
    Search(Search),
    Unbind,
    Other,
}

/// A search.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    pub(crate) id: i64,
    pub(crate) base: String,
    /// 0 the base itself, 1 one level, 2 the whole subtree.
    pub(crate) scope: i64,
    pub(crate) filter: Filter,
    pub(crate) attributes: Vec<String>,
    /// Page size and cookie.
    pub(crate) paged: Option<(usize, Vec<u8>)>,
    pub(crate) extended_dn: bool,
    pub(crate) deleted: bool,
    /// A critical control that is not known.
    pub(crate) unknown_control: bool,
}

impl Search {
    /// The one tiny search of a poll.
    pub(crate) fn is_poll(&self) -> bool {
        self.base.is_empty() && self.attributes == ["highestCommittedUSN"]
    }

    /// A search through the whole domain for everything.
    pub(crate) fn is_full(&self) -> bool {
        self.scope == 2
            && self.filter.names("objectclass")
            && !self.filter.asks_for_changes()
            && self.asks_for("sn")
    }

    /// A search for what changed.
    pub(crate) fn is_delta(&self) -> bool {
        self.scope == 2 && self.filter.asks_for_changes()
    }

    /// A later range of some list.
    pub(crate) fn is_range(&self) -> bool {
        self.scope == 0 && self.asks_for("member")
    }

    pub(crate) fn asks_for(&self, attribute: &str) -> bool {
        let name =
            |asked: &String| asked.split(';').next().unwrap_or_default().eq_ignore_ascii_case(attribute);
        self.attributes.iter().any(name)
    }
}

impl Request {
    pub(crate) fn read(message: StructureTag) -> Self {
        let mut parts = ber::parts(message).into_iter();
        let id = ber::number(parts.next().unwrap());
        let op = parts.next().unwrap();
        let controls = parts.next().map(ber::parts).unwrap_or_default();
        match op.id {
            0 => {
                let mut parts = ber::parts(op).into_iter().skip(1);
                let user = ber::text(parts.next().unwrap());
                Self::Bind { id, user, password: ber::text(parts.next().unwrap()) }
            }
            2 => Self::Unbind,
            3 => Self::Search(search(id, op, controls)),
            _ => Self::Other,
        }
    }
}

fn search(id: i64, op: StructureTag, controls: Vec<StructureTag>) -> Search {
    let mut parts = ber::parts(op).into_iter();
    let base = ber::text(parts.next().unwrap());
    let scope = ber::number(parts.next().unwrap());
    let mut parts = parts.skip(4);
    let filter = Filter::read(parts.next().unwrap());
    let attributes = ber::parts(parts.next().unwrap()).into_iter().map(ber::text).collect();
    let mut search = Search {
        id,
        base,
        scope,
        filter,
        attributes,
        paged: None,
        extended_dn: false,
        deleted: false,
        unknown_control: false,
    };
    for control in controls {
        let mut parts = ber::parts(control);
        match ber::text(parts.remove(0)).as_str() {
            "1.2.840.113556.1.4.319" => {
                let value = ldap3::asn1::parse_tag(&ber::raw(parts.pop().unwrap())).unwrap().1;
                let mut parts = ber::parts(value);
                let cookie = ber::raw(parts.remove(1));
                search.paged = Some((ber::number(parts.remove(0)) as usize, cookie));
            }
            "1.2.840.113556.1.4.529" => search.extended_dn = true,
            "1.2.840.113556.1.4.417" => search.deleted = true,
            _ => search.unknown_control = true,
        }
    }
    search
}
