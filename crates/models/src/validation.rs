use std::fmt;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{clock, page::check_limit, text_enum::text_enum};

/// How deep arrays and objects may nest in a JSON value. Deeper ones could be stored but not be read back, since JSON
/// readers stop at 128 levels.
pub const MAX_JSON_DEPTH: usize = 100;

/// How many characters a text without a limit of its own may have. A PostgreSQL JSON string holds 268 MB, and the audit trail
/// keeps every text in one.
pub const MAX_TEXT: usize = 50_000_000;

/// How many rows one call of a `prune` may delete.
pub const MAX_PRUNE: u32 = 100_000;

/// The characters that do not make a text more than blank. Named one by one, so that Rust and the database's
/// constraints agree whatever the server's locale.
const BLANK: [char; 6] = [' ', '\t', '\n', '\r', '\u{b}', '\u{c}'];

text_enum! {
    /// The kind of a [`Fault`], for programs; people read its message.
    FaultCode, "fault code" {
        /// A value is needed and missing or blank.
        Required = "required",
        /// A text has more characters than its column holds.
        TooLong = "too_long",
        /// A number or time lies outside its limits.
        OutOfRange = "out_of_range",
        /// A number has more decimal places than its column holds.
        TooPrecise = "too_precise",
        /// A text holds the character NUL, which PostgreSQL cannot store.
        Nul = "nul",
        /// A JSON value has the wrong shape, for example an array where an object is needed.
        WrongShape = "wrong_shape",
        /// A JSON value nests deeper than [`MAX_JSON_DEPTH`] levels.
        TooDeep = "too_deep",
        /// The fields contradict each other.
        Contradiction = "contradiction",
        /// A cursor was damaged, or belongs to a query with another order.
        BadCursor = "bad_cursor",
    }
}

/// One thing that is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The field, by its name in the schema; for one of many rows with the row's place, as in `[3].title`.
    pub field: String,
    /// The kind of fault.
    pub code: FaultCode,
    /// What is wrong, for a person.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.message)
    }
}

/// Everything that a check found: faults, which forbid the write, and warnings, which do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    entity: &'static str,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
}

/// The faults for which a write was refused. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ValidationError {
    /// What was to be written, for example `task`.
    pub entity: &'static str,
    /// Every fault, in the order of the fields; never empty.
    pub faults: Vec<Fault>,
}

