//! The files that this project makes from its own schema: the entities, `docs/schema.sql` and `docs/schema.mmd`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use taskmaster_connection::SingleSession;
use taskmaster_connection::config::DatabaseConfig;
use taskmaster_embedded::TestDatabase;

use crate::output::Output;
use crate::{catalog, diagram, plan, rust, schema_sql};

const ENTITIES: &str = "crates/postgres/src/entities";
const DUMP: &str = "docs/schema.sql";

/// Migrates a scratch database and reads the schema back from there, so the migrations stay the only source of truth.
pub(crate) async fn run(check: bool) -> Result<()> {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("the package has no workspace")?;

    let database = TestDatabase::empty().await?;
    taskmaster_migration::up(&database.url(), None).await.context("the migrations do not apply")?;
    let config = DatabaseConfig::from_url(&database.url())?;
    let session = SingleSession::connect(config.clone()).await?;
    let schema = catalog::read(session.pool(), "public").await?;
    let major = session.server().version / 10_000;
    session.close().await;

    let plan = plan::plan(schema, None);
    let mut files = BTreeMap::new();
    files.insert(PathBuf::from("docs/schema.mmd"), diagram::text(&plan)?);
    match schema_sql::pg_dump(major) {
        Ok(pg_dump) => {
            files.insert(PathBuf::from(DUMP), schema_sql::dump(&pg_dump, &config, major)?);
        }
        // The packages that the launcher installs have none.
        Err(error) if check => println!("note: {DUMP} is not compared: {error}"),
        Err(error) => return Err(error),
    }
    for (name, text) in rust::files(&plan, root)? {
        files.insert(Path::new(ENTITIES).join(name), text);
    }
    let mut output = Output { base: root, directory: Path::new(ENTITIES), files };
    if !check {
        return output.write();
    }

    // Each major version words views and constraints in its own way, so a difference means nothing.
    let made_by = output.generated(Path::new(DUMP))?.and_then(|text| schema_sql::made_by(&text));
    if let Some(made_by) = made_by.filter(|made_by| *made_by != major) {
        println!("note: {DUMP} was made by PostgreSQL {made_by} and is not compared with what {major} makes");
        output.files.remove(Path::new(DUMP));
    }
    let differences = output.differences()?;
    if !differences.is_empty() {
        bail!("{}\nrun `cargo xtask entities` and commit the result", differences.join("\n"));
    }
    Ok(())
}
