//! Tables of migrations that another program has made: each command says so, and changes nothing.

use crate::database::{column, connect, empty, error_of, migrate, printed, run};

/// Statements that make a foreign table, its name, and the program that it is said to be of.
const FOREIGN: [(&str, &str, &str); 13] = [
    (
        "CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY)",
        "schema_migrations",
        "Rails (ActiveRecord) or dbmate",
    ),
    (
        "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)",
        "schema_migrations",
        "golang-migrate",
    ),
    (
        "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, inserted_at timestamp(0))",
        "schema_migrations",
        "Ecto",
    ),
    (
        "CREATE TABLE schema_migrations (version varchar(50) PRIMARY KEY, description text, applied_at timestamptz, checksum varchar(64))",
        "schema_migrations",
        "another program",
    ),
    (
        "CREATE TABLE schema_migrations (version integer, description text, applied_at timestamptz, checksum text, duration_ms bigint)",
        "schema_migrations",
        "another program",
    ),
    ("CREATE TABLE schema_migrations ()", "schema_migrations", "another program"),
    ("CREATE VIEW schema_migrations AS SELECT 1 AS version", "schema_migrations", "another program"),
    ("CREATE SEQUENCE schema_migrations", "schema_migrations", "another program"),
    (
        "CREATE TYPE schema_migrations AS (version text, description text, applied_at timestamptz, checksum text, duration_ms bigint)",
        "schema_migrations",
        "another program",
    ),
    ("CREATE TABLE seaql_migrations (id integer, name text)", "seaql_migrations", "another program"),
    (
        "CREATE TABLE seaql_migrations (version varchar PRIMARY KEY, applied_at timestamptz)",
        "seaql_migrations",
        "another program",
    ),
    (
        "CREATE MATERIALIZED VIEW seaql_migrations AS SELECT 1 AS version",
        "seaql_migrations",
        "another program",
    ),
    (
        "CREATE TABLE seaql_migrations (version varchar PRIMARY KEY, applied_at bigint); CREATE TABLE schema_migrations (version text)",
        "schema_migrations",
        "Rails (ActiveRecord) or dbmate",
    ),
];

#[tokio::test]
async fn each_command_says_whose_a_table_of_migrations_may_be_and_changes_nothing() {
    let database = empty().await;
    let url = database.url();
    let mut connection = connect(&database).await;
    let objects = "SELECT concat_ws(' ', relname, relkind, relnamespace::regnamespace) FROM pg_class
                    WHERE relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
                      AND relnamespace::regnamespace::text NOT LIKE 'pg\\_toast%' ORDER BY 1";
    for (sql, table, owner) in FOREIGN {
        run(
            &mut connection,
            &format!("CREATE SCHEMA theirs; SET search_path = theirs; {sql}; CREATE TABLE kept ()"),
        )
        .await;
        let before = column(&mut connection, objects).await;
        for command in [
            &["up"][..],
            &["down"],
            &["status"],
            &["status", "--json"],
            &["plan"],
            &["verify"],
            &["grant"],
            &["fresh"],
            &["fresh", "--yes", "--force"],
            &[],
        ] {
            let error = error_of(&migrate(&url, &[command, &["--schema", "theirs"]].concat()));
            let expected = format!(
                "error: {table} of schema \"theirs\" is not Taskmaster's but, by its columns, that of {owner}: \
                 name another schema with --schema, and `up` makes it"
            );
            assert_eq!(error, expected, "{sql}: {command:?}");
        }
        assert_eq!(column(&mut connection, objects).await, before);
        run(&mut connection, "DROP SCHEMA theirs CASCADE").await;
    }
}

#[tokio::test]
async fn another_schema_beside_foreign_tables_is_migrated() {
    let database = empty().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY); INSERT INTO schema_migrations VALUES ('20240101')",
    )
    .await;
    printed(&migrate(&database.url(), &["up", "--schema", "taskmaster"]));
    printed(&migrate(&database.url(), &["verify", "--schema", "taskmaster"]));
    assert_eq!(column(&mut connection, "SELECT version FROM public.schema_migrations").await, ["20240101"]);
}
