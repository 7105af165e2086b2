//! What becomes of a Beads file.

use serde_json::{Value, json};
use taskmaster_import::{DEFAULT_PROJECT, FindingKind, Format, Import, read};
use taskmaster_models::{ContextType, DependencyType, NewTask, TaskStatus};

fn import(lines: &[Value]) -> Import {
    let text: Vec<_> = lines.iter().map(Value::to_string).collect();
    read(DEFAULT_PROJECT, text.join("\n").as_bytes()).expect("the file is good")
}

fn issue<'a>(import: &'a Import, id: &str) -> &'a NewTask {
    import
        .tasks
        .iter()
        .find(|task| task.metadata["source"]["id"] == id)
        .unwrap_or_else(|| panic!("no issue {id}"))
}

/// The dependencies as `child type parent`.
fn dependencies(import: &Import) -> Vec<String> {
    let name = |id| {
        import.tasks.iter().find(|task| task.id == id).expect("a task of the import").metadata["source"]["id"]
            .as_str()
            .expect("an id that is text")
    };
    let text = |d: &taskmaster_models::NewTaskDependency| {
        format!("{} {} {}", name(d.child_task_id), d.dependency_type, name(d.parent_task_id))
    };
    import.dependencies.iter().map(text).collect()
}

fn findings(import: &Import) -> Vec<(&str, FindingKind)> {
    import.report.findings.iter().map(|finding| (finding.place.as_str(), finding.kind)).collect()
}

fn on(id: &str, kind: &str) -> Value {
    json!({ "issue_id": "", "depends_on_id": id, "type": kind, "metadata": "{}" })
}

#[test]
fn statuses_types_and_priorities_become_those_of_the_schema_and_the_words_are_kept() {
    let statuses = [
        ("open", TaskStatus::Pending),
        ("in_progress", TaskStatus::InProgress),
        ("blocked", TaskStatus::Pending),
        ("deferred", TaskStatus::Pending),
        ("closed", TaskStatus::Completed),
        ("pinned", TaskStatus::Pending),
        ("hooked", TaskStatus::InProgress),
    ];
    for (word, status) in statuses {
        let import = import(&[json!({ "id": "a-1", "title": "t", "status": word, "issue_type": "epic" })]);
        let task = issue(&import, "a-1");
        assert_eq!((task.status, task.task_type.as_str()), (status, "epic"), "{word}");
        assert_eq!(task.metadata["source"], json!({ "id": "a-1", "status": word, "issue_type": "epic" }));
        assert_eq!(findings(&import), []);
    }
    for (level, priority) in [(0, 10), (1, 8), (2, 5), (3, 3), (4, 1)] {
        let import = import(&[json!({ "id": "a-1", "title": "t", "priority": level })]);
        assert_eq!(import.tasks[0].priority, priority, "P{level}");
        assert_eq!(import.tasks[0].metadata["source"]["priority"], level);
    }
    let import = import(&[json!({ "id": "a-1", "title": "t", "status": "triage", "priority": 9 })]);
    assert_eq!((import.tasks[0].status, import.tasks[0].priority), (TaskStatus::Pending, 5));
    assert_eq!(
        findings(&import),
        [("line 1, status", FindingKind::Adjusted), ("line 1, priority", FindingKind::Adjusted)]
    );
}

#[test]
fn both_forms_of_the_type_are_read_and_records_that_are_no_issues_are_counted() {
    let import = import(&[
        json!({ "_schema": "beads-jsonl/1" }),
        json!({ "_type": "issue", "id": "a-1", "title": "one", "issue_type": "bug" }),
        json!({ "_type": "feature", "id": "a-2", "title": "two" }),
        json!({ "_type": "issue", "id": "a-3", "title": "three" }),
        json!({ "id": "a-4", "title": "four", "issue_type": "x".repeat(60) }),
        json!({ "_type": "memory", "key": "k", "value": "v" }),
    ]);
    let kinds: Vec<_> = import.tasks.iter().map(|task| task.task_type.as_str()).collect();
    assert_eq!(kinds, ["bug", "feature", "task", &"x".repeat(50)]);
    assert_eq!(issue(&import, "a-4").metadata["source"]["issue_type"], "x".repeat(60));
    assert!(import.tasks.iter().all(|task| task.metadata["source"].get("_type").is_none()));
    assert_eq!((import.report.format, import.report.other_records), (Format::Beads, 2));
    assert_eq!(
        findings(&import),
        [
            ("line 1", FindingKind::NotATask),
            ("line 6", FindingKind::NotATask),
            ("line 5, issue_type", FindingKind::Adjusted),
        ]
    );
}

