//! Runs that are killed or interrupted leave whole data, and nothing that runs.

use std::collections::HashMap;

use taskmaster_models::{
    ContextType, PageRequest, Task, TaskFilter, TaskSort, TaskStatus, WorkflowStateFilter, WorkflowStateSort,
    WorkflowStatus,
};
use taskmaster_postgres::PgStore;
use taskmaster_repository::Repositories;

use crate::program::{Place, Running, succeed};

/// More than a run gets done before it is killed.
const TASKS: u32 = 200;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_killed_at_work_leaves_whole_data_and_the_next_goes_on() {
    let place = Place::new();
    let file = place.file_of(TASKS);
    let work = |tasks: &str| {
        let mut quickstart = place.quickstart();
        quickstart.arg(&file).args(["--work", tasks]);
        quickstart
    };

    for completed in [1, 7, 20] {
        let mut running = Running::start(&mut work("1000"));
        running.await_lines("completed", completed);
        running.kill();
        place.await_no_server();
    }
    let left_over = {
        let (_server, store) = place.stored().await;
        check_whole(&store).await;
        in_progress(&store).await.len()
    };

    let next = succeed(&mut work("0"));
    assert_eq!(next.number("tasks added"), 0);
    assert_eq!(next.number("put back from runs that were killed"), left_over as u64);
    {
        let (_server, store) = place.stored().await;
        check_whole(&store).await;
        assert_eq!(in_progress(&store).await, []);
    }

    succeed(&mut work("1000"));
    let (_server, store) = place.stored().await;
    check_whole(&store).await;
    let numbers = store.tasks().statistics(&TaskFilter::default()).await.unwrap();
    assert_eq!(numbers.completed + numbers.failed, u64::from(TASKS));
    assert!(numbers.failed < numbers.completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_killed_while_it_imports_has_stored_all_or_nothing() {
    let place = Place::new();
    let many = 5_000;
    let file = place.file_of(many);
    let mut running = Running::start(place.quickstart().arg(&file).args(["--work", "0"]));
    running.await_lines("migrations applied", 1);
    {
        // The size of a table shows what a transaction has written before it is committed.
        let (_server, mut connection) = place.connection().await;
        let size = "SELECT pg_relation_size('tasks')";
        while sqlx::query_scalar::<_, i64>(size).fetch_one(&mut connection).await.unwrap() == 0 {}
        running.kill();
    }
    place.await_no_server();

    {
        let (_server, store) = place.stored().await;
        let count = store.tasks().count(&TaskFilter::default()).await.unwrap();
        assert!(count == 0 || count == u64::from(many), "{count} tasks of {many}");
    }
    let next = succeed(place.quickstart().arg(&file).args(["--work", "0"]));
    assert_eq!(next.number("total"), u64::from(many));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_puts_back_what_it_was_working_on() {
    let place = Place::new();
    let file = place.file_of(TASKS);
    let mut running = Running::start(place.quickstart().arg(&file).args(["--work", "1000"]));
    running.await_lines("completed", 3);
    assert_eq!(running.interrupt(), Some(130));
    place.await_no_server();

    let (_server, store) = place.stored().await;
    check_whole(&store).await;
    assert_eq!(in_progress(&store).await, []);
    let numbers = store.tasks().statistics(&TaskFilter::default()).await.unwrap();
    assert!(numbers.completed >= 3 && numbers.pending > 0, "{numbers:?}");
}

async fn tasks_in(store: &PgStore, status: TaskStatus) -> Vec<Task> {
    let filter = TaskFilter { status: Some(status), ..TaskFilter::default() };
    let page = PageRequest::new(TaskSort::CreatedAt).limit(1000);
    store.tasks().find_by(&filter, &page).await.unwrap().items
}

async fn in_progress(store: &PgStore) -> Vec<Task> {
    tasks_in(store, TaskStatus::InProgress).await
}

/// Checks what must hold at any moment: each completed task has its completion, each workflow has all of its steps or none,
/// and what is pending has no step that is running or failed.
async fn check_whole(store: &PgStore) {
    assert_eq!(store.tasks().count(&TaskFilter::default()).await.unwrap(), u64::from(TASKS));
    let mut steps = HashMap::<_, Vec<_>>::new();
    let mut page = PageRequest::new(WorkflowStateSort::StartedAt).limit(1000);
    loop {
        let states = store.workflow_states().find_by(&WorkflowStateFilter::default(), &page).await.unwrap();
        for state in states.items {
            steps.entry(state.task_id.unwrap()).or_default().push(state.status);
        }
        let Some(next) = states.next else { break };
        page = page.after(Some(next));
    }
    assert!(steps.values().all(|steps| steps.len() == 5), "a workflow lacks steps: {steps:?}");

    for task in tasks_in(store, TaskStatus::Completed).await {
        let completion =
            store.task_contexts().find_latest_by_type(task.id, ContextType::Completion).await.unwrap();
        assert!(
            completion.is_some() && task.completed_at.is_some(),
            "{task:?} is complete without a completion"
        );
        assert_eq!(steps[&task.id], [WorkflowStatus::Completed; 5]);
    }
    for task in tasks_in(store, TaskStatus::Pending).await {
        let steps = steps.get(&task.id).map_or(&[][..], Vec::as_slice);
        let at_rest =
            |step: &WorkflowStatus| matches!(step, WorkflowStatus::Pending | WorkflowStatus::Completed);
        assert!(steps.iter().all(at_rest), "{task:?} has steps {steps:?}");
    }
}
