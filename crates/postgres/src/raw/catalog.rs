//! What there is in the database, for the guard to know.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sea_orm::sqlx::{Row as _, postgres::PgRow};
use taskmaster_connection::{Access, Database, Operation, statement::Query};
use taskmaster_guard::{Catalog, Column, Relation, RelationKind};
use taskmaster_repository::RepositoryError;
use tokio::{sync::Mutex, time::Instant};

use super::param;
use crate::{error::from_connection, raw::transaction::in_schema};

/// How old a catalog may be. A view that is changed is checked as it was for so long, and columns that are new are unknown.
const MAX_AGE: Duration = Duration::from_mins(1);

/// How old it is at least before it is read again because of an unknown name: made-up names must not be a way to make work.
const MIN_AGE: Duration = Duration::from_secs(1);

const OPERATION: Operation = Operation::new("raw.catalog", Access::ReadPrimary);

/// Foreign tables are not among them: what is behind these is another server's to guard.
const RELATIONS: &str = "\
    SELECT n.nspname::text AS schema, c.relname::text AS name, \
           CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END AS definition, \
           array_agg(a.attname::text ORDER BY a.attnum) AS columns, \
           array_agg(a.attnotnull ORDER BY a.attnum) AS not_null \
      FROM pg_catalog.pg_class c \
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
     WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname = ANY ($1) \
     GROUP BY n.nspname, c.relname, c.relkind, c.oid";

/// The catalogs that were read, by the schemas that are in them besides the session's.
#[derive(Debug, Default)]
pub(super) struct Catalogs(Mutex<BTreeMap<BTreeSet<String>, Arc<Known>>>);

/// A catalog, as it was at some time.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) catalog: Catalog,
    /// The schema whose relations need no qualifier.
    pub(super) schema: String,
    read_at: Instant,
    /// Is `true` if something has turned out to be otherwise.
    is_doubted: AtomicBool,
}

impl Catalogs {
    /// The catalog of the session's schema and `others`; a newer one than `outdated`, unless that is very young.
    pub(super) async fn get(
        &self,
        database: &Database,
        others: &BTreeSet<String>,
        outdated: Option<&Arc<Known>>,
    ) -> Result<Arc<Known>, RepositoryError> {
        // Who finds it outdated reads it for all who wait here.
        let mut catalogs = self.0.lock().await;
        if let Some(known) = catalogs.get(others) {
            let is_outdated = outdated.is_some_and(|outdated| Arc::ptr_eq(outdated, known))
                || known.is_doubted.load(Ordering::Relaxed);
            let limit = if is_outdated { MIN_AGE } else { MAX_AGE };
            if known.read_at.elapsed() < limit {
                return Ok(Arc::clone(known));
            }
        }
        let read_at = Instant::now();
        let (schema, catalog) = read(database, others).await?;
        let known = Arc::new(Known { catalog, schema, read_at, is_doubted: AtomicBool::new(false) });
        catalogs.insert(others.clone(), Arc::clone(&known));
        Ok(known)
    }
}

impl Known {
    /// Has it read anew before it is used again.
    pub(super) fn doubt(&self) {
        self.is_doubted.store(true, Ordering::Relaxed);
    }
}

async fn read(database: &Database, others: &BTreeSet<String>) -> Result<(String, Catalog), RepositoryError> {
    let schema = match &database.config().schema {
        Some(schema) => schema.clone(),
        None => current_schema(database).await?,
    };
    let schemas = others.iter().cloned().chain([schema.clone()]).collect::<Vec<_>>();
    // The text of a view depends on the search path.
    let transaction = in_schema(&schema, " READ ONLY");
    let arguments = param::arguments(&[schemas.into()])?;
    let query = Query::guarded(OPERATION, RELATIONS, arguments, transaction, usize::MAX);
    let rows = ask(database, query).await?;
    let relations = rows.iter().map(relation).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    Ok((schema.clone(), Catalog::new(schema, relations)))
}

/// Where a session looks for names first.
async fn current_schema(database: &Database) -> Result<String, RepositoryError> {
    let query = Query::unprepared(OPERATION, "SELECT current_schema()::text");
    let rows = ask(database, query).await?;
    let schema = rows.first().map_or(Ok(None), |row| row.try_get(0)).map_err(unreadable)?;
    schema.ok_or_else(|| RepositoryError::Refused {
        reason: "none of the schemas in the search path is there; set the schema".to_owned(),
        source: "current_schema() is NULL".into(),
    })
}

async fn ask(database: &Database, query: Query) -> Result<Vec<PgRow>, RepositoryError> {
    let output = database.run(query).await;
    output.map(|output| output.into_rows().0).map_err(|error| from_connection("catalog", error))
}

fn relation(row: &PgRow) -> Result<Relation, sea_orm::sqlx::Error> {
    let names: Vec<String> = row.try_get("columns")?;
    let not_null: Vec<bool> = row.try_get("not_null")?;
    let columns =
        names.into_iter().zip(not_null).map(|(name, not_null)| Column { name, nullable: !not_null });
    let definition: Option<String> = row.try_get("definition")?;
    Ok(Relation {
        schema: row.try_get("schema")?,
        name: row.try_get("name")?,
        kind: definition.map_or(RelationKind::Table, |definition| RelationKind::View { definition }),
        columns: columns.collect(),
    })
}

fn unreadable(error: sea_orm::sqlx::Error) -> RepositoryError {
    RepositoryError::Backend { source: Box::new(error) }
}
