//! What becomes of a Task Master file.

use serde_json::{Value, json};
use taskmaster_import::{DEFAULT_PROJECT, FindingKind, Format, Import, read};
use taskmaster_models::{ContextType, DependencyType, NewTask, TaskStatus};

fn import(file: &Value) -> Import {
    read(DEFAULT_PROJECT, file.to_string().as_bytes()).expect("the file is good")
}

/// The only task with this title.
fn task<'a>(import: &'a Import, title: &str) -> &'a NewTask {
    let mut found = import.tasks.iter().filter(|task| task.title == title);
    let task = found.next().unwrap_or_else(|| panic!("no task {title}"));
    assert!(found.next().is_none(), "two tasks {title}");
    task
}

/// The dependencies as `child on parent`, by title.
fn dependencies(import: &Import) -> Vec<String> {
    let title = |id| &import.tasks.iter().find(|task| task.id == id).expect("a task of the import").title;
    let text = |d: &taskmaster_models::NewTaskDependency| {
        assert_eq!(d.dependency_type, DependencyType::DependsOn);
        format!("{} on {}", title(d.child_task_id), title(d.parent_task_id))
    };
    import.dependencies.iter().map(text).collect()
}

fn findings(import: &Import) -> Vec<(&str, FindingKind)> {
    import.report.findings.iter().map(|finding| (finding.place.as_str(), finding.kind)).collect()
}

#[test]
fn every_layout_holds_the_same_tasks() {
    let tasks = json!([{ "id": 1, "title": "one" }, { "id": "2", "title": "two", "dependencies": ["1"] }]);
    let tagged = import(&json!({ "master": { "tasks": tasks, "metadata": {} } }));
    for layout in [json!({ "tasks": tasks }), json!({ "master": tasks }), tasks.clone()] {
        let import = import(&layout);
        let ids = |import: &Import| import.tasks.iter().map(|task| task.id).collect::<Vec<_>>();
        assert_eq!(ids(&import), ids(&tagged), "{layout}");
        assert_eq!(dependencies(&import), ["two on one"], "{layout}");
        assert_eq!(import.report.format, Format::TaskMaster);
        assert_eq!(task(&import, "one").tags, ["master"]);
        assert_eq!(findings(&import), []);
    }
}

#[test]
fn tags_keep_their_tasks_apart() {
    let import = import(&json!({
        "api": { "tasks": [{ "id": 1, "title": "api 1" }, { "id": 2, "title": "api 2", "dependencies": [1] }] },
        "ux": [{ "id": 1, "title": "ux 1", "tags": ["ui", "ui"] }, { "id": 2, "title": "ux 2", "dependencies": [1, 3] }],
    }));
    assert_eq!(dependencies(&import), ["api 2 on api 1", "ux 2 on ux 1"]);
    assert_eq!(findings(&import), [("ux[1].dependencies[1]", FindingKind::MissingTask)]);
    assert_eq!(task(&import, "ux 1").tags, ["ux", "ui"]);
    assert_eq!(
        task(&import, "ux 1").metadata["import"],
        json!({ "project": "default", "format": "task_master", "tag": "ux" })
    );
}

#[test]
fn a_half_converted_file_loses_neither_half() {
    let import = import(&json!({
        "tasks": [{ "id": 1, "title": "old" }],
        "master": { "tasks": [{ "id": 1, "title": "new" }] },
        "authors": [{ "name": "Dr" }],
    }));
    assert_ne!(task(&import, "old").id, task(&import, "new").id);
    assert_eq!(
        findings(&import),
        [("authors", FindingKind::NotATask), ("master.tasks[0]", FindingKind::DuplicateId)]
    );
}

#[test]
fn a_second_list_beside_an_untagged_one_is_a_tag_of_its_own() {
    let import = import(&json!({
        "tasks": [{ "id": 1, "title": "now" }],
        "backlog": [{ "id": 1, "title": "later" }, { "id": 2, "title": "last", "dependencies": [1] }],
    }));
    assert_eq!(task(&import, "now").tags, ["master"]);
    assert_eq!(task(&import, "later").tags, ["backlog"]);
    assert_eq!(dependencies(&import), ["last on later"]);
    assert_eq!(findings(&import), []);
}