#[test]
fn of_the_lines_of_one_id_the_newest_wins_and_then_the_later() {
    let line = |id: &str, title: &str, day: u8| json!({ "id": id, "title": title, "updated_at": format!("2026-01-0{day}T00:00:00Z") });
    let import = import(&[
        line("a", "newest", 3),
        line("b", "earlier line", 1),
        line("a", "oldest", 1),
        line("b", "later line", 1),
        line("c", "2026-01-02 in the west", 2),
        json!({ "id": "c", "title": "newer by the clock", "updated_at": "2026-01-01T23:00:00-02:00" }),
        json!({ "id": "a", "title": "without a time" }),
        json!({ "id": "d", "title": "deleted later", "updated_at": "2026-01-01T00:00:00Z" }),
        json!({ "id": "d", "status": "tombstone", "updated_at": "2026-01-02T00:00:00Z" }),
        json!({ "id": "e", "status": "tombstone", "title": "revived", "updated_at": "2026-01-01T00:00:00Z" }),
        json!({ "id": "e", "title": "revived", "updated_at": "2026-01-02T00:00:00Z" }),
    ]);
    let titles: Vec<_> = import.tasks.iter().map(|task| task.title.as_str()).collect();
    assert_eq!(titles, ["newest", "later line", "newer by the clock", "revived"]);
    assert_eq!((import.report.superseded, import.report.tombstones), (6, 1));
}

#[test]
fn deleted_issues_are_skipped_and_counted_and_nothing_depends_on_them() {
    let import = import(&[
        json!({ "id": "a-1", "title": "gone", "status": "tombstone", "deleted_at": "2026-01-01T00:00:00Z" }),
        json!({ "id": "a-2", "title": "stays", "dependencies": [on("a-1", "blocks")] }),
    ]);
    assert_eq!((import.tasks.len(), import.report.tombstones), (1, 1));
    assert_eq!(findings(&import), [("line 2, dependencies[0]", FindingKind::MissingTask)]);
    assert!(import.report.findings[0].message.contains("a-1, which is deleted"));
    assert_eq!(issue(&import, "a-2").metadata["source"]["dependencies"], json!([on("a-1", "blocks")]));
}

#[test]
fn dependency_types_order_relate_or_nest() {
    let import = import(&[
        json!({ "id": "a", "title": "a" }),
        json!({ "id": "b", "title": "b", "dependencies": [
            { "issue_id": "b", "depends_on_id": "a", "type": "blocks", "created_at": "2026-01-02T00:00:00Z",
              "created_by": "ana", "metadata": "{}" },
            { "issue_id": "b", "depends_on_id": "a", "type": "discovered-from" },
        ] }),
        json!({ "id": "c", "title": "c", "dependencies": [
            on("a", "parent-child"), on("b", "waits-for"), on("b", "tracks"), on("b", "relates-to")] }),
        json!({ "id": "d", "title": "d", "parent": "a" }),
    ]);
    assert_eq!(
        dependencies(&import),
        ["b blocks a", "b related a", "c blocks b", "c related b"],
        "of two types that only relate, one is stored"
    );
    let metadata = |number: usize| Value::Object(import.dependencies[number].metadata.clone());
    assert_eq!(metadata(0), json!({ "source": { "created_by": "ana" } }));
    assert_eq!(import.dependencies[0].created_at.to_rfc3339(), "2026-01-02T00:00:00+00:00");
    assert_eq!(metadata(1), json!({ "source": { "type": "discovered-from" } }));
    assert_eq!(metadata(2)["source"]["type"], "waits-for");
    assert_eq!(import.dependencies[1].dependency_type, DependencyType::Related);
    let a = issue(&import, "a").id;
    assert_eq!(issue(&import, "c").parent_task_id, Some(a));
    assert_eq!(issue(&import, "d").parent_task_id, Some(a));
    let left_out: Vec<_> =
        import.report.findings.iter().filter(|finding| finding.kind.is_left_out()).collect();
    assert_eq!((left_out.len(), left_out[0].kind), (1, FindingKind::Repeated));
    let report = &import.report;
    assert_eq!((report.dependency_entries, report.dependencies, report.parents), (7, 4, 2));
    assert_eq!((report.tasks, report.subtasks), (2, 2));
}

