use sea_orm_migration::MigratorTrait;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};
use taskmaster_connection::quote_identifier;

use crate::catalogue::{Migrator, SqlMigration, catalogue};
use crate::record::is_applied;
use crate::{MigrateError, Target};

impl Target {
    /// Applies the next `steps` pending migrations, or all, and returns their names. Waits while another process migrates
    /// this schema, and makes the schema when there is none.
    ///
    /// Each migration is one transaction: when one fails, those before it stay applied.
    ///
    /// # Errors
    ///
    /// [`MigrateError::ReadOnly`], [`SchemaNewer`](MigrateError::SchemaNewer), [`Changed`](MigrateError::Changed),
    /// [`Empty`](MigrateError::Empty), [`Statement`](MigrateError::Statement).
    pub async fn up(&self, steps: Option<u32>) -> Result<Vec<String>, MigrateError> {
        self.require_writable()?;
        self.locked(self.apply(steps)).await
    }

    /// Takes back the last `steps` applied migrations, and returns their names, last first. What their tables held is lost.
    ///
    /// # Errors
    ///
    /// [`MigrateError::ReadOnly`], [`SchemaNewer`](MigrateError::SchemaNewer), [`Changed`](MigrateError::Changed),
    /// [`Statement`](MigrateError::Statement).
    pub async fn down(&self, steps: u32) -> Result<Vec<String>, MigrateError> {
        self.require_writable()?;
        self.locked(async {
            let records = self.records().await?;
            self.check(&records)?;
            let last: Vec<String> = catalogue()
                .iter()
                .rev()
                .filter(|migration| is_applied(&records, migration))
                .take(steps as usize)
                .map(|migration| migration.name.to_owned())
                .collect();
            if !last.is_empty() {
                Migrator::down(&self.db, Some(steps)).await?;
            }
            Ok(last)
        })
        .await
    }

    /// The SQL that [`up`](Self::up) would run, as one script. Needs no right but to read.
    ///
    /// # Errors
    ///
    /// [`MigrateError::SchemaNewer`], [`Changed`](MigrateError::Changed).
    pub async fn plan(&self) -> Result<String, MigrateError> {
        let records = self.records().await?;
        self.check(&records)?;
        let pending: Vec<_> =
            catalogue().iter().filter(|migration| !is_applied(&records, migration)).collect();
        if pending.is_empty() {
            return Ok(String::new());
        }
        let schema = quote_identifier(&self.schema);
        let mut script = Vec::new();
        if !self.has_schema().await? {
            script.push(format!("CREATE SCHEMA {schema};\n"));
        }
        script.push(format!("SET search_path = {schema}, pg_temp;\nSET standard_conforming_strings = on;\n"));
        for migration in pending {
            let (begin, commit) =
                if migration.runs_in_transaction() { ("BEGIN;\n", "COMMIT;\n") } else { ("", "") };
            let records = "-- and its rows of schema_migrations and seaql_migrations\n";
            script.push(format!(
                "\n-- {}\n{begin}{}\n{records}{commit}",
                migration.name,
                migration.up.trim_end()
            ));
        }
        Ok(script.concat())
    }

    pub(crate) async fn apply(&self, steps: Option<u32>) -> Result<Vec<String>, MigrateError> {
        if !self.has_schema().await? {
            self.db.execute_unprepared(&format!("CREATE SCHEMA {}", quote_identifier(&self.schema))).await?;
        }
        let records = self.records().await?;
        self.check(&records)?;
        let next: Vec<&SqlMigration> = catalogue()
            .iter()
            .filter(|migration| !is_applied(&records, migration))
            .take(steps.map_or(usize::MAX, |steps| steps as usize))
            .collect();
        let empty: Vec<&str> = next.iter().filter(|it| it.is_empty()).map(|it| it.name).collect();
        if !empty.is_empty() {
            return Err(MigrateError::Empty { versions: empty.join(", ") });
        }
        if !next.is_empty() {
            self.make_missing_roles(&records).await?;
            Migrator::up(&self.db, steps).await?;
        }
        Ok(next.into_iter().map(|migration| migration.name.to_owned()).collect())
    }

    async fn has_schema(&self) -> Result<bool, MigrateError> {
        let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)";
        let values = [self.schema.as_str().into()];
        self.holds(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await
    }
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::MigrationTrait;
    use taskmaster_embedded::TestDatabase;

    use super::*;
    use crate::target::statement;

    /// The table of records, an index that cannot be made in a transaction, and a failure after a success.
    struct WithoutTransaction;

    impl MigratorTrait for WithoutTransaction {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            let index = SqlMigration {
                name: "m20270101_000001_index",
                up: "-- transaction: none\nCREATE INDEX CONCURRENTLY by_time ON schema_migrations (applied_at);",
                down: "DROP INDEX CONCURRENTLY by_time;",
            };
            let broken = SqlMigration {
                name: "m20270101_000002_broken",
                up: "-- transaction: none\nCREATE TABLE stays ();\n\nSELECT nonsense;",
                down: "",
            };
            vec![Box::new(catalogue()[0]), Box::new(index), Box::new(broken)]
        }
    }

    #[tokio::test]
    async fn without_a_transaction_an_index_is_made_concurrently_and_a_failure_leaves_what_came_before_it() {
        let database = TestDatabase::empty().await.unwrap();
        let target = Target::connect(&database.url(), None).await.unwrap();
        WithoutTransaction::up(&target.db, Some(2)).await.unwrap();

        let error = WithoutTransaction::up(&target.db, None).await.unwrap_err().to_string();
        assert!(
            error.contains("m20270101_000002_broken/up.sql, line 4: column \"nonsense\" does not exist"),
            "{error}"
        );
        let records = target.records().await.unwrap();
        assert_eq!(records.len(), 2, "{records:?}");
        target.db.execute_raw(statement("DROP TABLE stays")).await.unwrap();

        WithoutTransaction::down(&target.db, Some(1)).await.unwrap();
        assert!(target.db.execute_raw(statement("DROP INDEX by_time")).await.is_err());
        assert_eq!(target.records().await.unwrap().len(), 1);
    }
}
