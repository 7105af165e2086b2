use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The URL of a database behind the Unix socket in `socket_dir`, understood by libpq's programs and by sqlx alike.
pub(crate) fn of_socket(socket_dir: &Path, port: u16, database: &str) -> String {
    let host = percent_encoded(socket_dir.as_os_str().as_bytes());
    let database = percent_encoded(database.as_bytes());
    // Over a socket TLS is never agreed on, and asking costs a round trip.
    format!("postgres://postgres@localhost:{port}/{database}?host={host}&sslmode=disable")
}

/// The same server and the same parameters, but another database.
#[cfg(feature = "test-database")]
pub(crate) fn with_database(url: &str, database: &str) -> String {
    let (address, parameters) = match url.split_once('?') {
        Some((address, parameters)) => (address, Some(parameters)),
        None => (url, None),
    };
    let authority = address.find("://").map_or(0, |at| at + "://".len());
    let end = address[authority..].find('/').map_or(address.len(), |at| authority + at);
    let mut changed = format!("{}/{}", &address[..end], percent_encoded(database.as_bytes()));
    if let Some(parameters) = parameters {
        changed.push('?');
        changed.push_str(parameters);
    }
    changed
}

/// The same server and database, but another user. Parameters go before what the address says.
#[cfg(feature = "test-database")]
pub(crate) fn with_user(url: &str, user: &str, password: &str) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    let (user, password) = (percent_encoded(user.as_bytes()), percent_encoded(password.as_bytes()));
    format!("{url}{separator}user={user}&password={password}")
}

fn percent_encoded(bytes: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_directory_with_odd_characters_is_encoded() {
        assert_eq!(
            of_socket(Path::new("/tmp/a b,é"), 5432, "tasks"),
            "postgres://postgres@localhost:5432/tasks?host=%2Ftmp%2Fa%20b%2C%C3%A9&sslmode=disable"
        );
    }

    #[cfg(feature = "test-database")]
    #[test]
    fn only_the_database_of_a_url_is_changed() {
        for (url, expected) in [
            (
                "postgres://u:p%2Fw@host:5433/old?sslmode=require",
                "postgres://u:p%2Fw@host:5433/new?sslmode=require",
            ),
            ("postgresql://host", "postgresql://host/new"),
            ("postgres://host?host=/run/pg", "postgres://host/new?host=/run/pg"),
            ("postgres:///old", "postgres:///new"),
        ] {
            assert_eq!(with_database(url, "new"), expected);
        }
    }
}
