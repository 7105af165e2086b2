use std::fs;
use std::path::{Path, PathBuf};

use taskmaster_embedded::TestDatabase;

use super::{execute, options};
use crate::{Options, run};

/// A directory of one test, which is not there yet.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("entities-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn shop() -> TestDatabase {
    let database = TestDatabase::empty().await.unwrap();
    execute(
        &database,
        "CREATE TABLE goods (id integer PRIMARY KEY, name text NOT NULL); CREATE TABLE shops (id integer PRIMARY KEY);",
    )
    .await;
    database
}

async fn generate(database: &TestDatabase, directory: &Path, check: bool) -> Result<(), String> {
    let options = Options { check, out: Some(directory.to_owned()), ..options(database) };
    run(&options).await.map_err(|error| format!("{error:#}"))
}

#[tokio::test]
async fn a_directory_is_made_and_follows_the_schema() {
    let database = shop().await;
    let directory = Directory::new("follows");
    let entities = directory.0.join("deep/entities");
    generate(&database, &entities, false).await.unwrap();
    generate(&database, &entities, true).await.unwrap();
    let index = fs::read_to_string(entities.join("mod.rs")).unwrap();
    assert!(index.contains("pub mod goods;\npub mod shops;\n"), "{index}");

    execute(
        &database,
        "ALTER TABLE goods ADD COLUMN estimate integer, DROP COLUMN name; DROP TABLE shops; CREATE TABLE carts (id uuid PRIMARY KEY)",
    )
    .await;
    let before = fs::read_to_string(entities.join("goods.rs")).unwrap();
    let error = generate(&database, &entities, true).await.unwrap_err();
    for line in [
        "carts.rs is missing",
        r#"goods.rs: the database has column "estimate" that the entity lacks"#,
        r#"goods.rs: the entity has column "name" that the database lacks"#,
        "mod.rs: the line `pub mod carts;` is missing",
        "shops.rs: the schema has it no longer",
    ] {
        assert!(error.contains(line), "{line} is not in {error}");
    }
    assert_eq!(fs::read_to_string(entities.join("goods.rs")).unwrap(), before, "a check writes nothing");

    generate(&database, &entities, false).await.unwrap();
    generate(&database, &entities, true).await.unwrap();
    let directory = Directory(entities);
    assert_eq!(directory.names(), ["carts.rs", "goods.rs", "mod.rs"]);
}

#[tokio::test]
async fn a_check_without_a_directory_makes_none() {
    let database = shop().await;
    let directory = Directory::new("check");
    let error = generate(&database, &directory.0, true).await.unwrap_err();
    assert!(error.contains("goods.rs is missing"), "{error}");
    assert!(!directory.0.exists());
}

#[tokio::test]
async fn a_file_that_was_not_generated_stays_and_nothing_is_written_over_it() {
    let database = shop().await;
    let directory = Directory::new("foreign");
    fs::create_dir_all(&directory.0).unwrap();
    fs::write(directory.0.join("goods.rs"), "pub struct Mine;\n").unwrap();
    let error = generate(&database, &directory.0, false).await.unwrap_err();
    assert!(error.contains("goods.rs was not generated"), "{error}");
    assert_eq!(directory.names(), ["goods.rs"], "nothing is written before it is refused");
    assert!(
        generate(&database, &directory.0, true).await.unwrap_err().contains("goods.rs was not generated")
    );

    fs::rename(directory.0.join("goods.rs"), directory.0.join("mine.rs")).unwrap();
    generate(&database, &directory.0, false).await.unwrap();
    assert_eq!(directory.names(), ["goods.rs", "mine.rs", "mod.rs", "shops.rs"]);
    generate(&database, &directory.0, true).await.unwrap();
}

#[tokio::test]
async fn a_write_that_fails_leaves_every_file_as_it_was() {
    let database = shop().await;
    let directory = Directory::new("fails");
    generate(&database, &directory.0, false).await.unwrap();
    let before = fs::read_to_string(directory.0.join("goods.rs")).unwrap();
    execute(&database, "ALTER TABLE goods ADD COLUMN estimate integer, ADD COLUMN weight integer").await;
    execute(&database, "ALTER TABLE shops ADD COLUMN street text").await;
    // The second file cannot be staged: a directory is in its place.
    let staged = directory.0.join(format!(".shops.rs.{}.tmp", std::process::id()));
    fs::create_dir(&staged).unwrap();
    let error = generate(&database, &directory.0, false).await.unwrap_err();
    assert!(error.contains("cannot write shops.rs"), "{error}");
    assert_eq!(fs::read_to_string(directory.0.join("goods.rs")).unwrap(), before);
    fs::remove_dir(staged).unwrap();
    assert_eq!(directory.names(), ["goods.rs", "mod.rs", "shops.rs"]);
}

#[tokio::test]
async fn a_schema_is_not_taken_without_a_directory() {
    let database = shop().await;
    let error = run(&options(&database)).await.unwrap_err().to_string();
    assert!(error.contains("--schema is for --out"), "{error}");
}
