//! Entities of a schema as projects have it: `fixture.sql` beside this project's own tables. They are in `generated/`,
//! so that each build of the tests compiles them; the ignored test writes them anew.

mod files;
mod generated;
mod rows;

use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, PgPool};
use taskmaster_cli::DatabaseArgs;
use taskmaster_embedded::TestDatabase;

use crate::{Options, live};

/// A database with the migrations and the fixture.
async fn fixture() -> TestDatabase {
    let database = TestDatabase::empty().await.unwrap();
    taskmaster_migration::up(&database.url(), None).await.unwrap();
    execute(&database, include_str!("fixture.sql")).await;
    database
}

async fn execute(database: &TestDatabase, sql: &'static str) {
    let pool = PgPool::connect(&database.url()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pool).await.unwrap();
    pool.close().await;
}

fn options(database: &TestDatabase) -> Options {
    in_schema(&database.url(), "public")
}

fn in_schema(url: &str, schema: &str) -> Options {
    let database = DatabaseArgs {
        database_url: Some(url.to_owned()),
        schema: Some(schema.to_owned()),
        ..DatabaseArgs::default()
    };
    Options { check: false, out: None, tables: None, database }
}

fn generated() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/entities/tests/generated")
}

#[tokio::test]
async fn the_committed_entities_are_those_of_the_fixture() {
    let database = fixture().await;
    let plan = live::read(&options(&database)).await.unwrap();
    let differences = live::output(&plan, &generated()).unwrap().differences().unwrap();
    let hint = "`cargo test --bin entities -- --ignored` writes them anew";
    assert_eq!(differences, Vec::<String>::new(), "{hint}");
}

#[tokio::test]
#[ignore = "it writes the files that the test above compares"]
async fn the_entities_of_the_fixture_are_written() {
    let database = fixture().await;
    let plan = live::read(&options(&database)).await.unwrap();
    live::output(&plan, &generated()).unwrap().write().unwrap();
}

#[tokio::test]
async fn all_that_is_left_out_is_named_with_its_reason() {
    let database = fixture().await;
    let plan = live::read(&options(&database)).await.unwrap();
    let computed = "PostgreSQL computes it, and an entity would write it";
    let expected = [
        "column api_keys.key_hash: it holds a secret".to_owned(),
        "column people.home: SeaORM has nothing for its type, address".to_owned(),
        "column people.pauses: SeaORM has nothing for its type, interval[]".to_owned(),
        format!("column people.search: {computed}"),
        "relation people.account → auth.users: it leads to another schema".to_owned(),
        "relation wide.hen → hens: its columns have different types in Rust".to_owned(),
        "table array_key: its primary key has the array days, which SeaORM cannot have in a key".to_owned(),
        "table without_key: it has no primary key, and SeaORM has no entity without one".to_owned(),
        "view happy_people: it has no primary key, and SeaORM has no entity without one".to_owned(),
    ];
    for line in &expected {
        assert!(plan.left_out.contains(line), "{line} is not in {:#?}", plan.left_out);
    }
    let events = plan.entities.iter().filter(|entity| entity.table.name.starts_with("events"));
    assert_eq!(events.count(), 1, "a partition is no entity of its own");
}

#[tokio::test]
async fn a_key_hash_in_tables_of_the_user_is_no_secret_of_ours() {
    let database = TestDatabase::empty().await.unwrap();
    execute(&database, "CREATE TABLE api_keys (id uuid PRIMARY KEY, key_hash text)").await;
    let plan = live::read(&options(&database)).await.unwrap();
    assert!(plan.entities[0].field_of("key_hash").is_some());
    assert_eq!(plan.left_out, Vec::<String>::new());
}

#[tokio::test]
async fn tables_and_schemas_that_do_not_exist_are_refused_with_similar_names() {
    let database = fixture().await;
    let named = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let tables = Options { tables: named(&["tasks", "poeple", "zzz"]), ..options(&database) };
    assert_eq!(
        live::read(&tables).await.unwrap_err().to_string(),
        "there is no table poeple in the schema public; is it people?\nthere is no table zzz in the schema public"
    );
    assert_eq!(
        live::read(&in_schema(&database.url(), "publik")).await.unwrap_err().to_string(),
        "there is no schema publik; is it public?"
    );

    let some = Options { tables: named(&["task_dependencies", "schema_migrations"]), ..options(&database) };
    let plan = live::read(&some).await.unwrap();
    let modules: Vec<&str> = plan.entities.iter().map(|entity| entity.module.as_str()).collect();
    assert_eq!(modules, ["schema_migrations", "task_dependencies"]);
    assert_eq!(
        plan.left_out,
        [
            "relation task_dependencies.child_task_id → tasks: it leads to a table without an entity",
            "relation task_dependencies.parent_task_id → tasks: it leads to a table without an entity",
        ]
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    // Nothing listens on port 1.
    let options = in_schema("postgres://me:geheim@127.0.0.1:1/app", "public");
    let error = format!("{:#}", live::read(&options).await.unwrap_err());
    assert!(error.contains("127.0.0.1:1"), "{error}");
    assert!(!error.contains("geheim"), "{error}");
}
