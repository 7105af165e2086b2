//! The file of settings, `taskmaster.toml`: one file with a table for each part of the program.

use std::{fs, io, path::Path};

use config::{Config, File, FileFormat, Map, Source as _, Value, ValueKind};

use super::{
    ConfigError,
    error::ConfigFault,
    layer::{self, Layer},
    settings::{self, Kind, SETTINGS, Setting},
    suggestion,
};

/// The file that is read when none is named.
pub(super) const FILE: &str = "taskmaster.toml";

/// The tables of the file. Each part of the program reads its own, and all refuse others.
const TABLES: [&str; 2] = ["database", "retention"];

/// The file of settings that is named, or else `taskmaster.toml` of the working directory, if it is there.
///
/// # Errors
///
/// The file is named and not there, it cannot be read, it is no TOML, or it has a table that no part of the program reads. No
/// error quotes the file, since it may hold a password.
pub fn settings_file(file: Option<&Path>) -> Result<Config, ConfigError> {
    let name = name_of(file);
    let refused = |reasons: Vec<String>| {
        let faults = reasons.into_iter().map(|reason| ConfigFault::new(&name, None, reason));
        ConfigError::of(faults.collect())
    };
    let text = match fs::read_to_string(file.unwrap_or(Path::new(FILE))) {
        Ok(text) => text,
        Err(error) if file.is_none() && error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            refused(vec![format!("cannot be read: {error}")])?;
            String::new()
        }
    };
    let source = File::from_str(&text, FileFormat::Toml);
    let config = match Config::builder().add_source(source).build() {
        Ok(config) => config,
        Err(error) => {
            refused(vec![place(&error)])?;
            Config::default()
        }
    };
    let tables = values(&config);
    let unknown = tables.keys().filter(|table| !TABLES.contains(&table.as_str()));
    refused(unknown.map(|table| unknown_table(table)).collect())?;
    Ok(config)
}

/// The file's name, as it is told to people.
pub(super) fn name_of(file: Option<&Path>) -> String {
    file.unwrap_or(Path::new(FILE)).display().to_string()
}

fn values(config: &Config) -> Map<String, Value> {
    config.collect().unwrap_or_default()
}

fn unknown_table(table: &str) -> String {
    let suggestion = suggestion(table, TABLES.into_iter());
    format!("has [{table}], which nothing reads{suggestion}; there can be [{}]", TABLES.join("] and ["))
}

/// Where the file is no TOML. What is wrong there would quote the line, and with it perhaps a password; the first line says no
/// more than the place.
fn place(error: &config::ConfigError) -> String {
    let said = match error {
        config::ConfigError::FileParse { cause, .. } => cause.to_string(),
        error => error.to_string(),
    };
    match said.lines().next().and_then(|line| line.split_once(" at line ")) {
        Some((_, place)) => format!("is no TOML at line {place}"),
        None => "is no TOML".to_owned(),
    }
}

/// The table `[database]` of the file.
pub(super) fn layer(config: &Config, name: &str, faults: &mut Vec<ConfigFault>) -> Layer {
    let mut layer = Layer::default();
    let Some(table) = values(config).remove("database") else { return layer };
    let ValueKind::Table(table) = table.kind else {
        faults.push(ConfigFault::new(
            "database",
            Some(name),
            "has database as a value; write the table [database]",
        ));
        return layer;
    };
    layer::flatten("", table, &mut |key, value| {
        let origin = format!("{key} ({name})");
        if let ValueKind::Table(_) = value.kind {
            faults.push(ConfigFault::new(&key, Some(&origin), "is a table where one value belongs"));
        } else if let Some(setting) = settings::of_key(&key) {
            match misfit(setting, &value.kind) {
                Some(reason) => faults.push(ConfigFault::new(&key, Some(&origin), reason)),
                None => layer.set(&key, &origin, value.kind),
            }
        } else {
            let suggestion = suggestion(&key, SETTINGS.iter().map(|setting| setting.key));
            faults.push(ConfigFault::new(&key, Some(&origin), format!("is not a setting{suggestion}")));
        }
    });
    layer
}

/// Says why a value of the file cannot be that of a setting, whatever it is. A password that is written as a number
/// would lose its last zero.
fn misfit(setting: &Setting, value: &ValueKind) -> Option<&'static str> {
    // These take a flag, too.
    let is_text = matches!(setting.kind, Kind::Text | Kind::Path) && !setting.key.starts_with("logging.");
    match value {
        ValueKind::Array(_) if setting.kind != Kind::List => Some("is a list where one value belongs"),
        ValueKind::String(_) | ValueKind::Array(_) => None,
        _ if is_text => Some("is no text; put it in quotes"),
        _ => None,
    }
}
