use std::{collections::BTreeSet, slice};

use async_trait::async_trait;
use serde_json::Value;
use taskmaster_models::{
    NewWorkflowState, Page, PageRequest, RetryRequest, TaskId, Validation, WorkflowProgress, WorkflowState,
    WorkflowStateFilter, WorkflowStateId, WorkflowStatePatch, WorkflowStateSort, WorkflowStateStatistics,
    WorkflowStatus, WorkflowTimelineEntry, clock,
};
use taskmaster_repository::{RepositoryError, Result, WorkflowStateRepository};

use super::{
    Memory, Tables, check_version, conflict, dangling,
    page::{average, page},
    set,
};

const ENTITY: &str = "workflow state";

#[async_trait]
impl WorkflowStateRepository for Memory {
    async fn create(&self, new: &NewWorkflowState) -> Result<WorkflowState> {
        new.validate().into_result()?;
        let state = stored(new);
        self.write(|tables| tables.insert_states(slice::from_ref(&state)))?;
        Ok(state)
    }

    async fn bulk_create(&self, new: &[NewWorkflowState]) -> Result<Vec<WorkflowState>> {
        Validation::of_rows(ENTITY, new.iter().map(NewWorkflowState::validate)).into_result()?;
        let states: Vec<_> = new.iter().map(stored).collect();
        self.write(|tables| tables.insert_states(&states))?;
        Ok(states)
    }

    async fn find_by_id(&self, id: WorkflowStateId) -> Result<Option<WorkflowState>> {
        self.read(|tables| Ok(tables.states.get(id).cloned()))
    }

    async fn find_by(
        &self,
        filter: &WorkflowStateFilter,
        request: &PageRequest<WorkflowStateSort>,
    ) -> Result<Page<WorkflowState>> {
        filter.validate().into_result()?;
        let key_of = |state: &WorkflowState| (request.sort.key(state), state.id.as_uuid());
        self.read(|tables| page(tables.states_of(filter), request, key_of))
    }

    async fn count(&self, filter: &WorkflowStateFilter) -> Result<u64> {
        filter.validate().into_result()?;
        self.read(|tables| Ok(tables.states_of(filter).map(|_| 1).sum()))
    }

    async fn find_latest(&self, workflow_id: &str) -> Result<Option<WorkflowState>> {
        let filter = WorkflowStateFilter::workflow(workflow_id);
        filter.validate().into_result()?;
        self.read(|tables| {
            Ok(tables.states_of(&filter).max_by_key(|state| (state.started_at, state.id)).cloned())
        })
    }

    async fn update(&self, id: WorkflowStateId, patch: &WorkflowStatePatch) -> Result<WorkflowState> {
        patch.validate().into_result()?;
        self.change(id, patch.clone())
    }

    async fn update_status(&self, id: WorkflowStateId, status: WorkflowStatus) -> Result<WorkflowState> {
        self.change(id, WorkflowStatePatch { status: Some(status), ..WorkflowStatePatch::default() })
    }

    async fn set_result(&self, id: WorkflowStateId, result: Value) -> Result<WorkflowState> {
        let patch = WorkflowStatePatch { result: Some(Some(result)), ..WorkflowStatePatch::default() };
        patch.validate().into_result()?;
        self.write(|tables| {
            let running = tables.state(id)?.status == WorkflowStatus::Running;
            let status = running.then_some(WorkflowStatus::Completed);
            tables.change_state(id, WorkflowStatePatch { status, ..patch })
        })
    }

    async fn set_error(&self, id: WorkflowStateId, message: &str) -> Result<WorkflowState> {
        let patch = WorkflowStatePatch {
            status: Some(WorkflowStatus::Failed),
            error_message: Some(Some(message.to_owned())),
            ..WorkflowStatePatch::default()
        };
        patch.validate().into_result()?;
        self.change(id, patch)
    }

    async fn increment_retry(&self, id: WorkflowStateId, message: Option<String>) -> Result<WorkflowState> {
        let patch = WorkflowStatePatch { error_message: message.map(Some), ..to_retry() };
        patch.validate().into_result()?;
        self.write(|tables| tables.retry(id, patch))
    }

    async fn delete(&self, id: WorkflowStateId) -> Result<bool> {
        self.write(|tables| Ok(tables.states.remove(id)))
    }

    async fn delete_by_workflow_id(&self, workflow_id: &str) -> Result<u64> {
        let filter = WorkflowStateFilter::workflow(workflow_id);
        filter.validate().into_result()?;
        self.write(|tables| {
            let ids: Vec<_> = tables.states_of(&filter).map(|state| state.id).collect();
            Ok(ids.into_iter().map(|id| u64::from(tables.states.remove(id))).sum())
        })
    }

