//! The audit trail: what is told of each change, and the questions that it answers.

use serde_json::{Value, json};
use taskmaster_models::{
    Actor, AuditAction, AuditLog, AuditLogFilter, AuditLogId, AuditLogSort, AuditLogStatistics,
    AuditedEntity, ContextType, DependencyType, FaultCode, NewTask, PageRequest, TaskId, TaskPatch,
    TaskStatus, WorkflowStatus, clock,
};
use taskmaster_repository::{Repositories, RepositoryError, Store};
use uuid::Uuid;

use super::{expect, given, suite};
use AuditAction::{Create, Delete, StatusChange, Update};
use AuditedEntity::{Task, TaskContext, TaskDependency, WorkflowState};

suite!(
    "audit_log",
    an_empty_trail_answers_every_question,
    a_task_leaves_its_whole_story,
    fault_03_each_audited_noun_is_told_of_by_its_name,
    only_what_changed_is_told,
    a_delete_tells_what_went_with_it,
    a_change_that_changes_nothing_is_not_told,
    a_refused_write_is_not_told,
    the_actor_is_told_of_each_kind_of_write,
    the_trail_of_a_unit_of_work_comes_with_its_commit,
    each_criterion_of_the_filter_restricts,
    a_filter_that_no_row_can_meet_is_refused,
    the_trail_is_paged_in_order,
    statistics_count_by_action_and_user,
    fault_23_recent_activity_tells_the_titles_of_tasks,
);

/// The whole trail, oldest first.
async fn trail(store: &dyn Repositories) -> Vec<AuditLog> {
    let page = PageRequest::default().ascending().limit(1000);
    store.audit_logs().find_by(&AuditLogFilter::default(), &page).await.unwrap().items
}

async fn actions(store: &dyn Repositories) -> Vec<(AuditedEntity, AuditAction)> {
    trail(store).await.iter().map(|log| (log.entity_type, log.action)).collect()
}

fn field<'a>(values: Option<&'a serde_json::Map<String, Value>>, name: &str) -> Option<&'a Value> {
    values.and_then(|values| values.get(name))
}

fn somebody() -> Actor {
    Actor {
        user_id: Some("o'brien \"\\ ü".to_owned()),
        session_id: Some("run-7".to_owned()),
        ip_address: Some("2001:db8::7".parse().unwrap()),
        user_agent: Some("pipeline/1.0".to_owned()),
    }
}

async fn an_empty_trail_answers_every_question(store: &dyn Store) {
    let logs = store.audit_logs();
    let any = AuditLogFilter::default();
    assert_eq!(logs.find_by_id(AuditLogId::new()).await.unwrap(), None);
    assert_eq!(logs.find_by(&any, &PageRequest::default()).await.unwrap().items, []);
    assert_eq!(logs.count(&any).await.unwrap(), 0);
    assert_eq!(logs.statistics(&any).await.unwrap(), AuditLogStatistics::default());
    assert_eq!(logs.recent_activity(10).await.unwrap(), []);
    let history = logs.entity_history(Task, Uuid::nil(), &PageRequest::default()).await.unwrap();
    assert_eq!((history.items.len(), history.next), (0, None));
}

async fn a_task_leaves_its_whole_story(store: &dyn Store) {
    let begun = clock::now();
    let task = given::task(store, "Told").await;
    given::task(store, "Another").await;
    let patch = TaskPatch { priority: Some(3), ..TaskPatch::default() };
    store.tasks().update(task.id, &patch).await.unwrap();
    store.tasks().update_status(task.id, TaskStatus::InProgress, json!({})).await.unwrap();
    store.tasks().delete(task.id).await.unwrap();

    let page = PageRequest::default().ascending();
    let history = store.audit_logs().entity_history(Task, task.id.as_uuid(), &page).await.unwrap().items;
    let actions: Vec<_> = history.iter().map(|log| log.action).collect();
    assert_eq!(actions, [Create, Update, StatusChange, Delete]);
    assert!(history.is_sorted_by_key(|log| log.timestamp));
    assert!(history.is_sorted_by_key(|log| log.transaction_id));
    for log in &history {
        assert_eq!((log.entity_type, log.entity_id), (Task, task.id.as_uuid()));
        assert!(log.metadata.is_empty());
        assert!((log.timestamp - begun).num_minutes().abs() < 10);
        assert_eq!(store.audit_logs().find_by_id(log.id).await.unwrap().as_ref(), Some(log));
    }
    let [created, updated, begun, deleted] = &history[..] else { panic!("{history:?}") };
    assert_eq!(created.old_values, None);
    assert_eq!(field(created.new_values.as_ref(), "title"), Some(&json!("Told")));
    assert_eq!(field(updated.old_values.as_ref(), "priority"), Some(&json!(0)));
    assert_eq!(field(updated.new_values.as_ref(), "priority"), Some(&json!(3)));
    assert_eq!(field(begun.old_values.as_ref(), "status"), Some(&json!("pending")));
    assert_eq!(field(begun.new_values.as_ref(), "status"), Some(&json!("in_progress")));
    assert_eq!(field(deleted.old_values.as_ref(), "title"), Some(&json!("Told")));
    assert_eq!(deleted.new_values, None);
}

