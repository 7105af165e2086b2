//! The parameter `options` of a URL: settings of the session, as `-c search_path=tenant_a`.

use super::url_part::Part;

/// The settings of a session that are settings here.
const SETTINGS: [(&str, &str); 4] = [
    ("search_path", "schema"),
    ("statement_timeout", "timeouts.statement"),
    ("lock_timeout", "timeouts.lock"),
    ("idle_in_transaction_session_timeout", "timeouts.idle_in_transaction"),
];

/// The settings as parts of the URL, or what is wrong with them.
pub(super) fn parse(options: &str) -> Result<Vec<Part>, Vec<String>> {
    let (mut parts, mut faults) = (Vec::new(), Vec::new());
    let mut words = words(options).into_iter();
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("--").or_else(|| word.strip_prefix("-c")) {
            Some("") => words.next().unwrap_or_default(),
            Some(setting) => setting.to_owned(),
            None => {
                faults.push("the parameter options has something other than -c name=value".to_owned());
                continue;
            }
        };
        match part(&setting) {
            Ok(part) => parts.push(part),
            Err(reason) => faults.push(format!("the parameter options {reason}")),
        }
    }
    if faults.is_empty() { Ok(parts) } else { Err(faults) }
}

fn part(setting: &str) -> Result<Part, String> {
    let (name, value) = setting.split_once('=').ok_or("has something other than -c name=value")?;
    let known = SETTINGS.iter().find(|(known, _)| *known == name);
    let &(name, key) = known.ok_or_else(|| {
        let known: Vec<&str> = SETTINGS.iter().map(|(known, _)| *known).collect();
        format!("sets {name}, which is not supported here; it can set {}", known.join(", "))
    })?;
    let value = if key == "schema" {
        identifier(value).ok_or("names more than one schema in search_path, or none; name one")?
    } else {
        duration(value).ok_or_else(|| format!("sets {name} to no duration; write 30s"))?
    };
    Ok(Part::new(key, Some(name), value))
}

/// The words, as the server takes them apart: at white space, unless a backslash is before it.
fn words(options: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = options.chars();
    while let Some(c) = characters.next() {
        match c {
            c if c.is_ascii_whitespace() => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(characters.next()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// A schema's name from one that may be quoted. Without quotes it is folded to lower case, as the server does.
fn identifier(text: &str) -> Option<String> {
    let text = text.trim();
    let Some(quoted) = text.strip_prefix('"') else {
        let plain = !text.is_empty() && !text.contains(['"', ',']) && !text.contains(char::is_whitespace);
        return plain.then(|| text.to_ascii_lowercase());
    };
    let name = quoted.strip_suffix('"')?.replace("\"\"", "\0");
    (!name.is_empty() && !name.contains('"')).then(|| name.replace('\0', "\""))
}

/// A duration as PostgreSQL has it: a number of milliseconds, or one with a unit.
fn duration(text: &str) -> Option<String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim() {
        "" | "ms" => "ms",
        unit @ ("s" | "min" | "h" | "d") => unit,
        _ => return None,
    };
    (!number.is_empty()).then(|| format!("{number}{unit}"))
}

/// The setting that makes `schema` the one to work in: quoted as an identifier, with a backslash before what would end the word.
pub(super) fn search_path(schema: &str) -> String {
    let mut option = "-csearch_path=".to_owned();
    for c in format!("\"{}\"", schema.replace('"', "\"\"")).chars() {
        if c.is_whitespace() || c == '\\' {
            option.push('\\');
        }
        option.push(c);
    }
    option
}
