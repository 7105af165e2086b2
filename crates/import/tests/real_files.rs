//! Two real files, counted against the import by readers that share no code with it. The files are no part of the
//! repository; without them these tests say so and pass.

use std::{collections::HashSet, path::PathBuf};

use serde_json::Value;
use taskmaster_import::{DEFAULT_PROJECT, FindingKind, Import, read, read_file};
use taskmaster_models::{ContextType, DependencyType, TaskStatus};

fn real_file(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if !path.exists() {
        eprintln!("skipped: {name} is not there");
        return None;
    }
    Some(path)
}

fn assert_storable(import: &Import) {
    let mut known = HashSet::new();
    for task in &import.tasks {
        assert!(task.validate().is_valid(), "{:?}", task.validate());
        assert!(task.parent_task_id.is_none_or(|parent| known.contains(&parent)), "a part before its whole");
        assert!(known.insert(task.id), "one id twice");
    }
    for context in &import.contexts {
        assert!(context.validate().is_valid() && known.contains(&context.task_id));
        assert_eq!(context.validate().warnings(), []);
    }
    for dependency in &import.dependencies {
        assert!(dependency.validate().is_valid());
        assert!(known.contains(&dependency.parent_task_id) && known.contains(&dependency.child_task_id));
    }
}

#[test]
fn every_task_subtask_and_dependency_of_a_real_task_master_file_is_imported() {
    let Some(path) = real_file("task-master-tasks.json") else { return };
    let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let tasks: Vec<_> = file.as_object().unwrap().values().flat_map(|tag| list(tag, "tasks")).collect();
    let subtasks: Vec<_> = tasks.iter().flat_map(|task| list(task, "subtasks")).collect();
    let all: Vec<_> = tasks.iter().chain(&subtasks).collect();
    let entries: usize = all.iter().map(|task| list(task, "dependencies").len()).sum();
    let with_status = |word: &str| all.iter().filter(|task| task["status"] == word).count();
    let with_details =
        all.iter().filter(|task| task["details"].as_str().is_some_and(|t| !t.is_empty())).count();

    let import = read_file(DEFAULT_PROJECT, &path).unwrap();
    let report = &import.report;
    eprintln!("{report}");
    assert_eq!((report.tasks, report.subtasks), (tasks.len(), subtasks.len()));
    assert_eq!((report.tasks, report.subtasks), (182, 914));
    assert_eq!(report.dependency_entries, entries);
    assert_eq!(report.dependencies + report.left_out(), entries);
    assert_eq!(import.contexts.len(), with_details);
    let stored = |status| import.tasks.iter().filter(|task| task.status == status).count();
    assert_eq!(stored(TaskStatus::Completed), with_status("done"));
    assert_eq!(stored(TaskStatus::InProgress), with_status("in-progress") + with_status("review"));
    assert_eq!(stored(TaskStatus::Pending), with_status("pending") + with_status("deferred"));
    assert_eq!(stored(TaskStatus::Cancelled), with_status("cancelled"));

    // All that is wrong with this file: a cycle, a dependency on a task of another tag, and eight subtasks of one id.
    let kinds = |kind| report.findings.iter().filter(|finding| finding.kind == kind).count();
    assert_eq!((kinds(FindingKind::Cycle), kinds(FindingKind::MissingTask)), (1, 1));
    assert_eq!(kinds(FindingKind::DuplicateId), 7);
    assert_eq!(report.findings.len(), 9);
    assert_storable(&import);
}

#[test]
fn every_issue_and_dependency_of_a_real_beads_file_is_imported() {
    let Some(path) = real_file("beads-issues.jsonl") else { return };
    let text = std::fs::read_to_string(&path).unwrap();
    let issues: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: HashSet<_> = issues.iter().map(|issue| issue["id"].as_str().unwrap()).collect();
    let entries: Vec<_> =
        issues.iter().flat_map(|issue| issue["dependencies"].as_array().into_iter().flatten()).collect();
    let inside: Vec<_> =
        entries.iter().filter(|entry| ids.contains(entry["depends_on_id"].as_str().unwrap())).collect();
    let blocking = inside.iter().filter(|entry| entry["type"] == "blocks").count();
    let children: HashSet<_> = inside
        .iter()
        .filter(|entry| entry["type"] == "parent-child")
        .map(|entry| entry["issue_id"].as_str().unwrap())
        .collect();

    let import = read_file(DEFAULT_PROJECT, &path).unwrap();
    let report = &import.report;
    eprintln!("{report}");
    assert_eq!(import.tasks.len(), issues.len());
    assert_eq!(report.tasks + report.subtasks, 704);
    assert_eq!(report.subtasks, children.len());
    assert_eq!(report.dependency_entries, entries.len());
    assert_eq!(report.left_out(), entries.len() - inside.len());
    assert_eq!(report.dependencies + report.parents, inside.len());
    let blocks = import.dependencies.iter().filter(|d| d.dependency_type == DependencyType::Blocks).count();
    assert_eq!(blocks, blocking);
    let closed = issues.iter().filter(|issue| issue["status"] == "closed").count();
    let completions = import.contexts.iter().filter(|c| c.context_type == ContextType::Completion).count();
    assert_eq!((completions, closed), (403, 403));
    assert_storable(&import);
}

#[test]
fn a_real_file_cut_off_anywhere_is_one_error_and_never_half_an_import() {
    for name in ["task-master-tasks.json", "beads-issues.jsonl"] {
        let Some(path) = real_file(name) else { continue };
        let content = std::fs::read(path).unwrap();
        for cut in (1..40).map(|step| content.len() * step / 40) {
            let part = &content[..cut];
            let whole_lines = name.ends_with("jsonl") && content[cut] == b'\n';
            assert_eq!(read(DEFAULT_PROJECT, part).is_ok(), whole_lines, "{name} cut off after {cut} bytes");
        }
    }
}
