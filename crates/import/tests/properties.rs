//! What holds for every file.

use std::collections::{HashMap, HashSet};

use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};
use taskmaster_import::{FindingKind, Import, read};
use taskmaster_models::TaskId;

/// Whether the stores would take the import: valid rows, ids that occur once, parents first, no cycle.
fn assert_storable(import: &Import) {
    let mut tasks = HashSet::new();
    for task in &import.tasks {
        assert!(task.validate().is_valid(), "{:?}", task.validate());
        assert!(task.parent_task_id.is_none_or(|parent| tasks.contains(&parent)));
        assert!(tasks.insert(task.id));
    }
    let contexts: HashSet<_> = import.contexts.iter().map(|context| context.id).collect();
    assert_eq!(contexts.len(), import.contexts.len());
    assert!(import.contexts.iter().all(|c| c.validate().is_valid() && tasks.contains(&c.task_id)));
    let mut triples = HashSet::new();
    for d in &import.dependencies {
        assert!(
            d.validate().is_valid() && tasks.contains(&d.parent_task_id) && tasks.contains(&d.child_task_id)
        );
        assert!(triples.insert((d.parent_task_id, d.child_task_id, d.dependency_type)));
    }
    assert_acyclic(import);
    let report = &import.report;
    assert_eq!(report.tasks + report.subtasks, import.tasks.len());
    assert_eq!(report.dependency_entries, report.dependencies + report.parents + report.left_out());
}

/// Takes away tasks that wait for none until none is left: with a cycle some would be.
fn assert_acyclic(import: &Import) {
    let mut waits_for: HashMap<TaskId, usize> = HashMap::new();
    let mut releases: HashMap<TaskId, Vec<TaskId>> = HashMap::new();
    for d in import.dependencies.iter().filter(|d| d.dependency_type.orders()) {
        *waits_for.entry(d.child_task_id).or_default() += 1;
        releases.entry(d.parent_task_id).or_default().push(d.child_task_id);
    }
    let mut ready: Vec<_> =
        import.tasks.iter().map(|task| task.id).filter(|id| !waits_for.contains_key(id)).collect();
    while let Some(task) = ready.pop() {
        for child in releases.remove(&task).unwrap_or_default() {
            let waits = waits_for.get_mut(&child).expect("it waits for this one");
            *waits -= 1;
            if *waits == 0 {
                waits_for.remove(&child);
                ready.push(child);
            }
        }
    }
    assert!(waits_for.is_empty(), "a cycle is left");
}

type Ids = (Vec<uuid::Uuid>, Vec<uuid::Uuid>, Vec<uuid::Uuid>);

fn ids(import: &Import) -> Ids {
    (
        import.tasks.iter().map(|task| task.id.as_uuid()).collect(),
        import.contexts.iter().map(|context| context.id.as_uuid()).collect(),
        import.dependencies.iter().map(|dependency| dependency.id.as_uuid()).collect(),
    )
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2_i64..12).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9.]{0,3}|\\PC{0,8}|[\0a]{0,3}|2026-0[1-9]-01T00:00:00Z".prop_map(Value::from),
        Just(json!("done")),
        Just(json!("tombstone")),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((field(), inner), 0..8).prop_map(object)
        ]
    })
}

/// The names that the readers look for, so that what is generated gets past the door.
fn field() -> impl Strategy<Value = String> {
    const NAMES: &[&str] = &[
        "id",
        "title",
        "description",
        "details",
        "testStrategy",
        "acceptanceCriteria",
        "status",
        "priority",
        "subtasks",
        "dependencies",
        "tasks",
        "metadata",
        "tags",
        "createdAt",
        "updatedAt",
        "complexity",
        "assignee",
        "issue_type",
        "_type",
        "labels",
        "comments",
        "text",
        "parent",
        "depends_on_id",
        "issue_id",
        "type",
        "created_at",
        "updated_at",
        "closed_at",
        "close_reason",
        "notes",
        "design",
        "estimated_minutes",
    ];
    prop_oneof![6 => proptest::sample::select(NAMES).prop_map(str::to_owned), 1 => "\\PC{0,6}|\0"]
}

