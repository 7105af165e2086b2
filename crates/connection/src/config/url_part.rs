//! The parts of a URL and of its parameters.

use config::ValueKind;

/// A part of a URL as the value of a setting.
pub(super) struct Part {
    pub(super) key: &'static str,
    /// The parameter that it is from, if it is from one.
    pub(super) parameter: Option<String>,
    pub(super) value: ValueKind,
    /// Is `true` if the URL does not say this, but means it by saying nothing.
    pub(super) implied: bool,
}

impl Part {
    pub(super) fn new(key: &'static str, parameter: Option<&str>, value: impl Into<ValueKind>) -> Self {
        Self { key, parameter: parameter.map(str::to_owned), value: value.into(), implied: false }
    }
}
