use sea_orm::DatabaseConnection;
use taskmaster_models::{
    DependencyType, NewTask, NewTaskDependency, PageRequest, TaskDependencyFilter, TaskDependencySort,
};
use taskmaster_repository::Repositories;

use super::{Recorder, plans, some_task};

/// 99,999 dependencies: one long chain.
pub(super) const FILL: &str = "
    INSERT INTO task_dependencies (id, parent_task_id, child_task_id, dependency_type, created_at)
    SELECT md5('d' || n)::uuid, md5(n::text)::uuid, md5((n + 1)::text)::uuid, 'blocks', now() - n * interval '1 second'
      FROM generate_series(1, 99999) n;";

pub(super) async fn faults(recorder: &Recorder, db: &DatabaseConnection) -> Vec<String> {
    let dependencies = recorder.store.task_dependencies();
    let task_id = some_task();
    let mut faults = Vec::new();
    let other = recorder.store.tasks().create(&NewTask::new("other")).await.unwrap();
    let edge = NewTaskDependency::new(task_id, other.id, DependencyType::Blocks);
    recorder.statements.lock().unwrap().clear();
    let by_time = PageRequest::new(TaskDependencySort::CreatedAt);
    plans! { recorder, db, faults;
        dependencies.create(&edge);
        dependencies.create_missing(&[NewTaskDependency::new(other.id, task_id, DependencyType::Blocks)]);
        dependencies.find_by_id(edge.id);
        dependencies.find_by(&TaskDependencyFilter::default(), &by_time);
        dependencies.find_by(&TaskDependencyFilter { parent_task_id: Some(task_id), ..Default::default() }, &by_time);
        dependencies.find_by(&TaskDependencyFilter { child_task_id: Some(task_id), ..Default::default() }, &by_time);
        dependencies.count(&TaskDependencyFilter { child_task_id: Some(task_id), ..Default::default() });
        dependencies.find_for_task(task_id);
        dependencies.delete(edge.id);
    }
    faults
}
