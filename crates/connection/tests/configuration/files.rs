//! Files: settings, passwords, `~/.pgpass`.

use std::sync::{Arc, Mutex};

use taskmaster_connection::config::{DatabaseConfig, settings_file};

use crate::{DATABASE, Directory, faults, load, loader, only, password, told};

#[test]
fn the_file_of_settings_is_not_quoted_when_it_cannot_be_read() {
    let directory = Directory::new();
    for text in [
        "[database]\npassword = \"hunter2\nname = \"d\"\n",
        "[database]\npassword = hunter2\n",
        "password hunter2",
    ] {
        let file = directory.file("broken.toml", text, 0o600);
        let error = only(&DATABASE).file(&file).load().unwrap_err();
        assert!(told(&error)[0].starts_with(&format!("{file}: is no TOML at line ")), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter"), "{error:?}");
        assert!(!settings_file(Some(file.as_ref())).unwrap_err().to_string().contains("hunter"));
    }
    let file =
        directory.file("odd.toml", "[database]\npassword = { hunter2 = 1 }\nname = \"a\\u0000b\"\n", 0o600);
    let error = only(&[("DB_USER", "ada")]).file(&file).load().unwrap_err();
    let expected = [
        format!("password ({file}): is a table where one value belongs"),
        format!("name ({file}): has a zero byte in it"),
    ];
    assert_eq!(told(&error), expected);
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let error = only(&DATABASE).file("nowhere/taskmaster.toml").load().unwrap_err();
    assert!(told(&error)[0].starts_with("nowhere/taskmaster.toml: cannot be read: "), "{error}");
    // This directory has none.
    assert!(DatabaseConfig::load().is_err_and(|error| !error.to_string().contains("cannot be read")));
}

#[test]
fn a_password_file_holds_the_password_and_perhaps_a_line_break() {
    let directory = Directory::new();
    for (text, expected) in [("p w\n", "p w"), ("p\r\n", "p"), (" p\n\n", " p\n"), ("p@:/?#%", "p@:/?#%")] {
        let file = directory.file("password", text, 0o644);
        assert_eq!(password(&load(&[("DB_PASSWORD_FILE", &file)])), Some(expected));
    }
    for (text, reason) in [("\n", "is empty"), ("", "is empty"), ("a\0b", "zero byte")] {
        let file = directory.file("password", text, 0o644);
        assert!(faults(&[("DB_PASSWORD_FILE", &file)])[0].contains(reason));
    }
    for mistaken in ["hunter2", "hunter2/hunter2"] {
        let told = faults(&[("DB_PASSWORD_FILE", mistaken)]);
        let unquoted = "DB_PASSWORD_FILE (environment): the file that it names cannot be read: ";
        assert!(told[0].starts_with(unquoted) && !told[0].contains("hunter2"), "{told:?}");
    }
    assert!(faults(&[("DB_PASSWORD_FILE", "/nowhere")])[0].contains("/nowhere cannot be read"));
    let both = faults(&[("DB_PASSWORD_FILE", "/nowhere"), ("DB_PASSWORD", "hunter2")]);
    assert_eq!(
        both[0],
        "DB_PASSWORD_FILE (environment): contradicts DB_PASSWORD (environment); remove one of them"
    );
}

#[test]
fn a_password_replaces_the_file_of_it_in_a_lower_layer() {
    let directory = Directory::new();
    let secret = directory.file("password", "of the file", 0o600);
    let settings = directory.file("a.toml", "[database]\npassword = \"of the settings\"\n", 0o600);
    let config = loader(&[("DB_PASSWORD_FILE", &secret)]).file(settings).load().unwrap();
    assert_eq!(password(&config), Some("of the file"));
    let settings = directory.file("b.toml", &format!("[database]\npassword_file = {secret:?}\n"), 0o600);
    let config = loader(&[("DB_PASSWORD", "of the variable")]).file(settings).load().unwrap();
    assert_eq!(password(&config), Some("of the variable"));
}

#[test]
fn without_a_password_the_file_of_passwords_has_one() {
    let directory = Directory::new();
    let lines = "# mine\nother:*:*:*:no\na:5432:tasks:ada:p\\:w\nb:*:*:*:p\\:w\nc:*:*:*:secret of c\n";
    let file = directory.file(".pgpass", lines, 0o600);
    let of = |host, file: &str| load(&[("DB_HOST", host), ("PGPASSFILE", file)]);
    assert_eq!(password(&of("a", &file)), Some("p:w"));
    assert_eq!(password(&of("a,b", &file)), Some("p:w"));
    // What is one host's secret is not for another.
    assert_eq!(password(&of("a,c", &file)), None);
    assert_eq!(password(&of("a,unknown", &file)), None);
    let home = directory.0.to_str().unwrap();
    assert_eq!(password(&load(&[("DB_HOST", "a"), ("HOME", home)])), Some("p:w"));
    assert_eq!(password(&load(&[("DB_HOST", "a"), ("HOME", home), ("DB_PASSWORD", "mine")])), Some("mine"));
    // libpq passes over a file that others can read, and so does this.
    let open = directory.file("open", lines, 0o640);
    assert_eq!(password(&of("a", &open)), None);
    assert_eq!(password(&of("a", "/nowhere/.pgpass")), None);
}

/// What is logged while something is done.
fn logged(action: impl FnOnce()) -> String {
    let log = Arc::new(Mutex::new(Vec::new()));
    let writer = Arc::clone(&log);
    let subscriber = tracing_subscriber::fmt().with_writer(move || Log(Arc::clone(&writer))).finish();
    tracing::subscriber::with_default(subscriber, action);
    let bytes = log.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_is_passed_over_or_done_against_advice_is_logged() {
    let directory = Directory::new();
    let open = directory.file("open", "*:*:*:*:hunter2\n", 0o644);
    let several = directory.file("several", "a:*:*:*:hunter2\n", 0o600);
    for (given, said) in [
        (
            [("PGPASSFILE", open.as_str()), ("DB_HOST", "a")],
            "open to others (run chmod 0600 on it), so no password is taken",
        ),
        (
            [("PGPASSFILE", several.as_str()), ("DB_HOST", "a,b")],
            "other things for some hosts than for others",
        ),
        (
            [("DB_POOL_REAP_INTERVAL", "1000"), ("DB_HOST", "a")],
            "DB_POOL_REAP_INTERVAL (environment) means nothing here",
        ),
        (
            [("DB_SSL_MODE", "prefer"), ("DB_HOST", "a")],
            "with prefer, what is sent to a may be read and changed",
        ),
    ] {
        let log = logged(|| drop(load(&given)));
        assert!(log.contains(said) && !log.contains("hunter2"), "{log}");
    }
    assert_eq!(logged(|| drop(load(&[("DB_SSL_MODE", "prefer"), ("DB_PASSWORD", "hunter2")]))), "");
}
