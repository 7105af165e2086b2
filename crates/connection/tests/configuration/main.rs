//! Loading the configuration: layers, values, faults with their sources, URLs, passwords, files.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

mod documentation;
mod faults;
mod files;
mod layers;
mod tls;
mod urls;

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use taskmaster_connection::config::{ConfigError, ConfigLoader, DatabaseConfig};

/// What must be named at least.
const DATABASE: [(&str, &str); 2] = [("DB_NAME", "tasks"), ("DB_USER", "ada")];

fn variables(variables: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    variables.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// A loader of these variables and nothing else.
fn only(given: &[(&str, &str)]) -> ConfigLoader {
    ConfigLoader::new().without_file().environment(variables(given))
}

/// A loader of these variables and a database.
fn loader(given: &[(&str, &str)]) -> ConfigLoader {
    only(&[DATABASE.as_slice(), given].concat())
}

fn load(given: &[(&str, &str)]) -> DatabaseConfig {
    loader(given).load().unwrap()
}

/// What is wrong, a line each.
fn told(error: &ConfigError) -> Vec<String> {
    error.faults().iter().map(ToString::to_string).collect()
}

fn faults(given: &[(&str, &str)]) -> Vec<String> {
    told(&loader(given).load().unwrap_err())
}

fn password(config: &DatabaseConfig) -> Option<&str> {
    config.password.as_ref().map(secrecy::ExposeSecret::expose_secret)
}

/// A directory of a test's own, which goes with it.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("configuration-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A file with this text that only its owner can read, or also others.
    fn file(&self, name: &str, text: &str, mode: u32) -> String {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // A directory that is left in target/ harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}
