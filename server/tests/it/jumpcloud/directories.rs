//! AD instances and what they are associated with.

use protocol::DomainName;
use serde_json::json;
use server::jumpcloud::{Associated, AuthorityOutcome, Verdict};
use simulator::{Action, Fault, Seed, SeedDirectory};

use crate::jumpcloud::support::{World, object};

fn corp() -> DomainName {
    DomainName::parse("DC=corp,DC=example").unwrap()
}

#[tokio::test]
async fn an_instance_is_found_whatever_its_spelling() {
    for domain in ["DC=corp;DC=example", "dc=CORP,dc=Example", "DC=Corp, DC=example"] {
        let fields = object(json!({ "domain": domain }));
        let activedirectories = vec![SeedDirectory { fields, ..SeedDirectory::default() }];
        let world = World::seeded(Seed { activedirectories, ..Seed::default() }).await;
        let found = world.jumpcloud.find_activedirectory(&corp()).await.unwrap().unwrap();
        assert_eq!(found.domain, domain);
        let other = DomainName::parse("other.example").unwrap();
        assert_eq!(world.jumpcloud.find_activedirectory(&other).await.unwrap(), None);
    }
}

#[tokio::test]
async fn an_instance_is_created_with_semicolons_and_ad_in_charge() {
    let world = World::start().await;
    let instance = world.jumpcloud.create_activedirectory(&corp()).await.unwrap();
    assert_eq!((instance.domain.as_str(), instance.is_set_up()), ("DC=corp;DC=example", false));
    let AuthorityOutcome::Set(instance) = world.jumpcloud.set_authority(&instance.id).await.unwrap() else {
        panic!("refused")
    };
    assert!(instance.is_set_up());
    assert_eq!(world.jumpcloud.list_activedirectories().await.unwrap(), [instance]);
    assert_eq!(world.jumpcloud.create_activedirectory(&corp()).await.unwrap_err().verdict(), Verdict::Park);
}

#[tokio::test]
async fn a_refused_authority_is_a_result_and_a_failure_is_not() {
    let world = World::start().await;
    let id = world.directory().await;
    for status in [400, 403, 404, 405] {
        world.sim.script(Fault::new(Action::status(status)).on("PUT", "/api/v2/activedirectories/"));
        let AuthorityOutcome::Refused(refusal) = world.jumpcloud.set_authority(&id).await.unwrap() else {
            panic!("set")
        };
        assert_eq!(refusal.status, status);
    }
    world.sim.script(Fault::new(Action::status(502)).on("PUT", "/api/v2/activedirectories/"));
    assert_eq!(world.jumpcloud.set_authority(&id).await.unwrap_err().verdict(), Verdict::Retry);
}

#[tokio::test]
async fn users_and_groups_are_associated_and_cut_off() {
    let world = World::start().await;
    let instance = world.directory().await;
    let ada = world.user("ada").await;
    let staff = world.jumpcloud.create_group("Staff").await.unwrap().id;
    for (kind, id) in [(Associated::User, ada), (Associated::UserGroup, staff)] {
        world.jumpcloud.add_association(&instance, kind, &id).await.unwrap();
        world.jumpcloud.add_association(&instance, kind, &id).await.unwrap();
        assert_eq!(world.jumpcloud.list_associations(&instance, kind).await.unwrap(), [id.as_str()]);
        world.jumpcloud.remove_association(&instance, kind, &id).await.unwrap();
        world.jumpcloud.remove_association(&instance, kind, &id).await.unwrap();
        assert!(world.jumpcloud.list_associations(&instance, kind).await.unwrap().is_empty());
    }
    let nobody =
        world.jumpcloud.add_association(&instance, Associated::User, "5f0000000000000000000009").await;
    assert_eq!(nobody.unwrap_err().code(), "not_found_in_jumpcloud");
}
