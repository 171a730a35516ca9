//! The attribute table over REST: what it gives for a real user, and that activation then writes just that.

use protocol::Secret;
use reqwest::StatusCode;
use serde_json::{Value, json};
use server::store::admins::Role;
use server::{actions, http, store};
use simulator::Seed;
use sqlx::PgPool;

use crate::world::{World, guid, tester, user};

/// A program with a token of the API.
struct Program {
    base: String,
    client: reqwest::Client,
    token: Secret,
}

impl Program {
    async fn start(world: &World, role: Role) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/api/v1/domains/{}", listener.local_addr().unwrap(), world.domain);
        let router = http::router(world.app.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (_, token) =
            actions::admins::create_api_token(&world.app, &tester(), "test", role).await.unwrap();
        Self { base, client: reqwest::Client::builder().no_proxy().build().unwrap(), token }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> (StatusCode, Value) {
        let answer = request.bearer_auth(self.token.expose()).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    async fn preview(&self, body: Value) -> Value {
        let (status, answer) = self.try_preview(body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }

    async fn try_preview(&self, body: Value) -> (StatusCode, Value) {
        self.send(self.client.post(format!("{}/mappings/preview", self.base)).json(&body)).await
    }
}

fn of<'v>(answer: &'v Value, field: &str) -> &'v Value {
    answer["fields"].as_array().unwrap().iter().find(|row| row["field"] == field).unwrap_or(&Value::Null)
}

fn table() -> Value {
    json!([
        {"field": "lastname", "template": "{sn|cn}"},
        {"field": "department", "template": "{department|\"Staff\"}"},
        {"field": "company", "constant": "Acme"},
        {"field": "attributes.room", "attribute": "roomNumber"},
        {"field": "jobTitle", "leave": true},
    ])
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_a_table_gives_is_what_activation_then_writes(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({"attribute_mappings": table()})).await;
    world.settle().await;
    let mut dc = world.enrolled("dc1").await;
    let mut ada = user(100, "ada");
    ada.sn = None;
    for (name, value) in
        [("title", "Countess"), ("roomNumber", "7"), ("displayName", "Ada"), ("mobile", "+41")]
    {
        ada.attributes.insert(name.into(), value.into());
    }
    dc.read_in_full(&[ada]).await;
    world.settle().await;
    let program = Program::start(&world, Role::ReadOnly).await;
    let before = world.versions().await;
    let shown = program.preview(json!({"object_guid": guid(100)})).await;
    let after = world.versions().await;
    let changed: Vec<_> = after.iter().filter(|(table, rows)| before[*table] != **rows).collect();
    assert!(changed.iter().all(|(table, _)| *table == "api_tokens"), "nothing is stored: {changed:?}");

    assert_eq!((&shown["status"], &shown["jumpcloud_id"]), (&json!("pending"), &Value::Null));
    assert_eq!((&shown["valid"], &shown["errors"]), (&json!(true), &json!([])));
    let expected = json!({
        "row": 0, "field": "lastname", "template": "{sn|cn}", "before": null, "after": "ada", "not_read_yet": [],
        "reason": null, "error": null,
    });
    assert_eq!(of(&shown, "lastname"), &expected);
    assert_eq!(of(&shown, "displayname")["row"], Value::Null, "a default");

    world.activate().await;
    let account = world.jumpcloud.user_by_username("ada").unwrap();
    for row in shown["fields"].as_array().unwrap() {
        let field = row["field"].as_str().unwrap();
        let now = match field.split_once('.') {
            None => account[field].as_str().unwrap_or_default().to_owned(),
            Some(("attributes", _)) => account["attributes"][0]["value"].as_str().unwrap().to_owned(),
            Some(("phoneNumbers", kind)) => {
                let phones = account["phoneNumbers"].as_array().unwrap();
                let phone = phones.iter().find(|phone| phone["type"] == kind);
                phone.map(|phone| phone["number"].as_str().unwrap().to_owned()).unwrap_or_default()
            }
            Some(_) => String::new(),
        };
        assert_eq!(row["after"], json!(now), "{field}");
    }
    assert_eq!(world.status(100).await, "synced");
    let linked = program.preview(json!({"object_guid": guid(100)})).await;
    assert_eq!(linked["jumpcloud_id"], account["id"]);
    assert_eq!(
        (&of(&linked, "company")["before"], &of(&linked, "company")["after"]),
        (&json!("Acme"), &json!("Acme"))
    );
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn an_unsaved_table_is_tried_with_its_errors_and_what_was_not_read(db: PgPool) {
    let world = World::start(db).await;
    let program = Program::start(&world, Role::ReadOnly).await;
    let (status, _) = program.try_preview(json!({"object_guid": guid(100)})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&[user(100, "ada")]).await;
    world.activate().await;

    let rows = json!([
        {"field": "company", "template": "{company"},
        {"field": "costCenter", "attribute": "departmentNumber"},
        {"field": "location", "constant": "Bern"},
        {"field": "nonsense", "constant": "x"},
        {"field": "description", "attribute": "unicodePwd"},
    ]);
    let body =
        json!({"object_guid": guid(100), "attribute_mappings": rows, "sync_additional_attributes": false});
    let shown = program.preview(body).await;
    let wrong: Vec<_> =
        shown["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
    assert_eq!(
        wrong,
        ["attribute_mappings[0].template", "attribute_mappings[3].field", "attribute_mappings[4].attribute"]
    );
    assert_eq!(shown["valid"], false);
    assert!(of(&shown, "company")["error"].as_str().unwrap().contains("character 1"));
    let cost_center = of(&shown, "costCenter");
    assert_eq!(
        (&cost_center["after"], &cost_center["not_read_yet"]),
        (&Value::Null, &json!(["departmentNumber"]))
    );
    assert_eq!(
        (&of(&shown, "location")["before"], &of(&shown, "location")["after"]),
        (&json!(""), &json!("Bern"))
    );
    assert_eq!(of(&shown, "displayname"), &Value::Null, "additional attributes are off");

    for (body, field) in [
        (
            json!({"object_guid": guid(100), "attribute_mappings": [{"field": "company"}]}),
            "attribute_mappings[0]",
        ),
        (json!({"object_guid": "x"}), "object_guid"),
        (json!({"object_guid": guid(100), "mappings": []}), "mappings"),
    ] {
        let (status, problem) = program.try_preview(body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    let (_, whole) = program.send(program.client.get(format!("{}/mappings", program.base))).await;
    assert_eq!(whole["defaults"][0], json!({"field": "firstname", "attribute": "givenName"}));
    assert!(
        whole["jumpcloud_fields"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["field"] == "phoneNumbers.work_mobile")
    );
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_what_if_plan_clears_nothing_that_was_not_read_yet(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&[user(100, "ada")]).await;
    world.activate().await;
    let typed = json!({"costCenter": "typed in JumpCloud"});
    assert!(world.jumpcloud.force("ada", typed.as_object().unwrap()));
    actions::domains::resync(&world.app, &tester(), world.domain).await.unwrap();
    world.settle().await;
    let program = Program::start(&world, Role::Operator).await;
    let rows = json!([{"field": "costCenter", "attribute": "departmentNumber"}]);
    let what_if = program.client.post(format!("{}/preview", program.base));
    let (status, plan) = program.send(what_if.json(&json!({"settings": {"attribute_mappings": rows}}))).await;
    assert_eq!(status, StatusCode::OK, "{plan}");
    assert_eq!((&plan["operations"], &plan["not_read_yet"]), (&json!([]), &json!(["departmentNumber"])));

    world.change(json!({"attribute_mappings": rows})).await;
    let shown = program.preview(json!({"object_guid": guid(100)})).await;
    assert_eq!(
        of(&shown, "costCenter")["not_read_yet"],
        json!(["departmentNumber"]),
        "saved, and still to be read"
    );
    dc.beat().await.unwrap();
    dc.applied_revision = 2;
    let mut ada = user(100, "ada");
    ada.attributes.insert("departmentNumber".into(), "42".into());
    dc.read_in_full(&[ada]).await;
    let shown = program.preview(json!({"object_guid": guid(100)})).await;
    let both = (&of(&shown, "costCenter")["before"], &of(&shown, "costCenter")["after"]);
    assert_eq!(both, (&json!("typed in JumpCloud"), &json!("42")));
    world.settle().await;
    assert_eq!(world.jumpcloud.user_by_username("ada").unwrap()["costCenter"], "42");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn another_source_of_the_email_address_changes_it(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    let mut ada = user(100, "ada");
    ada.user_principal_name = Some("ada@upn.example".into());
    dc.read_in_full(&[ada]).await;
    world.activate().await;
    world.change(json!({"email": "userPrincipalName"})).await;
    world.settle().await;
    assert_eq!(world.jumpcloud.user_by_username("ada").unwrap()["email"], "ada@upn.example");
    let row = store::domains::find(&world.app.db, world.domain).await.unwrap().unwrap();
    assert_eq!(json!(row.settings.0)["email"], "userPrincipalName");
}
