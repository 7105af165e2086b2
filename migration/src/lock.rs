use std::time::Duration;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};
use sea_orm_migration::{DbErr, sea_orm};
use sha2::{Digest, Sha256};

use crate::{MigrateError, Target};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Target {
    /// Does `work` while no other process migrates this schema. The lock belongs to the session that does the work, so that
    /// it is held exactly as long as the server works, also when this process is killed.
    ///
    /// It is asked for again and again, because a session that waits inside `pg_advisory_lock` holds a snapshot, and
    /// `CREATE INDEX CONCURRENTLY` in the other session would wait for that one in turn.
    pub(crate) async fn locked<T>(
        &self,
        work: impl Future<Output = Result<T, MigrateError>>,
    ) -> Result<T, MigrateError> {
        let key = lock_key(&self.database, &self.schema);
        let mut pause = FIRST_PAUSE;
        while !self.call(key, "SELECT pg_try_advisory_lock($1)").await? {
            if pause == FIRST_PAUSE {
                tracing::info!("another process is migrating schema {:?}, waiting for it", self.schema);
            }
            tokio::time::sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
        let result = work.await;
        let released = self.call(key, "SELECT pg_advisory_unlock($1)").await;
        let value = result?;
        released?;
        Ok(value)
    }

    async fn call(&self, key: i64, sql: &str) -> Result<bool, DbErr> {
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [key.into()]);
        let row = self.db.query_one_raw(statement).await?;
        row.ok_or_else(|| sea_orm::DbErr::RecordNotFound(sql.to_owned()))?.try_get_by_index(0)
    }
}

fn lock_key(database: &str, schema: &str) -> i64 {
    let mut hash = Sha256::new();
    for part in ["taskmaster-migration", database, schema] {
        hash.update(part);
        hash.update([0]);
    }
    hash.finalize()[..8].iter().fold(0, |key, byte| key << 8 | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::lock_key;

    #[test]
    fn each_schema_of_each_database_has_its_own_lock() {
        let keys = [lock_key("a", "b"), lock_key("b", "a"), lock_key("ab", ""), lock_key("a", "c")];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key));
        }
    }
}
