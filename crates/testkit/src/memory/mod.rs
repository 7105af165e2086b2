//! A store that keeps everything in memory.

mod error_log;
mod page;
mod search;
mod table;
mod task;
mod task_context;
mod task_dependency;
mod workflow_state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use taskmaster_models::{
    Actor, ErrorLog, ErrorLogId, Task, TaskContext, TaskContextId, TaskDependency, TaskDependencyId, TaskId,
    WorkflowState, WorkflowStateId,
};
use taskmaster_repository::{
    ErrorLogRepository, Repositories, RepositoryError, Result, Store, TaskContextRepository,
    TaskDependencyRepository, TaskRepository, UnitOfWork, WorkflowStateRepository,
};

use table::Table;

/// A store in memory, for the tests of code that uses repositories. Clones share their data.
///
/// It passes the same [conformance suite](crate::conformance) as PostgreSQL. Three things differ:
///
/// - A unit of work reads the data as they were when it began. Where it has written a row that somebody else has written
///   meanwhile, its commit fails with [`RepositoryError::Serialization`]; in PostgreSQL the later writer waits and goes on.
/// - A search compares whole words without regard to case; it knows nothing of English word forms and stop words.
/// - There is no audit trail: the actor of [`acting_as`](Store::acting_as) is checked and forgotten.
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
}

/// What the repositories work on: the store's own data, or a unit of work's copy of them.
#[derive(Clone, Debug, Default)]
struct Memory(Arc<Mutex<Data>>);

#[derive(Debug, Default)]
struct Data {
    tables: Tables,
    /// Whether this is a unit of work's copy.
    in_unit: bool,
    /// Whether a call has failed in a way after which PostgreSQL refuses all further ones.
    spoiled: bool,
}

#[derive(Debug, Default)]
struct Tables {
    tasks: Table<TaskId, Task>,
    contexts: Table<TaskContextId, TaskContext>,
    dependencies: Table<TaskDependencyId, TaskDependency>,
    states: Table<WorkflowStateId, WorkflowState>,
    errors: Table<ErrorLogId, ErrorLog>,
}

impl Memory {
    /// A panic leaves no half-done write: each is undone or done before the lock is released, except by faults of this
    /// crate itself.
    fn lock(&self) -> MutexGuard<'_, Data> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, query: impl FnOnce(&Tables) -> Result<T>) -> Result<T> {
        let data = self.lock();
        data.refuse_spoiled()?;
        query(&data.tables)
    }

    /// Runs one write, which happens whole or not at all.
    fn write<T>(&self, change: impl FnOnce(&mut Tables) -> Result<T>) -> Result<T> {
        let mut data = self.lock();
        data.refuse_spoiled()?;
        let mark = data.tables.mark();
        let result = change(&mut data.tables);
        match &result {
            Ok(_) if data.in_unit => {}
            Ok(_) => data.tables.forget_log(),
            Err(error) => {
                data.tables.undo_to(mark);
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

impl Tables {
    fn fork(&self) -> Self {
        Self {
            tasks: self.tasks.fork(),
            contexts: self.contexts.fork(),
            dependencies: self.dependencies.fork(),
            states: self.states.fork(),
            errors: self.errors.fork(),
        }
    }

    fn mark(&self) -> [usize; 5] {
        [
            self.tasks.mark(),
            self.contexts.mark(),
            self.dependencies.mark(),
            self.states.mark(),
            self.errors.mark(),
        ]
    }

    fn undo_to(&mut self, [tasks, contexts, dependencies, states, errors]: [usize; 5]) {
        self.tasks.undo_to(tasks);
        self.contexts.undo_to(contexts);
        self.dependencies.undo_to(dependencies);
        self.states.undo_to(states);
        self.errors.undo_to(errors);
    }

    fn forget_log(&mut self) {
        self.tasks.forget_log();
        self.contexts.forget_log();
        self.dependencies.forget_log();
        self.states.forget_log();
        self.errors.forget_log();
    }

    /// Does here what a fork has done, unless others have written the same rows, or rows that do not go with them.
    fn merge(&mut self, fork: &Self) -> Result<()> {
        let merged = self.tasks.merge(&fork.tasks)
            && self.contexts.merge(&fork.contexts)
            && self.dependencies.merge(&fork.dependencies)
            && self.states.merge(&fork.states)
            && self.errors.merge(&fork.errors);
        if !merged {
            let source = "another unit of work has changed the same rows".into();
            return Err(RepositoryError::Serialization { source });
        }
        // The rules held in the fork. Where they do not hold here, somebody else's change is the reason.
        self.check_written(fork).map_err(|broken| RepositoryError::Serialization { source: broken.into() })
    }

    /// Checks the rules between rows for all rows that the fork has written.
    fn check_written(&self, fork: &Self) -> Result<()> {
        for id in fork.tasks.written() {
            match self.tasks.get(id) {
                Some(task) => self.check_task(task)?,
                None => self.check_unreferenced(id)?,
            }
        }
        for context in fork.contexts.written().filter_map(|id| self.contexts.get(id)) {
            self.check_context(context)?;
        }
        for dependency in fork.dependencies.written().filter_map(|id| self.dependencies.get(id)) {
            self.check_dependency(dependency)?;
        }
        for state in fork.states.written().filter_map(|id| self.states.get(id)) {
            self.check_state(state)?;
        }
        for error in fork.errors.written().filter_map(|id| self.errors.get(id)) {
            self.check_error(error)?;
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
}

#[async_trait]
impl Store for MemoryStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>> {
        let tables = self.committed.lock().tables.fork();
        let copy = Memory(Arc::new(Mutex::new(Data { tables, in_unit: true, spoiled: false })));
        Ok(Box::new(MemoryUnitOfWork { committed: self.committed.clone(), copy }))
    }

    fn acting_as(&self, actor: &Actor) -> Result<Box<dyn Store>> {
        actor.validate().into_result()?;
        Ok(Box::new(self.clone()))
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
}

#[async_trait]
impl UnitOfWork for MemoryUnitOfWork {
    async fn commit(self: Box<Self>) -> Result<()> {
        let copy = self.copy.lock();
        copy.refuse_spoiled()?;
        self.committed.write(|tables| tables.merge(&copy.tables))
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
