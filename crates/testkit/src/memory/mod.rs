//! A store that keeps everything in memory.

mod api_key;
mod api_key_verify;
mod audit_log;
mod audit_seal;
mod audit_trail;
mod error_log;
mod metric;
mod page;
mod search;
mod table;
mod tables;
mod task;
mod task_context;
mod task_dependency;
mod workflow_state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use taskmaster_models::Actor;
use taskmaster_repository::{
    ApiKeyRepository, AuditLogRepository, ErrorLogRepository, MetricRepository, Repositories,
    RepositoryError, Result, Store, TaskContextRepository, TaskDependencyRepository, TaskRepository,
    UnitOfWork, WorkflowStateRepository,
};
use taskmaster_security::KeyHasher;

use api_key_verify::Keys;
use tables::Tables;

/// A store in memory, for the tests of code that uses repositories. Clones share their data.
///
/// It passes the same [conformance suite](crate::conformance) as PostgreSQL. A few things differ:
///
/// - A unit of work reads the data as they were when it began. Where it has written a row that somebody else has written
///   meanwhile, its commit fails with [`RepositoryError::Serialization`]; in PostgreSQL the later writer waits and goes on.
/// - A search compares whole words without regard to case; it knows nothing of English word forms and stop words.
/// - The audit trail shows the fields of the models as these are in JSON: times and decimal numbers look different from
///   PostgreSQL's, and fields that a model does not show are missing. A write that changes rows of several nouns tells of one
///   noun after the other.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    committed: Memory,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same store with this hasher of API keys, which knows the peppers. Clones made before have it, too.
    #[must_use]
    pub fn with_key_hasher(self, hasher: KeyHasher) -> Self {
        self.committed.lock().keys = Arc::new(Keys { hasher, ..Keys::default() });
        self
    }
}

/// What the repositories work on: the store's own data, or a unit of work's copy of them; and who works on them.
#[derive(Clone, Debug, Default)]
struct Memory {
    data: Arc<Mutex<Data>>,
    actor: Actor,
}

#[derive(Debug, Default)]
struct Data {
    tables: Tables,
    /// Whether this is a unit of work's copy.
    in_unit: bool,
    /// Whether a call has failed in a way after which PostgreSQL refuses all further ones.
    spoiled: bool,
    keys: Arc<Keys>,
}

impl Memory {
    /// A panic leaves no half-done write: each is undone or done before the lock is released, except by faults of this
    /// crate itself.
    fn lock(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.lock().keys)
    }

    fn read<T>(&self, query: impl FnOnce(&Tables) -> Result<T>) -> Result<T> {
        let data = self.lock();
        data.refuse_spoiled()?;
        query(&data.tables)
    }

    /// Runs one write, which happens whole or not at all, and tells of it in the audit trail.
    fn write<T>(&self, change: impl FnOnce(&mut Tables) -> Result<T>) -> Result<T> {
        self.write_untold(|tables| {
            let result = change(tables)?;
            tables.tell(&self.actor);
            Ok(result)
        })
    }

    /// Runs one write, which happens whole or not at all.
    fn write_untold<T>(&self, change: impl FnOnce(&mut Tables) -> Result<T>) -> Result<T> {
        let mut data = self.lock();
        data.refuse_spoiled()?;
        if !data.in_unit {
            data.tables.transaction_id += 1;
        }
        data.tables.begin();
        let result = change(&mut data.tables);
        match &result {
            Ok(_) if data.in_unit => {}
            Ok(_) => data.tables.forget_log(),
            Err(error) => {
                data.tables.undo();
                data.spoiled = data.in_unit && spoils(error);
            }
        }
        result
    }
}

fn spoils(error: &RepositoryError) -> bool {
    !matches!(
        error,
        RepositoryError::Invalid(_) | RepositoryError::NotFound { .. } | RepositoryError::Stale { .. }
    )
}

impl Data {
    fn refuse_spoiled(&self) -> Result<()> {
        if self.spoiled {
            let source =
                "an earlier call of this unit of work has failed: roll it back and begin again".into();
            return Err(RepositoryError::Backend { source });
        }
        Ok(())
    }
}

