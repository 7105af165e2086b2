//! The name of an error where errors are counted: its SQLSTATE, or its kind.

use std::borrow::Cow;

use crate::error::Error;

/// An error without anything that it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrorType {
    /// The kind's name.
    pub(crate) kind: &'static str,
    /// The server's SQLSTATE, if the server has reported the error.
    pub(crate) sqlstate: Option<String>,
}

impl ErrorType {
    /// The caller stopped waiting.
    pub(crate) const CANCELLED: Self = Self { kind: "cancelled", sqlstate: None };

    /// Returns the one word by which it is counted.
    pub(crate) fn name(&self) -> Cow<'static, str> {
        match &self.sqlstate {
            Some(sqlstate) => sqlstate.clone().into(),
            None => self.kind.into(),
        }
    }
}

impl From<&Error> for ErrorType {
    fn from(error: &Error) -> Self {
        Self { kind: error.kind().as_str(), sqlstate: error.sqlstate().map(str::to_owned) }
    }
}
