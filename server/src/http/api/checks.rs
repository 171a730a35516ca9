//! `/domains/{id}/checks`: what was looked at, and what to do about it.

use axum::Json;
use axum::extract::State;
use protocol::DomainId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::describe::{List, get};
use super::extract::{Id, Query, page};
use crate::actions::checks;
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::routes::Routes;

pub(super) fn routes() -> Routes {
    Routes::new().route(
        "/domains/{id}/checks",
        get(checks).says(
            "List the checks",
            "Each with what was found, what to do, and where in the dashboard it is mended.",
        ),
    )
}

/// Which checks are wanted: any of the states, and of the groups, that are listed with commas between them.
#[derive(Debug, Deserialize, IntoParams)]
pub struct ChecksQuery {
    /// `ok`, `warning`, `error` or `unknown`.
    #[param(example = "warning,error")]
    state: Option<String>,
    group: Option<String>,
}

async fn checks(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
    Query(query): Query<ChecksQuery>,
) -> Result<Json<List<checks::Check>>, Failure> {
    let states = one_of("state", query.state.as_deref(), &checks::State::ALL, checks::State::as_str)?;
    let groups = one_of("group", query.group.as_deref(), &checks::Group::ALL, checks::Group::as_str)?;
    let wanted = |check: &checks::Check| states.contains(&check.state) && groups.contains(&check.group);
    let found: Vec<_> = checks::list(&app, id).await?.into_iter().filter(wanted).collect();
    Ok(page(found, None))
}

/// The words of a parameter; all there are where it is not given.
fn one_of<T: Copy>(
    field: &str,
    asked: Option<&str>,
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> Result<Vec<T>, Error> {
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else { return Ok(all.to_vec()) };
    let known = |text: &str| all.iter().copied().find(|one| word(*one) == text.trim());
    asked.split(',').map(|text| known(text).ok_or(text)).collect::<Result<Vec<T>, _>>().map_err(|text| {
        let words: Vec<_> = all.iter().map(|one| word(*one)).collect();
        Error::field(
            field,
            format!("\"{text}\" is none: write one or more of {}, with commas between", words.join(", ")),
        )
    })
}