impl Repositories for MemoryStore {
    fn tasks(&self) -> &dyn TaskRepository {
        &self.committed
    }

    fn task_contexts(&self) -> &dyn TaskContextRepository {
        &self.committed
    }

    fn task_dependencies(&self) -> &dyn TaskDependencyRepository {
        &self.committed
    }

    fn workflow_states(&self) -> &dyn WorkflowStateRepository {
        &self.committed
    }

    fn error_logs(&self) -> &dyn ErrorLogRepository {
        &self.committed
    }

    fn api_keys(&self) -> &dyn ApiKeyRepository {
        &self.committed
    }

    fn metrics(&self) -> &dyn MetricRepository {
        &self.committed
    }

    fn audit_logs(&self) -> &dyn AuditLogRepository {
        &self.committed
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>> {
        let committed = &mut *self.committed.lock();
        committed.tables.transaction_id += 1;
        let data = Arc::new(Mutex::new(Data {
            tables: committed.tables.fork(),
            in_unit: true,
            spoiled: false,
            keys: Arc::clone(&committed.keys),
        }));
        committed.tables.begun_unit(&data);
        let copy = Memory { data, actor: self.committed.actor.clone() };
        Ok(Box::new(MemoryUnitOfWork { committed: self.committed.clone(), copy }))
    }

    fn acting_as(&self, actor: &Actor) -> Result<Box<dyn Store>> {
        actor.validate().into_result()?;
        Ok(Box::new(Self { committed: Memory { actor: actor.clone(), ..self.committed.clone() } }))
    }
}

/// A unit of work: it works on a copy, so that it is enough to drop it to roll it back.
#[derive(Debug)]
struct MemoryUnitOfWork {
    committed: Memory,
    copy: Memory,
}

impl Repositories for MemoryUnitOfWork {
    fn tasks(&self) -> &dyn TaskRepository {
        &self.copy
    }

    fn task_contexts(&self) -> &dyn TaskContextRepository {
        &self.copy
    }

    fn task_dependencies(&self) -> &dyn TaskDependencyRepository {
        &self.copy
    }

    fn workflow_states(&self) -> &dyn WorkflowStateRepository {
        &self.copy
    }

    fn error_logs(&self) -> &dyn ErrorLogRepository {
        &self.copy
    }

    fn api_keys(&self) -> &dyn ApiKeyRepository {
        &self.copy
    }

    fn metrics(&self) -> &dyn MetricRepository {
        &self.copy
    }

    fn audit_logs(&self) -> &dyn AuditLogRepository {
        &self.copy
    }
}

#[async_trait]
impl UnitOfWork for MemoryUnitOfWork {
    async fn commit(self: Box<Self>) -> Result<()> {
        let copy = self.copy.lock();
        copy.refuse_spoiled()?;
        self.committed.write_untold(|tables| {
            tables.ended_unit(copy.tables.transaction_id);
            tables.merge(&copy.tables)
        })
    }

    async fn rollback(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

/// The error for a row whose id, or whose place in the order of things, is taken.
fn conflict(entity: &'static str, constraint: &str, detail: String) -> RepositoryError {
    RepositoryError::Conflict { entity, constraint: constraint.to_owned(), detail }
}

/// The error for a row that refers to one that is not there.
fn dangling(entity: &'static str, constraint: &str) -> RepositoryError {
    RepositoryError::Reference { entity, constraint: constraint.to_owned() }
}

/// Refuses a patch that demands another version than the one that is stored.
fn check_version(entity: &'static str, id: &impl ToString, expected: Option<i64>, stored: i64) -> Result<()> {
    match expected {
        Some(expected) if expected != stored => {
            Err(RepositoryError::Stale { entity, id: id.to_string(), expected, stored })
        }
        _ => Ok(()),
    }
}

/// Puts a patch's value in the place of a field, if the patch has one.
fn set<T>(field: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *field = new;
    }
}
