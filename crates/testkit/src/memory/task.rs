use std::{cmp::Reverse, collections::BTreeSet, slice};

use async_trait::async_trait;
use rust_decimal::Decimal;
use serde_json::Value;
use taskmaster_models::{
    NewTask, NewTaskContext, Page, PageRequest, SearchHit, SearchRequest, Task, TaskContextFilter,
    TaskFilter, TaskId, TaskPatch, TaskSort, TaskStatistics, TaskStatus, TaskWithContexts, Validation, clock,
};
use taskmaster_repository::{RepositoryError, Result, TaskRepository};

use super::{
    Memory, Tables, check_version, conflict, dangling,
    page::{average, check_limit, page},
    search::{Query, best},
    set,
};

const ENTITY: &str = "task";

#[async_trait]
impl TaskRepository for Memory {
    async fn create(&self, new: &NewTask) -> Result<Task> {
        new.validate().into_result()?;
        let task = stored(new);
        self.write(|tables| tables.insert_tasks(slice::from_ref(&task)))?;
        Ok(task)
    }

    async fn bulk_create(&self, new: &[NewTask]) -> Result<Vec<Task>> {
        validate_all(new)?;
        let tasks: Vec<_> = new.iter().map(stored).collect();
        self.write(|tables| tables.insert_tasks(&tasks))?;
        Ok(tasks)
    }

    async fn create_missing(&self, new: &[NewTask]) -> Result<Vec<TaskId>> {
        validate_all(new)?;
        self.write(|tables| {
            let mut seen = BTreeSet::new();
            let missing = |new: &&NewTask| !tables.tasks.contains(new.id) && seen.insert(new.id);
            let tasks: Vec<_> = new.iter().filter(missing).map(stored).collect();
            tables.insert_tasks(&tasks)?;
            Ok(tasks.iter().map(|task| task.id).collect())
        })
    }

    async fn find_by_id(&self, id: TaskId) -> Result<Option<Task>> {
        self.read(|tables| Ok(tables.tasks.get(id).cloned()))
    }

    async fn find_by(&self, filter: &TaskFilter, request: &PageRequest<TaskSort>) -> Result<Page<Task>> {
        filter.validate().into_result()?;
        self.read(|tables| {
            page(tables.tasks_of(filter), request, |task| (request.sort.key(task), task.id.as_uuid()))
        })
    }

    async fn count(&self, filter: &TaskFilter) -> Result<u64> {
        filter.validate().into_result()?;
        self.read(|tables| Ok(tables.tasks_of(filter).map(|_| 1).sum()))
    }

    async fn update(&self, id: TaskId, patch: &TaskPatch) -> Result<Task> {
        patch.validate(id).into_result()?;
        self.write(|tables| {
            let task = tables.change_task(id, patch.expected_version, |task| apply(task, patch.clone()))?;
            tables.check_task(&task)?;
            Ok(task)
        })
    }

    async fn update_status(&self, id: TaskId, status: TaskStatus, context: Value) -> Result<Task> {
        check_json(&context)?;
        let recorded = |old| NewTaskContext::status_change(id, old, status, &context);
        recorded(status).validate().into_result()?;
        self.write(|tables| {
            let task = tables.task(id)?;
            if task.status == status {
                return Ok(task.clone());
            }
            let context = recorded(task.status);
            let task = tables.change_task(id, None, |task| task.status = status)?;
            tables.insert_contexts(&[super::task_context::stored(&context)])?;
            Ok(task)
        })
    }

    async fn complete(&self, id: TaskId, actual_hours: Option<Decimal>, results: Value) -> Result<Task> {
        let patch = TaskPatch {
            status: Some(TaskStatus::Completed),
            actual_hours: actual_hours.map(Some),
            ..TaskPatch::default()
        };
        patch.validate(id).into_result()?;
        check_json(&results)?;
        let context = NewTaskContext::completion(id, &results);
        context.validate().into_result()?;
        self.write(|tables| {
            let task = tables.change_task(id, None, |task| apply(task, patch))?;
            tables.insert_contexts(&[super::task_context::stored(&context)])?;
            Ok(task)
        })
    }

    async fn delete(&self, id: TaskId) -> Result<bool> {
        self.write(|tables| Ok(tables.delete_task(id)))
    }

    async fn statistics(&self, filter: &TaskFilter) -> Result<TaskStatistics> {
        filter.validate().into_result()?;
        self.read(|tables| Ok(statistics(&tables.tasks_of(filter).collect::<Vec<_>>())))
    }

    async fn search(&self, request: &SearchRequest) -> Result<Vec<SearchHit<Task>>> {
        request.validate().into_result()?;
        let query = Query::parse(&request.text);
        self.read(|tables| {
            let mut tasks: Vec<_> = tables.tasks.rows().collect();
            tasks.sort_by_key(|task| Reverse((task.created_at, task.id)));
            let hits = tasks.into_iter().filter_map(|task| {
                query.hit(task, &[(1.0, &task.title), (0.4, task.description.as_deref().unwrap_or_default())])
            });
            Ok(best(hits.collect(), request))
        })
    }