    async fn workflow_progress(&self, workflow_id: &str) -> Result<WorkflowProgress> {
        let filter = WorkflowStateFilter::workflow(workflow_id);
        filter.validate().into_result()?;
        self.read(|tables| Ok(progress(&tables.states_of(&filter).collect::<Vec<_>>())))
    }

    async fn statistics(&self, filter: &WorkflowStateFilter) -> Result<WorkflowStateStatistics> {
        filter.validate().into_result()?;
        self.read(|tables| Ok(statistics(&tables.states_of(filter).collect::<Vec<_>>())))
    }

    async fn retryable_failed_states(&self, request: &RetryRequest) -> Result<Vec<WorkflowState>> {
        request.validate().into_result()?;
        self.read(|tables| Ok(tables.retryable(request)))
    }

    async fn claim_retryable(&self, request: &RetryRequest) -> Result<Vec<WorkflowState>> {
        request.validate().into_result()?;
        self.write(|tables| {
            let retryable = tables.retryable(request);
            retryable.iter().map(|state| tables.retry(state.id, to_retry())).collect()
        })
    }

    async fn workflow_timeline(
        &self,
        workflow_id: &str,
        request: &PageRequest<WorkflowStateSort>,
    ) -> Result<Page<WorkflowTimelineEntry>> {
        let page = self.find_by(&WorkflowStateFilter::workflow(workflow_id), request).await?;
        self.read(|tables| {
            let entry = |state: WorkflowState| {
                let task = state.task_id.and_then(|id| tables.tasks.get(id));
                let task_title = task.map(|task| task.title.clone());
                WorkflowTimelineEntry { state, task_title, task_status: task.map(|task| task.status) }
            };
            Ok(Page { items: page.items.into_iter().map(entry).collect(), next: page.next })
        })
    }
}

impl Memory {
    fn change(&self, id: WorkflowStateId, patch: WorkflowStatePatch) -> Result<WorkflowState> {
        self.write(|tables| tables.change_state(id, patch))
    }
}

impl Tables {
    fn state(&self, id: WorkflowStateId) -> Result<&WorkflowState> {
        self.states.get(id).ok_or_else(|| RepositoryError::not_found(ENTITY, id))
    }

    fn states_of(&self, filter: &WorkflowStateFilter) -> impl Iterator<Item = &WorkflowState> {
        self.states.rows().filter(|state| meets(state, filter))
    }

    fn insert_states(&mut self, states: &[WorkflowState]) -> Result<()> {
        for state in states {
            if !self.states.insert(state.id, state.clone()) {
                return Err(conflict(
                    ENTITY,
                    "workflow_states_pkey",
                    format!("the id {} is taken", state.id),
                ));
            }
        }
        states.iter().try_for_each(|state| self.check_state(state))
    }

    pub(super) fn check_state(&self, state: &WorkflowState) -> Result<()> {
        let known = state.task_id.is_none_or(|id| self.tasks.contains(id));
        known.then_some(()).ok_or_else(|| dangling(ENTITY, "workflow_states_task_id_fkey"))
    }

    fn change_state(&mut self, id: WorkflowStateId, patch: WorkflowStatePatch) -> Result<WorkflowState> {
        let mut state = self.state(id)?.clone();
        check_version(ENTITY, &id, patch.expected_version, state.version)?;
        set(&mut state.workflow_id, patch.workflow_id);
        set(&mut state.task_id, patch.task_id);
        set(&mut state.step, patch.step);
        set(&mut state.status, patch.status);
        set(&mut state.result, patch.result);
        set(&mut state.started_at, patch.started_at.map(clock::storable));
        set(&mut state.completed_at, patch.completed_at.map(|time| time.map(clock::storable)));
        set(&mut state.error_message, patch.error_message);
        set(&mut state.retry_count, patch.retry_count);
        set(&mut state.metadata, patch.metadata);
        state.completed_at = state.status.completed_at(state.completed_at, clock::now());
        state.version += 1;
        self.states.put(id, state.clone());
        self.check_state(&state)?;
        Ok(state)
    }

    fn retryable(&self, request: &RetryRequest) -> Vec<WorkflowState> {
        let is_retryable = |state: &&WorkflowState| {
            state.status == WorkflowStatus::Failed
                && request.workflow_id.as_ref().is_none_or(|id| state.workflow_id == *id)
                && state.retry_count < request.max_retries
                && state.started_at >= request.started_after
        };
        let mut states: Vec<_> = self.states.rows().filter(is_retryable).collect();
        states.sort_by_key(|state| (state.started_at, state.id));
        states.into_iter().take(request.limit as usize).cloned().collect()
    }

