//! Compares the live schema with what the migrations make.

use std::collections::BTreeMap;

use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement};
use taskmaster_connection::quote_identifier;

use crate::{MigrateError, Target};

/// All that the migrations make, one name a line, as [`LIVE`] lists it. A part of an object follows the object's name
/// and a colon. A right and the path of a function are written as the statement that sets them.
const EXPECTED: &str = include_str!("../inventory.txt");

const LIVE: &str = include_str!("inventory.sql");

/// The beginnings of parts that are statements.
const STATEMENTS: [&str; 3] = ["GRANT ", "REVOKE ", "ALTER FUNCTION "];

/// Something in which the live schema differs from what the migrations make.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The difference and its remedy, in one sentence.
    pub(crate) text: String,
    /// The statement that takes the difference away, where that loses nothing and needs no decision.
    pub(crate) repair: Option<String>,
}

/// The faults of the live schema's objects, each with its repair, by the object's name.
type Live = BTreeMap<String, (Option<String>, Option<String>)>;

impl Target {
    /// Returns the differences from a schema in which all migrations are applied. No right is needed but to connect.
    pub(crate) async fn differences(
        &self,
        transaction: &DatabaseTransaction,
    ) -> Result<Vec<Difference>, MigrateError> {
        let live = self.live(transaction).await?;
        let schema = quote_identifier(&self.schema);
        let mut differences = Vec::new();
        for name in EXPECTED.lines() {
            let text = name.replace("{schema}", &schema);
            match (live.get(name), name.split_once(": ")) {
                (Some((None, _)), _) => {}
                (Some((Some(fault), None)), _) => {
                    differences.push(Difference { text: format!("{text} {fault}"), repair: None });
                }
                (Some((Some(fault), repair)), _) => differences.push(Difference {
                    text: format!("{text} {fault}: run `migrate grant`"),
                    repair: repair.clone(),
                }),
                // The parts of a missing object are missing, too, and go without saying.
                (None, Some((object, _))) if !live.contains_key(object) => {}
                (None, _) => differences.push(missing(&text)),
            }
        }
        Ok(differences)
    }

    async fn live(&self, transaction: &DatabaseTransaction) -> Result<Live, MigrateError> {
        let names: Vec<&str> = EXPECTED.lines().filter_map(name_in_statements).collect();
        let values = [self.schema.as_str().into(), names.join("|").into()];
        let query = Statement::from_sql_and_values(DbBackend::Postgres, LIVE, values);
        // A function of the schema that fits the query's arguments better than PostgreSQL's own must not be called.
        transaction.execute_unprepared("SET LOCAL search_path = pg_catalog, pg_temp").await?;
        let rows = transaction.query_all_raw(query).await?;
        let path = format!("SET LOCAL search_path = {}, pg_temp", quote_identifier(&self.schema));
        transaction.execute_unprepared(&path).await?;
        let mut live = Live::new();
        for row in rows {
            live.insert(row.try_get_by_index(0)?, (row.try_get_by_index(1)?, row.try_get_by_index(2)?));
        }
        Ok(live)
    }
}

/// Returns the name of a table, view or function, without the types of its arguments.
fn name_in_statements(line: &str) -> Option<&str> {
    let (kind, name) = line.split_once(' ')?;
    let is_object = matches!(kind, "table" | "view" | "function") && !name.contains(": ");
    is_object.then(|| name.split_once('(').map_or(name, |(name, _)| name))
}

fn missing(name: &str) -> Difference {
    let repair = match name.split_once(": ") {
        Some((_, part)) if STATEMENTS.iter().any(|start| part.starts_with(start)) => Some(part.to_owned()),
        Some(_) => None,
        None => name.strip_prefix("role ").map(|role| format!("CREATE ROLE {role} NOLOGIN")),
    };
    let text = match (&repair, name.split_once(": ")) {
        (Some(_), Some((_, statement))) => format!("{statement} is missing: run `migrate grant`"),
        (Some(_), None) => format!("{name} is missing: run `migrate grant`"),
        (None, _) => format!("{name} is missing: restore it from a backup"),
    };
    Difference { text, repair }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use sea_orm_migration::sea_orm::TransactionTrait as _;
    use taskmaster_embedded::TestDatabase;

    use super::*;

    /// Returns the content of a schema of this name after `up`.
    async fn migrated(database: &TestDatabase, schema: &str) -> Live {
        let target = Target::connect(&database.url(), Some(schema)).await.unwrap();
        target.up(None).await.unwrap();
        let transaction = target.db.begin().await.unwrap();
        let live = target.live(&transaction).await.unwrap();
        transaction.rollback().await.unwrap();
        live
    }

    #[tokio::test]
    async fn the_inventory_is_what_the_migrations_make_in_a_schema_of_any_name() {
        let database = TestDatabase::empty().await.unwrap();
        for schema in ["public", "n", "tasks", r"a\2&b", r#"Größe "1"; x.tasks"#, "audit_row"] {
            let live = migrated(&database, schema).await;
            let found: String = live.keys().flat_map(|name| [name, "\n"]).collect();
            if found != EXPECTED {
                let file = std::env::temp_dir().join("inventory.txt");
                fs::write(&file, found).unwrap();
                panic!(
                    "the migrations make something else in {schema:?}: copy {file:?} to migration/inventory.txt"
                );
            }
            let faults: Vec<_> = live.iter().filter(|(_, (fault, _))| fault.is_some()).collect();
            assert!(faults.is_empty(), "{schema:?}: {faults:?}");
        }
    }

    #[test]
    fn a_right_and_a_path_are_repaired_by_their_own_statement_and_an_object_is_not() {
        let right = missing("table tasks: GRANT SELECT ON tasks TO taskmaster_app");
        assert_eq!(right.repair.as_deref(), Some("GRANT SELECT ON tasks TO taskmaster_app"));
        assert!(right.text.ends_with("is missing: run `migrate grant`"), "{right:?}");
        assert_eq!(missing("role x").repair.as_deref(), Some("CREATE ROLE x NOLOGIN"));
        for name in ["table tasks", "table tasks: trigger tasks_audit"] {
            assert_eq!(missing(name).repair, None);
            assert!(missing(name).text.ends_with("is missing: restore it from a backup"));
        }
    }
}
