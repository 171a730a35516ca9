//! Names of AD attributes: which can be mapped, and which an administrator often wants.

/// LDAP allows no longer name in AD (`lDAPDisplayName`).
const MAX_NAME: usize = 256;

/// Read of every user whatever the settings are.
const ALWAYS_READ: [&str; 10] = [
    "cn",
    "distinguishedName",
    "givenName",
    "mail",
    "name",
    "objectGUID",
    "objectSid",
    "sAMAccountName",
    "sn",
    "userPrincipalName",
];

/// Keys and passwords, and what they can be computed from.
const SECRETS: [&str; 18] = [
    "currentValue",
    "dBCSPwd",
    "initialAuthIncoming",
    "initialAuthOutgoing",
    "lmPwdHistory",
    "ms-Mcs-AdmPwd",
    "msDS-KeyCredentialLink",
    "msFVE-KeyPackage",
    "msFVE-RecoveryPassword",
    "msPKIAccountCredentials",
    "msPKIDPAPIMasterKeys",
    "ntPwdHistory",
    "priorValue",
    "supplementalCredentials",
    "trustAuthIncoming",
    "trustAuthOutgoing",
    "unicodePwd",
    "userPassword",
];

/// Octets, not text.
const BINARY: [&str; 28] = [
    "audio",
    "cACertificate",
    "jpegPhoto",
    "logonHours",
    "mS-DS-ConsistencyGuid",
    "mS-DS-CreatorSID",
    "msExchArchiveGUID",
    "msExchBlockedSendersHash",
    "msExchMailboxGuid",
    "msExchMailboxSecurityDescriptor",
    "msExchMasterAccountSid",
    "msExchSafeRecipientsHash",
    "msExchSafeSendersHash",
    "nTSecurityDescriptor",
    "photo",
    "replPropertyMetaData",
    "replUpToDateVector",
    "sIDHistory",
    "securityIdentifier",
    "telexNumber",
    "terminalServer",
    "thumbnailLogo",
    "thumbnailPhoto",
    "tokenGroups",
    "userCertificate",
    "userParameters",
    "userSMIMECertificate",
    "x500uniqueIdentifier",
];

/// What an administrator often maps, and what it is.
pub const COMMON: [(&str, &str); 58] = [
    ("c", "Country, two letters"),
    ("cn", "Name of the object"),
    ("co", "Country, in words"),
    ("comment", "Comment"),
    ("company", "Company"),
    ("department", "Department"),
    ("departmentNumber", "Department number"),
    ("description", "Description"),
    ("displayName", "Display name"),
    ("distinguishedName", "Place in the directory"),
    ("division", "Division"),
    ("employeeID", "Employee ID"),
    ("employeeNumber", "Employee number"),
    ("employeeType", "Employee type"),
    ("extensionAttribute1", "Exchange extension attribute 1"),
    ("extensionAttribute2", "Exchange extension attribute 2"),
    ("extensionAttribute3", "Exchange extension attribute 3"),
    ("extensionAttribute4", "Exchange extension attribute 4"),
    ("extensionAttribute5", "Exchange extension attribute 5"),
    ("extensionAttribute6", "Exchange extension attribute 6"),
    ("extensionAttribute7", "Exchange extension attribute 7"),
    ("extensionAttribute8", "Exchange extension attribute 8"),
    ("extensionAttribute9", "Exchange extension attribute 9"),
    ("extensionAttribute10", "Exchange extension attribute 10"),
    ("extensionAttribute11", "Exchange extension attribute 11"),
    ("extensionAttribute12", "Exchange extension attribute 12"),
    ("extensionAttribute13", "Exchange extension attribute 13"),
    ("extensionAttribute14", "Exchange extension attribute 14"),
    ("extensionAttribute15", "Exchange extension attribute 15"),
    ("facsimileTelephoneNumber", "Fax number"),
    ("generationQualifier", "Generation, such as Jr."),
    ("givenName", "First name"),
    ("homePhone", "Home phone"),
    ("info", "Notes"),
    ("initials", "Initials"),
    ("ipPhone", "IP phone"),
    ("l", "City"),
    ("mail", "Email address"),
    ("mailNickname", "Exchange alias"),
    ("manager", "Manager, as a distinguished name"),
    ("middleName", "Middle name"),
    ("mobile", "Mobile phone"),
    ("objectGUID", "Identifier of the object"),
    ("objectSid", "Security identifier"),
    ("otherMailbox", "Other email addresses (the first)"),
    ("pager", "Pager"),
    ("personalTitle", "Personal title"),
    ("physicalDeliveryOfficeName", "Office"),
    ("postalCode", "Postal code"),
    ("postOfficeBox", "Post office box"),
    ("sAMAccountName", "Log-on name (before Windows 2000)"),
    ("sn", "Last name"),
    ("st", "State or province"),
    ("streetAddress", "Street"),
    ("telephoneNumber", "Phone"),
    ("title", "Job title"),
    ("userPrincipalName", "Log-on name"),
    ("wWWHomePage", "Web page"),
];

/// Whether an attribute of that name can be mapped; if not, why, with the fix.
pub(super) fn check(name: &str) -> Result<(), String> {
    if !is_ldap_name(name) {
        return Err(format!(
            "\"{name}\" is no LDAP attribute name: it starts with a letter and has only letters from a to z, digits and \
             hyphens, such as givenName"
        ));
    }
    if is_secret(name) {
        return Err(format!("{name} holds a secret, which is never read: choose another attribute"));
    }
    if is_one_of(&BINARY, name) {
        return Err(format!(
            "{name} holds binary data, and JumpCloud's fields are text: choose another attribute"
        ));
    }
    Ok(())
}

/// Whether the attribute has to be asked for because of a mapping.
pub(super) fn is_additional(name: &str) -> bool {
    !is_one_of(&ALWAYS_READ, name)
}

fn is_ldap_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Those that are known, and what a schema may have besides: LAPS, managed service accounts, products of third parties.
fn is_secret(name: &str) -> bool {
    const PARTS: [&str; 4] = ["password", "admpwd", "secret", "credential"];
    const HARMLESS: [&str; 3] = ["badPasswordTime", "msDS-UserPasswordExpiryTimeComputed", "secretary"];
    let lower = name.to_lowercase();
    is_one_of(&SECRETS, name)
        || (PARTS.iter().any(|part| lower.contains(part)) && !is_one_of(&HARMLESS, name))
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}