async fn fault_03_each_audited_noun_is_told_of_by_its_name(store: &dyn Store) {
    let (a, b) = (given::task(store, "A").await, given::task(store, "B").await);
    let context = given::context(store, a.id, ContextType::Error, 0).await;
    let dependency = given::dependency(store, a.id, b.id, DependencyType::Blocks).await;
    let state = given::state(store, "release", "build", WorkflowStatus::Running, 0).await;
    store.workflow_states().update_status(state.id, WorkflowStatus::Failed).await.unwrap();
    store.task_dependencies().delete(dependency.id).await.unwrap();
    let trail = trail(store).await;
    let told: Vec<_> = trail.iter().map(|log| (log.entity_type, log.action, log.entity_id)).collect();
    let expected = [
        (Task, Create, a.id.as_uuid()),
        (Task, Create, b.id.as_uuid()),
        (TaskContext, Create, context.id.as_uuid()),
        (TaskDependency, Create, dependency.id.as_uuid()),
        (WorkflowState, Create, state.id.as_uuid()),
        (WorkflowState, StatusChange, state.id.as_uuid()),
        (TaskDependency, Delete, dependency.id.as_uuid()),
    ];
    assert_eq!(told, expected);
}

async fn only_what_changed_is_told(store: &dyn Store) {
    let task = store.tasks().create(&given::full_task()).await.unwrap();
    let patch = TaskPatch {
        title: Some("Changed".to_owned()),
        description: Some(None),
        priority: Some(task.priority),
        ..TaskPatch::default()
    };
    store.tasks().update(task.id, &patch).await.unwrap();
    let change = trail(store).await.pop().unwrap();
    let names = |values: &Option<serde_json::Map<String, Value>>| {
        values.as_ref().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>()
    };
    let expected = ["description", "title", "updated_at", "version"].map(str::to_owned).into();
    assert_eq!((names(&change.old_values), names(&change.new_values)), (expected, names(&change.old_values)));
    assert_eq!(field(change.new_values.as_ref(), "description"), Some(&Value::Null));
    assert_eq!(field(change.old_values.as_ref(), "version"), Some(&json!(1)));
    assert_eq!(field(change.new_values.as_ref(), "version"), Some(&json!(2)));
}

async fn a_delete_tells_what_went_with_it(store: &dyn Store) {
    let (a, b) = (given::task(store, "A").await, given::task(store, "B").await);
    let part = NewTask { parent_task_id: Some(a.id), ..NewTask::new("Part") };
    let part = store.tasks().create(&part).await.unwrap();
    let context = given::context(store, a.id, ContextType::Error, 0).await;
    let dependency = given::dependency(store, a.id, b.id, DependencyType::Blocks).await;
    let made = trail(store).await.len();
    store.tasks().delete(a.id).await.unwrap();
    let mut told: Vec<_> = trail(store).await.split_off(made);
    told.sort_by_key(|log| (log.entity_type, log.action));
    let told: Vec<_> = told.iter().map(|log| (log.entity_type, log.action, log.entity_id)).collect();
    let expected = [
        (Task, Update, part.id.as_uuid()),
        (Task, Delete, a.id.as_uuid()),
        (TaskContext, Delete, context.id.as_uuid()),
        (TaskDependency, Delete, dependency.id.as_uuid()),
    ];
    assert_eq!(told, expected);
}

async fn a_change_that_changes_nothing_is_not_told(store: &dyn Store) {
    let task = given::task(store, "Same").await;
    store.tasks().update_status(task.id, TaskStatus::Pending, json!("why not")).await.unwrap();
    assert!(!store.tasks().delete(TaskId::new()).await.unwrap());
    assert_eq!(actions(store).await, [(Task, Create)]);
}

async fn a_refused_write_is_not_told(store: &dyn Store) {
    let task = given::task(store, "There").await;
    expect::fault(store.tasks().create(&NewTask::new("")).await, "title", FaultCode::Required);
    let twice = [NewTask::new("New"), NewTask { id: task.id, ..NewTask::new("Again") }];
    expect::conflict(store.tasks().bulk_create(&twice).await, "tasks_pkey");
    let patch = TaskPatch { expected_version: Some(7), priority: Some(1), ..TaskPatch::default() };
    expect::stale(store.tasks().update(task.id, &patch).await, 7, 1);
    let orphan = given::new_context(TaskId::new(), ContextType::Error, 0);
    expect::reference(store.task_contexts().create(&orphan).await, "task_contexts_task_id_fkey");
    assert_eq!(actions(store).await, [(Task, Create)]);
}