    async fn find_with_contexts(&self, id: TaskId, max_contexts: u32) -> Result<Option<TaskWithContexts>> {
        check_limit(max_contexts)?;
        self.read(|tables| {
            let Some(task) = tables.tasks.get(id).cloned() else { return Ok(None) };
            let mut contexts: Vec<_> = tables.contexts_of(&TaskContextFilter::task(id)).cloned().collect();
            contexts.sort_by_key(|context| Reverse((context.created_at, context.id)));
            contexts.truncate(max_contexts as usize);
            Ok(Some(TaskWithContexts { task, contexts }))
        })
    }

    async fn find_ready(&self, limit: u32) -> Result<Vec<Task>> {
        check_limit(limit)?;
        self.read(|tables| Ok(tables.ready(limit)))
    }

    async fn claim_ready(&self, assigned_to: &str, limit: u32) -> Result<Vec<Task>> {
        check_limit(limit)?;
        let patch = TaskPatch {
            status: Some(TaskStatus::InProgress),
            assigned_to: Some(Some(assigned_to.to_owned())),
            ..TaskPatch::default()
        };
        patch.validate(TaskId::new()).into_result()?;
        self.write(|tables| {
            let ready = tables.ready(limit);
            ready
                .iter()
                .map(|task| tables.change_task(task.id, None, |task| apply(task, patch.clone())))
                .collect()
        })
    }
}

impl Tables {
    fn task(&self, id: TaskId) -> Result<&Task> {
        self.tasks.get(id).ok_or_else(|| RepositoryError::not_found(ENTITY, id))
    }

    fn tasks_of(&self, filter: &TaskFilter) -> impl Iterator<Item = &Task> {
        self.tasks.rows().filter(|task| meets(task, filter))
    }

    fn insert_tasks(&mut self, tasks: &[Task]) -> Result<()> {
        for task in tasks {
            if !self.tasks.insert(task.id, task.clone()) {
                return Err(conflict(ENTITY, "tasks_pkey", format!("the id {} is taken", task.id)));
            }
        }
        tasks.iter().try_for_each(|task| self.check_task(task))
    }

    /// Checks that the tasks of which this one is a part are there and are not parts of it.
    pub(super) fn check_task(&self, task: &Task) -> Result<()> {
        let mut seen = BTreeSet::from([task.id]);
        let mut next = task.parent_task_id;
        while let Some(parent) = next {
            if !seen.insert(parent) {
                let detail = format!("task {} would be a part of itself", task.id);
                return Err(conflict(ENTITY, "tasks_parent_acyclic", detail));
            }
            let parent =
                self.tasks.get(parent).ok_or_else(|| dangling(ENTITY, "tasks_parent_task_id_fkey"))?;
            next = parent.parent_task_id;
        }
        Ok(())
    }

    /// Checks that nothing refers to a task that is not there.
    pub(super) fn check_unreferenced(&self, id: TaskId) -> Result<()> {
        self.tasks
            .rows()
            .filter(|task| task.parent_task_id == Some(id))
            .try_for_each(|task| self.check_task(task))?;
        let contexts = &mut self.contexts.rows().filter(|context| context.task_id == id);
        contexts.try_for_each(|context| self.check_context(context))?;
        let joins = |parent, child| parent == id || child == id;
        let dependencies = &mut self.dependencies.rows().filter(|d| joins(d.parent_task_id, d.child_task_id));
        let order = self.order();
        dependencies.try_for_each(|dependency| self.check_dependency(dependency, &order))?;
        let states = &mut self.states.rows().filter(|state| state.task_id == Some(id));
        states.try_for_each(|state| self.check_state(state))?;
        let errors = &mut self.errors.rows().filter(|error| error.task_id == Some(id));
        errors.try_for_each(|error| self.check_error(error))
    }

    fn change_task(
        &mut self,
        id: TaskId,
        expected: Option<i64>,
        change: impl FnOnce(&mut Task),
    ) -> Result<Task> {
        let mut task = self.task(id)?.clone();
        check_version(ENTITY, &id, expected, task.version)?;
        change(&mut task);
        task.updated_at = clock::now();
        task.completed_at = task.status.completed_at(task.completed_at, task.updated_at);
        task.version += 1;
        self.tasks.put(id, task.clone());
        Ok(task)
    }

    fn delete_task(&mut self, id: TaskId) -> bool {
        let there = self.tasks.remove(id);
        let mut parts: Vec<_> = self.tasks.rows().filter(|t| t.parent_task_id == Some(id)).cloned().collect();
        for part in &mut parts {
            part.parent_task_id = None;
            part.updated_at = clock::now();
            part.version += 1;
            self.tasks.put(part.id, part.clone());
        }
        self.delete_contexts_of(id);
        self.delete_dependencies_of(id);
        self.forget_task_of_states(id);
        self.forget_task_of_errors(id);
        there
    }

