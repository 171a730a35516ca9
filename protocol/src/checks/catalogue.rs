//! The catalogue: each subject, the codes by which it is told how it stands, and where in the dashboard it is mended.
//! `docs/checks.md` is made from it.

use super::Group;
use super::Group::{
    Directory, DomainControllers, JumpCloud, Passwords, Scope, Server, ServiceAccount, Users,
};

/// Something that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// Stable, snake case.
    pub name: &'static str,
    pub group: Group,
    /// What is looked at, in one sentence.
    pub about: &'static str,
    /// What may be found. The first is that all is well.
    pub codes: &'static [Code],
}

/// One thing that may be found.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// Stable, snake case; unique in the whole catalogue.
    pub name: &'static str,
    /// Where it is mended, or shown: a path in which `{domain}` and `{organization}` are replaced.
    pub place: &'static str,
}

/// The subject of a code, and its place.
pub fn find(code: &str) -> Option<(&'static Subject, &'static Code)> {
    CATALOGUE.iter().find_map(|subject| {
        let found = subject.codes.iter().find(|known| known.name == code)?;
        Some((subject, found))
    })
}

const fn at(place: &'static str, name: &'static str) -> Code {
    Code { name, place }
}

const DOMAIN: &str = "/domains/{domain}";
const AGENTS: &str = "/domains/{domain}#agents";
const ENROLL: &str = "/domains/{domain}#enroll";
const COVERAGE: &str = "/domains/{domain}/coverage";
const CONTROLLERS: &str = "/domains/{domain}/coverage#controllers";
const ORGANIZATION: &str = "/organizations/{organization}";
const BIND_USER: &str = "/domains/{domain}/settings#settings.ldap.bind_user";
const BIND_PASSWORD: &str = "/domains/{domain}/settings#settings.ldap.bind_password";
const CA: &str = "/domains/{domain}/settings#settings.ldap.ca_pem";
const INSECURE: &str = "/domains/{domain}/settings#settings.ldap.allow_insecure";
const CONTAINER: &str = "/domains/{domain}/settings#settings.root_user_container";
const GROUP: &str = "/domains/{domain}/settings#settings.integration_group";
const GROUPS: &str = "/domains/{domain}/groups";
const CONFLICTING_GROUPS: &str = "/domains/{domain}/groups?status=conflict";
const GUARD: &str = "/domains/{domain}/settings#settings.guard.window_hours";
const WATCHERS: &str = "/domains/{domain}/settings#settings.preferred_watchers";
const PARKED: &str = "/operations?domain={domain}&state=parked";
const QUEUE: &str = "/operations?domain={domain}&state=ready";
const HOLDS: &str = "/holds";
const SYNCED: &str = "/domains/{domain}/users?status=synced";
const LINKING: &str = "/domains/{domain}/preview";

