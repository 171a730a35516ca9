//! Distinguished names (RFC 4514) as Active Directory writes them, and the one comparison that everybody uses.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is no distinguished name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnError {
    /// Nothing at all.
    #[error("the name is empty")]
    Empty,
    /// A part without `=`.
    #[error("\"{0}\" is not of the form attribute=value, such as OU=Staff")]
    Part(String),
    /// A name that is not made of `DC=` parts only.
    #[error("\"{0}\" is not a domain: write it as DC=example,DC=com")]
    NotADomain(String),
}

/// A distinguished name, kept as it was written.
///
/// Two names are compared by [`key`](Self::key): case, spaces around separators and the way of escaping do not count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DistinguishedName {
    text: String,
    key: String,
}

impl DistinguishedName {
    /// Reads a name. A `\` escapes the next character or two hexadecimal digits (RFC 4514 section 2.4).
    pub fn parse(text: &str) -> Result<Self, DnError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(DnError::Empty);
        }
        let parts = split(text, ',').into_iter().map(Rdn::parse).collect::<Result<Vec<_>, _>>()?;
        let key = parts.iter().map(Rdn::key).collect::<Vec<_>>().join(",");
        Ok(Self { text: text.to_owned(), key })
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The form in which names are compared: lower case, one way of escaping.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// True if this object is `container` or stands anywhere below it.
    pub fn is_within(&self, container: &DistinguishedName) -> bool {
        self.key == container.key
            || self.key.strip_suffix(container.key.as_str()).is_some_and(|head| head.ends_with(','))
    }

    /// True if both name the same object.
    pub fn names_same(&self, other: &DistinguishedName) -> bool {
        self.key == other.key
    }

    /// The value of the first part: the object's own name, unescaped.
    pub fn name(&self) -> String {
        split(&self.text, ',')
            .first()
            .and_then(|part| Rdn::parse(part).ok())
            .map(|rdn| rdn.value)
            .unwrap_or_default()
    }

    /// The name without its first part.
    pub fn parent(&self) -> Option<DistinguishedName> {
        let first = split(&self.text, ',').first()?.len();
        Self::parse(self.text.get(first + 1..)?).ok()
    }
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for DistinguishedName {
    type Error = DnError;

    fn try_from(text: String) -> Result<Self, DnError> {
        Self::parse(&text)
    }
}

impl From<DistinguishedName> for String {
    fn from(dn: DistinguishedName) -> String {
        dn.text
    }
}

/// The name of an AD domain in its one canonical form, `DC=example,DC=com`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

impl DomainName {
    /// Accepts `DC=example;DC=com`, `dc=example, dc=com` and `example.com`.
    pub fn parse(text: &str) -> Result<Self, DnError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(DnError::Empty);
        }
        let not_a_domain = || DnError::NotADomain(text.to_owned());
        let labels: Vec<String> = if text.contains('=') {
            let commas = text.replace(';', ",");
            split(&commas, ',')
                .into_iter()
                .map(|part| match Rdn::parse(part)? {
                    rdn if rdn.kind == "dc" => Ok(rdn.value.to_lowercase()),
                    _ => Err(not_a_domain()),
                })
                .collect::<Result<_, DnError>>()?
        } else {
            text.split('.').map(str::to_lowercase).collect()
        };
        let is_label = |label: &String| {
            !label.is_empty()
                && label.len() <= 63
                && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        };
        if labels.iter().all(is_label) {
            Ok(Self(labels.iter().map(|label| format!("DC={label}")).collect::<Vec<_>>().join(",")))
        } else {
            Err(not_a_domain())
        }
    }

    /// `DC=example,DC=com`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `example.com`.
    pub fn dns(&self) -> String {
        self.0.split(',').filter_map(|part| part.strip_prefix("DC=")).collect::<Vec<_>>().join(".")
    }

    /// The form in which JumpCloud's own documentation writes it: `DC=example;DC=com`.
    pub fn with_semicolons(&self) -> String {
        self.0.replace(',', ";")
    }

    /// The domain's head as a distinguished name.
    pub fn dn(&self) -> DistinguishedName {
        DistinguishedName { text: self.0.clone(), key: self.0.to_lowercase() }
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for DomainName {
    type Error = DnError;

    fn try_from(text: String) -> Result<Self, DnError> {
        Self::parse(&text)
    }
}

impl From<DomainName> for String {
    fn from(name: DomainName) -> String {
        name.0
    }
}

struct Rdn {
    kind: String,
    value: String,
}

impl Rdn {
    fn parse(part: &str) -> Result<Self, DnError> {
        let bad = || DnError::Part(part.trim().to_owned());
        let (kind, value) = part.split_once('=').ok_or_else(bad)?;
        let (kind, value) = (kind.trim(), unescape(trim_value(value)));
        if kind.is_empty()
            || value.is_empty()
            || !kind.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
        {
            return Err(bad());
        }
        Ok(Self { kind: kind.to_ascii_lowercase(), value })
    }

    fn key(&self) -> String {
        let mut key = format!("{}=", self.kind);
        for c in self.value.to_lowercase().chars() {
            if ",+\"\\<>;=#".contains(c) {
                key.push('\\');
            }
            key.push(c);
        }
        key
    }
}

/// Spaces around a value do not belong to it, unless the last one is escaped.
fn trim_value(value: &str) -> &str {
    let value = value.trim_start();
    let trimmed = value.trim_end();
    if trimmed.len() < value.len() && trimmed.ends_with('\\') { &value[..=trimmed.len()] } else { trimmed }
}

fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == separator {
            parts.push(&text[start..at]);
            start = at + c.len_utf8();
        }
    }
    parts.push(&text[start..]);
    parts
}

