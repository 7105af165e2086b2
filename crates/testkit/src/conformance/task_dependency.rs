//! Single task dependencies.

use serde_json::json;
use taskmaster_models::{
    DependencyType, FaultCode, NewTaskDependency, PageRequest, Task, TaskDependencies, TaskDependency,
    TaskDependencyFilter, TaskDependencyId, TaskId,
};
use taskmaster_repository::Store;

use super::{expect, given, suite};
use DependencyType::{Blocks, DependsOn, Related};

suite!(
    "task_dependency",
    a_dependency_comes_back_as_it_was_given,
    a_dependency_needs_both_tasks,
    a_task_cannot_depend_on_itself,
    two_tasks_have_one_dependency_of_each_type,
    a_dependency_of_a_taken_id_is_refused,
    a_cycle_of_two_is_refused,
    a_cycle_of_three_over_mixed_types_is_refused,
    fault_26_a_long_cycle_is_refused_and_a_diamond_is_not,
    related_tasks_may_go_round,
    a_deleted_dependency_closes_no_cycle,
    each_criterion_of_a_filter_restricts,
    the_tasks_before_and_after_are_found,
    at_most_a_thousand_tasks_are_shown_each_way,
);

async fn three_tasks(store: &dyn Store) -> [Task; 3] {
    [given::task(store, "A").await, given::task(store, "B").await, given::task(store, "C").await]
}

async fn a_dependency_comes_back_as_it_was_given(store: &dyn Store) {
    let [a, b, _] = three_tasks(store).await;
    for dependency_type in DependencyType::ALL {
        let new = NewTaskDependency {
            created_at: given::at(3),
            metadata: given::object(&json!({"why": ["order"]})),
            ..NewTaskDependency::new(a.id, b.id, *dependency_type)
        };
        let stored = store.task_dependencies().create(&new).await.unwrap();
        let expected = TaskDependency {
            id: new.id,
            parent_task_id: a.id,
            child_task_id: b.id,
            dependency_type: *dependency_type,
            created_at: given::at(3),
            metadata: new.metadata,
        };
        assert_eq!(stored, expected);
        assert_eq!(store.task_dependencies().find_by_id(new.id).await.unwrap(), Some(expected));
    }
    assert_eq!(store.task_dependencies().find_by_id(TaskDependencyId::new()).await.unwrap(), None);
}

async fn a_dependency_needs_both_tasks(store: &dyn Store) {
    let [a, ..] = three_tasks(store).await;
    for dependency_type in DependencyType::ALL {
        let childless = NewTaskDependency::new(a.id, TaskId::new(), *dependency_type);
        let refused = store.task_dependencies().create(&childless).await;
        expect::reference(refused, "task_dependencies_child_task_id_fkey");
        let parentless = NewTaskDependency::new(TaskId::new(), a.id, *dependency_type);
        let refused = store.task_dependencies().create(&parentless).await;
        expect::reference(refused, "task_dependencies_parent_task_id_fkey");
    }
    assert_eq!(store.task_dependencies().count(&TaskDependencyFilter::default()).await.unwrap(), 0);
}

async fn a_task_cannot_depend_on_itself(store: &dyn Store) {
    let [a, ..] = three_tasks(store).await;
    for dependency_type in DependencyType::ALL {
        let own = NewTaskDependency::new(a.id, a.id, *dependency_type);
        expect::fault(
            store.task_dependencies().create(&own).await,
            "child_task_id",
            FaultCode::Contradiction,
        );
    }
}

async fn two_tasks_have_one_dependency_of_each_type(store: &dyn Store) {
    let [a, b, _] = three_tasks(store).await;
    for dependency_type in DependencyType::ALL {
        given::dependency(store, a.id, b.id, *dependency_type).await;
        let again = NewTaskDependency::new(a.id, b.id, *dependency_type);
        expect::conflict(store.task_dependencies().create(&again).await, "task_dependencies_unique");
    }
    assert_eq!(store.task_dependencies().count(&TaskDependencyFilter::default()).await.unwrap(), 3);
}

async fn a_dependency_of_a_taken_id_is_refused(store: &dyn Store) {
    let [a, b, c] = three_tasks(store).await;
    let first = given::dependency(store, a.id, b.id, Blocks).await;
    let second = NewTaskDependency { id: first.id, ..NewTaskDependency::new(b.id, c.id, Blocks) };
    expect::conflict(store.task_dependencies().create(&second).await, "task_dependencies_pkey");
    assert_eq!(store.task_dependencies().find_by_id(first.id).await.unwrap(), Some(first));
}

async fn a_cycle_of_two_is_refused(store: &dyn Store) {
    for there in [Blocks, DependsOn] {
        for back in [Blocks, DependsOn] {
            let [a, b, _] = three_tasks(store).await;
            given::dependency(store, a.id, b.id, there).await;
            let refused = store.task_dependencies().create(&NewTaskDependency::new(b.id, a.id, back)).await;
            expect::conflict(refused, "task_dependencies_acyclic");
        }
    }
    assert_eq!(store.task_dependencies().count(&TaskDependencyFilter::default()).await.unwrap(), 4);
}

async fn a_cycle_of_three_over_mixed_types_is_refused(store: &dyn Store) {
    let [a, b, c] = three_tasks(store).await;
    given::dependency(store, a.id, b.id, Blocks).await;
    given::dependency(store, b.id, c.id, DependsOn).await;
    for dependency_type in [Blocks, DependsOn] {
        let closing = NewTaskDependency::new(c.id, a.id, dependency_type);
        expect::conflict(store.task_dependencies().create(&closing).await, "task_dependencies_acyclic");
    }
    given::dependency(store, c.id, a.id, Related).await;
}

