use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    slice,
};

use async_trait::async_trait;
use serde_json::Value;
use taskmaster_models::{
    ContextType, ContextWithTask, NewTaskContext, Page, PageRequest, SearchHit, SearchRequest, TaskContext,
    TaskContextFilter, TaskContextId, TaskContextPatch, TaskContextSort, TaskContextStatistics,
    TaskFullContext, TaskId, Validation, clock,
};
use taskmaster_repository::{RepositoryError, Result, TaskContextRepository};

use super::{
    Memory, Tables, check_version, conflict, dangling,
    page::{average, page},
    search::{Query, best},
    set,
};

const ENTITY: &str = "task context";

/// How many contexts of one kind a full context holds at most.
const MAX_OF_KIND: usize = 1000;

#[async_trait]
impl TaskContextRepository for Memory {
    async fn create(&self, new: &NewTaskContext) -> Result<TaskContext> {
        new.validate().into_result()?;
        let context = stored(new);
        self.write(|tables| tables.insert_contexts(slice::from_ref(&context)))?;
        Ok(context)
    }

    async fn bulk_create(&self, new: &[NewTaskContext]) -> Result<Vec<TaskContext>> {
        validate_all(new)?;
        let contexts: Vec<_> = new.iter().map(stored).collect();
        self.write(|tables| tables.insert_contexts(&contexts))?;
        Ok(contexts)
    }

    async fn create_missing(&self, new: &[NewTaskContext]) -> Result<Vec<TaskContextId>> {
        validate_all(new)?;
        self.write(|tables| {
            let mut seen = BTreeSet::new();
            let missing = |new: &&NewTaskContext| !tables.contexts.contains(new.id) && seen.insert(new.id);
            let contexts: Vec<_> = new.iter().filter(missing).map(stored).collect();
            tables.insert_contexts(&contexts)?;
            Ok(contexts.iter().map(|context| context.id).collect())
        })
    }

    async fn find_by_id(&self, id: TaskContextId) -> Result<Option<TaskContext>> {
        self.read(|tables| Ok(tables.contexts.get(id).cloned()))
    }

    async fn find_by(
        &self,
        filter: &TaskContextFilter,
        request: &PageRequest<TaskContextSort>,
    ) -> Result<Page<TaskContext>> {
        let key_of = |context: &TaskContext| (request.sort.key(context), context.id.as_uuid());
        self.read(|tables| page(tables.contexts_of(filter), request, key_of))
    }

    async fn count(&self, filter: &TaskContextFilter) -> Result<u64> {
        self.read(|tables| Ok(tables.contexts_of(filter).map(|_| 1).sum()))
    }

    async fn find_latest_by_type(
        &self,
        task_id: TaskId,
        context_type: ContextType,
    ) -> Result<Option<TaskContext>> {
        let filter =
            TaskContextFilter { context_type: Some(context_type), ..TaskContextFilter::task(task_id) };
        self.read(|tables| {
            Ok(tables.contexts_of(&filter).max_by_key(|context| (context.created_at, context.id)).cloned())
        })
    }

    async fn full_context(&self, task_id: TaskId) -> Result<TaskFullContext> {
        self.read(|tables| {
            let mut contexts: Vec<_> =
                tables.contexts_of(&TaskContextFilter::task(task_id)).cloned().collect();
            contexts.sort_by_key(|context| Reverse((context.created_at, context.id)));
            let mut counts = BTreeMap::new();
            contexts.retain(|context| {
                let count = counts.entry(context.context_type).or_insert(0);
                *count += 1;
                *count <= MAX_OF_KIND
            });
            Ok(TaskFullContext::from_contexts(contexts.into_iter().rev()))
        })
    }

    async fn update(&self, id: TaskContextId, patch: &TaskContextPatch) -> Result<TaskContext> {
        patch.validate().into_result()?;
        self.write(|tables| {
            let context = tables.contexts.get(id).cloned();
            let mut context = context.ok_or_else(|| RepositoryError::not_found(ENTITY, id))?;
            check_version(ENTITY, &id, patch.expected_version, context.version)?;
            set(&mut context.context_type, patch.context_type);
            set(&mut context.context_data, patch.context_data.clone());
            set(&mut context.metadata, patch.metadata.clone());
            if !context.context_type.allows(&context.context_data) {
                let detail = "the score must be 0 to 100".to_owned();
                return Err(conflict(ENTITY, "task_contexts_score_check", detail));
            }
            context.updated_at = clock::now();
            context.version += 1;
            tables.contexts.put(id, context.clone());
            Ok(context)
        })
    }

    async fn delete(&self, id: TaskContextId) -> Result<bool> {
        self.write(|tables| Ok(tables.contexts.remove(id)))
    }

    async fn delete_by_task_id(&self, task_id: TaskId) -> Result<u64> {
        self.write(|tables| Ok(tables.delete_contexts_of(task_id)))
    }

    async fn statistics(&self, filter: &TaskContextFilter) -> Result<TaskContextStatistics> {
        self.read(|tables| Ok(statistics(&tables.contexts_of(filter).collect::<Vec<_>>())))
    }

