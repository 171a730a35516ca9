//! What the stand-in holds: objects and links, with USNs that move as Active Directory's do.

use std::collections::BTreeMap;

use uuid::Uuid;

pub(crate) const DOMAIN: &str = "DC=example,DC=com";
pub(crate) const STAFF: &str = "OU=Staff,DC=example,DC=com";
pub(crate) const SERVICE: &str = "CN=svc,CN=Users,DC=example,DC=com";
pub(crate) const DOMAIN_SID: [u32; 4] = [21, 1, 2, 3];

#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) guid: Uuid,
    pub(crate) dn: String,
    pub(crate) classes: Vec<&'static str>,
    pub(crate) attributes: BTreeMap<String, Vec<Vec<u8>>>,
    pub(crate) members: Vec<Uuid>,
    pub(crate) rid: Option<u32>,
    pub(crate) usn: i64,
    /// The account may not see it.
    pub(crate) hidden: bool,
}

impl Object {
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.attributes.insert(name.into(), vec![value.as_bytes().to_vec()]);
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        match name {
            "usnchanged" => Some(self.usn),
            name => {
                let (_, values) =
                    self.attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
                std::str::from_utf8(values.first()?).ok()?.parse().ok()
            }
        }
    }

    pub(crate) fn sid(&self) -> Option<String> {
        let [a, b, c, d] = DOMAIN_SID;
        Some(format!("S-1-5-{a}-{b}-{c}-{d}-{}", self.rid?))
    }

    pub(crate) fn sid_octets(&self) -> Option<Vec<u8>> {
        Some(sid_octets(&[&DOMAIN_SID[..], &[self.rid?]].concat()))
    }

    pub(crate) fn is_within(&self, base: &str) -> bool {
        let (dn, base) = (self.dn.to_lowercase(), base.to_lowercase());
        dn == base || dn.ends_with(&format!(",{base}"))
    }
}

pub(crate) fn sid_octets(subs: &[u32]) -> Vec<u8> {
    let mut octets = vec![1, subs.len() as u8, 0, 0, 0, 0, 0, 5];
    subs.iter().for_each(|sub| octets.extend(sub.to_le_bytes()));
    octets
}

#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) objects: Vec<Object>,
    pub(crate) tombstones: Vec<Object>,
    pub(crate) usn: i64,
    pub(crate) invocation_id: Uuid,
    pub(crate) domain: String,
    pub(crate) capabilities: Vec<&'static str>,
    pub(crate) tombstones_readable: bool,
    /// The account may not read `member`.
    pub(crate) lists_hidden: bool,
    next: u128,
}

impl Directory {
    /// A domain with the usual containers, the integration group and the service account.
    pub(crate) fn new() -> Self {
        let mut directory = Self {
            objects: Vec::new(),
            tombstones: Vec::new(),
            usn: 1000,
            invocation_id: Uuid::from_u128(0xaaaa),
            domain: DOMAIN.into(),
            capabilities: vec!["1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1670"],
            tombstones_readable: false,
            lists_hidden: false,
            next: 100,
        };
        directory.add(DOMAIN, &["top", "domain", "domainDNS"]);
        directory.add(STAFF, &["top", "organizationalUnit"]);
        directory.add("CN=Users,DC=example,DC=com", &["top", "container"]);
        directory.user("svc", "CN=Users,DC=example,DC=com");
        directory.group("JumpCloud", STAFF);
        directory
    }

