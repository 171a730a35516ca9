//! One entry of an answer: its attributes by name, whatever their case, decoded on demand.

use chrono::{DateTime, NaiveDateTime, Utc};
use ldap3::asn1::{PL, StructureTag};
use protocol::{ObjectGuid, Sid};

use super::name::Name;

/// An entry as it came.
#[derive(Debug)]
pub(crate) struct Entry {
    name: String,
    attributes: Vec<(String, Vec<Vec<u8>>)>,
}

/// Some of the values of `member`.
#[derive(Debug, Default)]
pub(crate) struct Range {
    pub values: Vec<Vec<u8>>,
    /// The index of the first value.
    pub low: usize,
    /// There are values after these.
    pub more: bool,
}

impl Entry {
    /// Takes a SearchResultEntry apart (RFC 4511 section 4.5.2); `None` if it is none.
    pub(crate) fn take(tag: StructureTag) -> Option<Self> {
        let mut parts = constructed(tag)?.into_iter();
        let name = text(parts.next()?)?;
        let attributes = constructed(parts.next()?)?.into_iter().map(attribute).collect::<Option<_>>()?;
        Some(Self { name, attributes })
    }

    /// The entry's own name; `None` if it cannot be understood.
    pub(crate) fn name(&self) -> Option<Name> {
        Name::parse(&self.name)
    }

    pub(crate) fn values(&self, attribute: &str) -> &[Vec<u8>] {
        self.attributes
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(attribute))
            .map(|(_, values)| values.as_slice())
            .unwrap_or_default()
    }

    pub(crate) fn octets(&self, attribute: &str) -> Option<&[u8]> {
        self.values(attribute).first().map(Vec::as_slice)
    }

    pub(crate) fn text(&self, attribute: &str) -> Option<&str> {
        std::str::from_utf8(self.octets(attribute)?).ok()
    }

    pub(crate) fn texts(&self, attribute: &str) -> impl Iterator<Item = &str> {
        self.values(attribute).iter().filter_map(|value| std::str::from_utf8(value).ok())
    }

    pub(crate) fn owned(&self, attribute: &str) -> Option<String> {
        self.text(attribute).map(str::to_owned)
    }

    pub(crate) fn number<T: std::str::FromStr>(&self, attribute: &str) -> Option<T> {
        self.text(attribute)?.parse().ok()
    }

    pub(crate) fn guid(&self) -> Option<ObjectGuid> {
        ObjectGuid::from_octets(self.octets("objectGUID")?)
    }

    pub(crate) fn sid(&self) -> Option<Sid> {
        Sid::from_octets(self.octets("objectSid")?)
    }

    /// GeneralizedTime: `20261122223933.0Z`.
    pub(crate) fn time(&self, attribute: &str) -> Option<DateTime<Utc>> {
        let text = self.text(attribute)?;
        let time = NaiveDateTime::parse_from_str(text.get(..14)?, "%Y%m%d%H%M%S").ok()?;
        Some(time.and_utc())
    }

    /// The object's classes from the general to the specific, lower case.
    pub(crate) fn classes(&self) -> Vec<String> {
        self.texts("objectClass").map(str::to_lowercase).collect()
    }

    /// The values of `member` as they came: `member;range=0-99`, the last ones as `member;range=100-*`, or all of them
    /// as plain `member`. No values at all: an empty list.
    pub(crate) fn take_members(&mut self) -> Range {
        let mut plain = Range::default();
        for (name, values) in &mut self.attributes {
            let name = name.to_ascii_lowercase();
            if let Some(span) = name.strip_prefix("member;range=") {
                let (low, high) = span.split_once('-').unwrap_or((span, "*"));
                let low = low.parse().unwrap_or_default();
                return Range { values: std::mem::take(values), low, more: high != "*" };
            }
            if name == "member" && !values.is_empty() {
                plain.values = std::mem::take(values);
            }
        }
        plain
    }
}

fn attribute(tag: StructureTag) -> Option<(String, Vec<Vec<u8>>)> {
    let mut parts = constructed(tag)?.into_iter();
    let name = text(parts.next()?)?;
    let values = constructed(parts.next()?)?.into_iter().map(primitive).collect::<Option<_>>()?;
    Some((name, values))
}

fn constructed(tag: StructureTag) -> Option<Vec<StructureTag>> {
    match tag.payload {
        PL::C(parts) => Some(parts),
        PL::P(_) => None,
    }
}

fn primitive(tag: StructureTag) -> Option<Vec<u8>> {
    match tag.payload {
        PL::P(octets) => Some(octets),
        PL::C(_) => None,
    }
}

fn text(tag: StructureTag) -> Option<String> {
    String::from_utf8(primitive(tag)?).ok()
}
