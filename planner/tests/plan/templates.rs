//! The grammar of templates: what is understood, what is refused and where, and what comes of it.

use planner::mapping::{AttributeMapping, MappingSource, Part, Template, defaults, problems};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::World;

/// What a template gives for a user with these attributes, as its description.
fn gives(template: &str, attributes: &[(&str, &str)]) -> String {
    let mut world = World::new();
    world.user("ada").edit(|user| (user.given_name, user.sn) = (Some("Ada".into()), Some("King".into())));
    for (name, value) in attributes {
        world.user("ada").with(name, value);
    }
    world.join("ada", "JumpCloud");
    world.policy.attribute_mappings = rows(json!([{"field": "description", "template": template}]));
    assert_eq!(problems(&world.policy.attribute_mappings), []);
    world.settle();
    world.account_of("ada").fields.get("description").cloned().unwrap_or_default()
}

fn rows(rows: Value) -> Vec<AttributeMapping> {
    serde_json::from_value(rows).unwrap()
}

/// The character and the words with which a template is refused.
fn refused(template: &str) -> (usize, String) {
    let Err(wrong) = Template::parse(template) else { panic!("{template:?} is taken") };
    (wrong.at, wrong.message)
}

/// The words with which one row is refused.
fn problem(row: Value) -> (Part, String) {
    let mut found = problems(&rows(json!([row])));
    assert_eq!(found.len(), 1, "{found:?}");
    let found = found.remove(0);
    (found.part, found.message)
}

#[test]
fn attributes_are_replaced_and_braces_can_be_written() {
    assert_eq!(gives("{sn}, {givenName}", &[]), "King, Ada");
    assert_eq!(gives("{SN}{{x}}", &[]), "King{x}");
    assert_eq!(gives("{ sn }", &[]), "King");
    assert_eq!(gives("{l} ä {givenName} 日本", &[("l", "Zürich")]), "Zürich ä Ada 日本");
    assert_eq!(gives("plain text", &[]), "plain text");
}

#[test]
fn the_first_alternative_that_has_a_value_counts() {
    let department = [("department", "R&D")];
    assert_eq!(gives("{division|department}", &department), "R&D");
    assert_eq!(gives("{department|division}", &department), "R&D");
    assert_eq!(gives("{division|department|\"Staff\"}", &department), "R&D");
    assert_eq!(gives("{division|\"Staff\"}", &department), "Staff");
    assert_eq!(gives("{division|\"a \"\"b\"\" {c} | d\"}", &[]), "a \"b\" {c} | d");
}

#[test]
fn filters_change_a_value_from_left_to_right() {
    let nick = [("mailNickname", "Ada.King@Corp.example")];
    assert_eq!(gives("{mailNickname:lower}", &nick), "ada.king@corp.example");
    assert_eq!(gives("{mailNickname:upper}", &nick), "ADA.KING@CORP.EXAMPLE");
    assert_eq!(gives("{mailNickname:before@:lower}", &nick), "ada.king");
    assert_eq!(gives("{mailNickname : before@ | sn}", &nick), "Ada.King");
    assert_eq!(gives("{mailNickname:before@|sn}", &[("mailNickname", "@x")]), "King");
    assert_eq!(gives("{l:upper}", &[("l", "Straße")]), "STRASSE");
}

#[test]
fn a_template_of_which_nothing_has_a_value_is_empty() {
    assert_eq!(gives("Room {room}", &[]), "");
    assert_eq!(gives("Room {room} {floor}", &[("floor", "3")]), "Room 3");
    assert_eq!(gives("{givenName} {initials} {sn}", &[]), "Ada King");
    assert_eq!(gives("{sn} ({room})", &[]), "King ()", "only blanks go with an empty placeholder");
    assert_eq!(gives("{initials} {sn}  {room}", &[]), "King");
}

