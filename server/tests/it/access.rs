//! Who may sign in, and do what.

mod confirmation;
mod first_run;
mod people;
mod provider;
mod rights;
mod second_factor;
mod sessions;
mod single_sign_on;
mod throttling;
mod tokens;

use protocol::{DomainId, OrganizationId, Secret};
use serde_json::json;
use server::actions;
use server::actions::api_tokens::New;
use server::actions::organizations::{NewCredential, NewOrganization};
use server::store::admins::{Access, Role, Roles};
use simulator::Seed;
use sqlx::PgPool;

use crate::rest::Rest;
use crate::ui::browser::{Browser, PASSWORD};
use crate::world::{KEY, World, tester};

async fn world(db: PgPool) -> World {
    World::in_preview(db, Seed::default(), json!({})).await
}

/// An organization beside the first one, and a domain of it.
async fn another_organization(world: &World) -> (OrganizationId, DomainId) {
    let new = NewOrganization {
        name: "Other".into(),
        base_url: world.jumpcloud.base_url(),
        jumpcloud_org_id: None,
        credential: NewCredential::ApiKey(Secret::new(KEY.into())),
    };
    let organization = actions::organizations::add(&world.app, &tester(), new).await.unwrap();
    let settings = json!({"ldap": {"bind_user": "jcimport@other.example", "bind_password": "secret"}});
    let domain = actions::domains::add(&world.app, &tester(), organization, "DC=other,DC=example", &settings)
        .await
        .unwrap();
    (organization, domain)
}

fn only(organization: OrganizationId, role: Role) -> Access {
    Access::Only(Roles::from([(organization, role)]))
}

/// A program with a token of these rights.
async fn program(world: &World, access: Access) -> Rest {
    let new = New { name: "t".into(), access, expires_at: None };
    let (_, token) = actions::api_tokens::create(&world.app, &tester(), new).await.unwrap();
    Rest::with(&world.app, token.expose()).await
}

/// Somebody with these rights who is signed in.
async fn person(world: &World, email: &str, access: &Access) -> Browser {
    let invitation = actions::admins::invite(&world.app, &tester(), email, access).await.unwrap();
    let secret = invitation.url.expose().rsplit('/').next().unwrap().to_owned();
    actions::admins::accept_invitation(&world.app, &secret, Secret::new(PASSWORD.into())).await.unwrap();
    let browser = Browser::open(&world.app).await;
    browser.sign_in(email, PASSWORD, "/").await.is(303);
    browser
}
