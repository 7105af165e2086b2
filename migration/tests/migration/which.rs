//! The rule which database is meant, as a person meets it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use taskmaster_embedded::TestDatabase;

use crate::database::{empty, error_of, printed};

/// An empty directory to work in, for one test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("taskmaster-which-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// The program in this directory, with none of this process's settings of a database.
    fn migrate(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
        command.args(arguments).current_dir(&self.0);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("DB_") || name == "DATABASE_URL") {
                command.env_remove(name);
            }
        }
        command
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs `migrate up`, which must reach this database and name the source that names it.
fn assert_reaches(command: &mut Command, database: &TestDatabase, source: &str) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(printed(&output).ends_with(&format!("of database {:?}\n", database.name())), "{said}");
    let mut before = said.lines().take_while(|line| !line.starts_with("applied "));
    let line = before.find(|line| line.starts_with("working on ")).unwrap_or_default();
    assert!(line.contains(database.name()), "{said}");
    assert!(line.contains(&format!("named by {source}")), "{said}");
}

/// The parts of the way to a test's database.
fn parts(database: &TestDatabase) -> (String, String, String) {
    use taskmaster_connection::config::DatabaseConfig;

    let config = DatabaseConfig::from_url(&database.url()).unwrap();
    (config.hosts[0].name.clone(), config.hosts[0].port.to_string(), config.user)
}

fn is_migrated(database: &TestDatabase, dir: &Directory) -> bool {
    let url = database.url();
    let output: Output = dir.migrate(&["status", "--database-url", &url]).output().unwrap();
    !printed(&output).contains("0 applied")
}

#[tokio::test]
async fn the_first_source_that_names_a_database_is_meant() {
    let dir = Directory::new("order");
    let [option, url, variables, file] = [empty().await, empty().await, empty().await, empty().await];
    fs::write(dir.0.join("taskmaster.toml"), format!("[database]\nurl = {:?}\n", file.url())).unwrap();
    assert_reaches(&mut dir.migrate(&["up"]), &file, "url (taskmaster.toml)");

    let (host, port, user) = parts(&variables);
    let with_variables = |arguments: &[&str]| {
        let mut command = dir.migrate(arguments);
        command.env("DB_HOST", &host).env("DB_PORT", &port).env("DB_USER", &user);
        command.env("DB_NAME", variables.name());
        command
    };
    assert_reaches(&mut with_variables(&["up"]), &variables, "DB_NAME (environment)");
    let with_url = |arguments: &[&str]| {
        let mut command = with_variables(arguments);
        command.env("DATABASE_URL", url.url());
        command
    };
    assert_reaches(&mut with_url(&["up"]), &url, "DATABASE_URL (environment)");
    let given = option.url();
    assert_reaches(&mut with_url(&["up", "--database-url", &given]), &option, "--database-url");
}

#[tokio::test]
async fn without_a_name_nothing_is_started_unless_it_is_asked_for() {
    let dir = Directory::new("nothing");
    let data = dir.0.join("data");
    let up = |arguments: &[&str]| {
        let mut command = dir.migrate(arguments);
        command.env("TASKMASTER_DATA_DIR", &data);
        command
    };
    let error = error_of(&up(&["up"]).output().unwrap());
    assert!(error.starts_with("error: no database is named") && error.contains("--embedded"), "{error}");
    assert!(!data.exists());
    let error = error_of(&up(&["up", "--embedded"]).env("DB_HOST", "db.example").output().unwrap());
    assert!(error.contains("DB_NAME") && !data.exists(), "named in part: {error}");
    let error = error_of(&up(&["up", "--embedded"]).env("DB_POOL_MAXX", "1").output().unwrap());
    assert!(error.contains("DB_POOL_MAX?") && !data.exists(), "{error}");

    make_enterable(&dir.0);
    let output = up(&["up", "--embedded"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(printed(&output).contains("applied"), "{said}");
    assert!(said.starts_with(&format!("working on the embedded PostgreSQL in {}", data.display())), "{said}");
    await_end(&data);
}

#[tokio::test]
async fn what_is_wrong_with_the_configuration_is_refused_before_anything_is_changed() {
    let dir = Directory::new("refused");
    let database = empty().await;
    let separator = if database.url().contains('?') { '&' } else { '?' };
    for (parameter, said) in [
        ("sslmod=verify-full", "did you mean sslmode?"),
        ("service=prod", "the parameter service"),
        ("passfile=/x", "PGPASSFILE"),
        ("hostaddr=127.0.0.1", "the parameter hostaddr"),
        ("channel_binding=require", "the parameter channel_binding"),
        ("options=-csearch_path%3Da,b", "more than one schema"),
        ("options=-cx%3D1", "sets x"),
    ] {
        let url = format!("{}{separator}{parameter}", database.url());
        let error = error_of(&dir.migrate(&["up"]).env("DATABASE_URL", url).output().unwrap());
        assert!(error.contains(said), "{parameter}: {error}");
    }
    let mut with_options = dir.migrate(&["up"]);
    with_options.env("DATABASE_URL", database.url()).env("PGOPTIONS", "-c x=1");
    let error = error_of(&with_options.output().unwrap());
    assert!(error.contains("PGOPTIONS"), "{error}");
    assert!(!is_migrated(&database, &dir), "something was changed");
}

#[tokio::test]
async fn a_url_with_a_line_break_and_variables_of_libpq_lead_to_the_database_of_the_url() {
    let dir = Directory::new("newline");
    let database = empty().await;
    let mut command = dir.migrate(&["up"]);
    command.env("DATABASE_URL", format!("{}\n", database.url()));
    for (name, value) in
        [("PGHOST", "elsewhere.invalid"), ("PGPORT", "1"), ("PGUSER", "eve"), ("PGDATABASE", "other")]
    {
        command.env(name, value);
    }
    assert_reaches(&mut command, &database, "DATABASE_URL (environment)");
}

/// Lets the user as whom PostgreSQL runs for root enter the directory.
fn make_enterable(dir: &Path) {
    use std::os::unix::fs::PermissionsExt as _;

    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Waits until the server in this data directory has ended, which holds its lock until then.
fn await_end(data: &Path) {
    fs::File::open(data.join("postgres/lock")).unwrap().lock().unwrap();
}
