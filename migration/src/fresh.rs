use sea_orm_migration::DbErr;
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, Statement, TransactionTrait,
};

use crate::{MigrateError, Target};

/// Something that a schema holds and that can be dropped by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaObject {
    /// Its kind in lower case, for example `table` or `view`.
    pub kind: String,
    /// Its name as SQL, quoted where needed, with schema and argument types.
    pub name: String,
}

/// Everything in schema $1 but what belongs to an extension or is a part of another object. Tables come early, because the
/// first refusal is the one that is told.
const OBJECTS: &str = r"
SELECT CASE o.type WHEN 'statistics object' THEN 'statistics' ELSE o.type END AS kind, o.identity AS name
  FROM pg_catalog.pg_depend d CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) o
 WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.deptype = 'n'
   AND d.refobjid = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = $1)
   AND d.classid <> 'pg_catalog.pg_extension'::regclass
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend p
                    WHERE p.classid = d.classid AND p.objid = d.objid AND p.objsubid = 0 AND p.deptype IN ('e', 'i'))
 ORDER BY o.type NOT LIKE '%view', o.type NOT LIKE '%table', 1, 2";

impl Target {
    /// What [`fresh`](Self::fresh) would drop: everything in the schema but what belongs to an extension.
    ///
    /// # Errors
    ///
    /// Fails if the database cannot be read, and [`MigrateError::ForeignTable`].
    pub async fn objects(&self) -> Result<Vec<SchemaObject>, MigrateError> {
        self.has_own_tables().await?;
        let statement =
            Statement::from_sql_and_values(DbBackend::Postgres, OBJECTS, [self.schema.as_str().into()]);
        let mut objects = Vec::new();
        for row in self.db.query_all_raw(statement).await? {
            objects.push(SchemaObject { kind: row.try_get_by_index(0)?, name: row.try_get_by_index(1)? });
        }
        Ok(objects)
    }

    /// Drops everything in the schema, whatever made it, and applies all migrations. The schema itself stays, with its
    /// owner, its grants and its extensions. Returns the names of the migrations.
    ///
    /// # Errors
    ///
    /// As [`up`](Self::up). When something outside the schema, or an extension in it, depends on what is in it, nothing is
    /// dropped.
    pub async fn fresh(&self) -> Result<Vec<String>, MigrateError> {
        self.require_writable()?;
        self.locked(async {
            self.drop_objects().await?;
            self.apply(None).await
        })
        .await
    }

    /// Drops without CASCADE, which would reach into other schemas: again and again whatever nothing depends on any more.
    async fn drop_objects(&self) -> Result<(), MigrateError> {
        let mut by_kind: Vec<(String, Vec<String>)> = Vec::new();
        for SchemaObject { kind, name } in self.objects().await? {
            match by_kind.last_mut() {
                Some((last, names)) if *last == kind => names.push(name),
                _ => by_kind.push((kind, vec![name])),
            }
        }
        let transaction = self.db.begin().await?;
        while !by_kind.is_empty() {
            let mut refusal = None;
            let mut has_dropped = false;
            for (kind, names) in &mut by_kind {
                // All of one kind at once first, since they may depend on one another in a circle.
                if try_drop(&transaction, kind, &names.join(", ")).await.is_ok() {
                    names.clear();
                    has_dropped = true;
                    continue;
                }
                let mut kept = Vec::new();
                for name in names.drain(..) {
                    match try_drop(&transaction, kind, &name).await {
                        Ok(()) => has_dropped = true,
                        Err(error) => {
                            refusal.get_or_insert(error);
                            kept.push(name);
                        }
                    }
                }
                *names = kept;
            }
            by_kind.retain(|(_, names)| !names.is_empty());
            if let Some(error) = refusal.filter(|_| !has_dropped) {
                return Err(error.into());
            }
        }
        Ok(transaction.commit().await?)
    }
}

async fn try_drop(transaction: &DatabaseTransaction, kind: &str, names: &str) -> Result<(), DbErr> {
    let attempt = transaction.begin().await?;
    // What was a part of something else may be gone with it.
    match attempt.execute_unprepared(&format!("DROP {kind} IF EXISTS {names}")).await {
        Ok(_) => attempt.commit().await,
        Err(error) => {
            attempt.rollback().await?;
            Err(error)
        }
    }
}
