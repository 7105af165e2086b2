use sea_orm::DatabaseConnection;
use serde_json::json;
use taskmaster_models::{
    NewTask, PageRequest, SearchRequest, TaskFilter, TaskPatch, TaskSort, TaskStatus, clock,
};
use taskmaster_repository::Repositories;

use super::{Recorder, plans};

/// 100,000 tasks, one in a hundred with a parent.
pub(super) const FILL: &str = "
    INSERT INTO tasks (id, title, description, type, status, priority, assigned_to, tags, parent_task_id, created_at)
    SELECT md5(n::text)::uuid, 'Task ' || n, 'Words about needle' || n, 'type' || n % 50,
           (ARRAY['pending','completed','failed','in_progress','cancelled'])[1 + n % 5], n % 11, 'worker' || n % 500,
           jsonb_build_array('tag' || n % 700), CASE WHEN n % 100 = 0 THEN md5((n - 1)::text)::uuid END,
           now() - n * interval '1 second'
      FROM generate_series(1, 100000) n;";

pub(super) async fn faults(recorder: &Recorder, db: &DatabaseConnection) -> Vec<String> {
    let tasks = recorder.store.tasks();
    let mut faults = Vec::new();
    let task =
        tasks.find_by(&TaskFilter::default(), &PageRequest::new(TaskSort::CreatedAt)).await.unwrap().items[7]
            .clone();
    let yesterday = Some(clock::now() - chrono::TimeDelta::minutes(2));
    let tagged = TaskFilter { tags: vec!["tag7".to_owned()], ..TaskFilter::default() };
    let assigned = TaskFilter { assigned_to: Some("worker7".to_owned()), ..TaskFilter::default() };
    let typed = TaskFilter { task_type: Some("type7".to_owned()), ..TaskFilter::default() };
    let pending = TaskFilter { status: Some(TaskStatus::Pending), ..TaskFilter::default() };
    let urgent = TaskFilter { priority: Some(0), ..TaskFilter::default() };
    let parts = TaskFilter { parent_task_id: Some(task.id), ..TaskFilter::default() };
    let recent = TaskFilter { created_after: yesterday, ..TaskFilter::default() };
    let all = TaskFilter::default();
    plans! { recorder, db, faults;
        tasks.create(&NewTask::new("a"));
        tasks.bulk_create(&[NewTask::new("a"), NewTask::new("b")]);
        tasks.create_missing(&[NewTask::new("a")]);
        tasks.find_by_id(task.id);
        tasks.find_by(&all, &PageRequest::new(TaskSort::CreatedAt));
        tasks.find_by(&all, &PageRequest::new(TaskSort::CreatedAt).ascending());
        tasks.find_by(&all, &PageRequest::new(TaskSort::UpdatedAt));
        tasks.find_by(&all, &PageRequest::new(TaskSort::Priority));
        tasks.find_by(&all, &PageRequest::new(TaskSort::ComplexityScore));
        tasks.find_by(&all, &PageRequest::new(TaskSort::Title));
        tasks.find_by(&all, &PageRequest::new(TaskSort::Title).ascending());
        tasks.find_by(&tagged, &PageRequest::new(TaskSort::CreatedAt));
        tasks.find_by(&assigned, &PageRequest::new(TaskSort::CreatedAt));
        tasks.find_by(&typed, &PageRequest::new(TaskSort::CreatedAt));
        tasks.find_by(&pending, &PageRequest::new(TaskSort::Priority));
        tasks.find_by(&urgent, &PageRequest::new(TaskSort::CreatedAt));
        tasks.find_by(&parts, &PageRequest::new(TaskSort::CreatedAt));
        tasks.find_by(&recent, &PageRequest::new(TaskSort::CreatedAt));
        tasks.count(&tagged);
        tasks.count(&assigned);
        tasks.count(&recent);
        tasks.statistics(&assigned);
        tasks.statistics(&recent);
        tasks.update(task.id, &TaskPatch { priority: Some(3), ..TaskPatch::default() });
        tasks.update_status(task.id, TaskStatus::Failed, json!({}));
        tasks.complete(task.id, None, json!({}));
        tasks.search(&SearchRequest::new("needle777"));
        tasks.find_with_contexts(task.id, 10);
        tasks.find_ready(10);
        tasks.claim_ready("worker", 10);
        tasks.delete(task.id);
    }
    faults
}