#[test]
fn a_second_list_within_a_tag_is_a_tag_of_its_own() {
    let import = import(&json!({ "master": {
        "tasks": [{ "id": 1, "title": "now" }],
        "backlog": [{ "id": 1, "title": "later" }, { "id": 2, "title": "last", "dependencies": [1] }],
    } }));
    assert_eq!(task(&import, "now").tags, ["master"]);
    assert_eq!(task(&import, "later").tags, ["master.backlog"]);
    assert_eq!(dependencies(&import), ["last on later"]);
}

#[test]
fn a_tag_may_be_named_like_metadata() {
    let titled = |title: &str| json!([{ "id": 1, "title": title }]);
    for name in ["metadata", "meta"] {
        for file in [
            json!({ "master": { "tasks": titled("a") }, name: { "tasks": titled("b") } }),
            json!({ "master": titled("a"), name: titled("b") }),
            json!({ "tasks": titled("a"), name: { "tasks": titled("b") } }),
            json!({ "tasks": titled("a"), name: titled("b") }),
        ] {
            let import = import(&file);
            assert_eq!(task(&import, "a").tags, ["master"], "{file}");
            assert_eq!(task(&import, "b").tags, [name], "{file}");
            assert_eq!(findings(&import), [], "{file}");
        }
        let import = import(&json!({ "tasks": titled("a"), name: { "created": "2026-01-01T00:00:00Z" } }));
        assert_eq!(import.tasks[0].created_at.to_rfc3339(), "2026-01-01T00:00:00+00:00");
        assert_eq!(findings(&import), []);
    }
}

#[test]
fn a_file_with_a_title_is_no_issue() {
    let tasks = json!([{ "id": 1, "title": "a" }, { "id": 2, "title": "b" }]);
    for file in [
        json!({ "title": "My project", "master": { "tasks": tasks } }),
        json!({ "id": 7, "title": "My project", "master": tasks }),
    ] {
        for text in [file.to_string(), serde_json::to_string_pretty(&file).unwrap()] {
            let import = read(DEFAULT_PROJECT, text.as_bytes()).unwrap();
            assert_eq!((import.report.format, import.tasks.len()), (Format::TaskMaster, 2), "{text}");
            assert!(findings(&import).contains(&("title", FindingKind::NotATask)), "{text}");
        }
    }
}

#[test]
fn a_dependency_tells_where_it_comes_from() {
    let import = import(&json!([{ "id": 1, "title": "whole", "subtasks": [
        { "id": 1, "title": "a" }, { "id": 2, "title": "b", "dependencies": [1] }] }]));
    let [dependency] = import.dependencies.as_slice() else { panic!("one dependency") };
    assert_eq!(
        import.dependency_place(dependency.id),
        Some("[0].subtasks[1].dependencies[0]: 1.2 depends on 1.1")
    );
}

#[test]
fn a_reference_in_a_subtask_is_a_sibling_a_subtask_or_a_task_by_its_form() {
    let import = import(&json!([
        { "id": 1, "title": "one", "subtasks": [{ "id": 1, "title": "one.1" }] },
        { "id": 2, "title": "two", "dependencies": ["1.1", 1], "subtasks": [
            { "id": 1, "title": "two.1" },
            { "id": 2, "title": "sibling", "dependencies": [1] },
            { "id": 3, "title": "subtask", "dependencies": ["1.1"] },
            { "id": 4, "title": "task", "dependencies": ["1"] },
            { "id": "2.5", "title": "whole id", "dependencies": [1.1] },
            { "id": "six", "title": "word", "dependencies": ["2.5", "2"] },
            { "id": 7, "title": "seven", "dependencies": ["six", 9] },
        ] },
    ]));
    assert_eq!(
        dependencies(&import),
        [
            "two on one.1",
            "two on one",
            "sibling on two.1",
            "subtask on one.1",
            "task on one",
            "whole id on one.1",
            "word on whole id",
            "word on two",
            "seven on word",
        ]
    );
    assert_eq!(findings(&import), [("[1].subtasks[6].dependencies[1]", FindingKind::MissingTask)]);
    assert_eq!(
        import.report.findings[0].message,
        "2.7 depends on its sibling 9, which tag \"master\" does not have; the dependency was left out"
    );
    let two = task(&import, "two").id;
    let parts = import.tasks.iter().filter(|task| task.parent_task_id == Some(two)).count();
    assert_eq!((parts, import.report.tasks, import.report.subtasks), (7, 2, 8));
}

