//! The REST API's reference, made from the description that stands beside each handler.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use serde_json::Value;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::chrome::Chrome;
use super::{Answer, page};
use crate::app::App;
use crate::http::api;
use crate::http::api::describe::{self, Description, Refusal, example};
use crate::http::routes::Route;

#[derive(Debug, Template)]
#[template(path = "reference.html")]
struct ReferencePage {
    chrome: Chrome,
    base: String,
    tags: Vec<Tag>,
}

/// Operations that belong together.
#[derive(Debug)]
struct Tag {
    name: &'static str,
    operations: Vec<Operation>,
}

/// One method of one path.
#[derive(Debug)]
struct Operation {
    id: String,
    method: String,
    path: String,
    summary: &'static str,
    text: &'static str,
    role: &'static str,
    parameters: Vec<Row>,
    body: Option<String>,
    answers: Vec<Answered>,
    refusals: Vec<Refusal>,
    curl: String,
}

/// A parameter.
#[derive(Debug)]
struct Row {
    name: String,
    place: &'static str,
    is_required: bool,
    text: String,
}

/// An answer, by its media type.
#[derive(Debug)]
struct Answered {
    status: u16,
    media: &'static str,
    example: Option<String>,
}

pub(super) async fn show(State(app): State<App>, chrome: Chrome) -> Answer {
    let base = app.public_url.to_string();
    let tags = tags(&base);
    page(&ReferencePage { chrome, base, tags })
}

fn tags(base: &str) -> Vec<Tag> {
    let mut tags = Vec::<Tag>::new();
    for route in api::routes().list() {
        let Some(description) = &route.description else { continue };
        let operation = Operation::of(route, description, base);
        match tags.iter_mut().find(|tag| tag.name == description.tag) {
            Some(tag) => tag.operations.push(operation),
            None => tags.push(Tag { name: description.tag, operations: vec![operation] }),
        }
    }
    tags
}

impl Operation {
    fn of(route: &Route, description: &Description, base: &str) -> Self {
        let body = description.body.as_ref().map(|body| example(body, &description.schemas));
        Self {
            id: describe::title(route),
            method: route.method.to_string(),
            path: route.path.clone(),
            summary: description.summary,
            text: description.text,
            role: description.role.as_str(),
            parameters: description.parameters.iter().map(row).collect(),
            curl: curl(route, body.as_ref(), base),
            body: body.map(|body| format!("{body:#}")),
            answers: description.answers.iter().flat_map(|answer| answered(answer, description)).collect(),
            refusals: sorted(&description.refusals),
        }
    }
}

fn row(parameter: &Parameter) -> Row {
    let place = match parameter.parameter_in {
        ParameterIn::Header => "header",
        _ => "query",
    };
    Row {
        name: parameter.name.clone(),
        place,
        is_required: parameter.required == Required::True,
        text: parameter.description.clone().unwrap_or_default(),
    }
}

fn answered(answer: &describe::AnswerOf, description: &Description) -> Vec<Answered> {
    let status = answer.status.as_u16();
    if answer.content.is_empty() {
        return vec![Answered { status, media: "", example: None }];
    }
    let shown = |(media, schema): &(&'static str, _)| Answered {
        status,
        media,
        example: (*media == "application/json")
            .then(|| format!("{:#}", example(schema, &description.schemas))),
    };
    answer.content.iter().map(shown).collect()
}

/// By status; what every route answers with last of its status.
fn sorted(refusals: &[Refusal]) -> Vec<Refusal> {
    let mut by_code: BTreeMap<_, _> =
        refusals.iter().map(|refusal| ((refusal.status, refusal.code), refusal.clone())).collect();
    std::mem::take(&mut by_code).into_values().collect()
}

fn curl(route: &Route, body: Option<&Value>, base: &str) -> String {
    let method = match route.method.as_str() {
        "GET" => String::new(),
        method => format!(" -X {method}"),
    };
    let path = route.path.replace("{id}", "$ID").replace("{guid}", "$GUID");
    let body = body.map(|body| {
        let text = body.to_string().replace('\'', "'\\''");
        format!(" \\\n  -H 'Content-Type: application/json' -d '{text}'")
    });
    format!(
        "curl{method} -H \"Authorization: Bearer $TOKEN\" {base}/api/v1{path}{}",
        body.unwrap_or_default()
    )
}