    fn retry(&mut self, id: WorkflowStateId, patch: WorkflowStatePatch) -> Result<WorkflowState> {
        let Some(retry_count) = self.state(id)?.retry_count.checked_add(1) else {
            return Err(RepositoryError::Backend { source: "retry_count does not fit its column".into() });
        };
        self.change_state(id, WorkflowStatePatch { retry_count: Some(retry_count), ..patch })
    }

    pub(super) fn forget_task_of_states(&mut self, task_id: TaskId) {
        let mut states: Vec<_> = self.states_of(&WorkflowStateFilter::task(task_id)).cloned().collect();
        for state in &mut states {
            state.task_id = None;
            state.version += 1;
            self.states.put(state.id, state.clone());
        }
    }
}

fn to_retry() -> WorkflowStatePatch {
    WorkflowStatePatch { status: Some(WorkflowStatus::Pending), ..WorkflowStatePatch::default() }
}

/// The state as a store keeps it: with times to the microsecond.
fn stored(new: &NewWorkflowState) -> WorkflowState {
    let new = new.clone();
    WorkflowState {
        id: new.id,
        workflow_id: new.workflow_id,
        task_id: new.task_id,
        step: new.step,
        status: new.status,
        result: new.result,
        started_at: clock::storable(new.started_at),
        completed_at: new.status.completed_at(new.completed_at, new.started_at).map(clock::storable),
        error_message: new.error_message,
        retry_count: new.retry_count,
        metadata: new.metadata,
        version: 1,
    }
}

fn meets(state: &WorkflowState, filter: &WorkflowStateFilter) -> bool {
    let WorkflowStateFilter { workflow_id, task_id, status, step, started_after, started_before, has_error } =
        filter;
    workflow_id.as_ref().is_none_or(|workflow_id| state.workflow_id == *workflow_id)
        && task_id.is_none_or(|task_id| state.task_id == Some(task_id))
        && status.is_none_or(|status| state.status == status)
        && step.as_ref().is_none_or(|step| state.step == *step)
        && started_after.is_none_or(|time| state.started_at >= time)
        && started_before.is_none_or(|time| state.started_at <= time)
        && has_error.is_none_or(|has_error| state.error_message.is_some() == has_error)
}

fn count_in(states: &[&WorkflowState], wanted: WorkflowStatus) -> u64 {
    states.iter().filter(|state| state.status == wanted).map(|_| 1).sum()
}

fn average_duration(states: &[&WorkflowState]) -> Option<f64> {
    average(states.iter().filter_map(|state| Some(state.duration()?.as_seconds_f64())))
}

fn progress(states: &[&WorkflowState]) -> WorkflowProgress {
    let ends: Option<BTreeSet<_>> = states.iter().map(|state| state.completed_at).collect();
    WorkflowProgress {
        total_steps: states.iter().map(|_| 1).sum(),
        pending_steps: count_in(states, WorkflowStatus::Pending),
        running_steps: count_in(states, WorkflowStatus::Running),
        completed_steps: count_in(states, WorkflowStatus::Completed),
        failed_steps: count_in(states, WorkflowStatus::Failed),
        skipped_steps: count_in(states, WorkflowStatus::Skipped),
        avg_step_duration_seconds: average_duration(states),
        total_retries: states.iter().map(|state| u64::from(state.retry_count.unsigned_abs())).sum(),
        started_at: states.iter().map(|state| state.started_at).min(),
        completed_at: ends.and_then(|ends| ends.last().copied()),
    }
}

fn statistics(states: &[&WorkflowState]) -> WorkflowStateStatistics {
    let workflows: BTreeSet<_> = states.iter().map(|state| &state.workflow_id).collect();
    WorkflowStateStatistics {
        total: states.iter().map(|_| 1).sum(),
        unique_workflows: workflows.iter().map(|_| 1).sum(),
        pending: count_in(states, WorkflowStatus::Pending),
        running: count_in(states, WorkflowStatus::Running),
        completed: count_in(states, WorkflowStatus::Completed),
        failed: count_in(states, WorkflowStatus::Failed),
        skipped: count_in(states, WorkflowStatus::Skipped),
        avg_retry_count: average(states.iter().map(|state| state.retry_count.into())),
        avg_execution_time_seconds: average_duration(states),
        with_errors: states.iter().filter(|state| state.error_message.is_some()).map(|_| 1).sum(),
    }
}