    pub(crate) fn add(&mut self, dn: &str, classes: &[&'static str]) -> Uuid {
        let guid = Uuid::from_u128(self.next);
        self.next += 1;
        self.usn += 1;
        let classes = classes.to_vec();
        let object = Object {
            guid,
            dn: dn.into(),
            classes,
            attributes: BTreeMap::new(),
            members: Vec::new(),
            rid: None,
            usn: self.usn,
            hidden: false,
        };
        self.objects.push(object);
        guid
    }

    pub(crate) fn user(&mut self, name: &str, container: &str) -> Uuid {
        let classes = ["top", "person", "organizationalPerson", "user"];
        let guid = self.add(&format!("CN={name},{container}"), &classes);
        let rid = 1000 + self.next as u32;
        self.change(guid, |user| {
            user.rid = Some(rid);
            user.set("sAMAccountName", name);
            user.set("sAMAccountType", "805306368");
            user.set("userPrincipalName", &format!("{name}@example.com"));
            user.set("givenName", name);
            user.set("sn", "Doe");
            user.set("userAccountControl", "512");
            user.set("pwdLastSet", "133000000000000000");
            user.set("primaryGroupID", "513");
        });
        guid
    }

    /// Another password, accepted at `at`.
    pub(crate) fn set_password(&mut self, guid: Uuid, at: chrono::DateTime<chrono::Utc>) {
        let invocation_id = self.invocation_id;
        self.change(guid, |user| {
            let former = user.attributes.get("replPropertyMetaData").map_or(1, |values| values[0][20]);
            // One entry: unicodePwd.
            let mut vector = vec![1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
            vector.extend(0x9005a_u32.to_le_bytes());
            vector.extend([former + 1, 0, 0, 0]);
            vector.extend((at.timestamp() + 11_644_473_600).to_le_bytes());
            vector.extend(invocation_id.to_bytes_le());
            vector.extend([0; 16]);
            user.attributes.insert("replPropertyMetaData".into(), vec![vector]);
            user.set("pwdLastSet", &(at.timestamp_micros() * 10 + 116_444_736_000_000_000).to_string());
        });
    }

    pub(crate) fn group(&mut self, name: &str, container: &str) -> Uuid {
        let guid = self.add(&format!("CN={name},{container}"), &["top", "group"]);
        let rid = 1000 + self.next as u32;
        self.change(guid, |group| {
            group.rid = Some(rid);
            group.set("sAMAccountName", name);
            group.set("groupType", "-2147483646");
        });
        guid
    }

    /// Users `prefix0`, `prefix1`, … in one go.
    pub(crate) fn users(&mut self, prefix: &str, count: usize) -> Vec<Uuid> {
        (0..count).map(|number| self.user(&format!("{prefix}{number}"), STAFF)).collect()
    }

    pub(crate) fn find(&self, guid: Uuid) -> &Object {
        self.objects.iter().find(|object| object.guid == guid).unwrap()
    }

    /// The SIDs of every group of the object, nested ones and the primary group included.
    pub(crate) fn token_groups(&self, object: &Object) -> Vec<Vec<u8>> {
        let primary = object.number("primaryGroupID").map(|rid| rid as u32);
        let mut above: Vec<&Object> = Vec::new();
        let mut below = vec![object.guid];
        while let Some(member) = below.pop() {
            for group in self.objects.iter().filter(|group| group.members.contains(&member)) {
                if above.iter().all(|known| known.guid != group.guid) {
                    above.push(group);
                    below.push(group.guid);
                }
            }
        }
        let sids = above.into_iter().filter_map(Object::sid_octets);
        sids.chain(primary.map(|rid| sid_octets(&[&DOMAIN_SID[..], &[rid]].concat()))).collect()
    }

    pub(crate) fn named(&self, dn: &str) -> Uuid {
        self.objects.iter().find(|object| object.dn.eq_ignore_ascii_case(dn)).unwrap().guid
    }

    pub(crate) fn integration_group(&self) -> Uuid {
        self.named(&format!("CN=JumpCloud,{STAFF}"))
    }

    /// A change that moves the object's USN.
    pub(crate) fn change(&mut self, guid: Uuid, change: impl FnOnce(&mut Object)) {
        self.usn += 1;
        let usn = self.usn;
        let object = self.objects.iter_mut().find(|object| object.guid == guid).unwrap();
        change(object);
        object.usn = usn;
    }

    /// Takes the object off every list without touching the groups.
    pub(crate) fn delete(&mut self, guid: Uuid) {
        self.usn += 1;
        let at = self.objects.iter().position(|object| object.guid == guid).unwrap();
        let mut tombstone = self.objects.remove(at);
        tombstone.usn = self.usn;
        tombstone.set("isDeleted", "TRUE");
        tombstone.dn = format!("CN=gone\\0ADEL:{guid},CN=Deleted Objects,{DOMAIN}");
        self.tombstones.push(tombstone);
        for object in &mut self.objects {
            object.members.retain(|member| *member != guid);
        }
    }

    /// Renames an organizational unit: what stands below gets another name and keeps its USN.
    pub(crate) fn rename_unit(&mut self, from: &str, to: &str) {
        let unit = self.named(from);
        self.change(unit, |unit| unit.dn = to.into());
        for object in &mut self.objects {
            if let Some(head) = object.dn.strip_suffix(&format!(",{from}")) {
                object.dn = format!("{head},{to}");
            }
        }
    }
}