impl fmt::Display for ValidationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not valid: ", self.entity)?;
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl Validation {
    /// Whether the write may go on. Warnings do not stop it.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.faults.is_empty()
    }

    /// What forbids the write.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// What is odd but allowed.
    #[must_use]
    pub fn warnings(&self) -> &[Fault] {
        &self.warnings
    }

    /// This result as a `Result`, without the warnings.
    ///
    /// # Errors
    ///
    /// All faults, if there is one.
    pub fn into_result(self) -> Result<(), ValidationError> {
        if self.is_valid() {
            Ok(())
        } else {
            Err(ValidationError { entity: self.entity, faults: self.faults })
        }
    }

    /// The faults of many rows as one result; each field is prefixed with its row's place, as in `[3].title`.
    pub fn of_rows(entity: &'static str, rows: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::new(entity);
        for (index, row) in rows.into_iter().enumerate() {
            let placed = |fault: Fault| Fault { field: format!("[{index}].{}", fault.field), ..fault };
            all.faults.extend(row.faults.into_iter().map(placed));
            all.warnings.extend(row.warnings.into_iter().map(placed));
        }
        all
    }

    /// The faults of a JSON value of the caller's own, to be asked for before the value is copied: copying one that nests very
    /// deep would overflow the stack.
    #[must_use]
    pub fn of_json(entity: &'static str, field: &str, json: &Value) -> Self {
        let mut validation = Self::new(entity);
        validation.json(field, json);
        validation
    }

    /// The faults of how many rows a `prune` is to delete: 1 to [`MAX_PRUNE`].
    #[must_use]
    pub fn of_prune_limit(entity: &'static str, limit: u32) -> Self {
        let mut validation = Self::new(entity);
        if !(1..=MAX_PRUNE).contains(&limit) {
            let message = format!("is {limit}, allowed are 1 to {MAX_PRUNE}");
            validation.fault("limit", FaultCode::OutOfRange, message);
        }
        validation
    }

    /// The faults of a number of rows to be shown at once: 1 to 1,000.
    #[must_use]
    pub fn of_limit(entity: &'static str, limit: u32) -> Self {
        let mut validation = Self::new(entity);
        check_limit(&mut validation, limit);
        validation
    }

    /// The faults of a time that is an argument of a call: it must be one that can be stored.
    #[must_use]
    pub fn of_time(entity: &'static str, field: &str, time: DateTime<Utc>) -> Self {
        let mut validation = Self::new(entity);
        validation.time(field, Some(time));
        validation
    }

    pub(crate) fn new(entity: &'static str) -> Self {
        Self { entity, faults: Vec::new(), warnings: Vec::new() }
    }

    pub(crate) fn fault(&mut self, field: &str, code: FaultCode, message: impl Into<String>) {
        self.faults.push(Fault { field: field.to_owned(), code, message: message.into() });
    }

    pub(crate) fn warn(&mut self, field: &str, code: FaultCode, message: impl Into<String>) {
        self.warnings.push(Fault { field: field.to_owned(), code, message: message.into() });
    }

    pub(crate) fn required_text(&mut self, field: &str, text: &str, max_chars: usize) {
        if is_blank(text) {
            self.fault(field, FaultCode::Required, "must not be blank");
        }
        self.text(field, text, max_chars);
    }

    pub(crate) fn optional_text(&mut self, field: &str, text: Option<&str>, max_chars: usize) {
        if let Some(text) = text {
            self.text(field, text, max_chars);
        }
    }

    pub(crate) fn text(&mut self, field: &str, text: &str, max_chars: usize) {
        if text.contains('\0') {
            self.fault(field, FaultCode::Nul, "must not hold the character NUL");
        }
        // A text has at least as many bytes as characters, so most texts need no count.
        if text.len() > max_chars {
            let chars = text.chars().count();
            if chars > max_chars {
                let message = format!("has {chars} characters, the limit is {max_chars}");
                self.fault(field, FaultCode::TooLong, message);
            }
        }
    }

    pub(crate) fn range(&mut self, field: &str, number: i32, min: i32, max: i32) {
        if !(min..=max).contains(&number) {
            let message = format!("is {number}, allowed are {min} to {max}");
            self.fault(field, FaultCode::OutOfRange, message);
        }
    }

    /// Hours fit `DECIMAL(8,2)` and are not negative.
    pub(crate) fn hours(&mut self, field: &str, hours: Option<Decimal>) {
        let Some(hours) = hours else { return };
        if hours.is_sign_negative() && !hours.is_zero() || hours > Decimal::new(99_999_999, 2) {
            let message = format!("is {hours}, allowed are 0 to 999999.99");
            self.fault(field, FaultCode::OutOfRange, message);
        }
        if hours.normalize().scale() > 2 {
            let message = format!("is {hours}, only two decimal places are kept");
            self.fault(field, FaultCode::TooPrecise, message);
        }
    }

    pub(crate) fn time(&mut self, field: &str, time: Option<DateTime<Utc>>) {
        if time.is_some_and(|time| time < clock::earliest() || time > clock::latest()) {
            self.fault(field, FaultCode::OutOfRange, "lies outside the years 1 to 9999");
        }
    }

    pub(crate) fn metadata(&mut self, metadata: &Map<String, Value>) {
        self.object("metadata", metadata);
    }

    /// The fields of a JSON object that PostgreSQL can store.
    pub(crate) fn object(&mut self, field: &str, object: &Map<String, Value>) {
        if object.keys().any(|key| key.contains('\0')) {
            self.fault(field, FaultCode::Nul, "must not hold the character NUL");
        }
        for value in object.values() {
            self.json(field, value);
        }
    }

    pub(crate) fn object_or_array(&mut self, field: &str, json: &Value) {
        if !json.is_object() && !json.is_array() {
            self.fault(field, FaultCode::WrongShape, "must be a JSON object or array");
        }
        self.json(field, json);
    }

    pub(crate) fn array(&mut self, field: &str, items: &[Value]) {
        for item in items {
            self.json(field, item);
        }
    }

    pub(crate) fn texts(&mut self, field: &str, texts: &[String]) {
        if texts.iter().any(|text| text.contains('\0')) {
            self.fault(field, FaultCode::Nul, "must not hold the character NUL");
        }
    }

    /// Any JSON value that PostgreSQL can store and that can be read back.
    pub(crate) fn json(&mut self, field: &str, json: &Value) {
        match unstorable(json) {
            Some(FaultCode::TooDeep) => {
                let message = format!("nests deeper than {MAX_JSON_DEPTH} levels");
                self.fault(field, FaultCode::TooDeep, message);
            }
            Some(code) => self.fault(field, code, "must not hold the character NUL"),
            None => {}
        }
    }
}

