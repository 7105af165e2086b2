//! One layer of settings, and how layers are laid over each other.

use std::collections::BTreeMap;

use config::{Config, Map, Source, Value, ValueKind};

use super::{error::ConfigFault, settings, url, url_part::Part};

/// What one source says: values by key, each knowing where it is from.
#[derive(Clone, Default)]
pub(super) struct Layer {
    values: BTreeMap<String, Value>,
    /// A URL went before what it said of another database.
    left_another: bool,
}

// Values may be passwords.
impl std::fmt::Debug for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Layer {
    pub(super) fn set(&mut self, key: &str, origin: &str, value: impl Into<ValueKind>) {
        self.values.insert(key.to_owned(), Value::new(Some(&origin.to_owned()), value));
    }

    /// Returns `true` if something in it names a database, whole or in part.
    pub(super) fn names_database(&self) -> bool {
        self.values.contains_key("url") || IDENTITY.iter().any(|key| self.values.contains_key(*key))
    }

    /// Returns `true` if a URL went before what it said of another database.
    pub(super) fn left_another(&self) -> bool {
        self.left_another
    }

    pub(super) fn value(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// Puts the parts of the URL in its place. Returns whether the URL names a host.
    ///
    /// The URL goes before what names another database beside it in the same layer, with a warning. Where both name one
    /// database, a part that is also set by itself to another value is a fault, since either may be meant.
    fn open_url(&mut self, faults: &mut Vec<ConfigFault>, warnings: &mut Vec<String>) -> bool {
        let Some(url) = self.values.remove("url") else { return false };
        let origin = origin_of(&url).to_owned();
        // A secret that was made of a file ends with its line break, which no URL holds.
        let parts = match url::parse(text_of(&url).unwrap_or_default().trim()) {
            Ok(parts) => parts,
            Err(reasons) => {
                faults
                    .extend(reasons.into_iter().map(|reason| ConfigFault::new("url", Some(&origin), reason)));
                return false;
            }
        };
        let names_host = parts.iter().any(|part| part.key == "host");
        self.leave_other_database(&parts, &origin, warnings);
        for part in parts {
            let said = self.values.get(part.key);
            if part.implied && said.is_some() {
                continue;
            }
            let origin = match part.parameter {
                Some(parameter) => format!("{parameter} in {origin}"),
                None => origin.clone(),
            };
            let value = Value::new(Some(&origin), part.value);
            match said {
                Some(said) if text_of(said) != text_of(&value) => {
                    let reason = format!("contradicts {origin}; remove one of them");
                    faults.push(ConfigFault::new(part.key, Some(origin_of(said)), reason));
                }
                _ => {
                    self.values.insert(part.key.to_owned(), value);
                }
            }
        }
        names_host
    }

    /// Removes what names another database than the URL does, and with it what is said of that server.
    fn leave_other_database(&mut self, parts: &[Part], origin: &str, warnings: &mut Vec<String>) {
        let names_another = |key: &&str| {
            let part = parts.iter().find(|part| part.key == *key && !part.implied);
            part.zip(self.values.get(*key))
                .is_some_and(|(part, said)| text_of(&Value::new(None, part.value.clone())) != text_of(said))
        };
        if !IDENTITY.iter().any(names_another) {
            return;
        }
        let others: Vec<_> = self
            .values
            .extract_if(.., |key, _| {
                IDENTITY.contains(&key.as_str()) || OF_ONE_SERVER.contains(&key.as_str())
            })
            .map(|(_, value)| origin_of(&value).to_owned())
            .collect();
        self.left_another = true;
        warnings.push(format!("{origin} goes before {}, which name another database", others.join(", ")));
    }

    /// The password and the file of it say the same thing, so a layer has one of them.
    fn refuse_two_passwords(&self, faults: &mut Vec<ConfigFault>) {
        if let (Some(password), Some(file)) = (self.values.get("password"), self.values.get("password_file"))
        {
            let reason = format!("contradicts {}; remove one of them", origin_of(password));
            faults.push(ConfigFault::new("password_file", Some(origin_of(file)), reason));
        }
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self.values.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}

/// The keys that name a database.
const IDENTITY: [&str; 4] = ["host", "port", "name", "user"];

/// The keys that are about one server and mean nothing for another. The replicas would get the other server's password.
const OF_ONE_SERVER: [&str; 7] =
    ["host", "port", "user", "password", "password_file", "tls.mode", "replica.hosts"];

/// Lays each layer over those before it, and returns the values by their keys. `after_urls` is called when the URLs are taken
/// apart.
///
/// A URL replaces the one below it as a whole, and one that names a host everything below that is about another server: who logs in
/// there with which password is no business of this one. A password replaces the file of it below, and the other way round.
pub(super) fn merge(
    mut layers: [Layer; 3],
    after_urls: impl FnOnce(&mut [Layer], &mut Vec<ConfigFault>),
    faults: &mut Vec<ConfigFault>,
    warnings: &mut Vec<String>,
) -> BTreeMap<String, Value> {
    replace(&mut layers, "url", "url");
    let mut below = 0;
    for (at, layer) in layers.iter_mut().enumerate() {
        if layer.open_url(faults, warnings) {
            below = at;
        }
        layer.refuse_two_passwords(faults);
    }
    after_urls(&mut layers, faults);
    for layer in &mut layers[..below] {
        layer.values.retain(|key, _| !OF_ONE_SERVER.contains(&key.as_str()));
    }
    replace(&mut layers, "password", "password_file");
    replace(&mut layers, "password_file", "password");
    let mut builder = Config::builder();
    for layer in layers {
        builder = builder.add_source(layer);
    }
    let mut values = BTreeMap::new();
    // Neither laying values over each other nor collecting them can fail.
    let merged = builder.build().and_then(|config| config.collect()).unwrap_or_default();
    flatten("", merged, &mut |key, value| {
        values.insert(key, value);
    });
    values
}

/// Removes `replaced` from all layers below one that has `by`.
fn replace(layers: &mut [Layer], by: &str, replaced: &str) {
    let Some(top) = layers.iter().rposition(|layer| layer.values.contains_key(by)) else { return };
    for layer in layers.iter_mut().take(top) {
        layer.values.remove(replaced);
    }
}

/// Calls `each` with every value and its full key. What a key of ours holds is a value, even a table.
pub(super) fn flatten(prefix: &str, table: Map<String, Value>, each: &mut impl FnMut(String, Value)) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        match value.kind {
            ValueKind::Table(table) if settings::of_key(&key).is_none() => {
                flatten(&format!("{key}."), table, each);
            }
            _ => each(key, value),
        }
    }
}

/// Where a value is from, as it is told to people.
pub(super) fn origin_of(value: &Value) -> &str {
    value.origin().unwrap_or_default()
}

/// The value as a text, a list with commas. A table is none.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match &value.kind {
        ValueKind::Nil | ValueKind::Table(_) => None,
        ValueKind::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(text_of).collect();
            items.map(|items| items.join(","))
        }
        kind => Some(kind.to_string()),
    }
}