    async fn task_timeline(
        &self,
        task_id: TaskId,
        request: &PageRequest<TaskContextSort>,
    ) -> Result<Page<ContextWithTask>> {
        let key_of = |context: &TaskContext| (request.sort.key(context), context.id.as_uuid());
        self.read(|tables| {
            let page = page(tables.contexts_of(&TaskContextFilter::task(task_id)), request, key_of)?;
            let items = page.items.iter().filter_map(|context| tables.with_task(context)).collect();
            Ok(Page { items, next: page.next })
        })
    }

    async fn search(
        &self,
        request: &SearchRequest,
        context_type: Option<ContextType>,
    ) -> Result<Vec<SearchHit<ContextWithTask>>> {
        request.validate().into_result()?;
        let query = Query::parse(&request.text);
        let filter = TaskContextFilter { context_type, ..TaskContextFilter::default() };
        self.read(|tables| {
            let mut contexts: Vec<_> = tables.contexts_of(&filter).collect();
            contexts.sort_by_key(|context| Reverse((context.created_at, context.id)));
            let hit = |context: &TaskContext| {
                query.hit(&tables.with_task(context)?, &[(1.0, &words_of(&context.context_data))])
            };
            Ok(best(contexts.into_iter().filter_map(hit).collect(), request))
        })
    }
}

/// The text of a JSON value with a blank in the place of each escape, which would be taken for a part of the word behind it.
fn words_of(json: &Value) -> String {
    let whole = json.to_string();
    let mut words = String::with_capacity(whole.len());
    let mut chars = whole.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            words.push(c);
            continue;
        }
        if chars.next() == Some('u') {
            chars.by_ref().take(4).for_each(drop);
        }
        words.push(' ');
    }
    words
}

impl Tables {
    pub(super) fn contexts_of(&self, filter: &TaskContextFilter) -> impl Iterator<Item = &TaskContext> {
        self.contexts.rows().filter(|context| meets(context, filter))
    }

    pub(super) fn insert_contexts(&mut self, contexts: &[TaskContext]) -> Result<()> {
        for context in contexts {
            if !self.contexts.insert(context.id, context.clone()) {
                return Err(conflict(
                    ENTITY,
                    "task_contexts_pkey",
                    format!("the id {} is taken", context.id),
                ));
            }
        }
        contexts.iter().try_for_each(|context| self.check_context(context))
    }

    pub(super) fn check_context(&self, context: &TaskContext) -> Result<()> {
        let known = self.tasks.contains(context.task_id);
        known.then_some(()).ok_or_else(|| dangling(ENTITY, "task_contexts_task_id_fkey"))
    }

    pub(super) fn delete_contexts_of(&mut self, task_id: TaskId) -> u64 {
        let ids: Vec<_> =
            self.contexts_of(&TaskContextFilter::task(task_id)).map(|context| context.id).collect();
        ids.into_iter().map(|id| u64::from(self.contexts.remove(id))).sum()
    }

    fn with_task(&self, context: &TaskContext) -> Option<ContextWithTask> {
        let task = self.tasks.get(context.task_id)?;
        let context = context.clone();
        Some(ContextWithTask { context, task_title: task.title.clone(), task_status: task.status })
    }
}

fn validate_all(new: &[NewTaskContext]) -> Result<()> {
    Ok(Validation::of_rows(ENTITY, new.iter().map(NewTaskContext::validate)).into_result()?)
}

/// The context as a store keeps it: with times to the microsecond.
pub(super) fn stored(new: &NewTaskContext) -> TaskContext {
    let NewTaskContext { id, task_id, context_type, context_data, created_at, metadata } = new.clone();
    let created_at = clock::storable(created_at);
    TaskContext {
        id,
        task_id,
        context_type,
        context_data,
        created_at,
        updated_at: created_at,
        metadata,
        version: 1,
    }
}

fn meets(context: &TaskContext, filter: &TaskContextFilter) -> bool {
    let TaskContextFilter { task_id, context_type, created_after, created_before } = filter;
    task_id.is_none_or(|task_id| context.task_id == task_id)
        && context_type.is_none_or(|context_type| context.context_type == context_type)
        && created_after.is_none_or(|time| context.created_at >= time)
        && created_before.is_none_or(|time| context.created_at <= time)
}

fn statistics(contexts: &[&TaskContext]) -> TaskContextStatistics {
    let tasks: BTreeSet<_> = contexts.iter().map(|context| context.task_id).collect();
    let count = |wanted: ContextType| {
        contexts.iter().filter(|context| context.context_type == wanted).map(|_| 1).sum()
    };
    let by_type = ContextType::ALL.iter().map(|context_type| (*context_type, count(*context_type)));
    let lifetime =
        |context: &&TaskContext| (context.updated_at - context.created_at).as_seconds_f64() / 3600.0;
    TaskContextStatistics {
        total: contexts.iter().map(|_| 1).sum(),
        tasks_with_contexts: tasks.iter().map(|_| 1).sum(),
        by_type: by_type.filter(|(_, count)| *count > 0).collect(),
        avg_lifetime_hours: average(contexts.iter().map(lifetime)),
    }
}