#[test]
fn subtasks_may_have_subtasks() {
    let import = import(&json!([{ "id": 1, "title": "a", "subtasks": [{ "id": 1, "title": "b", "subtasks": [
        { "id": 1, "title": "c" }, { "id": 2, "title": "d", "dependencies": [1, "1.1"] } ] }] }]));
    assert_eq!(task(&import, "c").parent_task_id, Some(task(&import, "b").id));
    assert_eq!(task(&import, "b").parent_task_id, Some(task(&import, "a").id));
    assert_eq!(dependencies(&import), ["d on c", "d on b"]);

    let deep = (0..60).fold(json!([]), |inner, _| json!([{ "id": 1, "title": "t", "subtasks": inner }]));
    assert_eq!(read(DEFAULT_PROJECT, deep.to_string().as_bytes()).unwrap().report.subtasks, 59);
}

#[test]
fn where_an_id_occurs_twice_both_are_stored_and_references_mean_the_first() {
    let file = json!({ "master": { "tasks": [
        { "id": 1, "title": "first", "subtasks": [{ "id": 1, "title": "first.1" }] },
        { "id": "1", "title": "second", "subtasks": [
            { "id": 1, "title": "second.1" }, { "id": 2, "title": "second.2", "dependencies": [1, "1.1"] }] },
        { "id": 2, "title": "third", "dependencies": [1] },
    ] } });
    let import = import(&file);
    assert_eq!(import.tasks.len(), 6);
    assert_ne!(task(&import, "first").id, task(&import, "second").id);
    assert_ne!(task(&import, "first.1").id, task(&import, "second.1").id);
    assert_eq!(dependencies(&import), ["second.2 on second.1", "second.2 on first.1", "third on first"]);
    assert_eq!(
        findings(&import),
        [
            ("master.tasks[1]", FindingKind::DuplicateId),
            ("master.tasks[1].subtasks[0]", FindingKind::DuplicateId)
        ]
    );
    assert_eq!(task(&import, "second.1").parent_task_id, Some(task(&import, "second").id));
}

#[test]
fn among_siblings_of_one_id_a_reference_means_the_first() {
    let import = import(&json!([{ "id": 1, "title": "whole", "subtasks": [
        { "id": 1, "title": "first" }, { "id": 1, "title": "second" },
        { "id": 2, "title": "by number", "dependencies": [1] },
        { "id": 3, "title": "by text", "dependencies": ["1.1"] } ] }]));
    assert_eq!(dependencies(&import), ["by number on first", "by text on first"]);
}

#[test]
fn what_orders_nothing_is_left_out_with_its_place_and_kept_in_the_source() {
    let import = import(&json!({ "master": { "tasks": [
        { "id": 1, "title": "one", "dependencies": [3] },
        { "id": 2, "title": "two", "dependencies": [1, 2, "1", 99, null, { "id": 1 }] },
        { "id": 3, "title": "three", "dependencies": [2] },
    ] } }));
    assert_eq!(dependencies(&import), ["one on three", "three on two"]);
    let place = |number| format!("master.tasks[1].dependencies[{number}]");
    assert_eq!(
        findings(&import),
        [
            (place(3).as_str(), FindingKind::MissingTask),
            (place(4).as_str(), FindingKind::Unreadable),
            (place(5).as_str(), FindingKind::Unreadable),
            (place(1).as_str(), FindingKind::ToItself),
            (place(2).as_str(), FindingKind::Repeated),
            (place(0).as_str(), FindingKind::Cycle),
        ]
    );
    assert_eq!(
        import.report.findings[5].message,
        "closes a cycle: 1 waits for 3 waits for 2 waits for 1; the dependency was left out"
    );
    let source = &task(&import, "two").metadata["source"];
    assert_eq!(source["dependencies"], json!([99, null, { "id": 1 }, 2, "1", 1]));
    assert_eq!((import.report.dependency_entries, import.report.left_out()), (8, 6));
}