#[test]
fn parents_come_first_and_a_cycle_of_parents_is_broken() {
    let child = |id: &str, parent: &str| json!({ "id": id, "title": id, "dependencies": [{ "depends_on_id": parent, "type": "parent-child" }] });
    let import =
        import(&[child("leaf", "mid"), child("mid", "top"), child("top", "mid"), child("own", "own")]);
    let titles: Vec<_> = import.tasks.iter().map(|task| task.title.as_str()).collect();
    assert_eq!(titles, ["top", "mid", "leaf", "own"]);
    assert_eq!(issue(&import, "top").parent_task_id, None);
    assert_eq!(issue(&import, "mid").parent_task_id, Some(issue(&import, "top").id));
    assert_eq!(
        findings(&import),
        [("line 3, dependencies[0]", FindingKind::Cycle), ("line 4, dependencies[0]", FindingKind::ToItself)]
    );
    assert_eq!(issue(&import, "top").metadata["source"]["dependencies"][0]["depends_on_id"], "mid");
    assert_eq!(import.report.dependency_entries, import.report.parents + import.report.left_out());
}

#[test]
fn a_second_parent_becomes_a_related_task() {
    let import = import(&[
        json!({ "id": "a", "title": "a" }),
        json!({ "id": "b", "title": "b" }),
        json!({ "id": "c", "title": "c", "parent": "b",
                "dependencies": [on("a", "parent-child"), on("b", "parent-child")] }),
        json!({ "id": "d", "title": "d", "parent": "nowhere", "dependencies": [on("nowhere", "parent-child")] }),
    ]);
    assert_eq!(issue(&import, "c").parent_task_id, Some(issue(&import, "b").id));
    assert_eq!(dependencies(&import), ["c related a"]);
    assert_eq!(import.dependencies[0].metadata["source"]["type"], "parent-child");
    let places: Vec<_> =
        findings(&import).into_iter().filter(|(_, kind)| *kind != FindingKind::Adjusted).collect();
    assert_eq!(
        places,
        [
            ("line 3, dependencies[0]", FindingKind::ExtraParent),
            ("line 4, dependencies[0]", FindingKind::MissingTask),
        ]
    );
}

#[test]
fn cycles_and_strangers_among_dependencies_are_listed_with_their_lines() {
    let import = import(&[
        json!({ "id": "a", "title": "a", "dependencies": [{ "depends_on_id": "b", "type": "blocks" }] }),
        json!({ "id": "b", "title": "b", "dependencies": [
            { "depends_on_id": "a", "type": "conditional-blocks" },
            { "depends_on_id": "external:other:x", "type": "blocks" },
            { "depends_on_id": "a", "type": "related" },
            "a",
        ] }),
    ]);
    assert_eq!(dependencies(&import), ["a blocks b", "b related a"]);
    assert_eq!(
        findings(&import),
        [
            ("line 2, dependencies[1]", FindingKind::MissingTask),
            ("line 2, dependencies[3]", FindingKind::Unreadable),
            ("line 2, dependencies[0]", FindingKind::Cycle),
        ]
    );
    assert_eq!(issue(&import, "b").metadata["source"]["dependencies"].as_array().unwrap().len(), 3);
}

#[test]
fn every_field_of_an_issue_goes_where_it_belongs_and_none_is_lost() {
    let import = import(&[json!({
        "id": "a-1", "title": "t", "description": "what", "design": "how", "acceptance_criteria": "* one\n* two",
        "notes": "tried", "status": "closed", "priority": 1, "issue_type": "bug", "assignee": "ana", "owner": "o@example.com",
        "estimated_minutes": 100, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-03T00:00:00Z",
        "closed_at": "2026-01-02T00:00:00Z", "close_reason": "merged", "labels": ["x", "y", "x"], "external_ref": "gh-9",
        "comments": [
            { "id": 5, "issue_id": "a-1", "author": "bo", "text": "hm", "created_at": "2026-01-01T12:00:00Z" },
            { "id": 6, "text": "oh" },
            { "id": 7 },
        ],
    })]);
    let task = issue(&import, "a-1");
    assert_eq!(task.description.as_deref(), Some("what"));
    assert_eq!(task.acceptance_criteria, ["one", "two"]);
    assert_eq!((task.assigned_to.as_deref(), task.tags.join(" ")), (Some("ana"), "x y".to_owned()));
    assert_eq!(task.estimated_hours.unwrap().to_string(), "1.67");
    assert_eq!(task.created_at.to_rfc3339(), "2026-01-01T00:00:00+00:00");
    assert_eq!(task.updated_at.to_rfc3339(), "2026-01-03T00:00:00+00:00");
    assert_eq!(task.completed_at.unwrap().to_rfc3339(), "2026-01-02T00:00:00+00:00");
    assert_eq!(
        task.metadata["source"],
        json!({ "id": "a-1", "status": "closed", "priority": 1, "issue_type": "bug", "owner": "o@example.com",
                "estimated_minutes": 100, "external_ref": "gh-9", "comments": [{ "id": 7 }] })
    );
    let contexts: Vec<_> = import.contexts.iter().map(|c| (c.context_type, c.context_data.clone())).collect();
    let requirement =
        json!({ "original_requirement": "how", "decomposition_metadata": { "source_field": "design" } });
    assert_eq!(contexts[0], (ContextType::Requirement, requirement));
    assert_eq!(contexts[1], (ContextType::Workflow, json!({ "notes": "tried" })));
    assert_eq!(contexts[2].0, ContextType::Completion);
    assert_eq!(contexts[2].1["results"]["close_reason"], "merged");
    assert_eq!(contexts[3].0, ContextType::AiInteraction);
    assert_eq!(
        (&contexts[3].1["agent_name"], &contexts[3].1["response_data"]["text"]),
        (&json!("bo"), &json!("hm"))
    );
    assert_eq!(contexts[4].1["agent_name"], "unknown");
    assert_eq!(import.contexts[3].metadata["source"], json!({ "id": 5, "issue_id": "a-1" }));
    assert_eq!(import.contexts[3].created_at.to_rfc3339(), "2026-01-01T12:00:00+00:00");
    assert_eq!(findings(&import), [("line 1, comments[2]", FindingKind::Adjusted)]);
}

