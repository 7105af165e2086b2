//! The tables, and what a write or a unit of work does with all of them.

use std::sync::{Arc, Mutex, Weak};

use taskmaster_models::{
    ApiKeyId, AuditLog, AuditLogId, AuditSeal, ErrorLog, ErrorLogId, Metric, MetricId, Task, TaskContext,
    TaskContextId, TaskDependency, TaskDependencyId, TaskId, WorkflowState, WorkflowStateId,
};
use taskmaster_repository::{RepositoryError, Result};

use super::{
    Data,
    api_key::StoredKey,
    api_key_verify::Window,
    audit_seal::SealEntry,
    table::{Logged, Table},
};

#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) tasks: Table<TaskId, Task>,
    pub(super) contexts: Table<TaskContextId, TaskContext>,
    pub(super) dependencies: Table<TaskDependencyId, TaskDependency>,
    pub(super) states: Table<WorkflowStateId, WorkflowState>,
    pub(super) errors: Table<ErrorLogId, ErrorLog>,
    pub(super) metrics: Table<MetricId, Metric>,
    pub(super) keys: Table<ApiKeyId, StoredKey>,
    pub(super) windows: Table<ApiKeyId, Window>,
    pub(super) trail: Table<AuditLogId, AuditLog>,
    pub(super) seals: Table<i64, AuditSeal>,
    pub(super) seal_entries: Table<AuditLogId, SealEntry>,
    /// The id of the last transaction, which is a write or a unit of work; in a unit of work its own.
    pub(super) transaction_id: i64,
    /// The units of work that were begun; one that is over is not there any more.
    units: Vec<(i64, Weak<Mutex<Data>>)>,
}

impl Tables {
    fn all(&mut self) -> [&mut dyn Logged; 11] {
        [
            &mut self.tasks,
            &mut self.contexts,
            &mut self.dependencies,
            &mut self.states,
            &mut self.errors,
            &mut self.metrics,
            &mut self.keys,
            &mut self.windows,
            &mut self.trail,
            &mut self.seals,
            &mut self.seal_entries,
        ]
    }

    /// Begins a write.
    pub(super) fn begin(&mut self) {
        self.all().into_iter().for_each(Logged::begin);
    }

    /// Undoes the write that was begun last.
    pub(super) fn undo(&mut self) {
        self.all().into_iter().for_each(Logged::undo);
    }

    /// Makes the writes so far lasting.
    pub(super) fn forget_log(&mut self) {
        self.all().into_iter().for_each(Logged::forget_log);
    }

    /// A copy for a unit of work.
    pub(super) fn fork(&self) -> Self {
        Self {
            tasks: self.tasks.fork(),
            contexts: self.contexts.fork(),
            dependencies: self.dependencies.fork(),
            states: self.states.fork(),
            errors: self.errors.fork(),
            metrics: self.metrics.fork(),
            keys: self.keys.fork(),
            windows: self.windows.fork(),
            trail: self.trail.fork(),
            seals: self.seals.fork(),
            seal_entries: self.seal_entries.fork(),
            transaction_id: self.transaction_id,
            units: Vec::new(),
        }
    }

    /// Remembers a unit of work that has just begun on a fork of these tables.
    pub(super) fn begun_unit(&mut self, data: &Arc<Mutex<Data>>) {
        self.units.retain(|(_, unit)| unit.strong_count() > 0);
        self.units.push((self.transaction_id, Arc::downgrade(data)));
    }

    /// Forgets a unit of work that commits.
    pub(super) fn ended_unit(&mut self, transaction_id: i64) {
        self.units.retain(|(id, _)| *id != transaction_id);
    }

    /// The ids of the units of work that go on, ascending.
    pub(super) fn running_units(&self) -> impl Iterator<Item = i64> {
        self.units.iter().filter(|(_, unit)| unit.strong_count() > 0).map(|(id, _)| *id)
    }

    /// Does here what a fork has done, unless others have written the same rows, or rows that do not go with them.
    pub(super) fn merge(&mut self, fork: &Self) -> Result<()> {
        let merged = self.tasks.merge(&fork.tasks)
            && self.contexts.merge(&fork.contexts)
            && self.dependencies.merge(&fork.dependencies)
            && self.states.merge(&fork.states)
            && self.errors.merge(&fork.errors)
            && self.metrics.merge(&fork.metrics)
            && self.keys.merge(&fork.keys)
            && self.windows.merge(&fork.windows)
            && self.trail.merge(&fork.trail)
            && self.seals.merge(&fork.seals)
            && self.seal_entries.merge(&fork.seal_entries);
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
        let order = self.order();
        for dependency in fork.dependencies.written().filter_map(|id| self.dependencies.get(id)) {
            self.check_dependency(dependency, &order)?;
        }
        for state in fork.states.written().filter_map(|id| self.states.get(id)) {
            self.check_state(state)?;
        }
        for error in fork.errors.written().filter_map(|id| self.errors.get(id)) {
            self.check_error(error)?;
        }
        for stored in fork.keys.written().filter_map(|id| self.keys.get(id)) {
            self.check_key(&stored.api_key)?;
        }
        Ok(())
    }
}