/// Whether a text has no character that shows.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| BLANK.contains(&c))
}

/// Why `json` cannot be stored, if it cannot. Walks without recursion, so that no depth overflows the stack.
fn unstorable(json: &Value) -> Option<FaultCode> {
    let mut rest = vec![(json, 1)];
    while let Some((value, depth)) = rest.pop() {
        let nested = depth + 1;
        match value {
            Value::Array(_) | Value::Object(_) if depth > MAX_JSON_DEPTH => return Some(FaultCode::TooDeep),
            Value::String(text) if text.contains('\0') => return Some(FaultCode::Nul),
            Value::Array(items) => rest.extend(items.iter().map(|item| (item, nested))),
            Value::Object(fields) => {
                if fields.keys().any(|key| key.contains('\0')) {
                    return Some(FaultCode::Nul);
                }
                rest.extend(fields.values().map(|value| (value, nested)));
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nested(depth: usize) -> Value {
        (0..depth).fold(json!(0), |inner, _| Value::Array(vec![inner]))
    }

    fn codes(check: impl FnOnce(&mut Validation)) -> Vec<FaultCode> {
        let mut validation = Validation::new("thing");
        check(&mut validation);
        validation.faults().iter().map(|fault| fault.code).collect()
    }

    #[test]
    fn json_nests_to_the_limit_and_no_deeper() {
        assert_eq!(codes(|v| v.json("f", &nested(MAX_JSON_DEPTH))), []);
        assert_eq!(codes(|v| v.json("f", &nested(MAX_JSON_DEPTH + 1))), [FaultCode::TooDeep]);
        assert_eq!(codes(|v| v.json("f", &nested(1000))), [FaultCode::TooDeep]);
    }

    #[test]
    fn json_at_the_limit_can_be_read_back() {
        let text = nested(MAX_JSON_DEPTH).to_string();
        assert!(serde_json::from_str::<Value>(&text).is_ok());
    }

    #[test]
    fn nul_is_found_in_texts_keys_and_values() {
        assert_eq!(codes(|v| v.text("f", "a\0b", 10)), [FaultCode::Nul]);
        assert_eq!(codes(|v| v.json("f", &json!({"a": ["x\0"]}))), [FaultCode::Nul]);
        assert_eq!(codes(|v| v.json("f", &json!({"a\0": 1}))), [FaultCode::Nul]);
        assert_eq!(codes(|v| v.texts("f", &["ok".to_owned(), "\0".to_owned()])), [FaultCode::Nul]);
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        assert_eq!(codes(|v| v.text("f", &"ü".repeat(255), 255)), []);
        assert_eq!(codes(|v| v.text("f", &"ü".repeat(256), 255)), [FaultCode::TooLong]);
    }

    #[test]
    fn hours_keep_two_places_and_eight_digits() {
        let hours = |text: &str| codes(|v| v.hours("f", Some(text.parse().unwrap())));
        assert_eq!(hours("0"), []);
        assert_eq!(hours("999999.99"), []);
        assert_eq!(hours("1.500"), []);
        assert_eq!(hours("1000000"), [FaultCode::OutOfRange]);
        assert_eq!(hours("-0.01"), [FaultCode::OutOfRange]);
        assert_eq!(hours("0.005"), [FaultCode::TooPrecise]);
    }

    #[test]
    fn an_error_lists_every_fault() {
        let mut validation = Validation::new("thing");
        validation.required_text("title", " \t", 255);
        validation.range("priority", 11, 0, 10);
        let error = validation.into_result().unwrap_err();
        assert_eq!(
            error.to_string(),
            "thing is not valid: title must not be blank; priority is 11, allowed are 0 to 10"
        );
    }

    #[test]
    fn faults_of_many_rows_name_the_row() {
        let mut bad = Validation::new("thing");
        bad.range("priority", 11, 0, 10);
        let all = Validation::of_rows("thing", [Validation::new("thing"), bad]);
        assert_eq!(all.faults()[0].field, "[1].priority");
    }
}