#[test]
fn what_cannot_be_understood_is_refused_at_its_character_with_the_fix() {
    let cases = [
        ("{sn", 1, "never closed"),
        ("a {sn {cn}", 3, "never closed"),
        ("{", 1, "never closed"),
        ("{sn|", 1, "never closed"),
        ("sn}", 3, "closes nothing"),
        ("{{sn}", 5, "closes nothing"),
        ("{}", 2, "an attribute is missing"),
        ("{sn|}", 5, "an attribute is missing"),
        ("{|sn}", 2, "an attribute is missing"),
        ("{given name}", 8, "no blanks"),
        ("ä{ö}", 3, "no LDAP attribute name"),
        ("{1st}", 2, "no LDAP attribute name"),
        ("{member;range=0-1}", 2, "no LDAP attribute name"),
        ("{sn:shout}", 5, "there is no filter \"shout\""),
        ("{sn:}", 5, "there is no filter \"\""),
        ("{sn:lower:x}", 11, "there is no filter \"x\""),
        ("{sn|\"x}", 5, "never closed"),
        ("{sn|\"\"}", 5, "leave it out"),
        ("{sn|\"x\"|cn}", 9, "let the text be the last"),
        ("{sn|\"x\":lower}", 8, "a text takes no filter"),
        ("{cn} {unicodePwd}", 7, "holds a secret"),
        ("{thumbnailPhoto}", 2, "binary data"),
    ];
    for (template, at, words) in cases {
        let (found, message) = refused(template);
        assert!(found == at && message.contains(words), "{template}: at {found}: {message}");
    }
}

#[test]
fn each_way_to_write_a_row_is_taken_and_comes_back_as_it_was() {
    let written = json!([
        {"field": "costCenter", "attribute": "departmentNumber"},
        {"field": "company", "constant": "Acme"},
        {"field": "displayname", "template": "{displayName|cn}"},
        {"field": "location", "leave": true},
        {"field": "attributes.badge", "attribute": "employeeID"},
        {"field": "phoneNumbers.work_mobile", "attribute": "mobile"},
        {"field": "addresses.home.locality", "attribute": "l"},
        {"field": "manager", "attribute": "manager"},
    ]);
    assert_eq!(json!(rows(written.clone())), written);
    assert_eq!(problems(&rows(written)), []);
    for wrong in [
        json!({"field": "company"}),
        json!({"field": "company", "leave": false}),
        json!({"field": "company", "constant": "x", "attribute": "company"}),
        json!({"field": "company", "constant": "x", "leave": true}),
        json!({"field": "company", "constnt": "x"}),
        json!({"attribute": "company"}),
    ] {
        serde_json::from_value::<AttributeMapping>(wrong).unwrap_err();
    }
}

#[test]
fn a_field_that_cannot_be_mapped_says_why() {
    let cases = [
        ("username", "username_attribute"),
        ("email", "setting of its own"),
        ("password", "captured"),
        ("state", "follows the account's state"),
        ("externally_managed", "marks users"),
        ("sudo", "gives rights"),
        ("jobtitle", "is written jobTitle"),
        ("PHONENUMBERS.work", "is written phoneNumbers.work"),
        ("phoneNumbers.satellite", "one of work, mobile, home, work_mobile, work_fax"),
        ("phoneNumbers", "phoneNumbers.TYPE"),
        ("addresses.work", "addresses.TYPE.PART"),
        ("addresses.work.street", "streetAddress"),
        ("attributes.", "letters"),
        ("attributes.with space", "letters"),
        ("attributes", "attributes.NAME"),
        ("nonsense", "is no JumpCloud field"),
        ("", "is no JumpCloud field"),
    ];
    for (field, words) in cases {
        let (part, message) = problem(json!({"field": field, "attribute": "title"}));
        assert!(part == Part::Field && message.contains(words), "{field}: {message}");
    }
}