#[test]
fn minutes_that_are_whole_hundredths_of_hours_are_held_as_they_are() {
    for (minutes, hours, kept) in
        [(json!(90), Some("1.50"), false), (json!(0), Some("0.00"), false), (json!(1), Some("0.02"), true)]
    {
        let import = import(&[json!({ "id": "a", "title": "t", "estimated_minutes": minutes })]);
        assert_eq!(import.tasks[0].estimated_hours.map(|hours| hours.to_string()).as_deref(), hours);
        assert_eq!(import.tasks[0].metadata["source"].get("estimated_minutes").is_some(), kept);
        assert_eq!(findings(&import), []);
    }
    for minutes in [json!(-1), json!(60_000_000), json!("long"), json!(1.5)] {
        let import = import(&[json!({ "id": "a", "title": "t", "estimated_minutes": minutes })]);
        assert_eq!(import.tasks[0].estimated_hours, None);
        assert_eq!(import.tasks[0].metadata["source"]["estimated_minutes"], minutes);
        assert_eq!(findings(&import).len(), 1);
    }
}

#[test]
fn issues_without_id_or_title_are_kept() {
    let import = import(&[
        json!({ "title": "no id" }),
        json!({ "title": "no id" }),
        json!({ "id": "a-1", "status": "open" }),
        json!({ "id": 12, "title": "number" }),
    ]);
    let titles: Vec<_> = import.tasks.iter().map(|task| task.title.as_str()).collect();
    assert_eq!(titles, ["no id", "no id", "Untitled task a-1", "number"]);
    assert_ne!(import.tasks[0].id, import.tasks[1].id);
    assert_eq!(findings(&import).len(), 3);
}

#[test]
fn an_issue_whose_id_looks_like_another_ones_title_is_kept() {
    let import = import(&[
        json!({ "id": "#Foo", "title": "one" }),
        json!({ "id": "Foo", "title": "two" }),
        json!({ "title": "Foo" }),
        json!({ "title": "#Foo" }),
    ]);
    let ids: std::collections::HashSet<_> = import.tasks.iter().map(|task| task.id).collect();
    assert_eq!(ids.len(), 4);
}

#[test]
fn lists_that_issues_have_are_no_tasks_of_task_master() {
    let import = import(&[json!({
        "id": "a", "title": "t", "labels": [], "comments": [{ "id": 1, "text": "hm" }],
        "dependencies": [{ "id": "b", "title": "u", "depends_on_id": "b" }], "waiters": ["ana"],
    })]);
    assert_eq!((import.report.format, import.tasks.len()), (Format::Beads, 1));
}

#[test]
fn a_dependency_tells_where_it_comes_from() {
    let import = import(&[
        json!({ "id": "a", "title": "a" }),
        json!({ "id": "b", "title": "b", "dependencies": [on("x", "blocks"), on("a", "blocks")] }),
    ]);
    let [dependency] = import.dependencies.as_slice() else { panic!("one dependency") };
    assert_eq!(import.dependency_place(dependency.id), Some("line 2, dependencies[1]: b depends on a"));
}
