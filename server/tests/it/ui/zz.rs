use chrono::TimeDelta;
use protocol::DistinguishedName;
use protocol::transfer::{Found, Kind, Record};
use serde_json::json;
use server::store::admins::Role;
use simulator::Seed;
use sqlx::PgPool;
use crate::world::*;
use super::browser::*;

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn serve(db: PgPool) {
    let names = [("ada","Ada","Lovelace"),("grace","Grace","Hopper"),("bjoern","Björn","Ångström-Größenwahn"),("edsger","Edsger","Dijkstra"),("barbara","Barbara","Liskov"),("donald","Donald","Knuth"),("tony","Tony","Hoare"),("katherine","Katherine","Johnson"),("alan","Alan","Turing"),("margaret","Margaret","Hamilton"),("linus","Linus","Torvalds"),("frances","Frances","Allen"),("ken","Ken","Thompson"),("radia","Radia","Perlman"),("niklaus","Niklaus","Wirth"),("evil","<script>alert(1)</script>","Drop")];
    let seed: Seed = serde_json::from_value(json!({
      "users":[{"username":"tony","email":"tony@elsewhere.example"},{"username":"other","email":"katherine@corp.example","firstname":"Other"},{"username":"katherine","email":"k@elsewhere.example"}],
      "groups":[{"name":"Engineering"}],
      "foreign_emails":["donald@corp.example"]})).unwrap();
    let world = World::in_preview(db, seed, json!({"guard": {"suspends": {"min_count": 2}, "memberships": {"min_count": 3, "max_percent": 5}}})).await;
    world.settle().await;
    let mut dc = world.enrolled("dc1.corp.example").await;
    let mut all: Vec<_> = names.iter().enumerate().map(|(at,(sam,given,sn))| { let mut u = user(100+at as u128, sam); u.given_name=Some((*given).into()); u.sn=Some((*sn).into());
        u.attributes.insert("displayName".into(), format!("{given} {sn}")); u.attributes.insert("title".into(), "Principal Software Engineer".into()); u.attributes.insert("telephoneNumber".into(), "+49 30 1234567".into()); u.attributes.insert("department".into(),"Research & Development".into()); u.manager=Some(guid(100)); u}).collect();
    all[3].sn=None; all[4].admin_count=Some(1); all[5].user_account_control=Some(512); all[8].user_account_control=Some(514);
    let preview_only = std::env::var("PREVIEW").is_ok();
    let records = vec![
        Record::Container(protocol::directory::Container{guid: guid(CONTAINER), dn: DistinguishedName::parse("OU=Staff,DC=corp,DC=example").unwrap()}),
        Record::Group(group(INTEGRATION,"JumpCloud")), Record::Group(group(50,"Engineering")), Record::Group(group(51,"A group with a rather long name as administrators like to make them"))];
    let mut records = records;
    records.extend(all.iter().cloned().map(Record::User));
    records.push(Record::Members{group: guid(INTEGRATION), first:true,last:true, members: vec![mr(50), mr(51)]});
    records.push(members(50,&all[..10])); records.push(members(51,&all[10..]));
    dc.report(Kind::Full, records).await;
    world.settle().await;
    let mut dc2 = world.enrolled("dc2.corp.example").await;
    dc2.beat().await.unwrap();

    if !preview_only {
        world.activate().await;
        let answer = dc.report(Kind::Delta, vec![members(51,&all[14..])]).await;
        dc.report(Kind::Delta, all.iter().cloned().map(Record::User).collect()).await;
        dc.answer(&answer.look_up, &Found::Present).await;
        for user in &mut all[0..2] { let name=user.sam_account_name.clone().unwrap(); user.dn = DistinguishedName::parse(&format!("CN={name},OU=Away,DC=corp,DC=example")).unwrap(); }
        dc.report(Kind::Delta, all[..2].iter().cloned().map(Record::User).collect()).await;
        world.settle().await;
        let row = server::store::organizations::list(&world.app.db).await.unwrap().remove(0);
        server::store::organizations::update_pause(&world.app.db, row.id, world.now()+TimeDelta::minutes(5), "credential_rejected", "JumpCloud does not accept the credential any more. Renew the API key.").await.unwrap();
        world.advance(TimeDelta::seconds(45));
        dc.beat().await.unwrap();
    }
    dc.applied_revision=2;dc.beat().await.unwrap();
    world.change(json!({"attribute_mappings":[{"field":"costCenter","attribute":"departmentNumber"},{"field":"attributes.badge","template":"{givenName} {sn}"}], "removal_grace_days": 3})).await;
    let browser = Browser::open(&world.app).await;
    admin(&world.app, "owner@corp.example", Role::Owner).await;
    browser.sign_in("owner@corp.example", PASSWORD, "/").await.is(303);
    std::fs::write("/tmp/adit-ui/served", format!("{} {}\n{}\n", browser.base(), browser.cookie("__Host-adit").unwrap(), world.domain)).unwrap();
    let holds = server::store::holds::list(&world.app.db).await.unwrap();
    std::fs::write("/tmp/adit-ui/holds", holds.iter().map(|h| h.id.to_string()).collect::<Vec<_>>().join("\n")).unwrap();
    let _ = std::fs::remove_file("/tmp/adit-ui/stop");
    while !std::path::Path::new("/tmp/adit-ui/stop").exists() { tokio::time::sleep(std::time::Duration::from_millis(300)).await; }
}
fn mr(number: u128) -> protocol::directory::MemberRef { let g = if number==50 {group(50,"Engineering")} else {group(51,"A group with a rather long name as administrators like to make them")}; protocol::directory::MemberRef{guid:g.guid,sid:g.sid,dn:g.dn} }