async fn fault_26_a_long_cycle_is_refused_and_a_diamond_is_not(store: &dyn Store) {
    let [top, left, right] = three_tasks(store).await;
    let bottom = given::task(store, "Bottom").await;
    for (parent, child) in [(&top, &left), (&top, &right), (&left, &bottom), (&right, &bottom)] {
        given::dependency(store, parent.id, child.id, Blocks).await;
    }
    let mut last = bottom;
    for n in 0..100 {
        let next = given::task(store, &format!("Step {n}")).await;
        given::dependency(store, last.id, next.id, DependsOn).await;
        last = next;
    }
    let closing = NewTaskDependency::new(last.id, top.id, Blocks);
    expect::conflict(store.task_dependencies().create(&closing).await, "task_dependencies_acyclic");
    given::dependency(store, top.id, last.id, Blocks).await;
}

async fn related_tasks_may_go_round(store: &dyn Store) {
    let [a, b, c] = three_tasks(store).await;
    for (parent, child) in [(&a, &b), (&b, &c), (&c, &a), (&b, &a)] {
        given::dependency(store, parent.id, child.id, Related).await;
    }
    // Nor do they count when others are ordered against them.
    given::dependency(store, b.id, a.id, Blocks).await;
    given::dependency(store, c.id, b.id, Blocks).await;
}

async fn a_deleted_dependency_closes_no_cycle(store: &dyn Store) {
    let [a, b, _] = three_tasks(store).await;
    let there = given::dependency(store, a.id, b.id, Blocks).await;
    assert!(store.task_dependencies().delete(there.id).await.unwrap());
    assert!(!store.task_dependencies().delete(there.id).await.unwrap());
    given::dependency(store, b.id, a.id, Blocks).await;
}

async fn each_criterion_of_a_filter_restricts(store: &dyn Store) {
    let [a, b, c] = three_tasks(store).await;
    let mut ids = Vec::new();
    for (made, parent, child, dependency_type) in
        [(1, &a, &b, Blocks), (2, &a, &c, Related), (3, &b, &c, Blocks)]
    {
        let new = NewTaskDependency::new(parent.id, child.id, dependency_type);
        let new = NewTaskDependency { created_at: given::at(made), ..new };
        ids.push(store.task_dependencies().create(&new).await.unwrap().id);
    }
    let [ab, ac, bc] = ids[..] else { panic!("three were made") };
    let any = TaskDependencyFilter::default;
    let stories = [
        (any(), vec![ab, ac, bc]),
        (TaskDependencyFilter { parent_task_id: Some(a.id), ..any() }, vec![ab, ac]),
        (TaskDependencyFilter { child_task_id: Some(c.id), ..any() }, vec![ac, bc]),
        (TaskDependencyFilter { dependency_type: Some(Blocks), ..any() }, vec![ab, bc]),
        (TaskDependencyFilter { dependency_type: Some(DependsOn), ..any() }, vec![]),
        (TaskDependencyFilter { parent_task_id: Some(TaskId::new()), ..any() }, vec![]),
        (TaskDependencyFilter { parent_task_id: Some(a.id), child_task_id: Some(c.id), ..any() }, vec![ac]),
    ];
    for (filter, expected) in stories {
        let page =
            store.task_dependencies().find_by(&filter, &PageRequest::default().ascending()).await.unwrap();
        let found: Vec<_> = page.items.iter().map(|dependency| dependency.id).collect();
        assert_eq!(found, expected, "{filter:?}");
        assert_eq!(
            store.task_dependencies().count(&filter).await.unwrap(),
            expected.len() as u64,
            "{filter:?}"
        );
    }
}

async fn the_tasks_before_and_after_are_found(store: &dyn Store) {
    let [a, b, c] = three_tasks(store).await;
    let first = given::dependency(store, a.id, b.id, Blocks).await;
    let second = given::dependency(store, a.id, b.id, Related).await;
    let third = given::dependency(store, b.id, c.id, DependsOn).await;
    let around = store.task_dependencies().find_for_task(b.id).await.unwrap();
    let parents: Vec<_> =
        around.parents.iter().map(|p| (p.dependency_id, p.dependency_type, &p.task)).collect();
    assert_eq!(parents, [(first.id, Blocks, &a), (second.id, Related, &a)]);
    let children: Vec<_> =
        around.children.iter().map(|c| (c.dependency_id, c.dependency_type, &c.task)).collect();
    assert_eq!(children, [(third.id, DependsOn, &c)]);
    let unknown = store.task_dependencies().find_for_task(TaskId::new()).await.unwrap();
    assert_eq!(unknown, TaskDependencies::default());
}

async fn at_most_a_thousand_tasks_are_shown_each_way(store: &dyn Store) {
    let hub = given::task(store, "Hub").await;
    let tasks: Vec<_> = (0..1001).map(|n| given::new_task(&format!("Task {n}"), n)).collect();
    store.tasks().bulk_create(&tasks).await.unwrap();
    let from_hub = tasks.iter().map(|task| NewTaskDependency::new(hub.id, task.id, Related));
    let to_hub = tasks.iter().map(|task| NewTaskDependency::new(task.id, hub.id, Related));
    let all: Vec<_> = from_hub.chain(to_hub).collect();
    store.task_dependencies().bulk_create(&all).await.unwrap();
    let around = store.task_dependencies().find_for_task(hub.id).await.unwrap();
    let oldest: Vec<_> = tasks[..1000].iter().map(|task| task.id).collect();
    assert!(around.children.iter().map(|child| child.task.id).eq(oldest.iter().copied()));
    assert!(around.parents.iter().map(|parent| parent.task.id).eq(oldest.iter().copied()));
}
