//! The second factor: an app's codes, each once, and recovery codes.

use chrono::TimeDelta;
use server::store::admins::Role;
use sqlx::PgPool;
use totp_rs::{Builder, Secret};

use super::world;
use crate::rest::Rest;
use crate::ui::browser::{Browser, PASSWORD};
use crate::world::World;

/// An app to which the page's key was typed.
struct Phone(Secret);

impl Phone {
    fn reading(page: &str) -> Self {
        let key = page.split("<pre tabindex=\"0\"><code>").nth(1).unwrap().split('<').next().unwrap();
        Self(Secret::try_from_base32(key.replace(' ', "")).unwrap())
    }

    fn code(&self, world: &World) -> String {
        let totp = Builder::new().with_secret(self.0.as_bytes().to_vec()).build_noncompliant();
        totp.generate(world.now().timestamp().unsigned_abs()).to_string()
    }
}

/// An owner with a second factor, the phone, and the recovery codes.
async fn enrolled(world: &World) -> (Browser, Phone, Vec<String>) {
    let browser = Browser::owner(&world.app).await;
    let shown = browser.get("/account/second-factor").await;
    shown.is(200).says("<svg class=\"qr\"");
    let phone = Phone::reading(&shown.text);
    browser.submit("/account/second-factor", &[("code", "000000")]).await.is(422).says("is not the one");
    let on = browser.submit("/account/second-factor", &[("code", &phone.code(world))]).await;
    on.is(200).says("They are shown only now");
    let codes = on.text.split("<pre tabindex=\"0\"><code>").nth(1).unwrap().split('<').next().unwrap();
    let codes: Vec<_> = codes.lines().map(str::to_owned).collect();
    assert_eq!(codes.len(), 10);
    (browser, phone, codes)
}

const ADA: &str = "owner@corp.example";

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn signing_in_takes_a_code_that_serves_once(db: PgPool) {
    let world = world(db).await;
    let (_, phone, _) = enrolled(&world).await;
    let browser = Browser::open(&world.app).await;
    browser.sign_in(ADA, PASSWORD, "/").await.is(422).says("Who has a second factor needs its code");
    let used = phone.code(&world);
    browser.sign_in_by(ADA, &used).await.is(422);
    world.advance(TimeDelta::seconds(30));
    let code = phone.code(&world);
    browser.sign_in_by(ADA, &code).await.is(303);
    Browser::open(&world.app).await.sign_in_by(ADA, &code).await.is(422);
    Browser::open(&world.app).await.sign_in_by(ADA, &used).await.is(422);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_recovery_code_serves_once_and_new_ones_end_the_old(db: PgPool) {
    let world = world(db).await;
    let (here, _, codes) = enrolled(&world).await;
    let browser = Browser::open(&world.app).await;
    browser.sign_in_by(ADA, &codes[0].to_uppercase()).await.is(303);
    Browser::open(&world.app).await.sign_in_by(ADA, &codes[0]).await.is(422);
    here.get("/account").await.is(200).says("9 recovery codes are left");
    let renewed = here.submit("/account/second-factor/codes", &[]).await;
    renewed.is(200).says("They are shown only now");
    Browser::open(&world.app).await.sign_in_by(ADA, &codes[1]).await.is(422);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_secret_is_sealed_and_codes_are_kept_as_hashes(db: PgPool) {
    let world = world(db).await;
    let (_, phone, codes) = enrolled(&world).await;
    let (sealed, digests): (Vec<u8>, Vec<Vec<u8>>) = sqlx::query_as(
        "select (select totp_secret from admins), (select array_agg(digest) from recovery_codes)",
    )
    .fetch_one(&world.app.db)
    .await
    .unwrap();
    assert!(!sealed.windows(20).any(|part| part == phone.0.as_bytes()));
    assert!(digests.iter().all(|digest| digest.len() == 32 && !codes.iter().any(|c| c.as_bytes() == digest)));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn it_is_switched_off_by_oneself_or_by_an_owner(db: PgPool) {
    let world = world(db).await;
    let (browser, _, _) = enrolled(&world).await;
    let helpdesk = Browser::of(&world.app, Role::Helpdesk).await;
    let id = Rest::open(&world.app).await.get("/admins").await.json["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["second_factor"] == true)
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    helpdesk.submit(&format!("/admins/{id}/second-factor/off"), &[]).await.is(403);
    browser.submit(&format!("/admins/{id}/second-factor/off"), &[]).await.is(303);
    Browser::open(&world.app).await.sign_in(ADA, PASSWORD, "/").await.is(303);
    browser.submit("/account/second-factor/off", &[]).await.leads_to("/account?done=second-factor-off");
    browser.get("/account").await.is(200).says("Set it up");
}
