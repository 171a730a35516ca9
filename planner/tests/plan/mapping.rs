//! Which AD value becomes which JumpCloud field.

use planner::policy::{AttributeMapping, EmailSource, MappingSource, UsernameAttribute};
use planner::{Change, Status};
use serde_json::{Value, json};

use crate::world::World;

fn new_ada(prepare: impl FnOnce(&mut World)) -> World {
    let mut world = World::new();
    world.user("ada");
    world.join("ada", "JumpCloud");
    prepare(&mut world);
    world
}

/// What is updated after `change` in AD.
fn updated(change: impl FnOnce(&mut World)) -> Value {
    let mut world = World::synced(&["ada"]);
    change(&mut world);
    let Change::UpdateUser { fields } = world.step("ada", "update_user").change else { panic!() };
    let fields = json!(fields);
    world.settle();
    fields
}

#[test]
fn a_user_is_created_with_its_identity_and_the_marks_and_without_a_state() {
    let world = new_ada(|_| ());
    let Change::CreateUser { fields } = world.step("ada", "create_user").change else { panic!() };
    let expected = json!({
        "username": "ada", "email": "ada@mail.example", "firstname": "Given ada", "lastname": "Family ada",
        "externally_managed": true, "external_dn": "CN=ada,OU=Staff,DC=corp,DC=example",
        "external_source_type": "active_directory",
    });
    assert_eq!(json!(fields), expected);
    assert_eq!(world.status("ada"), Status::Pending);
}

#[test]
fn a_user_to_be_created_shows_every_step_that_activation_will_take() {
    let mut world = new_ada(|world| {
        world.user("ada").with("title", "Countess").manager = Some("bob".into());
        world.user("bob");
        world.join("bob", "JumpCloud");
    });
    let steps = ["create_user", "associate_user", "update_user", "set_manager bob", "add_member JumpCloud"];
    assert_eq!(world.steps("ada"), steps);
    let plan = world.plan();
    assert_eq!(world.carry_out(&plan), plan.operations.len());
    assert_eq!(world.plan().operations, []);
}

#[test]
fn each_additional_attribute_arrives_in_its_field() {
    let simple = [
        ("displayName", "displayname"),
        ("description", "description"),
        ("title", "jobTitle"),
        ("department", "department"),
        ("company", "company"),
        ("physicalDeliveryOfficeName", "location"),
        ("employeeType", "employeeType"),
    ];
    for (attribute, field) in simple {
        let fields = updated(|world| {
            world.user("ada").with(attribute, " value ");
        });
        assert_eq!(fields, json!({ field: "value" }));
    }
    for (attribute, kind) in [
        ("telephoneNumber", "work"),
        ("mobile", "mobile"),
        ("homePhone", "home"),
        ("facsimileTelephoneNumber", "work_fax"),
    ] {
        let fields = updated(|world| {
            world.user("ada").with(attribute, "+41");
        });
        assert_eq!(fields, json!({ "phoneNumbers": { kind: "+41" } }));
    }
    for (attribute, key) in [
        ("streetAddress", "streetAddress"),
        ("postOfficeBox", "poBox"),
        ("l", "locality"),
        ("st", "region"),
        ("postalCode", "postalCode"),
        ("co", "country"),
    ] {
        let fields = updated(|world| {
            world.user("ada").with(attribute, "x");
        });
        assert_eq!(fields, json!({ "addresses": { "work": { key: "x" } } }));
    }
}

#[test]
fn only_what_differs_is_written() {
    let mut world = World::synced(&["ada"]);
    world.user("ada").with("title", "Countess").with("mobile", "1");
    world.settle();
    world.user("ada").with("title", "Engineer").with("homePhone", "2");
    let Change::UpdateUser { fields } = world.step("ada", "update_user").change else { panic!() };
    assert_eq!(json!(fields), json!({ "jobTitle": "Engineer", "phoneNumbers": { "home": "2" } }));
}

#[test]
fn names_mail_and_the_place_in_the_directory_follow_ad() {
    let fields = updated(|world| {
        world.user("ada").moved_to("OU=Sub,OU=Staff,DC=corp,DC=example").edit(|user| {
            user.given_name = Some("Augusta".into());
            user.sn = Some("King".into());
            user.mail = Some("augusta@mail.example".into());
        });
    });
    let dn = "CN=ada,OU=Sub,OU=Staff,DC=corp,DC=example";
    let expected = json!({ "firstname": "Augusta", "lastname": "King", "email": "augusta@mail.example", "external_dn": dn });
    assert_eq!(fields, expected);
}

#[test]
fn a_rename_keeps_the_account() {
    let mut world = World::synced(&["ada"]);
    world.user("ada").edit(|user| user.sam_account_name = Some("augusta".into()));
    assert_eq!(world.steps("ada"), ["set_username"]);
    let id = world.account_of("ada").id.clone();
    world.settle();
    assert_eq!(world.account_of("ada").id, id);
    assert_eq!(world.account_of("ada").username, "augusta");
}

#[test]
fn a_change_of_the_username_source_renames() {
    let mut world = World::synced(&["ada"]);
    world.user("ada").edit(|user| user.user_principal_name = Some("ada.lovelace@corp.example".into()));
    world.policy.username_attribute = UsernameAttribute::UserPrincipalName;
    assert_eq!(
        world.step("ada", "set_username").change,
        Change::SetUsername { username: "ada.lovelace".into() }
    );
}

#[test]
fn case_alone_is_no_difference_in_a_username_or_an_email_address() {
    let mut world = World::synced(&["ada"]);
    world.user("ada").edit(|user| {
        user.sam_account_name = Some("ADA".into());
        user.mail = Some("Ada@Mail.example".into());
    });
    assert_eq!(world.steps("ada"), [""; 0]);
}

