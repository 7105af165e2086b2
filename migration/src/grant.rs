use sea_orm_migration::sea_orm::{ConnectionTrait, TransactionTrait};

use crate::MigrateError;
use crate::catalogue::catalogue;
use crate::record::{Records, is_applied, pending};
use crate::split::{Piece, statements};
use crate::target::{Target, statement};

/// The migration that makes the roles; its first statement does, and lets the roles use the schema.
const ROLES: &str = "m20261122_000018_roles";

impl Target {
    /// Grants anew what the migrations grant, after a restore without roles or grants. Returns the statements.
    ///
    /// Missing roles are made, and functions that name another schema than their own are made to name this one. A
    /// schema in order stays as it is. Rights beyond those of the migrations stay, except for EXECUTE that the
    /// migrations revoke from PUBLIC.
    ///
    /// # Errors
    ///
    /// [`MigrateError::ReadOnly`], [`SchemaNewer`](MigrateError::SchemaNewer), [`Changed`](MigrateError::Changed),
    /// [`Pending`](MigrateError::Pending), [`NotGranted`](MigrateError::NotGranted), and
    /// [`Database`](MigrateError::Database) when the session's role may not grant. Each leaves the schema unchanged.
    pub async fn grant(&self) -> Result<Vec<String>, MigrateError> {
        self.require_writable()?;
        self.locked(async {
            let records = self.records().await?;
            self.check(&records)?;
            let pending = pending(&records);
            if !pending.is_empty() {
                let schema = self.schema.clone();
                return Err(MigrateError::Pending { schema, versions: pending.join(", ") });
            }
            let transaction = self.db.begin().await?;
            let repairs: Vec<String> =
                self.differences(&transaction).await?.into_iter().filter_map(|it| it.repair).collect();
            if !repairs.is_empty() {
                make_roles(&transaction).await?;
            }
            for repair in repairs.iter().filter(|repair| !repair.starts_with("CREATE ROLE ")) {
                transaction.execute_unprepared(repair).await?;
            }
            // A grant that is not the role's to give is only warned of.
            let left: Vec<String> = self
                .differences(&transaction)
                .await?
                .into_iter()
                .filter_map(|it| it.repair.as_deref().map(first_line))
                .collect();
            if !left.is_empty() {
                transaction.rollback().await?;
                let schema = self.schema.clone();
                return Err(MigrateError::NotGranted { schema, statements: left.join("; ") });
            }
            transaction.commit().await?;
            Ok(repairs.iter().map(|repair| first_line(repair)).collect())
        })
        .await
    }

    /// Makes roles that a restore has not brought along, because a pending migration may grant them something.
    pub(crate) async fn make_missing_roles(&self, records: &Records) -> Result<(), MigrateError> {
        let has_granted = catalogue().iter().any(|it| it.name == ROLES && is_applied(records, it));
        let sql = "SELECT count(*) = 3 FROM pg_catalog.pg_roles \
                   WHERE rolname IN ('taskmaster_readonly', 'taskmaster_app', 'taskmaster_admin')";
        if has_granted && !self.holds(statement(sql)).await? {
            let transaction = self.db.begin().await?;
            make_roles(&transaction).await?;
            transaction.commit().await?;
        }
        Ok(())
    }
}

/// Returns the line that names a function of many lines.
fn first_line(statement: &str) -> String {
    statement.lines().next().map_or_else(String::new, str::to_owned)
}

async fn make_roles(connection: &impl ConnectionTrait) -> Result<(), MigrateError> {
    let file = catalogue().iter().find(|it| it.name == ROLES).map_or("", |it| it.up);
    if let Some(Piece { sql, .. }) = statements(file).first() {
        connection.execute_unprepared(sql).await?;
    }
    Ok(())
}