async fn the_actor_is_told_of_each_kind_of_write(store: &dyn Store) {
    let theirs = store.acting_as(&somebody()).unwrap();
    let task = given::task(&*theirs, "One").await;
    let more = theirs.tasks().bulk_create(&[NewTask::new("Two"), NewTask::new("Three")]).await.unwrap();
    let patch = TaskPatch { priority: Some(3), ..TaskPatch::default() };
    theirs.tasks().update(task.id, &patch).await.unwrap();
    theirs.tasks().complete(task.id, None, json!({})).await.unwrap();
    theirs.tasks().delete(more[0].id).await.unwrap();
    given::dependency(&*theirs, task.id, more[1].id, DependencyType::Blocks).await;
    given::state(&*theirs, "release", "build", WorkflowStatus::Failed, 0).await;
    let Actor { user_id, session_id, ip_address, user_agent } = somebody();
    let trail_of_theirs = trail(store).await;
    assert_eq!(trail_of_theirs.len(), 9);
    for log in trail_of_theirs {
        assert_eq!((&log.user_id, &log.session_id), (&user_id, &session_id));
        assert_eq!((log.ip_address, &log.user_agent), (ip_address, &user_agent));
    }
    given::task(store, "Nobody's").await;
    let other = theirs.acting_as(&Actor::user("eve")).unwrap();
    given::task(&*other, "Eve's").await;
    let last = trail(store).await.split_off(9);
    let users: Vec<_> = last.iter().map(|log| (log.user_id.as_deref(), log.session_id.as_deref())).collect();
    assert_eq!(users, [(None, None), (Some("eve"), None)]);
}

async fn the_trail_of_a_unit_of_work_comes_with_its_commit(store: &dyn Store) {
    let theirs = store.acting_as(&Actor::user("ci-bot")).unwrap();
    let uow = theirs.begin().await.unwrap();
    let task = given::task(&*uow, "Kept").await;
    given::context(&*uow, task.id, ContextType::Error, 0).await;
    uow.tasks().delete(task.id).await.unwrap();
    assert_eq!(trail(&*uow).await.len(), 4, "it sees its own");
    assert_eq!(trail(store).await, [], "others see nothing");
    uow.commit().await.unwrap();
    let told = trail(store).await;
    assert!(told.iter().all(|log| log.user_id.as_deref() == Some("ci-bot")));
    assert!(told.iter().all(|log| log.transaction_id == told[0].transaction_id));
    let first: Vec<_> = told.iter().take(2).map(|log| (log.entity_type, log.action)).collect();
    assert_eq!((first, told.len()), (vec![(Task, Create), (TaskContext, Create)], 4));

    let uow = theirs.begin().await.unwrap();
    given::task(&*uow, "Dropped").await;
    uow.rollback().await.unwrap();
    assert_eq!(trail(store).await.len(), 4);
}

async fn each_criterion_of_the_filter_restricts(store: &dyn Store) {
    let ada = store.acting_as(&Actor::user("ada")).unwrap();
    let bob = Actor { session_id: Some("s1".to_owned()), ..Actor::user("bob") };
    let bob = store.acting_as(&bob).unwrap();
    let task = given::task(&*ada, "A").await;
    given::state(&*bob, "release", "build", WorkflowStatus::Running, 0).await;
    bob.tasks().update(task.id, &TaskPatch { priority: Some(1), ..TaskPatch::default() }).await.unwrap();
    let all = trail(store).await;
    let [first, second, third] = [all[0].id, all[1].id, all[2].id];
    let any = AuditLogFilter::default;
    let id = task.id.as_uuid();
    let stories = [
        (any(), vec![first, second, third]),
        (AuditLogFilter { entity_type: Some(Task), ..any() }, vec![first, third]),
        (AuditLogFilter { entity_type: Some(TaskContext), ..any() }, vec![]),
        (AuditLogFilter { entity_id: Some(id), ..any() }, vec![first, third]),
        (AuditLogFilter::entity(Task, id), vec![first, third]),
        (AuditLogFilter::entity(WorkflowState, id), vec![]),
        (AuditLogFilter::user("ada"), vec![first]),
        (AuditLogFilter::user("nobody"), vec![]),
        (AuditLogFilter { session_id: Some("s1".to_owned()), ..any() }, vec![second, third]),
        (AuditLogFilter { action: Some(Update), ..any() }, vec![third]),
        (AuditLogFilter { action: Some(Create), ..AuditLogFilter::user("bob") }, vec![second]),
        (AuditLogFilter { after: Some(all[1].timestamp), ..any() }, vec![second, third]),
        (AuditLogFilter { before: Some(all[1].timestamp), ..any() }, vec![first, second]),
        (AuditLogFilter { after: Some(given::time("9999-01-01T00:00:00Z")), ..any() }, vec![]),
    ];
    let page = PageRequest::default().ascending();
    for (filter, expected) in stories {
        let found = store.audit_logs().find_by(&filter, &page).await.unwrap().items;
        assert_eq!(found.iter().map(|log| log.id).collect::<Vec<_>>(), expected, "{filter:?}");
        assert_eq!(store.audit_logs().count(&filter).await.unwrap(), expected.len() as u64, "{filter:?}");
        let numbers = store.audit_logs().statistics(&filter).await.unwrap();
        assert_eq!(numbers.total, expected.len() as u64, "{filter:?}");
    }
}