#[test]
fn an_empty_ad_value_clears_the_field_of_a_user_that_came_from_ad() {
    let mut world = World::synced(&["ada"]);
    world.user("ada").with("title", "Countess").with("mobile", "1").with("l", "London");
    world.settle();
    world.user("ada").without("title").without("mobile").without("l");
    let Change::UpdateUser { fields } = world.step("ada", "update_user").change else { panic!() };
    let cleared = json!({ "jobTitle": "", "phoneNumbers": { "mobile": "" }, "addresses": { "work": { "locality": "" } } });
    assert_eq!(json!(fields), cleared);
}

#[test]
fn what_is_not_mapped_is_never_touched() {
    let mut world = World::synced(&["ada"]);
    let account = world.account_of("ada");
    account.phones.insert("work_mobile".into(), "3".into());
    account.addresses.insert("home".into(), [("locality".into(), "Ockham".into())].into());
    account.custom.insert("badge".into(), "9".into());
    account.fields.insert("costCenter".into(), "7".into());
    assert_eq!(world.steps("ada"), [""; 0]);
}

#[test]
fn without_additional_attributes_only_names_username_and_email_are_synced() {
    let mut world = new_ada(|world| {
        world.policy.sync_additional_attributes = false;
        world.user("ada").with("title", "Countess").with("mobile", "1").manager = Some("bob".into());
        world.user("bob");
        world.join("bob", "JumpCloud");
    });
    assert_eq!(world.steps("ada"), ["create_user", "associate_user", "add_member JumpCloud"]);
    world.settle();
    world.account_of("ada").fields.insert("jobTitle".into(), "Countess".into());
    assert_eq!(world.steps("ada"), [""; 0]);
}

#[test]
fn custom_mappings_take_an_attribute_a_constant_or_a_template() {
    let row = |field: &str, source| AttributeMapping { field: field.into(), source };
    let fields = updated(|world| {
        world.user("ada").with("departmentNumber", "42").with("title", "Countess");
        world.policy.attribute_mappings = vec![
            row("costCenter", MappingSource::Attribute("DEPARTMENTNUMBER".into())),
            row("company", MappingSource::Constant("Analytical Ltd".into())),
            row("displayname", MappingSource::Template("{sn}, {givenName} ({room})".into())),
            row("description", MappingSource::Template("Room {room}".into())),
            row("attributes.badge", MappingSource::Attribute("title".into())),
        ];
    });
    let expected = json!({
        "costCenter": "42", "company": "Analytical Ltd", "displayname": "Family ada, Given ada ()",
        "jobTitle": "Countess", "attributes": { "badge": "Countess" },
    });
    assert_eq!(fields, expected);
}

#[test]
fn the_email_address_comes_from_where_the_setting_says() {
    let mut world = World::synced(&["ada"]);
    world.user("ada").edit(|user| user.user_principal_name = Some("ada@corp.example".into()));
    for (source, email) in [
        (EmailSource::MailElseUserPrincipalName, "ada@mail.example"),
        (EmailSource::UserPrincipalName, "ada@corp.example"),
    ] {
        world.policy.email = source;
        world.settle();
        assert_eq!(world.account_of("ada").email, email);
    }
    world.user("ada").edit(|user| user.mail = None);
    world.policy.email = EmailSource::Mail;
    assert_eq!(world.reasons("ada"), ["no_email"]);
    assert!(world.verdict("ada").reasons[0].message.contains("AD has no mail"));
}

#[test]
fn a_mapping_may_supply_the_last_name_that_ad_lacks() {
    let mut world = new_ada(|world| {
        world.user("ada").edit(|user| user.sn = None);
    });
    assert_eq!(world.reasons("ada"), ["no_last_name"]);
    let source = MappingSource::Attribute("cn".into());
    world.policy.attribute_mappings = vec![AttributeMapping { field: "lastname".into(), source }];
    world.settle();
    assert_eq!(world.account_of("ada").fields["lastname"], "ada");
}

#[test]
fn a_value_that_is_too_long_is_left_out_and_named() {
    let mut world = new_ada(|world| {
        world.user("ada").with("description", &"x".repeat(1025)).with("title", "y");
    });
    assert_eq!(world.reasons("ada"), ["value_too_long"]);
    assert!(world.verdict("ada").reasons[0].message.contains("description"));
    world.settle();
    assert_eq!(world.account_of("ada").fields.get("description"), None);
    assert_eq!(world.account_of("ada").fields["jobTitle"], "y");
    assert_eq!(world.status("ada"), Status::Synced);
}

#[test]
fn the_manager_follows_once_it_is_linked() {
    let mut world = World::synced(&["ada"]);
    world.user("boss");
    world.user("ada").manager = Some("boss".into());
    assert_eq!(world.steps("ada"), [""; 0], "a manager that is not synced is not waited for");
    world.join("boss", "JumpCloud");
    assert_eq!(world.steps("ada"), ["set_manager boss"]);
    world.settle();
    assert!(world.account_of("ada").manager.is_some());
    world.user("ada").manager = None;
    let step = world.step("ada", "set_manager");
    assert_eq!(step.target, None);
}

#[test]
fn a_manager_that_is_not_in_the_mirror_is_left_as_it_is() {
    let mut world = World::synced(&["ada", "boss"]);
    world.user("ada").manager = Some("boss".into());
    world.settle();
    let elsewhere = world.guid("JumpCloud");
    world.user("ada").edit(|user| user.manager = Some(elsewhere)).manager = None;
    assert_eq!(world.steps("ada"), [""; 0]);
}

#[test]
fn nobody_becomes_its_own_manager() {
    let mut world = World::synced(&["ada"]);
    world.user("ada").manager = Some("ada".into());
    assert_eq!(world.steps("ada"), [""; 0]);
}
