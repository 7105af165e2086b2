//! Passwords from `~/.pgpass`, or the file that `PGPASSFILE` names, as libpq reads them.

use std::{fs, io, os::unix::fs::MetadataExt as _, path::Path};

use super::Host;

/// The directories of sockets that a line for `localhost` is good for: those that PostgreSQL is built with.
const SOCKET_DIRECTORIES: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// The lines of the file. None if there is no file. The error is why it is passed over, as libpq does.
pub(super) fn read(file: &Path) -> Result<Option<String>, String> {
    let passed_over =
        |reason: &str| Err(format!("{} {reason}, so no password is taken from it", file.display()));
    match fs::metadata(file) {
        Ok(metadata) if !metadata.is_file() => passed_over("is no plain file"),
        Ok(metadata) if metadata.mode() & 0o077 != 0 => {
            passed_over("is open to others (run chmod 0600 on it)")
        }
        Ok(_) => match fs::read_to_string(file) {
            Ok(lines) => Ok(Some(lines)),
            Err(error) => passed_over(&format!("cannot be read ({error})")),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => passed_over(&format!("cannot be read ({error})")),
    }
}

/// The password of the first line for this host, database and user.
pub(super) fn find(lines: &str, host: &Host, database: &str, user: &str) -> Option<String> {
    let is_default_socket = SOCKET_DIRECTORIES.contains(&host.name.as_str());
    let name = if is_default_socket { "localhost" } else { &host.name };
    let port = host.port.to_string();
    let words = lines.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut rest = line;
        for wanted in [name, &port, database, user] {
            let (field, after) = field(rest);
            if field != Field::Any && field != Field::Text(wanted.to_owned()) {
                return None;
            }
            rest = after?;
        }
        match field(rest).0 {
            Field::Any => Some("*".to_owned()),
            Field::Text(password) => Some(password),
        }
    });
    // A line that fits and has no password says that there is none.
    words.filter(|password| !password.is_empty())
}

#[derive(Debug, PartialEq, Eq)]
enum Field {
    Any,
    Text(String),
}

/// The first field of a line and what is behind its colon, if it has one. A backslash takes the next character as it is.
fn field(line: &str) -> (Field, Option<&str>) {
    let mut text = String::new();
    let mut characters = line.char_indices();
    let mut rest = None;
    let mut end = line.len();
    while let Some((at, c)) = characters.next() {
        match c {
            ':' => {
                rest = Some(&line[at + 1..]);
                end = at;
                break;
            }
            '\\' => text.extend(characters.next().map(|(_, c)| c)),
            c => text.push(c),
        }
    }
    (if &line[..end] == "*" { Field::Any } else { Field::Text(text) }, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(lines: &str) -> Option<String> {
        let host = Host { name: "db".to_owned(), port: 5433 };
        find(lines, &host, "a:b", r"o\k")
    }

    #[test]
    fn the_first_line_that_fits_gives_the_password() {
        assert_eq!(password("other:5433:*:*:no\ndb:*:*:*:yes\ndb:5433:*:*:late"), Some("yes".to_owned()));
        assert_eq!(password("db:5432:*:*:no\n"), None);
        assert_eq!(password("# db:*:*:*:no\n\ndb:*:*\n*:*:*:*:yes"), Some("yes".to_owned()));
    }

    #[test]
    fn a_backslash_takes_a_colon_and_itself_as_they_are() {
        assert_eq!(password(r"db:5433:a\:b:o\\k:p\:w\\:rest"), Some(r"p:w\".to_owned()));
        assert_eq!(password("db:5433:a:b:o"), None);
        // An escaped star is a name.
        assert_eq!(password(r"\*:*:*:*:no"), None);
        assert_eq!(password("*:*:*:*:*"), Some("*".to_owned()));
    }

    #[test]
    fn the_first_line_that_fits_counts_also_when_it_has_no_password() {
        assert_eq!(password("db:*:*:*:\n*:*:*:*:secret"), None);
        // This one lacks a colon, and is no line.
        assert_eq!(password("db:*:*:*\n*:*:*:*:secret"), Some("secret".to_owned()));
    }

    #[test]
    fn the_usual_socket_is_localhost() {
        let host = |name: &str| Host { name: name.to_owned(), port: 5432 };
        let find = |name| find("localhost:*:*:*:word", &host(name), "d", "u");
        assert_eq!(find("/var/run/postgresql"), Some("word".to_owned()));
        assert_eq!(find("/run/elsewhere"), None);
    }
}
