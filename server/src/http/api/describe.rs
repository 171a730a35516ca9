//! What a route of the API is, said where its handler stands. Parameters, body and answer are read from the handler's
//! signature, so they cannot be described otherwise than they are; what a signature cannot tell is added to it.

mod answers;
mod document;
mod example;
mod inputs;

use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use utoipa::ToSchema;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Ref, RefOr};

pub use answers::{Accepted, Created, List, Made, NoContent, Noted, Tagged};
pub use document::{openapi, title};
pub use example::{Schemas, example};

use crate::app::App;
use crate::http::routes::Methods;
use crate::store::admins::Role;

/// What a program has to know to use a route.
#[derive(Debug)]
pub struct Description {
    pub tag: &'static str,
    pub summary: &'static str,
    /// More about it; may be empty.
    pub text: &'static str,
    /// The role that a token needs at least.
    pub role: Role,
    pub parameters: Vec<Parameter>,
    pub body: Option<RefOr<Schema>>,
    pub answers: Vec<AnswerOf>,
    pub refusals: Vec<Refusal>,
    /// What the above refers to.
    pub schemas: Schemas,
}

/// One way in which a route answers what is in order.
#[derive(Debug)]
pub struct AnswerOf {
    pub status: StatusCode,
    /// By media type; none without a body.
    pub content: Vec<(&'static str, RefOr<Schema>)>,
}

/// One problem that a route answers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    /// Stable.
    pub code: &'static str,
    /// When it is that.
    pub when: &'static str,
}

impl Description {
    fn of<A, H: Signature<A>>() -> Self {
        let mut description = Self {
            tag: "",
            summary: "",
            text: "",
            role: Role::ReadOnly,
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            refusals: vec![
                Refusal::new(StatusCode::UNAUTHORIZED, "unauthorized", "there is no valid token"),
                Refusal::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal_error",
                    "the server failed; nothing was changed",
                ),
            ],
            schemas: Schemas::new(),
        };
        H::describe(&mut description);
        description
    }

    /// The schema of a type, kept apart under its name.
    pub(super) fn schema<T: ToSchema>(&mut self) -> RefOr<Schema> {
        let mut found = Vec::new();
        T::schemas(&mut found);
        self.schemas.extend(found);
        let schema = T::schema();
        if is_inline(&schema) {
            return schema;
        }
        let name = T::name().into_owned();
        self.schemas.insert(name.clone(), schema);
        RefOr::Ref(Ref::from_schema_name(name))
    }

    /// The role that `actions::rights` asks for.
    pub(super) fn takes(&mut self, role: Role) {
        self.role = role;
        if role > Role::ReadOnly {
            self.refuses(StatusCode::FORBIDDEN, "forbidden", "the token's role does not allow it");
        }
    }

    pub(super) fn refuses(&mut self, status: StatusCode, code: &'static str, when: &'static str) {
        let refusal = Refusal::new(status, code, when);
        if !self.refusals.contains(&refusal) {
            self.refusals.push(refusal);
        }
    }
}

/// Values of one field, and what has no fields known beforehand, stand where they are used.
fn is_inline(schema: &RefOr<Schema>) -> bool {
    match schema {
        RefOr::Ref(_) | RefOr::T(Schema::Array(_)) => true,
        RefOr::T(Schema::Object(object)) => object.properties.is_empty() && object.enum_values.is_none(),
        RefOr::T(_) => false,
    }
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, when: &'static str) -> Self {
        Self { status, code, when }
    }
}

/// A handler whose parts can all be described.
pub(crate) trait Signature<A> {
    fn describe(to: &mut Description);
}

/// Something that a handler takes from the request.
pub(crate) trait Input {
    fn describe(to: &mut Description);
}

/// Something that a handler gives.
pub(crate) trait Answer {
    fn describe(to: &mut Description);
}

macro_rules! signatures {
    ($(($($input:ident),*))*) => {$(
        impl<F, Fut, R, $($input),*> Signature<($($input,)*)> for F
        where
            F: Fn($($input),*) -> Fut,
            Fut: Future<Output = R>,
            R: Answer,
            $($input: Input),*
        {
            fn describe(to: &mut Description) {
                $($input::describe(to);)*
                R::describe(to);
            }
        }
    )*};
}

signatures! { () (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) }

/// The methods of one path, each described.
#[derive(Debug, Default)]
pub(crate) struct Endpoint(Methods);

impl From<Endpoint> for Methods {
    fn from(endpoint: Endpoint) -> Self {
        endpoint.0
    }
}

macro_rules! methods {
    ($($name:ident $method:ident)*) => {
        impl Endpoint {
            $(pub(super) fn $name<H: Handler<T, App> + Signature<A>, T: 'static, A>(self, handler: H) -> Self {
                Self(self.0.on(Method::$method, handler, Some(Description::of::<A, H>())))
            })*
        }

    };
}

methods! { get GET post POST put PUT patch PATCH delete DELETE }

pub(super) fn get<H: Handler<T, App> + Signature<A>, T: 'static, A>(handler: H) -> Endpoint {
    Endpoint::default().get(handler)
}

pub(super) fn post<H: Handler<T, App> + Signature<A>, T: 'static, A>(handler: H) -> Endpoint {
    Endpoint::default().post(handler)
}

pub(super) fn delete<H: Handler<T, App> + Signature<A>, T: 'static, A>(handler: H) -> Endpoint {
    Endpoint::default().delete(handler)
}

/// What a signature cannot tell, said of the method that was added last.
impl Endpoint {
    /// What it does, and more about it.
    pub(super) fn says(mut self, summary: &'static str, text: &'static str) -> Self {
        if let Some(description) = self.0.last() {
            description.summary = summary;
            description.text = text;
        }
        self
    }

    /// A problem of a stable code.
    pub(super) fn refuses(mut self, status: StatusCode, code: &'static str, when: &'static str) -> Self {
        if let Some(description) = self.0.last() {
            description.refuses(status, code, when);
        }
        self
    }

    /// 409, the request is in order and cannot be done as things stand.
    pub(super) fn conflicts(self, code: &'static str, when: &'static str) -> Self {
        self.refuses(StatusCode::CONFLICT, code, when)
    }

    /// Answers also, or in a form that the signature does not tell.
    pub(super) fn answers<T: ToSchema>(mut self, status: StatusCode, media: &'static str) -> Self {
        if let Some(description) = self.0.last() {
            let schema = description.schema::<T>();
            match description.answers.iter_mut().find(|answer| answer.status == status) {
                Some(answer) => answer.content.push((media, schema)),
                None => description.answers.push(AnswerOf { status, content: vec![(media, schema)] }),
            }
        }
        self
    }
}
