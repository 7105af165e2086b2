//! From bytes to JSON: all that can be wrong with a file before its content matters.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value, error::Category};

use crate::ImportError;

/// The file's text without a byte-order mark.
pub(crate) fn text(content: &[u8]) -> Result<&str, ImportError> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let bytes = content.strip_prefix(MARK).unwrap_or(content);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = &bytes[..error.valid_up_to()];
        let line = good.split(|byte| *byte == b'\n').count();
        ImportError::NotUtf8 { offset: content.len() - bytes.len() + good.len(), line }
    })?;
    if text.trim().is_empty() {
        return Err(ImportError::Empty);
    }
    match conflict(text) {
        Some((line, marker)) => Err(ImportError::MergeConflict { line, marker }),
        None => Ok(text),
    }
}

/// The first merge-conflict marker. No line of valid JSON begins like one, since no text in JSON spans lines.
fn conflict(text: &str) -> Option<(usize, &'static str)> {
    const MARKERS: [&str; 4] = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];
    (1..).zip(text.lines()).find_map(|(number, line)| {
        MARKERS.into_iter().find(|marker| line.starts_with(marker)).map(|marker| (number, marker))
    })
}

/// The first JSON value, and whether it is the only one.
pub(crate) fn first_value(text: &str) -> Result<(Value, Result<(), ImportError>), ImportError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let first = Strict::deserialize(&mut deserializer).map_err(|error| malformed(&error, text, 1))?;
    let end = deserializer.end().map_err(|error| malformed(&error, text, 1));
    Ok((first.0, end))
}

/// The JSON value that is line `number` of the file.
pub(crate) fn line_value(line: &str, number: usize) -> Result<Value, ImportError> {
    serde_json::from_str::<Strict>(line).map(|value| value.0).map_err(|error| malformed(&error, line, number))
}

/// `text` begins in line `first_line` of the file.
fn malformed(error: &serde_json::Error, text: &str, first_line: usize) -> ImportError {
    let line = first_line + error.line().saturating_sub(1);
    let bytes = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default().as_bytes();
    let before = &bytes[..error.column().min(bytes.len())];
    let column = before.iter().filter(|byte| (**byte & 0xc0) != 0x80).count().max(1);
    if error.classify() == Category::Eof {
        return ImportError::Truncated { line, column };
    }
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    match message.strip_suffix(&position).unwrap_or(&message) {
        "recursion limit exceeded" => ImportError::TooDeep { line, column },
        message => ImportError::Malformed { line, column, message: message.to_owned() },
    }
}

/// What a value is, for an error message.
pub(crate) fn describe(value: &Value) -> String {
    const SHOWN: usize = 5;
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "a truth value".to_owned(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text {:?}", shortened(text)),
        Value::Array(items) => match items.first() {
            None => "an empty list".to_owned(),
            Some(Value::Object(fields)) if fields.contains_key("issue_type") => {
                "a list of Beads issues instead of one per line".to_owned()
            }
            Some(first) => format!("a list that begins with {}", describe(first)),
        },
        Value::Object(fields) if fields.is_empty() => "an empty object".to_owned(),
        Value::Object(fields) => {
            let keys: Vec<_> = fields.keys().take(SHOWN).map(|key| format!("{:?}", shortened(key))).collect();
            let more = if fields.len() > SHOWN { ", …" } else { "" };
            format!("an object with the keys {}{more}", keys.join(", "))
        }
    }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// A JSON value in which no object has one key twice: of two `tasks`, a reader that takes the last loses the first.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if fields.contains_key(&key) {
                return Err(A::Error::custom(format!(
                    "the key {:?} occurs twice in one object",
                    shortened(&key)
                )));
            }
            let Strict(value) = entries.next_value()?;
            fields.insert(key, value);
        }
        Ok(Value::Object(fields))
    }
}