fn object(fields: Vec<(String, Value)>) -> Value {
    Value::Object(fields.into_iter().collect())
}

/// A task with an id from a small range and references into it: numbers, texts, subtasks' ids.
fn task(depth: u32) -> BoxedStrategy<Value> {
    let reference = prop_oneof![
        (0..8_u8).prop_map(|n| json!(n)),
        (0..8_u8).prop_map(|n| json!(n.to_string())),
        (0..8_u8, 0..4_u8).prop_map(|(n, m)| json!(format!("{n}.{m}"))),
    ];
    let parts = if depth == 0 { Just(Vec::new()).boxed() } else { vec(task(depth - 1), 0..4).boxed() };
    (0..8_u8, vec(reference, 0..4), parts)
        .prop_map(|(id, dependencies, subtasks)| {
            json!({ "id": id, "title": format!("task {id}"), "dependencies": dependencies, "subtasks": subtasks })
        })
        .boxed()
}

fn count(tasks: &[Value]) -> (usize, usize) {
    tasks.iter().fold((0, 0), |(tasks, entries), task| {
        let list = |name: &str| task[name].as_array().expect("a list");
        let (parts, part_entries) = count(list("subtasks"));
        (tasks + 1 + parts, entries + part_entries + list("dependencies").len())
    })
}

fn issue() -> impl Strategy<Value = Value> {
    const KINDS: &[&str] = &["blocks", "parent-child", "related", "discovered-from", "waits-for"];
    let dependency = (0..12_u8, proptest::sample::select(KINDS))
        .prop_map(|(on, kind)| json!({ "depends_on_id": format!("a-{on}"), "type": kind }));
    let status = proptest::sample::select(&["open", "closed", "in_progress", "tombstone"]);
    (0..10_u8, vec(dependency, 0..4), status, 1..5_u8).prop_map(|(id, dependencies, status, day)| {
        json!({ "id": format!("a-{id}"), "title": "t", "status": status, "dependencies": dependencies,
                "updated_at": format!("2026-01-0{day}T00:00:00Z") })
    })
}

