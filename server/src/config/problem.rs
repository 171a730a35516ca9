//! A setting that cannot be used, told so that the reader knows what to type instead.

use std::fmt;

/// One bad setting with its fix. Secret values are left out by whoever reports them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigProblem {
    /// The environment variable; the flag follows from it.
    pub setting: &'static str,
    pub value: Option<String>,
    /// What is wrong and what to do, as one sentence.
    pub message: String,
}

impl ConfigProblem {
    /// A problem that shows the value.
    pub(super) fn with(setting: &'static str, value: &str, message: impl Into<String>) -> Self {
        Self { setting, value: Some(value.to_owned()), message: message.into() }
    }

    /// A problem without a value, or with one that must stay hidden.
    pub(super) fn without(setting: &'static str, message: impl Into<String>) -> Self {
        Self { setting, value: None, message: message.into() }
    }

    /// The flag of the same name: `ADIT_DATA_DIR` is `--data-dir`.
    pub fn flag(&self) -> Option<String> {
        let name = self.setting.strip_prefix("ADIT_")?;
        Some(format!("--{}", name.to_lowercase().replace('_', "-")))
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.setting)?;
        if let Some(flag) = self.flag() {
            write!(f, " ({flag})")?;
        }
        if let Some(value) = &self.value {
            write!(f, " is {value:?}")?;
        }
        write!(f, ": {}", self.message)
    }
}
