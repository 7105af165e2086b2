//! What is wrong with a configuration.

use std::fmt;

use crate::error::Error;

/// What is wrong with a configuration: all of it at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    faults: Vec<ConfigFault>,
}

/// One thing that is wrong. No password is ever in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// The key as a file names it, for example `pool.max`.
    pub key: String,
    /// Where the value is from, for example `DB_POOL_MAX (environment)` or `pool.max (taskmaster.toml)`. None for what is
    /// nowhere, or was put together by the program.
    pub origin: Option<String>,
    /// What is wrong, and what to do.
    pub reason: String,
}

impl ConfigError {
    /// What is wrong, one by one.
    #[must_use]
    pub fn faults(&self) -> &[ConfigFault] {
        &self.faults
    }

    /// An error if there is a fault.
    pub(super) fn of(faults: Vec<ConfigFault>) -> Result<(), Self> {
        if faults.is_empty() { Ok(()) } else { Err(Self { faults }) }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.faults.as_slice() {
            [fault] => write!(f, "the configuration cannot be used: {fault}"),
            faults => {
                write!(f, "the configuration has {} faults:", faults.len())?;
                faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
            }
        }
    }
}

impl ConfigFault {
    pub(super) fn new(key: &str, origin: Option<&str>, reason: impl Into<String>) -> Self {
        Self { key: key.to_owned(), origin: origin.map(str::to_owned), reason: reason.into() }
    }
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin.as_ref().unwrap_or(&self.key), self.reason)
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::misconfigured(error.to_string(), error)
    }
}
