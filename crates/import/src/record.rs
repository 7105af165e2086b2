//! One object of the source, from which fields are taken until only those are left that the schema has no place for.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde_json::{Map, Value};
use taskmaster_models::{MAX_JSON_DEPTH, TaskStatus, clock};

use crate::{Finding, FindingKind, words};

/// Fields nest at most this deep, which leaves room for what they are wrapped into.
const MAX_DEPTH: usize = MAX_JSON_DEPTH - 10;

pub(crate) struct Record<'a> {
    fields: Map<String, Value>,
    source: Map<String, Value>,
    place: &'a str,
    findings: &'a mut Vec<Finding>,
}

impl<'a> Record<'a> {
    pub(crate) fn new(fields: Map<String, Value>, place: &'a str, findings: &'a mut Vec<Finding>) -> Self {
        let mut record = Self { fields: Map::new(), source: Map::new(), place, findings };
        for (key, mut value) in fields {
            let key = without_nul(&key);
            if let Some(change) = make_storable(&mut value) {
                record.adjusted(&key, change);
            }
            record.fields.insert(key, value);
        }
        record
    }

    /// What is left, and what was kept on the way: the task's `metadata.source`.
    pub(crate) fn into_source(mut self) -> Map<String, Value> {
        self.source.extend(self.fields);
        self.source
    }

    /// A field that is there and not null.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.fields.remove(name).filter(|value| !value.is_null())
    }

    /// Puts a value among those kept in the source's words.
    pub(crate) fn keep(&mut self, name: &str, value: Value) {
        self.source.insert(name.to_owned(), value);
    }

    /// A field that is kept in the source's words, whatever becomes of it.
    pub(crate) fn kept(&mut self, name: &str) -> Option<Value> {
        let value = self.take(name)?;
        self.keep(name, value.clone());
        Some(value)
    }

    /// A text that is not empty. Anything else that is no text stays where it is.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(text),
            other => {
                self.keep(name, other);
                self.adjusted(name, "is no text, it is kept in metadata.source only");
                None
            }
        }
    }

    /// A text of at most `limit` characters; of a longer one the beginning, and the whole is kept.
    pub(crate) fn short_text(&mut self, name: &str, limit: usize) -> Option<String> {
        let text = self.text(name)?;
        let short = beginning(&text, limit);
        if short.len() < text.len() {
            let message = format!("is cut after {limit} characters, metadata.source has the whole");
            self.adjusted(name, message);
            self.keep(name, Value::String(text.clone()));
        }
        Some(short)
    }

    /// A text of at most `limit` characters that is kept in the source's words, whatever becomes of it.
    pub(crate) fn word(&mut self, name: &str, limit: usize) -> Option<String> {
        let value = self.fields.get(name)?.clone();
        let word = self.short_text(name, limit);
        self.keep(name, value);
        word
    }

    /// The title, or one that says that there is none.
    pub(crate) fn title(&mut self, name_of_task: &str) -> String {
        match self.short_text("title", 255) {
            Some(title) if !title.trim().is_empty() => title,
            _ => {
                self.adjusted("title", "is missing, the task's id stands for it");
                beginning(&format!("Untitled task {name_of_task}"), 255)
            }
        }
    }

    /// The status; of a word that means none, pending. The source's word is kept.
    pub(crate) fn status(&mut self) -> TaskStatus {
        let Some(word) = self.kept("status") else { return TaskStatus::Pending };
        word.as_str().and_then(words::status).unwrap_or_else(|| {
            self.adjusted("status", "is not known, the task is pending");
            TaskStatus::Pending
        })
    }

    /// The priority by `scale`; without one, or of an unknown one, `default`. The source's word is kept.
    pub(crate) fn priority(&mut self, scale: fn(&Value) -> Option<i32>, default: i32) -> i32 {
        let Some(value) = self.kept("priority") else { return default };
        scale(&value).unwrap_or_else(|| {
            self.adjusted("priority", format!("is not known, {default} is taken"));
            default
        })
    }

    /// The first of some fields that holds a time. Those that hold none stay where they are.
    pub(crate) fn time(&mut self, names: &[&str]) -> Option<DateTime<Utc>> {
        for name in names {
            let Some(value) = self.take(name) else { continue };
            match value.as_str().map(time) {
                Some(Time::Known(time)) => return Some(time),
                Some(Time::Unset) => {}
                Some(Time::Unreadable) | None => {
                    self.keep(name, value);
                    self.adjusted(name, "is no time between the years 1 and 9999");
                }
            }
        }
        None
    }

    /// Criteria: a list's items, or a text, which a bullet list turns into several.
    pub(crate) fn criteria(&mut self, name: &str) -> Vec<Value> {
        match self.take(name) {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(Value::String(text)) => bullets(&text).into_iter().map(Value::from).collect(),
            Some(other) => vec![other],
        }
    }

    /// The texts of a list, each once. A list with anything else in it is kept, too.
    pub(crate) fn labels(&mut self, name: &str) -> Vec<String> {
        let Some(value) = self.take(name) else { return Vec::new() };
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut labels: Vec<String> = Vec::new();
        for label in items.iter().filter_map(Value::as_str) {
            if !labels.iter().any(|known| known == label) {
                labels.push(label.to_owned());
            }
        }
        if !value.is_array() || !items.iter().all(Value::is_string) {
            self.adjusted(name, "is no list of texts, metadata.source has the whole");
            self.keep(name, value);
        }
        labels
    }

    /// An object inside this one, at `place`.
    pub(crate) fn part<'b>(&'b mut self, fields: Map<String, Value>, place: &'b str) -> Record<'b> {
        Record::new(fields, place, self.findings)
    }

    /// The place of one of the fields.
    pub(crate) fn inside(&self, field: &str) -> String {
        inside(self.place, field)
    }

    /// Reports a field whose value was changed or replaced.
    pub(crate) fn adjusted(&mut self, field: &str, message: impl Into<String>) {
        self.findings.push(Finding::new(self.inside(field), FindingKind::Adjusted, message));
    }
}

