//! The database to work on.

use anyhow::{Context as _, Result};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The URL to connect to, which makes `schema`, if one is named, the one that is worked in.
pub(crate) fn url(database_url: Option<String>, schema: Option<&str>) -> Result<String> {
    let url = database_url
        .filter(|url| !url.is_empty())
        .context("no database is named: set DATABASE_URL or give --database-url")?;
    let Some(schema) = schema else { return Ok(url) };
    let separator = if url.contains('?') { '&' } else { '?' };
    let options = format!("-c search_path={}", setting(schema));
    Ok(format!("{url}{separator}options={}", utf8_percent_encode(&options, NON_ALPHANUMERIC)))
}

/// A schema's name as the value of a setting among a session's options: quoted as an identifier, with a backslash before what
/// would end the value.
fn setting(schema: &str) -> String {
    let identifier = format!("\"{}\"", schema.replace('"', "\"\""));
    let mut value = String::new();
    for c in identifier.chars() {
        if c.is_whitespace() || c == '\\' {
            value.push('\\');
        }
        value.push(c);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_becomes_the_search_path_of_the_session() {
        let of = |url: &str| super::url(Some(url.to_owned()), Some("a b")).unwrap();
        let options = "options=%2Dc%20search%5Fpath%3D%22a%5C%20b%22";
        assert_eq!(of("postgres://h/d"), format!("postgres://h/d?{options}"));
        assert_eq!(of("postgres://h/d?sslmode=require"), format!("postgres://h/d?sslmode=require&{options}"));
    }

    #[test]
    fn without_a_database_it_says_how_to_name_one() {
        for given in [None, Some(String::new())] {
            assert!(super::url(given, None).unwrap_err().to_string().contains("DATABASE_URL"));
        }
    }

    #[test]
    fn no_name_can_end_the_setting() {
        assert_eq!(setting(r#"x" -c y\"#), r#""x""\ -c\ y\\""#);
    }
}
