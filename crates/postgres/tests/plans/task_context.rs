use sea_orm::DatabaseConnection;
use serde_json::json;
use taskmaster_models::{
    ContextType, NewTaskContext, PageRequest, SearchRequest, TaskContextFilter, TaskContextPatch,
    TaskContextSort,
};
use taskmaster_repository::Repositories;

use super::{Recorder, plans, some_task};

/// 100,000 contexts.
pub(super) const FILL: &str = "
    INSERT INTO task_contexts (id, task_id, context_type, context_data, created_at)
    SELECT md5('c' || n)::uuid, md5((1 + n / 3)::text)::uuid, (ARRAY['requirement','error','workflow'])[1 + n % 3],
           jsonb_build_object('word', 'straw' || n), now() - n * interval '1 second'
      FROM generate_series(1, 100000) n;";

pub(super) async fn faults(recorder: &Recorder, db: &DatabaseConnection) -> Vec<String> {
    let contexts = recorder.store.task_contexts();
    let task_id = some_task();
    let mut faults = Vec::new();
    let newest = PageRequest::new(TaskContextSort::CreatedAt);
    let context =
        contexts.create(&NewTaskContext::new(task_id, ContextType::Error, json!({}))).await.unwrap();
    let of_task = TaskContextFilter::task(task_id);
    let of_type =
        TaskContextFilter { context_type: Some(ContextType::Error), ..TaskContextFilter::default() };
    plans! { recorder, db, faults;
        contexts.bulk_create(&[NewTaskContext::new(task_id, ContextType::Error, json!({}))]);
        contexts.find_by_id(context.id);
        contexts.find_by(&TaskContextFilter::default(), &newest);
        contexts.find_by(&of_task, &newest);
        contexts.find_by(&of_type, &newest);
        contexts.count(&of_task);
        contexts.statistics(&of_task);
        contexts.find_latest_by_type(task_id, ContextType::Error);
        contexts.full_context(task_id);
        contexts.task_timeline(task_id, &newest.clone().ascending());
        contexts.search(&SearchRequest::new("straw777"), None);
        contexts.search(&SearchRequest::new("straw777"), Some(ContextType::Error));
        contexts.update(context.id, &TaskContextPatch { metadata: Some(serde_json::Map::default()), ..Default::default() });
        contexts.delete(context.id);
        contexts.delete_by_task_id(task_id);
    }
    faults
}