fn unescape(value: &str) -> String {
    let octets = value.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(octets.len()), 0);
    while at < octets.len() {
        if octets[at] != b'\\' {
            out.push(octets[at]);
            at += 1;
            continue;
        }
        let hex = octets.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(octet) => {
                out.push(octet);
                at += 3;
            }
            None => {
                out.extend(octets.get(at + 1));
                at += 2;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> DistinguishedName {
        DistinguishedName::parse(text).unwrap()
    }

    #[test]
    fn names_are_the_same_whatever_the_case_the_spaces_and_the_escaping() {
        assert!(
            dn(r"CN=Doe\, Jane, OU=Staff,DC=corp,DC=example")
                .names_same(&dn(r"cn=doe\2C jane,ou=staff,dc=CORP,dc=example"))
        );
        assert!(!dn(r"CN=a\,b,DC=x").names_same(&dn("CN=a,CN=b,DC=x")));
    }

    #[test]
    fn an_object_is_within_its_container_but_not_within_one_that_only_ends_alike() {
        assert!(dn("CN=a,OU=Staff,DC=x").is_within(&dn("ou=staff,dc=x")));
        assert!(dn("OU=Staff,DC=x").is_within(&dn("ou=staff,dc=x")));
        assert!(!dn("CN=a,OU=NoStaff,DC=x").is_within(&dn("OU=Staff,DC=x")));
        assert!(!dn(r"CN=a\,OU=Staff,DC=x").is_within(&dn("OU=Staff,DC=x")));
    }

    #[test]
    fn the_first_part_is_the_objects_own_name() {
        assert_eq!(dn(r"CN=Doe\, Jané,OU=Staff,DC=x").name(), "Doe, Jané");
        assert_eq!(dn(r"CN=Doe\, Jané,OU=Staff,DC=x").parent().unwrap(), dn("OU=Staff,DC=x"));
    }

    #[test]
    fn a_domain_is_accepted_in_each_form_and_kept_in_one() {
        for text in ["DC=Example;DC=com", "dc=example, dc=com", "example.com", " DC=example ; DC=COM "] {
            assert_eq!(DomainName::parse(text).unwrap().as_str(), "DC=example,DC=com", "{text}");
        }
        assert_eq!(DomainName::parse("example.com").unwrap().dns(), "example.com");
        for text in ["", "OU=Staff,DC=example,DC=com", "DC=", "exa mple.com", "a..b"] {
            assert!(DomainName::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn bad_names_are_refused_with_the_part_that_is_wrong() {
        assert_eq!(DistinguishedName::parse("CN=a,Staff"), Err(DnError::Part("Staff".into())));
        assert_eq!(DistinguishedName::parse("  "), Err(DnError::Empty));
    }
}