/// Everything there is, group by group.
pub const CATALOGUE: &[Subject] = &[
    // What connects an agent with its domain controller.
    Subject {
        name: "ldap",
        group: Directory,
        about: "Each agent reaches its domain controller over LDAPS.",
        codes: &[
            at(AGENTS, "ldap"),
            at(INSECURE, "ldap_insecure"),
            at(ENROLL, "ldaps_unreachable"),
            at(INSECURE, "strong_auth_required"),
            at(AGENTS, "read_timeout"),
            at(AGENTS, "read_incomplete"),
            at(AGENTS, "ldap_error"),
        ],
    },
    Subject {
        name: "certificate",
        group: Directory,
        about: "The domain controller's certificate: its chain, its name and its end.",
        codes: &[
            at(CA, "certificate"),
            at(CA, "certificate_untrusted"),
            at(ENROLL, "certificate_name_mismatch"),
            at(CA, "certificate_expired"),
            at(CA, "certificate_expiring"),
        ],
    },
    Subject {
        name: "domain",
        group: Directory,
        about: "What answers is Active Directory, and the domain that it was from the beginning.",
        codes: &[
            at(AGENTS, "domain"),
            at(ENROLL, "not_active_directory"),
            at(ENROLL, "wrong_domain"),
            at(ENROLL, "domain_sid_changed"),
        ],
    },
    Subject {
        name: "directory_read",
        group: Directory,
        about: "The whole directory has been read, and not too long ago.",
        codes: &[at(DOMAIN, "directory_read"), at(DOMAIN, "directory_read_outdated")],
    },
    Subject {
        name: "domain_root",
        group: Directory,
        about: "The service account may read the domain's root: its SID and its password policy.",
        codes: &[at(BIND_USER, "domain_root"), at(BIND_USER, "domain_root_unreadable")],
    },
    Subject {
        name: "member_lists",
        group: Directory,
        about: "The service account may read who is a member of the integration group.",
        codes: &[at(BIND_USER, "member_lists"), at(BIND_USER, "member_lists_unreadable")],
    },
    Subject {
        name: "user_attributes",
        group: Directory,
        about: "The service account may read what every user has: userAccountControl, pwdLastSet, accountExpires.",
        codes: &[
            at("/domains/{domain}/users?reason=unknown_attributes", "user_attributes"),
            at("/domains/{domain}/users?reason=unknown_attributes", "attributes_hidden"),
        ],
    },
    Subject {
        name: "deleted_objects",
        group: Directory,
        about: "Whether the service account may read Deleted Objects. It need not: deletions are found either way.",
        codes: &[at(BIND_USER, "deleted_objects")],
    },
    // The account that agents bind with.
    Subject {
        name: "service_account",
        group: ServiceAccount,
        about: "The name and the password with which agents bind are set.",
        codes: &[at(BIND_USER, "service_account"), at(BIND_USER, "service_account_missing")],
    },
    Subject {
        name: "bind",
        group: ServiceAccount,
        about: "The domain controller lets the service account in.",
        codes: &[
            at(BIND_USER, "bind"),
            at(BIND_PASSWORD, "bind_refused"),
            at(BIND_USER, "account_locked"),
            at(BIND_USER, "account_disabled"),
            at(BIND_USER, "account_expired"),
            at(BIND_PASSWORD, "password_expired"),
            at(BIND_PASSWORD, "password_must_change"),
        ],
    },
    Subject {
        name: "service_account_object",
        group: ServiceAccount,
        about: "The service account finds its own object in the directory.",
        codes: &[at(BIND_USER, "service_account_object"), at(BIND_USER, "service_account_not_found")],
    },
    Subject {
        name: "service_account_privileges",
        group: ServiceAccount,
        about: "The service account is in no privileged group, directly, nested or by its primary group.",
        codes: &[at(BIND_USER, "service_account_privileges"), at(BIND_USER, "service_account_privileged")],
    },
    Subject {
        name: "service_account_membership",
        group: ServiceAccount,
        about: "The service account is not in the integration group, directly or nested.",
        codes: &[
            at(BIND_USER, "service_account_membership"),
            at(BIND_USER, "service_account_in_integration_group"),
        ],
    },
    Subject {
        name: "service_account_name",
        group: ServiceAccount,
        about: "The service account is not called JumpCloud.",
        codes: &[at(BIND_USER, "service_account_name"), at(BIND_USER, "service_account_named_jumpcloud")],
    },
    Subject {
        name: "service_account_password",
        group: ServiceAccount,
        about: "The service account's password does not expire.",
        codes: &[
            at(BIND_PASSWORD, "service_account_password"),
            at(BIND_PASSWORD, "service_account_password_expires"),
            at(BIND_PASSWORD, "service_account_password_expiring"),
        ],
    },
    Subject {
        name: "service_account_expiry",
        group: ServiceAccount,
        about: "The service account itself does not expire.",
        codes: &[at(BIND_USER, "service_account_expiry"), at(BIND_USER, "service_account_expiring")],
    },
    // What the settings name, and who is in it.
    Subject {
        name: "root_user_container",
        group: Scope,
        about: "The root user container is there, readable, and called as in the settings.",
        codes: &[
            at(CONTAINER, "root_user_container"),
            at(CONTAINER, "root_user_container_missing"),
            at(CONTAINER, "root_user_container_unreadable"),
            at(CONTAINER, "root_user_container_renamed"),
        ],
    },
    Subject {
        name: "container_content",
        group: Scope,
        about: "The root user container holds those who are to be synced.",
        codes: &[at(CONTAINER, "container_content"), at(CONTAINER, "container_holds_nobody")],
    },
    Subject {
        name: "integration_group",
        group: Scope,
        about: "The integration group is there, readable, and called as in the settings.",
        codes: &[
            at(GROUP, "integration_group"),
            at(GROUP, "integration_group_missing"),
            at(GROUP, "integration_group_unreadable"),
            at(GROUP, "integration_group_renamed"),
        ],
    },
    Subject {
        name: "integration_group_type",
        group: Scope,
        about: "The integration group is a global security group.",
        codes: &[
            at(GROUP, "integration_group_type"),
            at(GROUP, "integration_group_not_security"),
            at(GROUP, "integration_group_not_global"),
        ],
    },
    Subject {
        name: "integration_group_place",
        group: Scope,
        about: "The integration group lies in the root user container.",
        codes: &[at(GROUP, "integration_group_place"), at(GROUP, "integration_group_outside_container")],
    },
    Subject {
        name: "integration_group_name",
        group: Scope,
        about: "The integration group's name is the organization's only one.",
        codes: &[at(GROUP, "integration_group_name"), at(GROUP, "integration_group_name_shared")],
    },
    Subject {
        name: "integration_group_members",
        group: Scope,
        about: "The integration group has members, and did not lose them all at once.",
        codes: &[
            at(GROUPS, "integration_group_members"),
            at(GROUPS, "integration_group_empty"),
            at(GROUP, "integration_group_lost"),
        ],
    },
    Subject {
        name: "groups_in_scope",
        group: Scope,
        about: "How many groups are in scope, and how many of them become JumpCloud groups.",
        codes: &[at(GROUPS, "groups_in_scope")],
    },
    // What keeps members from being synced.
    Subject {
        name: "user_names",
        group: Users,
        about: "Every user in scope has a first and a last name.",
        codes: &[
            at(SYNCED, "user_names"),
            at("/domains/{domain}/users?reason=no_first_name,no_last_name", "users_without_names"),
        ],
    },
    Subject {
        name: "user_mail",
        group: Users,
        about: "Every user in scope has an email address: mail, else userPrincipalName.",
        codes: &[
            at(SYNCED, "user_mail"),
            at("/domains/{domain}/users?reason=no_email,email_not_valid", "users_without_email"),
        ],
    },
    Subject {
        name: "user_mail_suffix",
        group: Users,
        about: "Mail to the users' addresses can arrive from the Internet.",
        codes: &[
            at(SYNCED, "user_mail_suffix"),
            at("/domains/{domain}/users?reason=email_suffix_not_routable", "email_suffix_not_routable"),
        ],
    },
    Subject {
        name: "user_mail_unique",
        group: Users,
        about: "No two users of the organization have the same email address.",
        codes: &[
            at(SYNCED, "user_mail_unique"),
            at("/domains/{domain}/users?reason=duplicate_email", "users_with_duplicate_email"),
        ],
    },
    Subject {
        name: "usernames",
        group: Users,
        about: "JumpCloud allows the users' names.",
        codes: &[
            at(SYNCED, "usernames"),
            at(
                "/domains/{domain}/users?reason=no_username,username_not_allowed",
                "users_with_invalid_username",
            ),
        ],
    },
    Subject {
        name: "usernames_unique",
        group: Users,
        about: "No two users of the organization would get the same JumpCloud username.",
        codes: &[
            at(SYNCED, "usernames_unique"),
            at("/domains/{domain}/users?reason=duplicate_username", "users_with_duplicate_username"),
        ],
    },
    Subject {
        name: "privileged_users",
        group: Users,
        about: "No privileged user is in scope.",
        codes: &[
            at(SYNCED, "privileged_users"),
            at("/domains/{domain}/users?reason=privileged", "privileged_users_in_scope"),
        ],
    },
    Subject {
        name: "admin_count",
        group: Users,
        about: "No user in scope carries adminCount from a privileged group that it has left.",
        codes: &[
            at(SYNCED, "admin_count"),
            at("/domains/{domain}/users?reason=stale_admin_count", "stale_admin_count"),
        ],
    },
    Subject {
        name: "users_in_container",
        group: Users,
        about: "Every member lies in the root user container.",
        codes: &[
            at(SYNCED, "users_in_container"),
            at("/domains/{domain}/users?reason=outside_root_user_container", "users_outside_container"),
        ],
    },
    Subject {
        name: "readable_users",
        group: Users,
        about: "The service account may read every member.",
        codes: &[
            at(SYNCED, "readable_users"),
            at("/domains/{domain}/users?reason=unreadable", "users_unreadable"),
        ],
    },
    Subject {
        name: "other_members",
        group: Users,
        about: "Members that are no users of this domain: computers, contacts, members of other domains. They are left out.",
        codes: &[at(
            "/domains/{domain}/users?reason=computer,not_a_user,not_in_this_domain,service_account",
            "other_members",
        )],
    },
    // Whether passwords reach JumpCloud.
    Subject {
        name: "password_complexity",
        group: Passwords,
        about: "AD demands complex passwords; without that, Samba never runs the password hook.",
        codes: &[at(COVERAGE, "password_complexity"), at(COVERAGE, "password_complexity_off")],
    },
    Subject {
        name: "password_policy",
        group: Passwords,
        about: "JumpCloud demands nothing of a password that AD does not, rule by rule.",
        codes: &[
            at(COVERAGE, "password_policy"),
            at(ORGANIZATION, "password_policy_unknown"),
            at(COVERAGE, "password_policy_length"),
            at(COVERAGE, "password_policy_history"),
            at(COVERAGE, "password_policy_minimum_age"),
            at(COVERAGE, "password_policy_lowercase"),
            at(COVERAGE, "password_policy_uppercase"),
            at(COVERAGE, "password_policy_number"),
            at(COVERAGE, "password_policy_symbol"),
            at(COVERAGE, "password_policy_common"),
            at(COVERAGE, "password_policy_sequences"),
            at(COVERAGE, "password_policy_username"),
        ],
    },
    Subject {
        name: "capture",
        group: Passwords,
        about: "Each domain controller hands the passwords over that are changed there.",
        codes: &[
            at(CONTROLLERS, "capture"),
            at(CONTROLLERS, "capture_degraded"),
            at(CONTROLLERS, "capture_missing"),
            at(CONTROLLERS, "capture_unknown"),
        ],
    },
    Subject {
        name: "sealing_key",
        group: Passwords,
        about: "There is a key to which passwords are sealed.",
        codes: &[at(CONTROLLERS, "sealing_key"), at(CONTROLLERS, "sealing_key_missing")],
    },
    Subject {
        name: "password_spool",
        group: Passwords,
        about: "The folder in which captured passwords wait on the domain controller can be read.",
        codes: &[at(CONTROLLERS, "password_spool"), at(CONTROLLERS, "password_spool_unreadable")],
    },
    Subject {
        name: "passwords_delivered",
        group: Passwords,
        about: "No password was refused by JumpCloud, missed or left waiting too long.",
        codes: &[
            at(COVERAGE, "passwords_delivered"),
            at("/domains/{domain}/coverage?state=refused", "passwords_refused"),
            at("/domains/{domain}/coverage?state=missed", "passwords_missed"),
            at("/domains/{domain}/coverage?state=expired", "passwords_expired"),
        ],
    },
    // The agents and the domain controllers they are on.
    Subject {
        name: "agents",
        group: DomainControllers,
        about: "Agents serve the domain.",
        codes: &[at(AGENTS, "agents"), at(ENROLL, "no_agent")],
    },
    Subject {
        name: "agent",
        group: DomainControllers,
        about: "Each agent is alive.",
        codes: &[at(AGENTS, "agent"), at(AGENTS, "agent_silent"), at(ENROLL, "agent_suspended")],
    },
    Subject {
        name: "enrolled",
        group: DomainControllers,
        about: "This machine's agent is enrolled. Told by adit-agent check only.",
        codes: &[at(AGENTS, "enrolled"), at(ENROLL, "not_enrolled")],
    },
    Subject {
        name: "watcher",
        group: DomainControllers,
        about: "One agent watches the directory.",
        codes: &[at(AGENTS, "watcher"), at(AGENTS, "no_watcher")],
    },
    Subject {
        name: "preferred_watchers",
        group: DomainControllers,
        about: "The preferred watchers of the settings are domain controllers with an agent.",
        codes: &[at(WATCHERS, "preferred_watchers"), at(WATCHERS, "preferred_watcher_unknown")],
    },
    Subject {
        name: "domain_controllers",
        group: DomainControllers,
        about: "Every writable domain controller has an agent.",
        codes: &[at(ENROLL, "domain_controllers"), at(ENROLL, "domain_controllers_without_agent")],
    },
    Subject {
        name: "read_only_domain_controllers",
        group: DomainControllers,
        about: "Read-only domain controllers need no agent: no password is changed there.",
        codes: &[at(CONTROLLERS, "read_only_domain_controllers")],
    },
    Subject {
        name: "agent_versions",
        group: DomainControllers,
        about: "All agents are of one version.",
        codes: &[at(AGENTS, "agent_versions"), at(AGENTS, "agent_versions_differ")],
    },
    Subject {
        name: "settings",
        group: DomainControllers,
        about: "Each agent works by the current settings.",
        codes: &[at(AGENTS, "settings_applied"), at(AGENTS, "settings_not_applied")],
    },
    Subject {
        name: "clock",
        group: DomainControllers,
        about: "Each agent's clock agrees with the server's.",
        codes: &[at(AGENTS, "clock"), at(AGENTS, "clock_skew")],
    },
    Subject {
        name: "directory_clock",
        group: DomainControllers,
        about: "Each domain controller's clock agrees with its agent's.",
        codes: &[at(AGENTS, "directory_clock"), at(AGENTS, "directory_clock_skew")],
    },
    Subject {
        name: "synchronized",
        group: DomainControllers,
        about: "Each domain controller has finished its first synchronization with the others.",
        codes: &[at(AGENTS, "synchronized"), at(AGENTS, "not_synchronized")],
    },
    Subject {
        name: "replication",
        group: DomainControllers,
        about: "The domain controllers have each other's changes.",
        codes: &[at(AGENTS, "replication"), at(AGENTS, "replication_behind")],
    },
    Subject {
        name: "settled",
        group: DomainControllers,
        about: "The domain controller that is read has caught up with the one read before.",
        codes: &[at(DOMAIN, "domain_controller_settled"), at(DOMAIN, "domain_controller_settling")],
    },
    // JumpCloud, and what flows there.
    Subject {
        name: "jumpcloud_credential",
        group: JumpCloud,
        about: "JumpCloud answers, and accepts the organization's credential.",
        codes: &[
            at(ORGANIZATION, "jumpcloud_credential"),
            at(ORGANIZATION, "credential_rejected"),
            at(ORGANIZATION, "permission_denied"),
            at(ORGANIZATION, "organization_unknown"),
            at(ORGANIZATION, "throttled"),
            at(ORGANIZATION, "unreachable"),
            at(ORGANIZATION, "server_error"),
            at(ORGANIZATION, "malformed_answer"),
        ],
    },
    Subject {
        name: "jumpcloud_rights",
        group: JumpCloud,
        about: "The credential may read users, groups and AD instances, and no write was refused for lack of rights.",
        codes: &[
            at(ORGANIZATION, "jumpcloud_rights"),
            at(ORGANIZATION, "credential_lacks_rights"),
            at(ORGANIZATION, "credential_rights_unknown"),
        ],
    },
    Subject {
        name: "jumpcloud_organization",
        group: JumpCloud,
        about: "The organization id is the one that the credential belongs to.",
        codes: &[
            at(ORGANIZATION, "jumpcloud_organization"),
            at(ORGANIZATION, "organization_id_differs"),
            at(ORGANIZATION, "organization_id_missing"),
        ],
    },
    Subject {
        name: "jumpcloud_read",
        group: JumpCloud,
        about: "JumpCloud was read in full, and not too long ago.",
        codes: &[at(ORGANIZATION, "jumpcloud_read"), at(ORGANIZATION, "jumpcloud_read_outdated")],
    },
    Subject {
        name: "activedirectory",
        group: JumpCloud,
        about: "JumpCloud has an AD instance of the domain, with AD as its authority and groups enabled.",
        codes: &[
            at(DOMAIN, "activedirectory"),
            at(DOMAIN, "activedirectory_missing"),
            at(DOMAIN, "activedirectory_not_authority"),
        ],
    },
    Subject {
        name: "group_names",
        group: JumpCloud,
        about: "No group's name is taken in JumpCloud.",
        codes: &[at(GROUPS, "group_names"), at(CONFLICTING_GROUPS, "group_names_taken")],
    },
    Subject {
        name: "takeovers",
        group: JumpCloud,
        about: "How many users of JumpCloud are, or would be, taken over because they have the same email address.",
        codes: &[at(LINKING, "takeovers")],
    },
    Subject {
        name: "matches",
        group: JumpCloud,
        about: "Every user matches one JumpCloud user, or none.",
        codes: &[
            at(SYNCED, "matches"),
            at(
                "/domains/{domain}/users?reason=ambiguous_match,email_taken_by_other_user,username_taken_by_other_user",
                "ambiguous_matches",
            ),
        ],
    },
    Subject {
        name: "foreign_matches",
        group: JumpCloud,
        about: "No user matches a JumpCloud administrator, or a user that another source manages.",
        codes: &[
            at(SYNCED, "foreign_matches"),
            at(
                "/domains/{domain}/users?reason=matches_privileged_user,managed_by_other_source",
                "matches_that_are_left_alone",
            ),
        ],
    },
    Subject {
        name: "drift",
        group: JumpCloud,
        about: "No synced user was deleted, suspended or changed against AD in JumpCloud.",
        codes: &[
            at(SYNCED, "drift"),
            at(
                "/domains/{domain}/users?reason=deleted_in_jumpcloud,suspended_in_jumpcloud",
                "users_changed_in_jumpcloud",
            ),
        ],
    },
    Subject {
        name: "holds",
        group: JumpCloud,
        about: "Nothing waits for a decision.",
        codes: &[at(HOLDS, "holds")],
    },
    Subject {
        name: "operations",
        group: JumpCloud,
        about: "JumpCloud refused no operation.",
        codes: &[at(PARKED, "operations"), at(PARKED, "operations_parked")],
    },
    Subject {
        name: "queue",
        group: JumpCloud,
        about: "What is to be done is done soon.",
        codes: &[at(QUEUE, "queue"), at(QUEUE, "queue_not_draining")],
    },
    Subject {
        name: "guard",
        group: JumpCloud,
        about: "The guard would hold a large removal.",
        codes: &[at(GUARD, "guard"), at(GUARD, "guard_wide")],
    },
    // The server itself.
    Subject {
        name: "server",
        group: Server,
        about: "The server answers the agent. Told by adit-agent check only.",
        codes: &[at(DOMAIN, "server"), at(DOMAIN, "server_unreachable")],
    },
    Subject {
        name: "server_certificate",
        group: Server,
        about: "The certificate that the server shows is valid for a while.",
        codes: &[
            at(DOMAIN, "server_certificate"),
            at(DOMAIN, "server_certificate_expiring"),
            at(DOMAIN, "server_certificate_expired"),
        ],
    },
    Subject {
        name: "server_disk",
        group: Server,
        about: "There is room where the server keeps its data.",
        codes: &[at(DOMAIN, "server_disk"), at(DOMAIN, "server_disk_low"), at(DOMAIN, "server_disk_full")],
    },
    Subject {
        name: "database",
        group: Server,
        about: "The database takes writes.",
        codes: &[at(DOMAIN, "database"), at(DOMAIN, "database_read_only")],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_there_once() {
        let subjects: BTreeSet<_> = CATALOGUE.iter().map(|subject| subject.name).collect();
        assert_eq!(subjects.len(), CATALOGUE.len());
        let codes: Vec<_> =
            CATALOGUE.iter().flat_map(|subject| subject.codes).map(|code| code.name).collect();
        let different: BTreeSet<_> = codes.iter().collect();
        assert_eq!(different.len(), codes.len());
        assert!(CATALOGUE.len() > 40);
    }

    #[test]
    fn groups_stand_together_and_in_order() {
        assert!(CATALOGUE.is_sorted_by_key(|subject| subject.group));
    }

    #[test]
    fn a_code_is_found_with_its_subject() {
        let (subject, code) = find("bind_refused").unwrap();
        assert_eq!((subject.name, code.place), ("bind", BIND_PASSWORD));
        assert!(find("no_such_code").is_none());
    }
}
