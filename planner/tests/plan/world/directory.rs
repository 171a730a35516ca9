//! Users and groups of the domain.

use chrono::{DateTime, Utc};
use planner::input::{MovedOutAnswer, Password, Presence};
use protocol::directory::{Group, SAM_USER_OBJECT, User};
use protocol::{CaptureId, DistinguishedName, ObjectGuid, Sid};

pub(crate) const DOMAIN_SID: &str = "S-1-5-21-1-2-3";
pub(crate) const CONTAINER: &str = "OU=Staff,DC=corp,DC=example";
pub(crate) const ELSEWHERE: &str = "OU=Elsewhere,DC=corp,DC=example";

const SECURITY: i64 = -2_147_483_646;
const DISTRIBUTION: i64 = 2;
const NORMAL: i64 = 0x200;

#[derive(Clone)]
pub(crate) struct AdUser {
    pub(crate) user: User,
    pub(crate) presence: Presence,
    pub(crate) moved_out_answer: Option<MovedOutAnswer>,
    pub(crate) takeover_decision: Option<String>,
    pub(crate) password: Option<Password>,
    /// The user's manager by name.
    pub(crate) manager: Option<String>,
}

#[derive(Clone)]
pub(crate) struct AdGroup {
    pub(crate) group: Group,
    pub(crate) presence: Presence,
    pub(crate) adopt: bool,
}

impl AdUser {
    pub(crate) fn new(name: &str, number: usize) -> Self {
        let user = User {
            guid: guid(number),
            sid: Sid::parse(&format!("{DOMAIN_SID}-{number}")),
            dn: dn(name, CONTAINER),
            sam_account_type: Some(SAM_USER_OBJECT),
            object_class: vec!["user".into()],
            sam_account_name: Some(name.into()),
            user_principal_name: Some(format!("{name}@corp.example")),
            mail: Some(format!("{name}@mail.example")),
            given_name: Some(format!("Given {name}")),
            sn: Some(format!("Family {name}")),
            user_account_control: Some(NORMAL),
            account_expires: Some(i64::MAX),
            pwd_last_set: Some(1),
            password_version: None,
            admin_count: None,
            primary_group_id: Some(513),
            manager: None,
            attributes: Default::default(),
        };
        Self {
            user,
            presence: Presence::Present,
            moved_out_answer: None,
            takeover_decision: None,
            password: None,
            manager: None,
        }
    }

    /// A password was captured; the number tells it from others.
    pub(crate) fn password(&mut self, number: u8) -> &mut Password {
        let capture: CaptureId = format!("00000000-0000-0000-0000-{number:012}").parse().unwrap();
        self.password.insert(Password { capture, must_change: false, refusal: None })
    }

    pub(crate) fn disabled(&mut self) -> &mut Self {
        self.user.user_account_control = Some(NORMAL | 2);
        self
    }

    pub(crate) fn enabled(&mut self) -> &mut Self {
        self.user.user_account_control = Some(NORMAL);
        self
    }

    pub(crate) fn expires(&mut self, at: DateTime<Utc>) -> &mut Self {
        self.user.account_expires = Some(filetime(at));
        self
    }

    pub(crate) fn moved_to(&mut self, container: &str) -> &mut Self {
        self.user.dn = dn(&self.user.dn.name(), container);
        self
    }

    pub(crate) fn deleted(&mut self) -> &mut Self {
        self.presence = Presence::Deleted;
        self
    }

    pub(crate) fn with(&mut self, attribute: &str, value: &str) -> &mut Self {
        self.user.attributes.insert(attribute.into(), value.into());
        self
    }

    pub(crate) fn without(&mut self, attribute: &str) -> &mut Self {
        self.user.attributes.remove(attribute);
        self
    }

    pub(crate) fn edit(&mut self, change: impl FnOnce(&mut User)) -> &mut Self {
        change(&mut self.user);
        self
    }
}

impl AdGroup {
    pub(crate) fn new(name: &str, number: usize) -> Self {
        let group = Group {
            guid: guid(number),
            sid: Sid::parse(&format!("{DOMAIN_SID}-{}", 5000 + number)),
            dn: dn(name, CONTAINER),
            sam_account_name: Some(name.into()),
            group_type: Some(SECURITY),
            description: None,
            admin_count: None,
        };
        Self { group, presence: Presence::Present, adopt: false }
    }

    pub(crate) fn of_rid(&mut self, rid: u32) -> &mut Self {
        self.of_sid(&format!("{DOMAIN_SID}-{rid}"))
    }

    pub(crate) fn of_sid(&mut self, sid: &str) -> &mut Self {
        self.group.sid = Sid::parse(sid);
        self
    }

    pub(crate) fn moved_to(&mut self, container: &str) -> &mut Self {
        self.group.dn = dn(&self.group.dn.name(), container);
        self
    }

    pub(crate) fn named(&mut self, name: &str) -> &mut Self {
        self.group.sam_account_name = Some(name.into());
        self.group.dn = dn(name, &self.group.dn.parent().unwrap().to_string());
        self
    }

    pub(crate) fn for_distribution(&mut self) -> &mut Self {
        self.group.group_type = Some(DISTRIBUTION);
        self
    }

    pub(crate) fn deleted(&mut self) -> &mut Self {
        self.presence = Presence::Deleted;
        self
    }
}

/// 100 ns since 1601.
fn filetime(at: DateTime<Utc>) -> i64 {
    (at.timestamp() + 11_644_473_600) * 10_000_000
}

fn guid(number: usize) -> ObjectGuid {
    format!("00000000-0000-0000-0000-{number:012}").parse().unwrap()
}

fn dn(name: &str, container: &str) -> DistinguishedName {
    DistinguishedName::parse(&format!("CN={name},{container}")).unwrap()
}