fn lines(values: &[Value]) -> Vec<u8> {
    values.iter().map(Value::to_string).collect::<Vec<_>>().join("\n").into_bytes()
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = read("p", &bytes);
    }

    #[test]
    fn no_text_like_json_makes_it_panic(text in "[\\[\\]{}\":,0-9a-z \n\\\\<>=ü]{0,200}") {
        let _ = read("p", text.as_bytes());
    }

    #[test]
    fn any_json_is_refused_or_storable(value in json_value()) {
        if let Ok(import) = read("p", value.to_string().as_bytes()) {
            assert_storable(&import);
        }
    }

    #[test]
    fn any_fields_of_a_task_are_storable_and_no_task_is_lost(tasks in vec(vec((field(), json_value()), 0..8), 1..6)) {
        let tasks: Vec<_> = tasks.into_iter().map(object).collect();
        let import = read("p", json!({ "t": { "tasks": tasks } }).to_string().as_bytes()).unwrap();
        prop_assert_eq!(import.tasks.iter().filter(|task| task.parent_task_id.is_none()).count(), tasks.len());
        assert_storable(&import);
    }

    #[test]
    fn any_fields_of_an_issue_are_storable_and_no_issue_is_lost(
        issues in vec(vec((field(), json_value()), 0..8), 1..6),
    ) {
        let named = |(number, fields): (usize, Vec<(String, Value)>)| {
            let mut fields: Map<_, _> = fields.into_iter().filter(|(name, _)| name != "tasks").collect();
            fields.insert("id".to_owned(), json!(format!("a-{number}")));
            fields.insert("title".to_owned(), json!("t"));
            fields.insert("_type".to_owned(), json!("issue"));
            Value::Object(fields)
        };
        let issues: Vec<_> = issues.into_iter().enumerate().map(named).collect();
        let deleted = issues.iter().filter(|issue| issue["status"] == "tombstone").count();
        let import = read("p", &lines(&issues)).unwrap();
        prop_assert_eq!((import.tasks.len(), import.report.tombstones), (issues.len() - deleted, deleted));
        assert_storable(&import);
    }

    #[test]
    fn a_task_master_file_is_counted_right_and_imported_alike_each_time(tasks in vec(task(2), 0..10)) {
        let file = json!({ "master": { "tasks": tasks } }).to_string();
        let import = read("p", file.as_bytes()).unwrap();
        assert_storable(&import);
        prop_assert_eq!((import.tasks.len(), import.report.dependency_entries), count(&tasks));
        prop_assert_eq!(ids(&read("p", file.as_bytes()).unwrap()), ids(&import));
        let other = read("q", file.as_bytes()).unwrap();
        let known: HashSet<_> = import.tasks.iter().map(|task| task.id).collect();
        prop_assert!(other.tasks.iter().all(|task| !known.contains(&task.id)));
    }

    #[test]
    fn a_beads_file_is_counted_right_and_imported_alike_each_time(issues in vec(issue(), 1..16)) {
        // The last of the newest lines of each id, by a slower way than the reader's.
        let winners: Vec<_> = issues.iter().enumerate().filter(|(number, issue)| {
            issues.iter().enumerate().all(|(other, rival)| {
                rival["id"] != issue["id"]
                    || (rival["updated_at"].as_str(), other) <= (issue["updated_at"].as_str(), *number)
            })
        }).map(|(_, issue)| issue).collect();
        let live: Vec<_> = winners.iter().filter(|issue| issue["status"] != "tombstone").collect();
        let file = lines(&issues);
        let import = read("p", &file).unwrap();
        assert_storable(&import);
        prop_assert_eq!(import.tasks.len(), live.len());
        prop_assert_eq!(import.report.tombstones, winners.len() - live.len());
        prop_assert_eq!(import.report.superseded, issues.len() - winners.len());
        let entries: usize = live.iter().map(|issue| issue["dependencies"].as_array().unwrap().len()).sum();
        prop_assert_eq!(import.report.dependency_entries, entries);
        prop_assert_eq!(ids(&read("p", &file).unwrap()), ids(&import));
    }

    #[test]
    fn without_cycles_in_the_file_none_is_found(edges in vec((0..30_u8, 0..30_u8), 0..80)) {
        let tasks: Vec<_> = (0..30_u8).map(|id| {
            let earlier: HashSet<u8> =
                edges.iter().filter(|(child, parent)| *child == id && *parent < id).map(|(_, parent)| *parent).collect();
            json!({ "id": id, "title": "t", "dependencies": earlier.into_iter().collect::<Vec<_>>() })
        }).collect();
        let import = read("p", json!(tasks).to_string().as_bytes()).unwrap();
        prop_assert!(import.report.findings.is_empty());
        prop_assert_eq!(import.report.dependencies, import.report.dependency_entries);
    }

    #[test]
    fn each_cycle_that_is_found_is_one(edges in vec((0..8_u8, 0..8_u8), 0..40)) {
        let edges: HashSet<_> = edges.into_iter().filter(|(child, parent)| child != parent).collect();
        let tasks: Vec<_> = (0..8_u8).map(|id| {
            let mut on: Vec<_> = edges.iter().filter(|(child, _)| *child == id).map(|(_, parent)| *parent).collect();
            on.sort_unstable();
            json!({ "id": id, "title": "t", "dependencies": on })
        }).collect();
        let import = read("p", json!(tasks).to_string().as_bytes()).unwrap();
        assert_storable(&import);
        for finding in import.report.findings {
            prop_assert_eq!(finding.kind, FindingKind::Cycle);
            let cycle = finding.message.strip_prefix("closes a cycle: ").unwrap().split(';').next().unwrap();
            let names: Vec<u8> = cycle.split(" waits for ").map(|name| name.parse().unwrap()).collect();
            prop_assert!(names.len() > 2 && names.first() == names.last());
            prop_assert!(names.windows(2).all(|pair| edges.contains(&(pair[0], pair[1]))));
        }
    }
}