async fn a_filter_that_no_row_can_meet_is_refused(store: &dyn Store) {
    let nul = AuditLogFilter {
        user_id: Some("a\0".to_owned()),
        session_id: Some("\0".to_owned()),
        ..AuditLogFilter::default()
    };
    let expected = [("user_id".to_owned(), FaultCode::Nul), ("session_id".to_owned(), FaultCode::Nul)];
    let logs = store.audit_logs();
    assert_eq!(expect::faults(logs.find_by(&nul, &PageRequest::default()).await), expected);
    assert_eq!(expect::faults(logs.count(&nul).await), expected);
    assert_eq!(expect::faults(logs.statistics(&nul).await), expected);
    for limit in [0, 1001] {
        let page = PageRequest::default().limit(limit);
        let refused = logs.find_by(&AuditLogFilter::default(), &page).await;
        expect::fault(refused, "limit", FaultCode::OutOfRange);
        expect::fault(logs.recent_activity(limit).await, "limit", FaultCode::OutOfRange);
    }
    let unknown = serde_json::from_value::<AuditLogFilter>(json!({"entity": "task"}));
    assert!(unknown.unwrap_err().to_string().contains("entity"));
}

async fn the_trail_is_paged_in_order(store: &dyn Store) {
    let new: Vec<_> = (0..5).map(|n| NewTask::new(format!("Task {n}"))).collect();
    store.tasks().bulk_create(&new).await.unwrap();
    let all = trail(store).await;
    assert!(all.iter().map(|log| log.entity_id).eq(new.iter().map(|task| task.id.as_uuid())));
    let mut found = Vec::new();
    let mut request = PageRequest::new(AuditLogSort::Timestamp).limit(2);
    loop {
        let page = store.audit_logs().find_by(&AuditLogFilter::default(), &request).await.unwrap();
        found.extend(page.items);
        given::task(store, "Later").await;
        if page.next.is_none() {
            break;
        }
        request = request.after(page.next);
    }
    found.reverse();
    assert_eq!(found, all);
}

async fn statistics_count_by_action_and_user(store: &dyn Store) {
    let ada = store.acting_as(&Actor::user("ada")).unwrap();
    let bob = store.acting_as(&Actor::user("bob")).unwrap();
    let (a, b) = (given::task(&*ada, "A").await, given::task(&*bob, "B").await);
    let patch = TaskPatch { priority: Some(1), ..TaskPatch::default() };
    ada.tasks().update(a.id, &patch).await.unwrap();
    ada.tasks().claim_ready("ada", 1).await.unwrap();
    store.tasks().delete(b.id).await.unwrap();
    let all = trail(store).await;
    let expected = AuditLogStatistics {
        total: 5,
        creates: 2,
        updates: 1,
        deletes: 1,
        status_changes: 1,
        refusals: 0,
        distinct_users: 2,
        first: Some(all[0].timestamp),
        last: Some(all[4].timestamp),
    };
    assert_eq!(store.audit_logs().statistics(&AuditLogFilter::default()).await.unwrap(), expected);
}

async fn fault_23_recent_activity_tells_the_titles_of_tasks(store: &dyn Store) {
    let (kept, gone) = (given::task(store, "Kept").await, given::task(store, "Gone").await);
    given::context(store, kept.id, ContextType::Error, 0).await;
    store.tasks().delete(gone.id).await.unwrap();
    let recent = store.audit_logs().recent_activity(10).await.unwrap();
    let told: Vec<_> = recent
        .iter()
        .map(|activity| (activity.log.entity_type, activity.log.action, activity.task_title.as_deref()))
        .collect();
    let expected = [
        (Task, Delete, None),
        (TaskContext, Create, None),
        (Task, Create, None),
        (Task, Create, Some("Kept")),
    ];
    assert_eq!(told, expected);
    assert_eq!(store.audit_logs().recent_activity(1).await.unwrap(), recent[..1]);
    let refused: Result<_, RepositoryError> = store.audit_logs().recent_activity(0).await;
    expect::fault(refused, "limit", FaultCode::OutOfRange);
}