/// The place of a field inside the object at `place`.
pub(crate) fn inside(place: &str, field: &str) -> String {
    let is_line = place.starts_with("line ") && !place.contains(',');
    format!("{place}{}{field}", if is_line { ", " } else { "." })
}

/// The text of an id, which may also be a number: 7, 7.0 and "7" are one id.
pub(crate) fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(without_nul(text.trim())).filter(|id| !id.is_empty()),
        Value::Number(number) => {
            let text = number.to_string();
            Some(text.strip_suffix(".0").map(str::to_owned).unwrap_or(text))
        }
        _ => None,
    }
}

/// The time that a value holds.
pub(crate) fn known_time(value: &Value) -> Option<DateTime<Utc>> {
    match time(value.as_str()?) {
        Time::Known(time) => Some(time),
        Time::Unset | Time::Unreadable => None,
    }
}

/// PostgreSQL cannot store the character NUL; the replacement character stands for it.
pub(crate) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Changes what PostgreSQL cannot store, or what could not be read back. Tells what it changed.
pub(crate) fn make_storable(value: &mut Value) -> Option<&'static str> {
    if depth(value) > MAX_DEPTH {
        *value = Value::String(value.to_string());
        return Some("nests too deep to be stored, its JSON text stands for it");
    }
    replace_nul(value).then_some("holds the character NUL, U+FFFD stands for it")
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn replace_nul(value: &mut Value) -> bool {
    match value {
        Value::String(text) if text.contains('\0') => {
            *text = without_nul(text);
            true
        }
        Value::Array(items) => items.iter_mut().fold(false, |changed, item| replace_nul(item) | changed),
        Value::Object(fields) => {
            let mut changed = fields.values_mut().fold(false, |changed, item| replace_nul(item) | changed);
            if fields.keys().any(|key| key.contains('\0')) {
                let renamed = std::mem::take(fields).into_iter().map(|(key, item)| (without_nul(&key), item));
                fields.extend(renamed);
                changed = true;
            }
            changed
        }
        _ => false,
    }
}

fn beginning(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}

/// The items of a text that is nothing but a flat bullet list, or else the text.
fn bullets(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let items: Option<Vec<_>> =
        lines.map(|line| line.strip_prefix("- ").or_else(|| line.strip_prefix("* "))).collect();
    match items {
        Some(items) => items,
        None => vec![text],
    }
}

enum Time {
    Known(DateTime<Utc>),
    /// The zero time of Go, which stands for no time.
    Unset,
    Unreadable,
}

/// RFC 3339, or a date with or without a time of day, which is UTC then.
fn time(text: &str) -> Time {
    let text = text.trim();
    let naive = || {
        text.parse::<NaiveDateTime>()
            .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f"))
            .or_else(|_| text.parse::<NaiveDate>().map(|date| date.and_time(chrono::NaiveTime::MIN)))
            .map(|time| time.and_utc())
    };
    let parsed = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).or_else(|_| naive());
    match parsed.map(clock::storable) {
        Ok(time) if time == clock::earliest() => Time::Unset,
        Ok(time) if (clock::earliest()..=clock::latest()).contains(&time) => Time::Known(time),
        _ => Time::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(text: &str) -> String {
        match time(text) {
            Time::Known(time) => time.to_rfc3339(),
            Time::Unset => "unset".to_owned(),
            Time::Unreadable => "unreadable".to_owned(),
        }
    }

    #[test]
    fn times_are_read_in_every_form_that_is_in_use() {
        assert_eq!(known("2025-06-13T23:52:56.848Z"), "2025-06-13T23:52:56.848+00:00");
        assert_eq!(known("2025-10-16T01:02:03.123456789-07:00"), "2025-10-16T08:02:03.123456+00:00");
        assert_eq!(known("2025-06-13T23:52:56"), "2025-06-13T23:52:56+00:00");
        assert_eq!(known("2025-06-13 23:52:56"), "2025-06-13T23:52:56+00:00");
        assert_eq!(known("2025-06-13"), "2025-06-13T00:00:00+00:00");
        assert_eq!(known("0001-01-01T00:00:00Z"), "unset");
        assert_eq!(known("yesterday"), "unreadable");
        assert_eq!(known("9999-12-31T23:59:59-01:00"), "unreadable");
        assert_eq!(known("+262142-12-31T23:59:59Z"), "unreadable");
    }

    #[test]
    fn only_a_flat_bullet_list_is_taken_apart() {
        assert_eq!(bullets("- one\n- two\n\n* three"), ["one", "two", "three"]);
        assert_eq!(bullets("Check:\n- one"), ["Check:\n- one"]);
        assert_eq!(bullets("- one\n  - inner"), ["- one\n  - inner"]);
        assert_eq!(bullets(""), Vec::<&str>::new());
    }

    #[test]
    fn an_id_is_the_same_as_a_number_and_as_a_text() {
        for value in [serde_json::json!(7), serde_json::json!(7.0), serde_json::json!(" 7 ")] {
            assert_eq!(id_text(&value).as_deref(), Some("7"));
        }
        assert_eq!(id_text(&serde_json::json!(5.2)).as_deref(), Some("5.2"));
        assert_eq!(id_text(&serde_json::json!("")), None);
        assert_eq!(id_text(&serde_json::json!(true)), None);
    }
}
