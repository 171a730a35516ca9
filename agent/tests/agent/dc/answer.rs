//! What a Windows domain controller answers.

use super::{Answer, Fault, MAX_PAGE, MAX_RANGE, Search};
use crate::ber;
use crate::directory::{DOMAIN_SID, Directory, Object, sid_octets};

pub(crate) fn answer(directory: &Directory, search: &Search, fault: Option<Fault>) -> Answer {
    if fault == Some(Fault::Silence) {
        return Answer::Nothing;
    }
    if search.unknown_control {
        return Answer::Send(done(search, 12, "00000057: unavailable critical extension", None));
    }
    let Some(entries) = entries(directory, search) else {
        return Answer::Send(done(
            search,
            32,
            "0000208D: NameErr: DSID-03100245, problem 2001 (NO_OBJECT)",
            None,
        ));
    };
    let from: usize = match &search.paged {
        Some((_, cookie)) if !cookie.is_empty() => String::from_utf8_lossy(cookie).parse().unwrap(),
        _ => 0,
    };
    let size = search.paged.as_ref().map_or(MAX_PAGE, |(size, _)| (*size).min(MAX_PAGE));
    let page: Vec<&Vec<u8>> = entries.iter().skip(from).take(size).collect();
    let send = |count: usize| -> Vec<u8> {
        page.iter()
            .take(count)
            .flat_map(|entry| ber::message(search.id, (*entry).clone(), Vec::new()))
            .collect()
    };
    let ended = |code, text, cookie| done(search, code, text, cookie);
    let left = entries.len() > from + page.len();
    let whole = |cookie| [send(page.len()), ended(0, "", cookie)].concat();
    match fault {
        Some(Fault::Reset(count)) => Answer::SendAndClose(send(count)),
        Some(Fault::Result(count, code)) => {
            Answer::Send([send(count), ended(code, "scripted", None)].concat())
        }
        Some(Fault::NoCookie) => Answer::Send(whole(None)),
        Some(Fault::Nothing) => Answer::Send(ended(0, "", search.paged.as_ref().map(|_| String::new()))),
        // Windows cuts what is not paged.
        _ if search.paged.is_none() && left => {
            Answer::Send([send(page.len()), ended(4, "size limit exceeded", None)].concat())
        }
        _ if search.paged.is_none() => Answer::Send(whole(None)),
        _ if left => Answer::Send(whole(Some((from + page.len()).to_string()))),
        _ => Answer::Send(whole(Some(String::new()))),
    }
}

fn done(search: &Search, code: u8, text: &str, cookie: Option<String>) -> Vec<u8> {
    let controls = cookie.map(|cookie| {
        let value = ber::sequence(0x30, &[ber::integer(0), ber::octets(cookie.as_bytes())]);
        ber::sequence(0x30, &[ber::octets(b"1.2.840.113556.1.4.319"), ber::octets(&value)])
    });
    ber::message(search.id, ber::result(0x65, code, text), controls.into_iter().collect())
}

/// Every entry that is found, encoded; `None` if there is no such base.
fn entries(directory: &Directory, search: &Search) -> Option<Vec<Vec<u8>>> {
    if search.base.is_empty() {
        return Some(vec![root_dse(directory, search)]);
    }
    if search.base.starts_with("CN=NTDS Settings") {
        let id = vec![directory.invocation_id.to_bytes_le().to_vec()];
        return Some(vec![entry(&search.base, &[("invocationId".into(), id)])]);
    }
    if search.base.starts_with("CN=Deleted Objects") {
        // Whoever may not read it sees no object of that name.
        let readable = directory.tombstones_readable && search.deleted;
        if search.scope == 0 {
            return readable.then(|| vec![entry(&search.base, &[])]);
        }
        let found = directory.tombstones.iter().filter(|object| matches(directory, search, object));
        return readable.then(|| found.map(|object| encode(directory, search, object)).collect());
    }
    let base = find_base(directory, &search.base)?;
    let found = directory.objects.iter().filter(|object| match search.scope {
        0 => object.guid == base.guid && matches(directory, search, object),
        _ => object.is_within(&base.dn) && matches(directory, search, object),
    });
    let found = found.filter(|object| !object.hidden);
    Some(found.map(|object| encode(directory, search, object)).collect())
}

fn find_base<'d>(directory: &'d Directory, base: &str) -> Option<&'d Object> {
    let named = |object: &&Object| match base.strip_prefix("<GUID=").and_then(|rest| rest.strip_suffix('>')) {
        Some(guid) => object.guid.to_string() == guid,
        None => object.dn.eq_ignore_ascii_case(base),
    };
    directory.objects.iter().find(named).filter(|object| !object.hidden)
}