#[test]
fn a_task_and_its_subtask_may_wait_for_each_other_in_one_direction() {
    let import = import(&json!([{ "id": 1, "title": "whole", "dependencies": ["1.1"], "subtasks": [
        { "id": 1, "title": "part", "dependencies": ["1"] }] }]));
    assert_eq!(dependencies(&import), ["whole on part"]);
    assert_eq!(findings(&import), [("[0].subtasks[0].dependencies[0]", FindingKind::Cycle)]);
}

#[test]
fn statuses_and_priorities_become_those_of_the_schema_and_the_words_are_kept() {
    let cases = [
        ("pending", TaskStatus::Pending),
        ("in-progress", TaskStatus::InProgress),
        ("review", TaskStatus::InProgress),
        ("done", TaskStatus::Completed),
        ("completed", TaskStatus::Completed),
        ("deferred", TaskStatus::Pending),
        ("blocked", TaskStatus::Pending),
        ("cancelled", TaskStatus::Cancelled),
    ];
    for (word, status) in cases {
        let import = import(&json!([{ "id": 1, "title": "t", "status": word, "priority": "high" }]));
        let task = &import.tasks[0];
        assert_eq!((task.status, task.priority), (status, 8), "{word}");
        assert_eq!(task.completed_at.is_some(), status == TaskStatus::Completed, "{word}");
        assert_eq!(task.metadata["source"], json!({ "id": 1, "status": word, "priority": "high" }));
        assert_eq!(findings(&import), []);
    }
    for (word, priority) in [("critical", 10), ("high", 8), ("medium", 5), ("low", 3)] {
        let import = import(&json!([{ "id": 1, "title": "t", "priority": word, "subtasks": [
            { "id": 1, "title": "same" }, { "id": 2, "title": "own", "priority": "medium" }] }]));
        assert_eq!(
            import.tasks.iter().map(|task| task.priority).collect::<Vec<_>>(),
            [priority, priority, 5]
        );
    }
    let import =
        import(&json!([{ "id": 1, "title": "t", "status": "qa", "priority": 99, "complexity": "hard" }]));
    let task = &import.tasks[0];
    assert_eq!((task.status, task.priority, task.complexity_score), (TaskStatus::Pending, 5, 5));
    let source = json!({ "id": 1, "status": "qa", "priority": 99, "complexity": "hard" });
    assert_eq!(task.metadata["source"], source);
    assert_eq!(findings(&import).len(), 3);
}

#[test]
fn every_field_of_a_task_goes_where_it_belongs_and_none_is_lost() {
    let import = import(&json!({ "master": {
        "metadata": { "created": "2025-01-01T00:00:00Z", "updated": "2025-03-01T00:00:00Z", "description": "d" },
        "tasks": [{
            "id": 7, "title": "Überprüfen 検証 проверка 🚀", "description": "what", "details": "how", "testStrategy": "try it",
            "acceptanceCriteria": "- fast\n- right", "complexity": 9, "assignee": "ana", "status": "done",
            "updatedAt": "2025-02-01T10:00:00.5Z", "expansionPrompt": "expand", "recommendedSubtasks": 0,
            "custom": { "a": [1, null] }, "subtasks": [{ "id": 1, "title": "part", "parentTaskId": 7, "status": "done" }],
        }],
    } }));
    assert_eq!(findings(&import), []);
    let task = task(&import, "Überprüfen 検証 проверка 🚀");
    assert_eq!(task.description.as_deref(), Some("what"));
    assert_eq!(task.acceptance_criteria, ["fast", "right", "try it"]);
    assert_eq!((task.complexity_score, task.assigned_to.as_deref()), (9, Some("ana")));
    assert_eq!(task.created_at.to_rfc3339(), "2025-01-01T00:00:00+00:00");
    assert_eq!(task.updated_at.to_rfc3339(), "2025-02-01T10:00:00.500+00:00");
    assert_eq!(task.completed_at, Some(task.updated_at));
    assert_eq!(
        task.metadata["source"],
        json!({ "id": 7, "status": "done", "expansionPrompt": "expand", "recommendedSubtasks": 0,
                "custom": { "a": [1, null] } })
    );
    assert_eq!(import.tasks[1].updated_at.to_rfc3339(), "2025-03-01T00:00:00+00:00");
    assert_eq!(import.tasks[1].metadata["source"]["parentTaskId"], 7);
    let [context] = import.contexts.as_slice() else { panic!("one context") };
    assert_eq!((context.task_id, context.context_type), (task.id, ContextType::Requirement));
    assert_eq!(context.context_data["original_requirement"], "how");
    assert_eq!(context.created_at, task.created_at);
}

