//! Just enough BER to answer LDAP requests (RFC 4511).

use ldap3::asn1::{PL, StructureTag, parse_tag};

/// One element.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        short @ 0..128 => out.push(short as u8),
        long => {
            let octets: Vec<u8> = long.to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
            out.push(0x80 | octets.len() as u8);
            out.extend(octets);
        }
    }
    out.extend_from_slice(content);
    out
}

pub(crate) fn sequence(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(tag, &parts.concat())
}

pub(crate) fn octets(content: &[u8]) -> Vec<u8> {
    tlv(4, content)
}

pub(crate) fn integer(value: i64) -> Vec<u8> {
    tlv(2, &value.to_be_bytes())
}

/// A result: its code and the diagnostic text.
pub(crate) fn result(tag: u8, code: u8, text: &str) -> Vec<u8> {
    sequence(tag, &[tlv(10, &[code]), octets(b""), octets(text.as_bytes())])
}

pub(crate) fn message(id: i64, op: Vec<u8>, controls: Vec<Vec<u8>>) -> Vec<u8> {
    let mut parts = vec![integer(id), op];
    if !controls.is_empty() {
        parts.push(sequence(0xa0, &controls));
    }
    sequence(0x30, &parts)
}

/// Takes one whole message off the front of `buffer`.
pub(crate) fn take(buffer: &mut Vec<u8>) -> Option<StructureTag> {
    let (rest, tag) = parse_tag(buffer).ok()?;
    let used = buffer.len() - rest.len();
    buffer.drain(..used);
    Some(tag)
}

pub(crate) fn parts(tag: StructureTag) -> Vec<StructureTag> {
    match tag.payload {
        PL::C(parts) => parts,
        PL::P(octets) => panic!("constructed expected: {octets:?}"),
    }
}

pub(crate) fn raw(tag: StructureTag) -> Vec<u8> {
    match tag.payload {
        PL::P(octets) => octets,
        PL::C(parts) => panic!("primitive expected: {parts:?}"),
    }
}

pub(crate) fn text(tag: StructureTag) -> String {
    String::from_utf8(raw(tag)).unwrap()
}

pub(crate) fn number(tag: StructureTag) -> i64 {
    raw(tag).iter().fold(0, |sum, octet| sum << 8 | i64::from(*octet))
}
