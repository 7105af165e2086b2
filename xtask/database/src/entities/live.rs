//! Entities of a live schema, of this project or not.

use std::path::Path;

use anyhow::{Context, Result, bail};
use taskmaster_connection::SingleSession;
use taskmaster_connection::config::Target;

use crate::output::Output;
use crate::plan::Plan;
use crate::{Options, catalog, plan, rust};

/// The least likeness of a name that is offered instead of one that does not exist.
const SIMILAR: f64 = 0.75;

/// Writes the entities to `directory`, or compares them with what is there.
pub(crate) async fn run(options: &Options, directory: &Path) -> Result<()> {
    let plan = read(options).await?;
    for line in &plan.left_out {
        eprintln!("left out {line}");
    }
    let output = output(&plan, directory)?;
    if !options.check {
        return output.write().with_context(|| format!("cannot write to {}", directory.display()));
    }
    let differences = output.differences()?;
    if !differences.is_empty() {
        let differences = differences.join("\n");
        bail!(
            "{} differs from the schema:\n{differences}\nrun the same without --check",
            directory.display()
        );
    }
    Ok(())
}

/// Reads the schema that is meant.
pub(crate) async fn read(options: &Options) -> Result<Plan> {
    let located = options.database.locate("taskmaster-entities")?;
    let mut config = located.config.clone();
    // It only reads.
    config.target = Target::Any;
    let wanted = config.schema.take();
    let session = SingleSession::connect(config)
        .await
        .with_context(|| format!("cannot connect to {}", located.describe()))?;
    let pool = session.pool();
    let schemas = catalog::schema_names(pool).await?;
    let name = match &wanted {
        Some(name) if !schemas.contains(name) => {
            bail!("there is no schema {name}{}", similar(name, &schemas))
        }
        Some(name) => name.clone(),
        None => {
            catalog::current_schema(pool).await?.context("the search path has no schema: give --schema")?
        }
    };
    let schema = catalog::read(pool, &name).await?;
    session.close().await;

    let tables = options.tables.as_deref();
    let present: Vec<String> = schema.tables.iter().map(|table| table.name.clone()).collect();
    let unknown: Vec<String> = tables
        .unwrap_or_default()
        .iter()
        .filter(|table| !present.contains(table))
        .map(|table| format!("there is no table {table} in the schema {name}{}", similar(table, &present)))
        .collect();
    if !unknown.is_empty() {
        bail!("{}", unknown.join("\n"));
    }
    Ok(plan::plan(schema, tables))
}

pub(crate) fn output<'a>(plan: &Plan, directory: &'a Path) -> Result<Output<'a>> {
    let files = rust::files(plan, existing(directory))?;
    let files = files.into_iter().map(|(name, text)| (name.into(), text)).collect();
    Ok(Output { base: directory, directory: Path::new(""), files })
}

/// The names that were probably meant, the likeliest first.
fn similar(name: &str, names: &[String]) -> String {
    let likeness = |other: &String| strsim::jaro_winkler(&name.to_lowercase(), &other.to_lowercase());
    let mut found: Vec<(f64, &String)> = names
        .iter()
        .map(|other| (likeness(other), other))
        .filter(|(likeness, _)| *likeness > SIMILAR)
        .collect();
    found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let found: Vec<&str> = found.iter().take(3).map(|(_, name)| name.as_str()).collect();
    if found.is_empty() { String::new() } else { format!("; is it {}?", found.join(" or ")) }
}

/// The directory or the nearest one above it that is there already, whose settings of `rustfmt` will hold.
fn existing(directory: &Path) -> &Path {
    let found = directory.ancestors().find(|directory| directory.is_dir());
    found.unwrap_or(Path::new("."))
}