#[test]
fn a_source_that_cannot_be_used_says_why() {
    let cases = [
        (json!({"field": "company", "attribute": ""}), "is empty"),
        (json!({"field": "company", "attribute": "com pany"}), "no LDAP attribute name"),
        (json!({"field": "company", "attribute": "x".repeat(257)}), "no LDAP attribute name"),
        (json!({"field": "company", "attribute": "UserPassword"}), "holds a secret"),
        (json!({"field": "company", "attribute": "msLAPS-Password"}), "holds a secret"),
        (json!({"field": "company", "attribute": "ms-Mcs-AdmPwd"}), "holds a secret"),
        (json!({"field": "company", "attribute": "jpegPhoto"}), "binary data"),
        (json!({"field": "company", "constant": " "}), "is empty"),
        (json!({"field": "company", "constant": "x".repeat(1025)}), "is too long by 1"),
        (json!({"field": "company", "template": ""}), "is empty"),
        (json!({"field": "company", "template": format!("{{cn}}{}", "x".repeat(1030))}), "is too long by 6"),
        (json!({"field": "company", "template": "{cn"}), "is wrong at character 1"),
        (json!({"field": "employeeIdentifier", "constant": "7"}), "another employeeIdentifier"),
        (json!({"field": "employeeIdentifier", "template": "x"}), "another employeeIdentifier"),
        (json!({"field": "manager", "attribute": "secretary"}), "must be the attribute manager"),
        (json!({"field": "manager", "constant": "x"}), "must be the attribute manager"),
    ];
    for (row, words) in cases {
        let (part, message) = problem(row.clone());
        assert!(part == Part::Source && message.contains(words), "{row}: {message}");
    }
    let twice = json!([{"field": "company", "constant": "a"}, {"field": "company", "leave": true}]);
    let found = problems(&rows(twice));
    assert!(
        found.len() == 2 && found.iter().all(|problem| problem.message.contains("mapped twice")),
        "{found:?}"
    );
}

#[test]
fn the_default_table_is_free_of_problems() {
    for additional in [false, true] {
        assert_eq!(problems(&defaults(additional)), []);
    }
    assert_eq!(defaults(false).len(), 2);
}

#[test]
fn what_a_mapping_names_is_read_and_what_is_always_read_is_not_asked_for() {
    let mut policy = planner::Policy { sync_additional_attributes: false, ..Default::default() };
    assert_eq!(policy.attributes_to_read(), [""; 0]);
    policy.attribute_mappings = rows(json!([
        {"field": "company", "template": "{division|\"x\"} {info:upper|CN|objectSid}"},
        {"field": "costCenter", "attribute": "departmentNumber"},
        {"field": "manager", "attribute": "manager"},
        {"field": "jobTitle", "leave": true},
    ]));
    assert_eq!(policy.attributes_to_read(), ["departmentNumber", "division", "info"]);
    policy.sync_additional_attributes = true;
    let read = policy.attributes_to_read();
    assert!(read.contains(&"mobile".to_owned()) && !read.contains(&"title".to_owned()), "{read:?}");
    assert!(!read.contains(&"company".to_owned()), "a default that is replaced is not read: {read:?}");
}

/// Templates as [`Template`] itself writes them.
fn written() -> impl Strategy<Value = String> {
    let attribute = (
        "[a-z][A-Za-z0-9-]{0,5}",
        proptest::collection::vec(proptest::sample::select(vec![":lower", ":upper", ":before@"]), 0..3),
    )
        .prop_map(|(name, filters)| format!("{name}x{}", filters.concat()))
        .prop_filter("a secret", |name| Template::parse(&format!("{{{name}}}")).is_ok());
    let quoted = "[a-z{}| ä:]{0,5}z".prop_map(|text| format!("\"{}\"", text.replace('b', "\"\"")));
    let placeholder = (proptest::collection::vec(attribute, 1..4), proptest::option::of(quoted)).prop_map(
        |(names, quoted)| {
            let all: Vec<String> = names.into_iter().chain(quoted).collect();
            format!("{{{}}}", all.join("|"))
        },
    );
    let text = "[a-z ä日\"|:@]{1,4}";
    let piece = prop_oneof![text.prop_map(String::from), placeholder, Just("{{".into()), Just("}}".into())];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces: Vec<String>| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_template_is_written_as_it_was_read(text in written()) {
        let template = Template::parse(&text).unwrap();
        prop_assert_eq!(template.to_string(), text);
    }

    #[test]
    fn no_text_breaks_the_reader_and_what_it_understands_it_can_write(text in "[{}|:\"@a-z ä\\\\;-]{0,24}|\\PC{0,24}") {
        match Template::parse(&text) {
            Ok(template) => prop_assert_eq!(Template::parse(&template.to_string()), Ok(template)),
            Err(wrong) => prop_assert!((1..=text.chars().count() + 1).contains(&wrong.at), "{} of {:?}", wrong.at, text),
        }
        let row = |source| AttributeMapping { field: text.clone(), source };
        problems(&[row(MappingSource::Template(text.clone())), row(MappingSource::Attribute(text.clone()))]);
    }
}
