//! The program as a person meets it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::database::{
    column, connect, empty, error_of, migrate, migrated, migrations, printed, program, run, value,
};

/// A copy of the migrations that a test may change.
struct Folder(PathBuf);

impl Folder {
    fn copy(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap() {
            let from = entry.unwrap().path();
            let to = path.join(from.file_name().unwrap());
            fs::create_dir_all(&to).unwrap();
            for file in ["up.sql", "down.sql"] {
                fs::copy(from.join(file), to.join(file)).unwrap();
            }
        }
        Self(path)
    }

    fn arguments<'a>(&'a self, command: &[&'a str]) -> Vec<&'a str> {
        [command, &["--folder", self.0.to_str().unwrap()]].concat()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn up_status_down_and_up_again() {
    let database = empty().await;
    let url = database.url();
    let names = migrations();
    let (all, last) = (names.len(), names.last().unwrap());
    assert!(printed(&migrate(&url, &["status"])).ends_with(&format!("\n0 applied, {all} pending\n")));
    assert!(printed(&migrate(&url, &["up", "2"])).starts_with("applied 2 migrations to schema \"public\""));
    assert!(printed(&migrate(&url, &["up"])).starts_with(&format!("applied {} migrations", all - 2)));
    assert!(printed(&migrate(&url, &["up"])).starts_with("nothing to apply"));
    assert!(printed(&migrate(&url, &["down"])).starts_with("took 1 migration back"));
    let status = printed(&migrate(&url, &["status"]));
    assert!(status.contains(&format!("pending{:37}{last}\n{} applied, 1 pending", "", all - 1)), "{status}");
    assert!(
        printed(&migrate(&url, &["down", "99"])).starts_with(&format!("took {} migrations back", all - 1))
    );
    assert!(printed(&migrate(&url, &["down"])).starts_with("nothing to take back"));
    assert!(printed(&migrate(&url, &["up"])).starts_with(&format!("applied {all} migrations")));
}

#[tokio::test]
async fn without_a_command_the_state_and_the_next_command_are_printed_and_nothing_is_changed() {
    let database = empty().await;
    let url = database.url();
    let names = migrations();
    let text = printed(&migrate(&url, &[]));
    assert!(text.contains(&format!("0 applied, {} pending\npending: {}, ", names.len(), names[0])), "{text}");
    assert!(text.ends_with("`migrate up` applies what is pending, and `migrate plan` prints its SQL; `migrate --help` lists all commands\n"), "{text}");
    let objects = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(column(&mut connect(&database).await, objects).await, Vec::<String>::new());
    let text = printed(&migrate(&url, &["--schema", "not there"]));
    assert!(text.starts_with("schema \"not there\" of database "), "{text}");
    let schemas = "SELECT nspname::text FROM pg_namespace WHERE nspname = 'not there'";
    assert_eq!(column(&mut connect(&database).await, schemas).await, Vec::<String>::new());

    printed(&migrate(&url, &["up"]));
    let text = printed(&migrate(&url, &[]));
    assert!(text.ends_with(&format!(
        "{} applied, 0 pending\n`migrate verify` checks the schema; `migrate --help` lists all commands\n", names.len()
    )), "{text}");
    run(
        &mut connect(&database).await,
        "INSERT INTO schema_migrations (version) VALUES ('m20991231_000001_later')",
    )
    .await;
    let text = printed(&migrate(&url, &[]));
    assert!(text.contains("1 migration changed or unknown: `migrate status` names them"), "{text}");
    let help = printed(&migrate(&url, &["--help"]));
    assert!(help.contains("Without a command, prints how many migrations are applied and pending"), "{help}");
}

#[tokio::test]
async fn a_folder_is_counted_from_where_the_caller_is() {
    let database = migrated().await;
    let folder = Folder::copy("relative");
    let (parent, name) = (folder.0.parent().unwrap(), folder.0.file_name().unwrap());
    let verify = |directory: &Path, folder: &str| {
        let mut command = program(&database.url(), &["verify", "--folder", folder]);
        command.current_dir(directory).output().unwrap()
    };
    printed(&verify(parent, name.to_str().unwrap()));
    printed(&verify(&folder.0, "."));
    fs::remove_dir_all(folder.0.join(&migrations()[4])).unwrap();
    for (directory, relative) in [(parent, name.to_str().unwrap()), (folder.0.as_path(), ".")] {
        let error = error_of(&verify(directory, relative));
        assert!(
            error.contains(&format!("{} is applied, but its folder is missing", migrations()[4])),
            "{error}"
        );
    }
    let error = error_of(&verify(&folder.0, "relative"));
    assert!(error.contains("relative: No such file or directory"), "{error}");
}

#[tokio::test]
async fn status_as_json_can_be_read_by_a_program() {
    let database = empty().await;
    printed(&migrate(&database.url(), &["up", "1"]));
    let status: serde_json::Value =
        serde_json::from_str(&printed(&migrate(&database.url(), &["status", "--json"]))).unwrap();
    let all = migrations().len();
    assert_eq!(
        (&status["total"], &status["applied"], &status["pending"]),
        (&all.into(), &1.into(), &(all - 1).into())
    );
    let first = &status["migrations"][0];
    assert_eq!(first["version"], "m20261122_000001_schema_migrations");
    assert_eq!(
        (first["state"].as_str(), first["description"].as_str()),
        (Some("applied"), Some("schema migrations"))
    );
    assert!(first["applied_at"].as_str().unwrap().ends_with('Z') && first["duration_ms"].is_u64());
    let second = &status["migrations"][1];
    assert_eq!((second["state"].as_str(), second["applied_at"].is_null()), (Some("pending"), true));
}

#[tokio::test]
async fn the_plan_is_the_sql_that_up_runs() {
    let database = empty().await;
    let url = database.url();
    printed(&migrate(&url, &["up", "3"]));
    let plan = printed(&migrate(&url, &["plan"]));
    let tasks = include_str!("../../migrations/m20261122_000004_tasks/up.sql");
    assert!(plan.contains(tasks.trim_end()) && !plan.contains("CREATE TABLE audit_logs"), "{plan}");

    // It is a script that makes the same tables, and printing it has changed nothing.
    let mut connection = connect(&database).await;
    let tables = "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace = 'public'::regnamespace ORDER BY 1";
    assert_eq!(
        column(&mut connection, tables).await,
        ["audit_logs", "schema_migrations", "seaql_migrations"]
    );
    run(&mut connection, &plan).await;
    let planned = column(&mut connection, tables).await;
    let other = migrated().await;
    assert_eq!(planned, column(&mut connect(&other).await, tables).await);
    assert!(printed(&migrate(&other.url(), &["plan"])).starts_with("-- nothing to apply"));
}

#[tokio::test]
async fn verify_finds_changed_missing_and_doubled_files() {
    let database = migrated().await;
    let url = database.url();
    let folder = Folder::copy("verify");
    let verify = folder.arguments(&["verify"]);
    assert!(printed(&migrate(&url, &verify)).starts_with("the files agree with"));

    // How a checkout ends its lines is no change.
    let tasks = folder.0.join("m20261122_000004_tasks/up.sql");
    let sql = fs::read_to_string(&tasks).unwrap();
    fs::write(&tasks, sql.replace('\n', "\r\n")).unwrap();
    printed(&migrate(&url, &verify));

    fs::write(&tasks, sql.replace("255", "256")).unwrap();
    let error = error_of(&migrate(&url, &verify));
    assert!(error.contains("m20261122_000004_tasks changed after being applied"), "{error}");
    fs::write(&tasks, &sql).unwrap();

    fs::write(folder.0.join("m20261122_000004_tasks/down.sql"), "DROP TABLE tasks CASCADE;").unwrap();
    let error = error_of(&migrate(&url, &verify));
    assert!(error.contains("m20261122_000004_tasks changed after being applied"), "{error}");

    fs::remove_file(folder.0.join("m20261122_000004_tasks/down.sql")).unwrap();
    fs::remove_dir_all(folder.0.join("m20261122_000005_task_contexts")).unwrap();
    let twin = folder.0.join("m20261122_000006_twin");
    fs::create_dir(&twin).unwrap();
    fs::write(twin.join("up.sql"), "SELECT 1").unwrap();
    fs::write(twin.join("down.sql"), "-- nothing yet").unwrap();
    fs::create_dir(folder.0.join("no_name")).unwrap();
    let error = error_of(&migrate(&url, &verify));
    for fault in [
        "m20261122_000004_tasks/down.sql is missing",
        "m20261122_000005_task_contexts is applied, but its folder is missing",
        "m20261122_000006_task_dependencies and m20261122_000006_twin have one version",
        "m20261122_000006_twin/down.sql holds no statement",
        "m20261122_000006_twin is not what this program was built from",
        "no_name is no name of a migration",
    ] {
        assert!(error.contains(fault), "{fault}: {error}");
    }
}

#[test]
fn new_makes_two_files_that_sort_last_and_says_what_a_name_is() {
    let folder = Folder::copy("new");
    let made = |name| {
        let output = program("", &folder.arguments(&["new", name])).output().unwrap();
        printed(&output);
        let mut names: Vec<String> = fs::read_dir(&folder.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names.pop().unwrap()
    };
    let first = made("add_labels");
    assert!(first.ends_with("_add_labels"), "{first}");
    let second = made("a_second_one");
    assert!(second > first && second.ends_with("_a_second_one"), "{second}");
    for file in ["up.sql", "down.sql"] {
        assert!(fs::read_to_string(folder.0.join(&first).join(file)).unwrap().starts_with("-- "));
    }
    for bad in ["", "Labels", "a-b", "../x", &"x".repeat(34)] {
        let error = error_of(&program("", &folder.arguments(&["new", bad])).output().unwrap());
        assert!(error.contains("cannot name a migration: use lower-case letters"), "{error}");
    }
}

#[tokio::test]
async fn fresh_asks_and_then_drops_all_but_the_schema_and_its_extensions() {
    let database = migrated().await;
    let url = database.url();
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "INSERT INTO tasks (title) VALUES ('t');
         CREATE TYPE mood AS ENUM ('good');
         CREATE TABLE moods (mood mood, number bigint GENERATED ALWAYS AS IDENTITY);
         CREATE SEQUENCE counter;
         CREATE MATERIALIZED VIEW titles AS SELECT title FROM tasks;
         CREATE FUNCTION f(a integer DEFAULT 1) RETURNS integer LANGUAGE sql AS 'SELECT a';
         CREATE FUNCTION all_tasks() RETURNS SETOF tasks LANGUAGE sql AS 'SELECT * FROM tasks';
         CREATE VIEW under AS SELECT title FROM tasks;
         CREATE MATERIALIZED VIEW middle AS SELECT * FROM under;
         CREATE VIEW over AS SELECT * FROM middle;
         CREATE TABLE one (id integer PRIMARY KEY, number serial);
         CREATE TABLE two (id integer PRIMARY KEY REFERENCES one);
         ALTER TABLE one ADD FOREIGN KEY (id) REFERENCES two;
         CREATE TABLE years (year integer) PARTITION BY RANGE (year);
         CREATE TABLE year_1 PARTITION OF years FOR VALUES FROM (1) TO (2);
         CREATE STATISTICS both_numbers ON id, number FROM one;
         CREATE DOMAIN small AS integer CHECK (value < 10);
         CREATE TYPE pair AS (a mood, b small);
         CREATE TYPE span AS RANGE (subtype = integer);
         CREATE AGGREGATE total (integer) (sfunc = int4pl, stype = integer);
         CREATE PROCEDURE p(a text[]) LANGUAGE sql AS 'SELECT 1';
         CREATE FUNCTION same(mood, mood) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
         CREATE OPERATOR === (leftarg = mood, rightarg = mood, function = same);
         CREATE OPERATOR CLASS moods_hash FOR TYPE mood USING hash AS OPERATOR 1 ===;
         CREATE TEXT SEARCH DICTIONARY words (template = pg_catalog.simple);
         CREATE TEXT SEARCH CONFIGURATION plain (copy = pg_catalog.english);
         CREATE COLLATION by_code FROM \"C\";
         CREATE SCHEMA other;
         CREATE TABLE other.kept ();
         GRANT USAGE ON SCHEMA public TO pg_monitor",
    )
    .await;

    let tables: i64 = value(
        &mut connection,
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
    )
    .await;
    assert!(tables > 9, "{tables}");
    for answer in ["\n", "n\n", "", "yesterday\n"] {
        let mut child = program(&url, &["fresh"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let asked = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            asked.contains(&format!("{tables} tables"))
                && asked.contains("1 text search configuration")
                && asked.contains("database"),
            "{asked}"
        );
        assert!(error_of(&output).ends_with("nothing was dropped"));
    }
    assert_eq!(value::<i64>(&mut connection, "SELECT count(*) FROM tasks").await, 1);

    let objects = "SELECT concat_ws(' ', o.type, o.identity) FROM pg_depend d, pg_identify_object(d.classid, d.objid, 0) o
                    WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = 'public'::regnamespace ORDER BY 1";
    assert!(
        printed(&migrate(&url, &["fresh", "--yes"]))
            .contains(&format!("applied {} migrations", migrations().len()))
    );
    let pristine = migrated().await;
    assert_eq!(column(&mut connection, objects).await, column(&mut connect(&pristine).await, objects).await);
    assert_eq!(value::<i64>(&mut connection, "SELECT count(*) FROM tasks").await, 0);
    let left: String = value(
        &mut connection,
        "SELECT concat_ws(' ', to_regclass('moods'), to_regclass('counter'), to_regclass('titles'), to_regtype('mood'),
                to_regproc('f'), to_regclass('other.kept'), (SELECT nspacl::text LIKE '%pg_monitor%' FROM pg_namespace WHERE nspname = 'public'))",
    )
    .await;
    assert_eq!(left, "other.kept t");
    printed(&migrate(&url, &["verify"]));
}

#[tokio::test]
async fn fresh_drops_nothing_when_another_schema_depends_on_it() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(&mut connection, "CREATE SCHEMA other; CREATE VIEW other.titles AS SELECT title FROM tasks").await;
    let error = error_of(&migrate(&database.url(), &["fresh", "--yes"]));
    assert!(error.contains("view other.titles depends on table"), "{error}");
    run(&mut connection, "INSERT INTO tasks (title) VALUES ('still here')").await;
}

#[test]
fn fresh_refuses_another_machine_unless_forced() {
    let url = "postgres://u:s3cret@host.invalid/x";
    let error = error_of(&migrate(url, &["fresh", "--yes"]));
    assert_eq!(
        error,
        "error: the database is not on this machine: add --force to drop everything in its schema all the same"
    );
    let error = error_of(&migrate(url, &["fresh", "--yes", "--force"]));
    assert!(error.contains("host.invalid:5432: the host's address cannot be found"), "{error}");
}

#[tokio::test]
async fn a_reader_that_has_read_enough_is_no_error() {
    let database = empty().await;
    let mut child =
        program(&database.url(), &["plan"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
