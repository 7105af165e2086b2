//! Runs that go well.

use std::{fs, path::Path, process::Stdio};

use serde_json::Value;
use taskmaster_models::{ContextType, TaskContextFilter, TaskFilter, TaskStatus};
use taskmaster_repository::Repositories;

use crate::program::{Place, Running, real_file, run, succeed};

#[test]
fn a_second_run_adds_nothing_and_goes_on_where_the_first_stopped() {
    let place = Place::new();
    let sample = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample.json")).unwrap();
    let (tasks, subtasks) = tasks_and_subtasks(&sample);

    let first = succeed(&mut place.quickstart());
    assert_eq!((first.number("tasks added"), first.number("subtasks added")), (tasks, subtasks));
    assert!(first.number("dependencies added") > 0 && first.number("contexts added") > 0);
    assert_eq!(first.number("worked on"), 25);
    assert_eq!(first.number("total"), tasks + subtasks);
    for section in ["Tasks by status", "Workflow quickstart/", "Timeline of", "Search for", "Statistics"] {
        assert!(first.stdout.contains(section), "no {section:?} in {}", first.stdout);
    }
    assert!(first.stdout.contains("**"), "no find is marked in {}", first.stdout);

    let second = succeed(&mut place.quickstart());
    for what in
        ["tasks added", "subtasks added", "contexts added", "dependencies added", "migrations applied"]
    {
        assert_eq!(second.number(what), 0, "{what}");
    }
    assert!(second.number("completed") > 0);
    assert!(second.number("pending") < first.number("pending"));
    assert!(second.number("worked on") > 0);
}

#[test]
fn a_dependency_that_contradicts_what_is_stored_is_named_with_its_place_and_the_rest_is_stored() {
    let place = Place::new();
    let before = r#"{"tasks": [{"id": 1, "title": "a"}, {"id": 2, "title": "b", "dependencies": [1]}]}"#;
    let after = r#"{"tasks": [{"id": 1, "title": "a", "dependencies": [2]}, {"id": 2, "title": "b"},
                              {"id": 3, "title": "c", "dependencies": [2]}]}"#;
    let import = |content| {
        let file = place.file("tasks.json", content);
        succeed(place.quickstart().arg(file).args(["--work", "0"]))
    };
    assert_eq!(import(before).number("dependencies added"), 1);

    let second = import(after);

    assert_eq!((second.number("tasks added"), second.number("dependencies added")), (1, 1));
    let named = second.stdout.lines().find(|line| line.contains("with what is stored"));
    assert!(named.is_some_and(|line| line.contains("tasks[0].dependencies[0]: 1 depends on 2")), "{named:?}");
}

#[test]
fn the_output_fits_into_100_columns() {
    let place = Place::new();
    let said = succeed(&mut place.quickstart());
    for line in said.stdout.lines().filter(|line| line.is_ascii()) {
        assert!(line.len() <= 100, "{} columns: {line}", line.len());
    }
}

#[test]
fn files_of_two_projects_add_their_own_tasks_and_two_copies_of_one_project_do_not() {
    let place = Place::new();
    let content = r#"{"tasks": [{"id": 1, "title": "Build"}]}"#;
    let (here, there) = (place.file("a/tasks.json", content), place.file("b/tasks.json", content));
    let added = |file: &Path, arguments: &[&str]| {
        let mut quickstart = place.quickstart();
        succeed(quickstart.arg(file).args(["--work", "0"]).args(arguments)).number("tasks added")
    };
    assert_eq!((added(&here, &[]), added(&there, &[]), added(&here, &[])), (1, 1, 0));
    let same = ["--project", "ours"];
    assert_eq!((added(&here, &same), added(&there, &same)), (1, 0));
}

#[test]
fn a_real_task_master_file_is_stored_whole() {
    let Some(path) = real_file("task-master-tasks.json") else { return };
    let (tasks, subtasks) = tasks_and_subtasks(&fs::read(&path).unwrap());
    let place = Place::new();
    let first = succeed(place.quickstart().arg(&path));
    assert_eq!((first.number("tasks added"), first.number("subtasks added")), (tasks, subtasks));
    assert_eq!(first.number("total"), tasks + subtasks);
    let second = succeed(place.quickstart().arg(&path));
    for what in ["tasks added", "subtasks added", "contexts added", "dependencies added"] {
        assert_eq!(second.number(what), 0, "{what}");
    }
}

#[test]
fn a_real_beads_file_is_stored_whole() {
    let Some(path) = real_file("beads-issues.jsonl") else { return };
    let text = fs::read_to_string(&path).unwrap();
    let issues = text.lines().filter(|line| !line.trim().is_empty()).count() as u64;
    let place = Place::new();
    let first = succeed(place.quickstart().arg(&path));
    assert_eq!(first.number("tasks added") + first.number("subtasks added"), issues);
    assert_eq!(first.number("total"), issues);
    let second = succeed(place.quickstart().arg(&path));
    for what in ["tasks added", "subtasks added", "contexts added", "dependencies added"] {
        assert_eq!(second.number(what), 0, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_share_the_work_and_take_nothing_from_each_other() {
    let place = Place::new();
    let file = place.file_of(60);
    let mut quickstart = place.quickstart();
    quickstart.arg(&file).args(["--work", "1000"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let other = quickstart.spawn().unwrap();
    let one = run(&mut quickstart);
    let other = other.wait_with_output().unwrap();
    let other_stdout = String::from_utf8(other.stdout).unwrap();
    assert!(one.code == Some(0) && other.status.success(), "{one:#?} {other_stdout}");
    for stdout in [&one.stdout, &other_stdout] {
        assert!(stdout.contains("put back from runs that were killed: 0"), "{stdout}");
    }

    let (_server, store) = place.stored().await;
    let numbers = store.tasks().statistics(&TaskFilter::default()).await.unwrap();
    assert_eq!((numbers.total, numbers.completed + numbers.failed), (60, 60));
    let completions =
        TaskContextFilter { context_type: Some(ContextType::Completion), ..TaskContextFilter::default() };
    assert_eq!(store.task_contexts().count(&completions).await.unwrap(), numbers.completed);
    let failed = TaskFilter { status: Some(TaskStatus::Failed), ..TaskFilter::default() };
    assert_eq!(store.tasks().count(&failed).await.unwrap(), numbers.failed);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    let mut running = Running::start(&mut place.quickstart());
    running.await_lines("migrations applied:", 1);
    assert_eq!(running.stop_reading(), Some(0));
}

/// Counts a Task Master file's tasks without the crate that imports it.
fn tasks_and_subtasks(file: &[u8]) -> (u64, u64) {
    let file: Value = serde_json::from_slice(file).unwrap();
    let tasks: Vec<&Value> =
        file.as_object().unwrap().values().flat_map(|tag| tag["tasks"].as_array().unwrap()).collect();
    let subtasks = tasks.iter().map(|task| task["subtasks"].as_array().map_or(0, Vec::len)).sum::<usize>();
    (tasks.len() as u64, subtasks as u64)
}