#[test]
fn null_missing_and_misshapen_fields_lose_no_task() {
    let import = import(&json!({ "master": { "tasks": [
        { "id": 1, "title": "bare" },
        { "id": 2, "title": "nulls", "description": null, "details": null, "status": null, "priority": null,
          "dependencies": null, "subtasks": null, "testStrategy": null, "complexity": null, "updatedAt": null },
        { "id": 3, "title": null },
        { "title": "no id" },
        { "title": "no id" },
        { "id": 4, "title": "misshapen", "description": ["a"], "subtasks": "none", "dependencies": 1, "tags": [1, "x"],
          "updatedAt": "soon" },
        "no task",
        {},
    ] } }));
    assert_eq!((import.tasks.len(), import.report.other_records), (7, 1));
    let nulls = task(&import, "nulls");
    assert_eq!((nulls.status, nulls.priority, nulls.complexity_score), (TaskStatus::Pending, 5, 5));
    assert_eq!(task(&import, "Untitled task 3").metadata["source"]["id"], 3);
    let source = &task(&import, "misshapen").metadata["source"];
    let kept =
        json!({ "id": 4, "description": ["a"], "subtasks": "none", "tags": [1, "x"], "updatedAt": "soon" });
    assert_eq!(source, &kept);
    assert_eq!(task(&import, "misshapen").tags, ["master", "x"]);
    assert_eq!(dependencies(&import), ["misshapen on bare"]);
    assert!(import.tasks.iter().all(|task| task.validate().is_valid()));
    let ids: std::collections::HashSet<_> = import.tasks.iter().map(|task| task.id).collect();
    assert_eq!(ids.len(), 7);
}

#[test]
fn a_title_of_255_characters_fits_and_a_longer_one_is_cut_and_kept() {
    let (fits, long) = ("ü".repeat(255), "ü".repeat(256));
    let import = import(&json!([{ "id": 1, "title": fits }, { "id": 2, "title": long }]));
    assert_eq!(import.tasks[0].title, fits);
    assert_eq!(import.tasks[1].title, fits);
    assert_eq!(import.tasks[0].metadata["source"], json!({ "id": 1 }));
    assert_eq!(import.tasks[1].metadata["source"]["title"], json!(long));
    assert_eq!(findings(&import), [("[1].title", FindingKind::Adjusted)]);
}

#[test]
fn nul_and_deep_nesting_are_made_storable_and_reported() {
    let deep = (0..95).fold(json!("core"), |inner, _| json!([inner]));
    let import = import(&json!({ "ma\0ster": [
        { "id": 1, "title": "a\0b", "details": "c\0d", "extra\0": { "k\0": "v\0" }, "dependencies": ["\0"] },
        { "id": 2, "title": "deep", "extra": deep, "dependencies": [deep] },
    ] }));
    assert!(import.tasks.iter().all(|task| task.validate().is_valid()));
    assert!(import.contexts.iter().all(|context| context.validate().is_valid()));
    let source = &task(&import, "a\u{fffd}b").metadata["source"];
    assert_eq!(source["extra\u{fffd}"], json!({ "k\u{fffd}": "v\u{fffd}" }));
    let text = task(&import, "deep").metadata["source"]["extra"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), deep);
    let kinds: Vec<_> = findings(&import).into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == FindingKind::Adjusted).count(), 4);
    assert_eq!(kinds.iter().filter(|kind| kind.is_left_out()).count(), 2);
}

#[test]
fn a_chain_of_100_000_tasks_that_closes_loses_one_link_only() {
    let count = 100_000;
    let tasks: Vec<_> =
        (0..count).map(|n| json!({ "id": n, "title": "t", "dependencies": [(n + 1) % count] })).collect();
    let import = import(&json!(tasks));
    assert_eq!((import.tasks.len(), import.dependencies.len()), (count, count - 1));
    assert_eq!(findings(&import), [("[99999].dependencies[0]", FindingKind::Cycle)]);
    let message = &import.report.findings[0].message;
    assert!(message.contains("7 waits for 99992 more, the last of which waits for 0;"), "{message}");
}
