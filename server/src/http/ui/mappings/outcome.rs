//! What one row of the table gives for the chosen user, in words.

use std::collections::BTreeMap;

use planner::mapping::{Trial, Tried};

use crate::app::App;
use crate::store;
use crate::store::domains::Domain;

/// The cell beside a row.
#[derive(Debug)]
pub(super) struct Outcome {
    /// `None` if JumpCloud has no such user yet.
    pub(super) before: Option<String>,
    /// `None` where it is not known.
    pub(super) after: Option<String>,
    /// Why it is not known, or stays as it is.
    pub(super) note: Option<String>,
}

impl Outcome {
    /// A row that is wrong has its error beside its field.
    pub(super) fn of(tried: &Tried, names: &Names) -> Self {
        let shown = |value: &Option<String>| {
            let value = value.clone()?;
            Some(if tried.field == "manager" { names.of_user(value) } else { value })
        };
        let unread = (!tried.not_read_yet.is_empty()).then(|| {
            format!(
                "{} was not read yet: save, and it is read within seconds; planning waits for it.",
                tried.not_read_yet.join(", ")
            )
        });
        let reason = tried.reason.as_ref().map(|reason| reason.message.clone());
        let wrong = tried.error.as_ref().map(|_| "Correct the row to see what it gives.".to_owned());
        Self { before: shown(&tried.before), after: shown(&tried.after), note: wrong.or(unread).or(reason) }
    }

    pub(super) fn stays(&self) -> bool {
        self.before.is_some() && self.before == self.after
    }
}

/// JumpCloud's managers by their usernames: an id says nothing to a person.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    pub(super) async fn of(app: &App, domain: &Domain, trial: Option<&Trial>) -> sqlx::Result<Self> {
        let mut names = BTreeMap::new();
        for id in managers(trial) {
            let user = store::mirror::find_user(&app.db, domain.organization_id, &id).await?;
            names.extend(user.map(|user| (id, user.username)));
        }
        Ok(Self(names))
    }

    fn of_user(&self, id: String) -> String {
        self.0.get(&id).cloned().unwrap_or(id)
    }
}

fn managers(trial: Option<&Trial>) -> Vec<String> {
    let fields = trial.into_iter().flat_map(|trial| &trial.fields).filter(|tried| tried.field == "manager");
    let ids = fields.flat_map(|tried| [tried.before.clone(), tried.after.clone()]).flatten();
    ids.filter(|id| !id.is_empty()).collect()
}
