//! Search filters, as far as the agent writes them.

use ldap3::asn1::StructureTag;

use crate::ber;

#[derive(Clone, Debug)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Equal(String, Vec<u8>),
    AtLeast(String, i64),
    Present(String),
}

impl Filter {
    pub(crate) fn read(tag: StructureTag) -> Self {
        match tag.id {
            0 => Self::And(ber::parts(tag).into_iter().map(Self::read).collect()),
            1 => Self::Or(ber::parts(tag).into_iter().map(Self::read).collect()),
            2 => Self::Not(Box::new(Self::read(ber::parts(tag).remove(0)))),
            3 => {
                let mut parts = ber::parts(tag);
                Self::Equal(ber::text(parts.remove(0)).to_lowercase(), ber::raw(parts.remove(0)))
            }
            5 => {
                let mut parts = ber::parts(tag);
                let value = ber::text(parts.remove(1)).parse().unwrap();
                Self::AtLeast(ber::text(parts.remove(0)).to_lowercase(), value)
            }
            7 => Self::Present(ber::text(tag).to_lowercase()),
            other => panic!("no filter of kind {other} was expected"),
        }
    }

    /// `value` tells whether an attribute has a value; `number` its number.
    pub(crate) fn matches(
        &self,
        equal: &dyn Fn(&str, &[u8]) -> bool,
        number: &dyn Fn(&str) -> Option<i64>,
    ) -> bool {
        match self {
            Self::And(all) => all.iter().all(|filter| filter.matches(equal, number)),
            Self::Or(any) => any.iter().any(|filter| filter.matches(equal, number)),
            Self::Not(filter) => !filter.matches(equal, number),
            Self::Equal(name, value) => equal(name, value),
            Self::AtLeast(name, value) => number(name).is_some_and(|number| number >= *value),
            Self::Present(_) => true,
        }
    }

    /// True if it asks what changed since some USN.
    pub(crate) fn asks_for_changes(&self) -> bool {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().any(Self::asks_for_changes),
            Self::AtLeast(name, _) => name == "usnchanged",
            Self::Not(_) | Self::Equal(..) | Self::Present(_) => false,
        }
    }

    /// True if it names this attribute.
    pub(crate) fn names(&self, attribute: &str) -> bool {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().any(|filter| filter.names(attribute)),
            Self::Not(filter) => filter.names(attribute),
            Self::Equal(name, _) | Self::AtLeast(name, _) | Self::Present(name) => name == attribute,
        }
    }
}
