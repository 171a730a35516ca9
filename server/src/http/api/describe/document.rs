//! The whole description as an OpenAPI 3.1 document.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};
use protocol::problem::Problem;
use serde_json::{Value, json};
use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HttpMethod, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder,
    PathItem, PathsBuilder, Ref, RefOr, Required, Response, ResponseBuilder, SecurityRequirement,
    ServerBuilder,
};

use super::{AnswerOf, Description, Refusal, Schemas, example};
use crate::http::routes::{Route, Routes};

const ABOUT: &str = "Everything that the dashboard can do. Send an API token as `Authorization: Bearer adit_api_…`. Lists are \
                     `{\"items\": […], \"next\": …}`: pass `next` as `after` for the rows that follow. Times are RFC 3339 in \
                     UTC. Secrets are written and never read back. Every refusal is a problem document (RFC 9457) with a \
                     stable `code`.";

/// The document; its paths are those of `routes`, which stand under `/api/v1`.
pub fn openapi(routes: &Routes) -> OpenApi {
    let mut schemas = Schemas::new();
    let mut paths = PathsBuilder::new();
    for route in routes.list() {
        let Some(description) = &route.description else { continue };
        schemas.extend(description.schemas.iter().map(|(name, schema)| (name.clone(), schema.clone())));
        paths = paths
            .path(route.path.clone(), PathItem::new(method(&route.method), operation(route, description)));
    }
    let mut found = Vec::new();
    Problem::schemas(&mut found);
    schemas.extend(found);
    schemas.insert("Problem".into(), Problem::schema());
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("adit_api_…").build();
    let components = schemas
        .iter()
        .fold(ComponentsBuilder::new(), |all, (name, schema)| all.schema(name, schema.clone()))
        .security_scheme("token", SecurityScheme::Http(token));
    OpenApiBuilder::new()
        .info(InfoBuilder::new().title("Adit").version(env!("CARGO_PKG_VERSION")).description(Some(ABOUT)))
        .servers(Some([ServerBuilder::new().url("/api/v1").build()]))
        .paths(paths)
        .components(Some(components.build()))
        .security(Some([SecurityRequirement::new("token", Vec::<String>::new())]))
        .build()
}

fn method(method: &Method) -> HttpMethod {
    match method.as_str() {
        "POST" => HttpMethod::Post,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        "PUT" => HttpMethod::Put,
        _ => HttpMethod::Get,
    }
}

fn operation(route: &Route, description: &Description) -> utoipa::openapi::path::Operation {
    let mut operation = OperationBuilder::new()
        .tag(description.tag)
        .operation_id(Some(title(route)))
        .summary(Some(description.summary))
        .description(Some(text(description)))
        .parameters(Some(ids(&route.path).chain(description.parameters.iter().cloned())));
    if let Some(body) = &description.body {
        let content = ContentBuilder::new()
            .schema(Some(body.clone()))
            .example(Some(example(body, &description.schemas)))
            .build();
        let body =
            RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True));
        operation = operation.request_body(Some(body.build()));
    }
    for answer in &description.answers {
        operation = operation.response(answer.status.as_str(), answered(answer, &description.schemas));
    }
    for (status, refusals) in by_status(&description.refusals) {
        operation = operation.response(status.as_str(), refused(status, &refusals));
    }
    operation.build()
}

/// A name for the operation that generated programs can use: `post_domains_id_activate`.
pub fn title(route: &Route) -> String {
    let words: Vec<_> = route.path.split(['/', '{', '}', '-', '.']).filter(|word| !word.is_empty()).collect();
    format!("{}_{}", route.method.as_str().to_lowercase(), words.join("_"))
}

fn text(description: &Description) -> String {
    let role = format!("Takes a token of the role {} or above.", description.role.as_str());
    if description.text.is_empty() { role } else { format!("{} {role}", description.text) }
}

/// The parameters of the path are ids.
fn ids(path: &str) -> impl Iterator<Item = Parameter> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).map(|name| {
        let uuid = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
        let what = match name {
            "guid" => "objectGUID of the user or group",
            _ => "As the API gives it",
        };
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some(what))
            .schema(Some(uuid))
            .build()
    })
}

fn answered(answer: &AnswerOf, schemas: &Schemas) -> Response {
    let mut response = ResponseBuilder::new().description(answer.status.canonical_reason().unwrap_or("Done"));
    for (media, schema) in &answer.content {
        let mut content = ContentBuilder::new().schema(Some(schema.clone()));
        if *media == "application/json" {
            content = content.example(Some(example(schema, schemas)));
        }
        response = response.content(*media, content.build());
    }
    response.build()
}

fn by_status(refusals: &[Refusal]) -> BTreeMap<StatusCode, Vec<&Refusal>> {
    let mut found = BTreeMap::<StatusCode, Vec<&Refusal>>::new();
    for refusal in refusals {
        found.entry(refusal.status).or_default().push(refusal);
    }
    found
}

/// The codes stand in the description for people, and as the names of the examples for programs.
fn refused(status: StatusCode, refusals: &[&Refusal]) -> Response {
    let said: BTreeSet<_> =
        refusals.iter().map(|refusal| format!("`{}`: {}", refusal.code, refusal.when)).collect();
    let examples = refusals.iter().map(|refusal| (refusal.code, RefOr::T(problem(status, refusal))));
    let content = ContentBuilder::new()
        .schema(Some(RefOr::Ref(Ref::from_schema_name("Problem"))))
        .examples_from_iter(examples)
        .build();
    ResponseBuilder::new()
        .description(said.into_iter().collect::<Vec<_>>().join("; "))
        .content("application/problem+json", content)
        .build()
}

fn problem(status: StatusCode, refusal: &Refusal) -> Example {
    let title = status.canonical_reason().unwrap_or_default();
    let problem: Value = json!(Problem::new(status.as_u16(), title, refusal.code, refusal.when));
    ExampleBuilder::new().summary(refusal.when).value(Some(problem)).build()
}
