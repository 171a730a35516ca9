//! Roles in forms: one for everything, or one for each of some organizations.

use protocol::OrganizationId;

use super::form::{Fields, Form};
use super::words;
use crate::app::App;
use crate::store;
use crate::store::admins::{Access, Reach, Role, Roles};

/// The value that stands for roles in particular organizations.
const SOME: &str = "some";

/// The organizations that a role can be given in: id and name.
pub(super) type Choices = Vec<(OrganizationId, String)>;

pub(super) async fn choices(app: &App) -> sqlx::Result<Choices> {
    let rows = store::organizations::list(&app.db, &Reach::EVERYTHING).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// What was chosen. A role that is none is read as too little, never as too much.
pub(super) fn chosen(fields: &Fields, choices: &Choices) -> Access {
    if fields.text("role") == SOME {
        let role = |id: &OrganizationId| Role::parse(fields.text(&field(*id)));
        Access::Only(choices.iter().filter_map(|(id, _)| Some((*id, role(id)?))).collect::<Roles>())
    } else {
        Access::Everywhere(Role::parse(fields.text("role")).unwrap_or(Role::ReadOnly))
    }
}

/// The form that shows it.
pub(super) fn set(form: &mut Form, access: &Access) {
    match access {
        Access::Everywhere(role) => form.set("role", role.as_str()),
        Access::Only(roles) => {
            form.set("role", SOME);
            for (id, role) in roles {
                form.set(field(*id), role.as_str());
            }
        }
    }
}

/// The name of an organization's field.
pub(super) fn field(id: impl std::fmt::Display) -> String {
    format!("role.{id}")
}

/// In words: the role, and where it is one for particular organizations only.
pub(super) fn described(access: &Access, choices: &Choices) -> Vec<String> {
    match access {
        Access::Everywhere(role) => vec![words::role(*role).to_owned()],
        Access::Only(roles) => {
            let name = |id: &OrganizationId| {
                choices.iter().find(|(found, _)| found == id).map_or("?", |(_, name)| name.as_str())
            };
            roles.iter().map(|(id, role)| format!("{} in {}", words::role(*role), name(id))).collect()
        }
    }
}