    fn ready(&self, limit: u32) -> Vec<Task> {
        let waiting = self.waiting_tasks();
        let is_ready = |task: &&Task| task.status == TaskStatus::Pending && !waiting.contains(&task.id);
        let mut ready: Vec<_> = self.tasks.rows().filter(is_ready).collect();
        ready.sort_by_key(|task| (Reverse(task.priority), task.created_at, task.id));
        ready.into_iter().take(limit as usize).cloned().collect()
    }
}

fn validate_all(new: &[NewTask]) -> Result<()> {
    Ok(Validation::of_rows(ENTITY, new.iter().map(NewTask::validate)).into_result()?)
}

fn check_json(context_data: &Value) -> Result<()> {
    Ok(Validation::of_json("task context", "context_data", context_data).into_result()?)
}

/// The task as a store keeps it: with times to the microsecond and hours to two places.
fn stored(new: &NewTask) -> Task {
    let new = new.clone();
    Task {
        id: new.id,
        title: new.title,
        description: new.description,
        task_type: new.task_type,
        status: new.status,
        priority: new.priority,
        complexity_score: new.complexity_score,
        affected_files: new.affected_files,
        requirements: new.requirements,
        acceptance_criteria: new.acceptance_criteria,
        parent_task_id: new.parent_task_id,
        assigned_to: new.assigned_to,
        tags: new.tags,
        estimated_hours: new.estimated_hours.map(in_hundredths),
        actual_hours: new.actual_hours.map(in_hundredths),
        created_at: clock::storable(new.created_at),
        updated_at: clock::storable(new.updated_at),
        completed_at: new.status.completed_at(new.completed_at, new.updated_at).map(clock::storable),
        metadata: new.metadata,
        version: 1,
    }
}

fn apply(task: &mut Task, patch: TaskPatch) {
    let in_store = |hours: Option<Option<Decimal>>| hours.map(|hours| hours.map(in_hundredths));
    set(&mut task.title, patch.title);
    set(&mut task.description, patch.description);
    set(&mut task.task_type, patch.task_type);
    set(&mut task.status, patch.status);
    set(&mut task.priority, patch.priority);
    set(&mut task.complexity_score, patch.complexity_score);
    set(&mut task.affected_files, patch.affected_files);
    set(&mut task.requirements, patch.requirements);
    set(&mut task.acceptance_criteria, patch.acceptance_criteria);
    set(&mut task.parent_task_id, patch.parent_task_id);
    set(&mut task.assigned_to, patch.assigned_to);
    set(&mut task.tags, patch.tags);
    set(&mut task.estimated_hours, in_store(patch.estimated_hours));
    set(&mut task.actual_hours, in_store(patch.actual_hours));
    set(&mut task.completed_at, patch.completed_at.map(|time| time.map(clock::storable)));
    set(&mut task.metadata, patch.metadata);
}

fn in_hundredths(mut hours: Decimal) -> Decimal {
    hours.rescale(2);
    hours
}

fn meets(task: &Task, filter: &TaskFilter) -> bool {
    let TaskFilter {
        status,
        assigned_to,
        task_type,
        priority,
        parent_task_id,
        tags,
        created_after,
        created_before,
    } = filter;
    status.is_none_or(|status| task.status == status)
        && assigned_to.as_ref().is_none_or(|name| task.assigned_to.as_ref() == Some(name))
        && task_type.as_ref().is_none_or(|task_type| task.task_type == *task_type)
        && priority.is_none_or(|priority| task.priority == priority)
        && parent_task_id.is_none_or(|parent| task.parent_task_id == Some(parent))
        && tags.iter().all(|tag| task.tags.contains(tag))
        && created_after.is_none_or(|time| task.created_at >= time)
        && created_before.is_none_or(|time| task.created_at <= time)
}

fn statistics(tasks: &[&Task]) -> TaskStatistics {
    let in_status = |status| tasks.iter().filter(|task| task.status == status).map(|_| 1).sum();
    let accuracy = |task: &&Task| match (task.status, task.estimated_hours, task.actual_hours) {
        (TaskStatus::Completed, Some(estimated), Some(actual)) => {
            actual.checked_div(estimated)?.try_into().ok()
        }
        _ => None,
    };
    TaskStatistics {
        total: tasks.iter().map(|_| 1).sum(),
        pending: in_status(TaskStatus::Pending),
        in_progress: in_status(TaskStatus::InProgress),
        completed: in_status(TaskStatus::Completed),
        failed: in_status(TaskStatus::Failed),
        cancelled: in_status(TaskStatus::Cancelled),
        avg_complexity: average(tasks.iter().map(|task| task.complexity_score.into())),
        avg_priority: average(tasks.iter().map(|task| task.priority.into())),
        total_estimated_hours: tasks.iter().filter_map(|task| task.estimated_hours).sum(),
        total_actual_hours: tasks.iter().filter_map(|task| task.actual_hours).sum(),
        avg_estimation_accuracy: average(tasks.iter().filter_map(accuracy)),
    }
}
