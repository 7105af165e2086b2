//! Typed values out of merged layers. What cannot be read is noted with its source, and reading goes on.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    net::Ipv6Addr,
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use config::{Value, ValueKind};

use super::{
    Host,
    error::ConfigFault,
    layer::{origin_of, text_of},
};

/// Reads values, and collects what is wrong with them.
#[derive(Debug)]
pub(super) struct Reader {
    values: BTreeMap<String, Value>,
    pub(super) faults: Vec<ConfigFault>,
}

impl Reader {
    pub(super) fn new(values: BTreeMap<String, Value>, faults: Vec<ConfigFault>) -> Self {
        Self { values, faults }
    }

    /// Where the value of this key is from, if it has one.
    pub(super) fn origin(&self, key: &str) -> Option<String> {
        self.values.get(key).map(|value| origin_of(value).to_owned())
    }

    pub(super) fn is_set(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// The keys whose values have a fault.
    pub(super) fn faulty(&self) -> BTreeSet<String> {
        self.faults.iter().map(|fault| fault.key.clone()).collect()
    }

    pub(super) fn fault(&mut self, key: &str, reason: impl Into<String>) {
        let origin = self.origin(key);
        self.faults.push(ConfigFault::new(key, origin.as_deref(), reason));
    }

    /// A value exactly as it is written.
    pub(super) fn exact(&mut self, key: &str) -> Option<String> {
        let text = text_of(self.values.get(key)?);
        match text {
            Some(text) if text.is_empty() => self.fault(key, "is empty; remove it or give it a value"),
            Some(text) if text.contains('\0') => self.fault(key, "has a zero byte in it"),
            Some(text) if text.ends_with('\n') => {
                self.fault(key, "ends with a line break, which belongs to no name or password; remove it");
            }
            Some(text) => return Some(text),
            None => self.fault(key, "is a table where one value belongs"),
        }
        None
    }

    /// A value without the space around it.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let text = self.exact(key)?.trim().to_owned();
        if text.is_empty() {
            self.fault(key, "is empty; remove it or give it a value");
            return None;
        }
        Some(text)
    }

    pub(super) fn path(&mut self, key: &str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    /// A value that `parse` makes of a text, into a place that keeps its default if there is none.
    pub(super) fn read<T>(&mut self, key: &str, into: &mut T, parse: impl FnOnce(&str) -> Result<T, String>) {
        let Some(text) = self.text(key) else { return };
        match parse(&text) {
            Ok(value) => *into = value,
            Err(reason) => self.fault(key, reason),
        }
    }

    pub(super) fn number<T: FromStr>(&mut self, key: &str, into: &mut T) {
        self.read(key, into, |text| {
            text.parse().map_err(|_| format!("{text:?} is no number that fits here"))
        });
    }

    pub(super) fn flag(&mut self, key: &str, into: &mut bool) {
        self.read(key, into, flag);
    }

    pub(super) fn duration(&mut self, key: &str, into: &mut Duration) {
        self.read(key, into, duration);
    }

    /// The entries of a list, which a text separates by commas.
    pub(super) fn list(&mut self, key: &str) -> Vec<String> {
        let entries: Vec<String> = match self.values.get(key).map(|value| &value.kind) {
            Some(ValueKind::Array(items)) => {
                items.iter().map(|item| text_of(item).unwrap_or_default()).collect()
            }
            _ => self
                .text(key)
                .iter()
                .flat_map(|text| text.split(','))
                .map(|entry| entry.trim().to_owned())
                .collect(),
        };
        if entries.iter().any(|entry| entry.is_empty() || entry.contains('\0')) {
            self.fault(key, "has an empty entry, or one with a zero byte in it");
            return Vec::new();
        }
        entries
    }

    /// The entries of a list, each of which `parse` reads.
    pub(super) fn list_of<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let mut values = Vec::new();
        for entry in self.list(key) {
            match parse(&entry) {
                Ok(value) => values.push(value),
                Err(reason) => self.fault(key, reason),
            }
        }
        values
    }
}

pub(super) fn flag(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(format!("{text:?} is neither true nor false")),
    }
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true if text.trim_matches('0').is_empty() => Ok(Duration::ZERO),
        true => Err(format!("{text:?} has no unit; write it as 30s or 500ms")),
        false => humantime::parse_duration(text)
            .map_err(|error| format!("{text:?} is no duration ({error}); write it as 30s or 500ms")),
    }
}

/// One of the words that a value can be.
pub(super) fn one_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("{text:?} is not one of {}", words.join(", "))
    })
}

/// A host without a port. What a URL says is not quoted, since it may be a piece of a password.
pub(super) fn host_name(text: &str) -> Result<String, String> {
    let name = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if name.starts_with('/') || name.parse::<Ipv6Addr>().is_ok() {
        return Ok(name.to_owned());
    }
    if name.contains(':') {
        return Err("has a host with a : in it; a port has a setting of its own".to_owned());
    }
    if name.contains(|c: char| c.is_whitespace() || c.is_control() || "@/?#[]\\".contains(c)) {
        return Err("has a host that is neither a name, nor an address, nor a directory that begins with /"
            .to_owned());
    }
    Ok(name.to_owned())
}

/// A host with or without a port.
pub(super) fn host_and_port(text: &str) -> Result<Host, String> {
    let is_plain = text.starts_with('/') || text.parse::<Ipv6Addr>().is_ok() || text.ends_with(']');
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !is_plain => (name, port_number(port)?),
        _ => (text, 5432),
    };
    Ok(Host { name: host_name(name)?, port })
}

pub(super) fn port_number(text: &str) -> Result<u16, String> {
    let port = text.parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| format!("{text:?} is no port; ports are the numbers from 1 to 65535"))
}

/// A value that the standard library or a crate parses.
pub(super) fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error| format!("{text:?} cannot be read: {error}"))
}