fn matches(directory: &Directory, search: &Search, object: &Object) -> bool {
    if search.filter.names("member") && search.scope == 0 {
        return !object.members.is_empty() && !directory.lists_hidden;
    }
    let equal = |name: &str, value: &[u8]| match name {
        "objectclass" => {
            let wanted = String::from_utf8_lossy(value).to_lowercase();
            object.classes.iter().any(|class| class.to_lowercase() == wanted)
        }
        "objectguid" => object.guid.to_bytes_le() == value,
        "memberof" => {
            let lists = |group: &Object| {
                group.dn.as_bytes().eq_ignore_ascii_case(value) && group.members.contains(&object.guid)
            };
            directory.objects.iter().any(lists)
        }
        "member" => {
            let wanted = String::from_utf8_lossy(value).to_lowercase();
            object.members.iter().any(|member| wanted == format!("<guid={member}>"))
        }
        name => object
            .attributes
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .is_some_and(|(_, values)| values.iter().any(|known| known.eq_ignore_ascii_case(value))),
    };
    search.filter.matches(&equal, &|name| object.number(name))
}

fn encode(directory: &Directory, search: &Search, object: &Object) -> Vec<u8> {
    let mut attributes: Vec<(String, Vec<Vec<u8>>)> = Vec::new();
    for asked in &search.attributes {
        let (name, option) = asked.split_once(';').unwrap_or((asked, ""));
        match name.to_lowercase().as_str() {
            "objectclass" => {
                let classes = object.classes.iter().map(|class| class.as_bytes().to_vec()).collect();
                attributes.push((asked.clone(), classes));
            }
            "objectguid" => attributes.push((asked.clone(), vec![object.guid.to_bytes_le().to_vec()])),
            "objectsid" if object.dn.eq_ignore_ascii_case(&directory.domain) => {
                attributes.push((asked.clone(), vec![sid_octets(&DOMAIN_SID)]));
            }
            "objectsid" => attributes.extend(object.sid_octets().map(|sid| (asked.clone(), vec![sid]))),
            "tokengroups" if search.scope == 0 => {
                attributes.push((asked.clone(), directory.token_groups(object)));
            }
            "usnchanged" => attributes.push((asked.clone(), vec![object.usn.to_string().into_bytes()])),
            "member" => attributes.extend(members(directory, search, object, option)),
            name => {
                let known = object.attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
                attributes.extend(known.map(|(known, values)| (known.clone(), values.clone())));
            }
        }
    }
    entry(&extended(search, object), &attributes)
}

/// The list, or the range of it that was asked for; never more than the limit.
fn members(
    directory: &Directory,
    search: &Search,
    object: &Object,
    option: &str,
) -> Vec<(String, Vec<Vec<u8>>)> {
    let total = object.members.len();
    let (low, high) = match option.strip_prefix("range=").and_then(|range| range.split_once('-')) {
        Some((low, high)) => (low.parse().unwrap(), high.parse().unwrap_or(usize::MAX - 1)),
        None if total <= MAX_RANGE => (0, usize::MAX - 1),
        None => (0, MAX_RANGE - 1),
    };
    if low >= total {
        return Vec::new();
    }
    let end = total.min(high + 1).min(low + MAX_RANGE);
    let values = object.members[low..end]
        .iter()
        .map(|member| extended(search, directory.find(*member)).into_bytes())
        .collect();
    if option.is_empty() && end == total {
        return vec![("member".into(), values)];
    }
    let last = if end == total { "*".to_owned() } else { (end - 1).to_string() };
    let ranged = (format!("member;range={low}-{last}"), values);
    // Asked for plainly, Windows adds the empty attribute.
    if option.is_empty() { vec![("member".into(), Vec::new()), ranged] } else { vec![ranged] }
}

fn extended(search: &Search, object: &Object) -> String {
    if !search.extended_dn {
        return object.dn.clone();
    }
    let sid = object.sid().map(|sid| format!("<SID={sid}>;")).unwrap_or_default();
    format!("<GUID={}>;{sid}{}", object.guid, object.dn)
}

fn root_dse(directory: &Directory, search: &Search) -> Vec<u8> {
    let settings = "CN=NTDS Settings,CN=DC1,CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration";
    let known = [
        ("supportedCapabilities", directory.capabilities.iter().map(|oid| (*oid).to_owned()).collect()),
        ("defaultNamingContext", vec![directory.domain.clone()]),
        ("dnsHostName", vec!["DC1.example.com".to_owned()]),
        ("dsServiceName", vec![format!("{settings},{}", directory.domain)]),
        ("highestCommittedUSN", vec![directory.usn.to_string()]),
        ("currentTime", vec!["20261122223933.0Z".to_owned()]),
        ("isSynchronized", vec!["TRUE".to_owned()]),
    ];
    let asked = known.into_iter().filter(|(name, _)| search.asks_for(name));
    let attributes: Vec<(String, Vec<Vec<u8>>)> = asked
        .map(|(name, values): (&str, Vec<String>)| {
            (name.to_owned(), values.into_iter().map(String::into_bytes).collect())
        })
        .collect();
    entry("", &attributes)
}

fn entry(name: &str, attributes: &[(String, Vec<Vec<u8>>)]) -> Vec<u8> {
    let attributes: Vec<Vec<u8>> = attributes
        .iter()
        .map(|(name, values)| {
            let values: Vec<Vec<u8>> = values.iter().map(|value| ber::octets(value)).collect();
            ber::sequence(0x30, &[ber::octets(name.as_bytes()), ber::sequence(0x31, &values)])
        })
        .collect();
    ber::sequence(0x64, &[ber::octets(name.as_bytes()), ber::sequence(0x30, &attributes)])
}
