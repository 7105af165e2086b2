//! The layer that the environment makes.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use super::{
    SslMode,
    error::ConfigFault,
    layer::{Layer, origin_of, text_of},
    reader,
    retired::RETIRED,
    settings::{
        Kind, LOG_SLOW_QUERIES, OPTIONS, OTHER_WORDS, PASSFILE, SETTINGS, SSL_ENABLED, VERIFY_HOSTNAME,
        VERIFY_SERVER_CERT,
    },
    suggestion, tls,
};

/// Variables and their values.
#[derive(Clone, Default)]
pub(super) struct Environment(BTreeMap<OsString, OsString>);

impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

impl Environment {
    /// The value of a variable, unless it is empty.
    fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Where the file of passwords is.
    pub(super) fn passfile(&self) -> Option<PathBuf> {
        let home = || self.get("HOME").map(|home| PathBuf::from(home).join(".pgpass"));
        self.get(PASSFILE).map(PathBuf::from).or_else(home)
    }

    /// What the variables say. All that begin with `DB_` are this program's, so one that is none of its variables is a
    /// misspelt one.
    pub(super) fn layer(&self, faults: &mut Vec<ConfigFault>, warnings: &mut Vec<String>) -> Layer {
        let mut layer = Layer::default();
        if self.get(OPTIONS).is_some() {
            let reason = "would change the settings of each session; unset it, and set what is meant by its own name, such as \
                          DB_QUERY_TIMEOUT";
            faults.push(ConfigFault::new(OPTIONS, Some(&origin(OPTIONS)), reason));
        }
        for (name, value) in self.0.iter().filter(|(_, value)| !value.is_empty()) {
            let Some(name) = name.to_str() else { continue };
            let retired = RETIRED.iter().find(|retired| retired.variable == name);
            if name != "DATABASE_URL" && !name.starts_with("DB_") && retired.is_none() {
                continue;
            }
            let origin = origin(name);
            let setting = SETTINGS.iter().find(|setting| setting.variable == name);
            let mut fault = |reason: String| {
                let key = setting.map_or(name, |setting| setting.key);
                faults.push(ConfigFault::new(key, Some(&origin), reason));
            };
            match (setting, retired, value.to_str()) {
                (Some(_), _, None) => fault("is not valid UTF-8; correct it, or unset it".to_owned()),
                (Some(setting), _, Some(value)) => {
                    let is_bare = setting.kind == Kind::Duration
                        && value.trim().bytes().all(|byte| byte.is_ascii_digit());
                    layer.set(
                        setting.key,
                        &origin,
                        if is_bare { format!("{}ms", value.trim()) } else { value.to_owned() },
                    );
                }
                (None, Some(retired), _) if retired.refused => fault(retired.reason.to_owned()),
                (None, Some(retired), _) => {
                    warnings.push(format!("{origin} means nothing here: {}", retired.reason));
                }
                (None, None, _) if OTHER_WORDS.contains(&name) => {}
                (None, None, _) => fault(unknown(name)),
            }
        }
        layer
    }

    /// Adds what the variables say that have other words for a setting, once the URL is taken apart: it may say the same.
    pub(super) fn add_other_words(&self, layer: &mut Layer, lower: &Layer, faults: &mut Vec<ConfigFault>) {
        let mut flag = |name: &str| {
            let text = self.get(name)?.to_str().unwrap_or_default();
            let flag = reader::flag(text);
            flag.map_err(|reason| faults.push(ConfigFault::new(name, Some(&origin(name)), reason))).ok()
        };
        // What each of them leaves possible, from the weakest mode to the strictest.
        let bounds: Vec<_> = [
            (SSL_ENABLED, SslMode::Require),
            (VERIFY_SERVER_CERT, SslMode::VerifyCa),
            (VERIFY_HOSTNAME, SslMode::VerifyFull),
        ]
        .into_iter()
        // Of another server, as the mode beside them was.
        .filter(|_| !layer.left_another())
        .filter_map(|(name, mode)| {
            Some((
                name,
                if flag(name)? { (mode, SslMode::VerifyFull) } else { (SslMode::Disable, below(mode)) },
            ))
        })
        .collect();
        let logs_slow = flag(LOG_SLOW_QUERIES);
        if let Some(logs_slow) = logs_slow {
            add_slow_queries(logs_slow, layer, lower, faults);
        }
        let said = layer.value("tls.mode").and_then(|value| {
            let mode = reader::one_of(&text_of(value)?, &tls::MODES).ok()?;
            Some((origin_of(value).to_owned(), (mode, mode)))
        });
        let is_said = layer.value("tls.mode").is_some();
        let mut all: Vec<(String, (SslMode, SslMode))> = said.into_iter().collect();
        all.extend(bounds.into_iter().map(|(name, bounds)| (origin(name), bounds)));
        let Some((weakest, (low, _))) = all.iter().max_by_key(|(_, (low, _))| *low) else { return };
        let Some((strictest, (_, high))) = all.iter().min_by_key(|(_, (_, high))| *high) else { return };
        if low > high {
            let reason = format!("contradicts {strictest}; remove one of them");
            faults.push(ConfigFault::new("tls.mode", Some(weakest), reason));
        } else if !is_said {
            layer.set("tls.mode", &strictest.clone(), high.as_str());
        }
    }
}

/// Returns `true` if slow statements are logged. That they are needs a threshold, the usual one if there is none.
fn add_slow_queries(logs: bool, layer: &mut Layer, lower: &Layer, faults: &mut Vec<ConfigFault>) {
    const KEY: &str = "logging.slow_query";
    let origin = origin(LOG_SLOW_QUERIES);
    let is_never = |layer: &Layer| layer.value(KEY).map(|value| text_of(value).as_deref() == Some("never"));
    match is_never(layer) {
        Some(is_never) if is_never == logs => {
            let reason = format!("contradicts {origin}; remove one of them");
            let said = layer.value(KEY).map(origin_of);
            faults.push(ConfigFault::new(KEY, said, reason));
        }
        None if !logs => layer.set(KEY, &origin, "never"),
        None if is_never(lower) == Some(true) => {
            let usual =
                SETTINGS.iter().find(|setting| setting.key == KEY).map_or("1s", |setting| setting.default);
            layer.set(KEY, &origin, usual);
        }
        Some(_) | None => {}
    }
}

/// The strictest mode that does not do what this one does. TLS that need not be is none.
fn below(mode: SslMode) -> SslMode {
    match mode {
        SslMode::VerifyFull => SslMode::VerifyCa,
        SslMode::VerifyCa => SslMode::Require,
        SslMode::Require | SslMode::Prefer | SslMode::Disable => SslMode::Disable,
    }
}

fn origin(name: &str) -> String {
    format!("{name} (environment)")
}

fn unknown(name: &str) -> String {
    if name.starts_with("DB_PORT_") || name.starts_with("DB_SERVICE_") {
        return "is not a setting; Kubernetes sets it for a service named db: rename that, or set enableServiceLinks: false"
            .to_owned();
    }
    let known = SETTINGS.iter().map(|setting| setting.variable).chain(OTHER_WORDS);
    format!("is not a setting{}", suggestion(name, known))
}
