//! Many task dependencies at once.

use taskmaster_models::{
    DependencyType::{Blocks, DependsOn, Related},
    FaultCode, NewTask, NewTaskDependency, Task, TaskDependencyFilter, TaskId,
};
use taskmaster_repository::{MissingDependencies, Store};

use super::{expect, given, suite};

suite!(
    "task_dependency_bulk",
    many_dependencies_come_back_in_the_order_given,
    many_dependencies_are_stored_all_or_none,
    a_cycle_within_one_call_is_refused,
    missing_dependencies_are_added_once,
    a_missing_dependency_that_closes_a_cycle_is_left_out_and_named,
    missing_dependencies_need_their_tasks,
);

async fn tasks(store: &dyn Store, count: usize) -> Vec<Task> {
    let new: Vec<_> = (0..count).map(|n| NewTask::new(format!("Task {n}"))).collect();
    store.tasks().bulk_create(&new).await.unwrap()
}

fn chain(tasks: &[Task]) -> Vec<NewTaskDependency> {
    tasks.windows(2).map(|pair| NewTaskDependency::new(pair[0].id, pair[1].id, Blocks)).collect()
}

async fn count(store: &dyn Store) -> u64 {
    store.task_dependencies().count(&TaskDependencyFilter::default()).await.unwrap()
}

async fn many_dependencies_come_back_in_the_order_given(store: &dyn Store) {
    assert_eq!(store.task_dependencies().bulk_create(&[]).await.unwrap(), []);
    let mut new = chain(&tasks(store, 200).await);
    new.reverse();
    let stored = store.task_dependencies().bulk_create(&new).await.unwrap();
    assert!(stored.iter().map(|dependency| dependency.id).eq(new.iter().map(|dependency| dependency.id)));
    assert_eq!(count(store).await, 199);
}

async fn many_dependencies_are_stored_all_or_none(store: &dyn Store) {
    let tasks = tasks(store, 4).await;
    let fine = chain(&tasks);
    let and = |bad| [fine.clone(), vec![bad]].concat();
    let own = and(NewTaskDependency::new(tasks[0].id, tasks[0].id, Blocks));
    let refused = store.task_dependencies().bulk_create(&own).await;
    expect::fault(refused, "[3].child_task_id", FaultCode::Contradiction);
    let twice = and(NewTaskDependency::new(tasks[0].id, tasks[1].id, Blocks));
    expect::conflict(store.task_dependencies().bulk_create(&twice).await, "task_dependencies_unique");
    let orphan = and(NewTaskDependency::new(tasks[0].id, TaskId::new(), Related));
    let refused = store.task_dependencies().bulk_create(&orphan).await;
    expect::reference(refused, "task_dependencies_child_task_id_fkey");
    assert_eq!(count(store).await, 0);
}

async fn a_cycle_within_one_call_is_refused(store: &dyn Store) {
    let tasks = tasks(store, 4).await;
    let mut new = chain(&tasks);
    new.push(NewTaskDependency::new(tasks[3].id, tasks[0].id, DependsOn));
    expect::conflict(store.task_dependencies().bulk_create(&new).await, "task_dependencies_acyclic");
    assert_eq!(count(store).await, 0);
}

async fn missing_dependencies_are_added_once(store: &dyn Store) {
    let none = MissingDependencies::default();
    assert_eq!(store.task_dependencies().create_missing(&[]).await.unwrap(), none);
    let tasks = tasks(store, 4).await;
    let there = given::dependency(store, tasks[0].id, tasks[1].id, Blocks).await;
    let new = chain(&tasks);
    let added = store.task_dependencies().create_missing(&new).await.unwrap();
    assert_eq!(added, MissingDependencies { created: vec![new[1].id, new[2].id], cyclic: vec![] });
    assert_eq!(store.task_dependencies().create_missing(&new).await.unwrap(), none);

    // The same tasks and type under another id, or the same id for others: both are there already.
    let same_tasks = NewTaskDependency::new(tasks[1].id, tasks[2].id, Blocks);
    let same_id =
        NewTaskDependency { id: there.id, ..NewTaskDependency::new(tasks[0].id, tasks[3].id, Blocks) };
    let once = NewTaskDependency::new(tasks[0].id, tasks[3].id, Related);
    let again = NewTaskDependency::new(tasks[0].id, tasks[3].id, Related);
    let new = [same_tasks, same_id, once.clone(), again];
    let added = store.task_dependencies().create_missing(&new).await.unwrap();
    assert_eq!(added, MissingDependencies { created: vec![once.id], cyclic: vec![] });
    assert_eq!(store.task_dependencies().find_by_id(there.id).await.unwrap(), Some(there));
    assert_eq!(count(store).await, 4);
}

async fn a_missing_dependency_that_closes_a_cycle_is_left_out_and_named(store: &dyn Store) {
    let tasks = tasks(store, 4).await;
    let mut new = chain(&tasks);
    let back = NewTaskDependency::new(tasks[2].id, tasks[0].id, DependsOn);
    let round = NewTaskDependency::new(tasks[3].id, tasks[0].id, Related);
    new.insert(2, back.clone());
    new.push(round);
    let created = [0, 1, 3, 4].map(|place: usize| new[place].id).to_vec();
    let added = store.task_dependencies().create_missing(&new).await.unwrap();
    assert_eq!(added, MissingDependencies { created, cyclic: vec![back.id] });
    // It is neither there nor added the second time, so it is named again.
    let again = store.task_dependencies().create_missing(&new).await.unwrap();
    assert_eq!(again, MissingDependencies { created: vec![], cyclic: vec![back.id] });
    assert_eq!(store.task_dependencies().find_by_id(back.id).await.unwrap(), None);

    // Of two that contradict each other, the one that is given first wins.
    let (there, back) = (
        NewTaskDependency::new(tasks[0].id, tasks[3].id, DependsOn),
        NewTaskDependency::new(tasks[3].id, tasks[0].id, DependsOn),
    );
    let added = store.task_dependencies().create_missing(&[there.clone(), back.clone()]).await.unwrap();
    assert_eq!(added, MissingDependencies { created: vec![there.id], cyclic: vec![back.id] });
}

async fn missing_dependencies_need_their_tasks(store: &dyn Store) {
    let tasks = tasks(store, 3).await;
    let mut new = chain(&tasks);
    new.push(NewTaskDependency::new(TaskId::new(), tasks[0].id, Blocks));
    let refused = store.task_dependencies().create_missing(&new).await;
    expect::reference(refused, "task_dependencies_parent_task_id_fkey");
    new[2] = NewTaskDependency::new(tasks[0].id, tasks[0].id, Blocks);
    let refused = store.task_dependencies().create_missing(&new).await;
    expect::fault(refused, "[2].child_task_id", FaultCode::Contradiction);
    assert_eq!(count(store).await, 0);
}
