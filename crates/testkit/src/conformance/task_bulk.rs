//! Many tasks at once.

use taskmaster_models::{FaultCode, NewTask, TaskFilter, TaskId};
use taskmaster_repository::Store;

use super::{expect, given, suite};

suite!(
    "task_bulk",
    many_tasks_come_back_in_the_order_given,
    no_tasks_at_all_are_stored_as_well,
    a_task_may_be_the_parent_of_another_of_the_same_call,
    tasks_cannot_be_each_others_parents,
    faults_name_the_row,
    many_tasks_are_stored_all_or_none,
    missing_tasks_are_added_and_others_left_alone,
    missing_tasks_need_their_parents,
);

async fn many_tasks_come_back_in_the_order_given(store: &dyn Store) {
    let mut new: Vec<_> = (0..50).map(|n| given::new_task(&format!("Task {n}"), n)).collect();
    new.push(given::full_task());
    new.reverse();
    let stored = store.tasks().bulk_create(&new).await.unwrap();
    let ids = |tasks: &[NewTask]| tasks.iter().map(|task| task.id).collect::<Vec<_>>();
    assert_eq!(stored.iter().map(|task| task.id).collect::<Vec<_>>(), ids(&new));
    for task in stored {
        assert_eq!(store.tasks().find_by_id(task.id).await.unwrap(), Some(task));
    }
    let one = given::task(store, "Apart").await;
    let again =
        store.tasks().bulk_create(&[NewTask { id: TaskId::new(), ..NewTask::new("Apart") }]).await.unwrap();
    assert_eq!((again.len(), again[0].version, &again[0].title), (1, 1, &one.title));
}

async fn no_tasks_at_all_are_stored_as_well(store: &dyn Store) {
    assert_eq!(store.tasks().bulk_create(&[]).await.unwrap(), []);
    assert_eq!(store.tasks().create_missing(&[]).await.unwrap(), []);
}

async fn a_task_may_be_the_parent_of_another_of_the_same_call(store: &dyn Store) {
    let top = NewTask::new("Top");
    let middle = NewTask { parent_task_id: Some(top.id), ..NewTask::new("Middle") };
    let low = NewTask { parent_task_id: Some(middle.id), ..NewTask::new("Low") };
    let stored = store.tasks().bulk_create(&[low, top.clone(), middle.clone()]).await.unwrap();
    let parents: Vec<_> = stored.iter().map(|task| task.parent_task_id).collect();
    assert_eq!(parents, [Some(middle.id), None, Some(top.id)]);
}

async fn tasks_cannot_be_each_others_parents(store: &dyn Store) {
    let (a, b, c) = (NewTask::new("A"), NewTask::new("B"), NewTask::new("C"));
    let circle = [
        NewTask { parent_task_id: Some(b.id), ..a.clone() },
        NewTask { parent_task_id: Some(c.id), ..b },
        NewTask { parent_task_id: Some(a.id), ..c },
    ];
    expect::conflict(store.tasks().bulk_create(&circle).await, "tasks_parent_acyclic");
    expect::conflict(store.tasks().create_missing(&circle).await, "tasks_parent_acyclic");
    assert_eq!(store.tasks().count(&TaskFilter::default()).await.unwrap(), 0);
}

async fn faults_name_the_row(store: &dyn Store) {
    let mut new: Vec<_> = (0..5).map(|n| NewTask::new(format!("Task {n}"))).collect();
    new[3].title = "ü".repeat(256);
    new[1].priority = 11;
    let expected =
        [("[1].priority".to_owned(), FaultCode::OutOfRange), ("[3].title".to_owned(), FaultCode::TooLong)];
    assert_eq!(expect::faults(store.tasks().bulk_create(&new).await), expected);
    assert_eq!(expect::faults(store.tasks().create_missing(&new).await), expected);
    assert_eq!(store.tasks().count(&TaskFilter::default()).await.unwrap(), 0);
}

async fn many_tasks_are_stored_all_or_none(store: &dyn Store) {
    let there = given::task(store, "There").await;
    let fine = NewTask::new("Fine");
    let taken = NewTask { id: there.id, ..NewTask::new("Taken") };
    expect::conflict(store.tasks().bulk_create(&[fine.clone(), taken]).await, "tasks_pkey");
    expect::conflict(store.tasks().bulk_create(&[fine.clone(), fine.clone()]).await, "tasks_pkey");
    let orphan = NewTask { parent_task_id: Some(TaskId::new()), ..NewTask::new("Orphan") };
    expect::reference(store.tasks().bulk_create(&[fine.clone(), orphan]).await, "tasks_parent_task_id_fkey");
    assert_eq!(store.tasks().find_by_id(fine.id).await.unwrap(), None);
    assert_eq!(store.tasks().count(&TaskFilter::default()).await.unwrap(), 1);
}

async fn missing_tasks_are_added_and_others_left_alone(store: &dyn Store) {
    let there = given::task(store, "There").await;
    let changed = NewTask { id: there.id, ..given::full_task() };
    let (first, second) =
        (NewTask::new("First"), NewTask { parent_task_id: Some(there.id), ..NewTask::new("Second") });
    let new = [second.clone(), changed, first.clone(), second.clone()];
    assert_eq!(store.tasks().create_missing(&new).await.unwrap(), [second.id, first.id]);
    assert_eq!(store.tasks().create_missing(&new).await.unwrap(), []);
    assert_eq!(store.tasks().find_by_id(there.id).await.unwrap(), Some(there));
    assert_eq!(store.tasks().count(&TaskFilter::default()).await.unwrap(), 3);
}

async fn missing_tasks_need_their_parents(store: &dyn Store) {
    let orphan = NewTask { parent_task_id: Some(TaskId::new()), ..NewTask::new("Orphan") };
    let new = [NewTask::new("Fine"), orphan];
    expect::reference(store.tasks().create_missing(&new).await, "tasks_parent_task_id_fkey");
    assert_eq!(store.tasks().count(&TaskFilter::default()).await.unwrap(), 0);
}
