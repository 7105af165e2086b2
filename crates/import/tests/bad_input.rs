//! Files that are refused, each with one sentence that says where and what, and files that only look odd.

use serde_json::json;
use taskmaster_import::{DEFAULT_PROJECT, Import, ImportError, read, read_file};

fn import(content: impl AsRef<[u8]>) -> Result<Import, ImportError> {
    read(DEFAULT_PROJECT, content.as_ref())
}

fn refusal(content: impl AsRef<[u8]>) -> String {
    match import(content) {
        Ok(import) => panic!("was imported: {}", import.report),
        Err(error) => error.to_string(),
    }
}

const ISSUE: &str = r#"{"id":"a-1","title":"t"}"#;

#[test]
fn an_empty_file_is_named_as_such() {
    for content in ["", " \r\n\t", "\u{feff}", "\u{feff}\n"] {
        assert!(matches!(import(content), Err(ImportError::Empty)), "{content:?}");
    }
    assert_eq!(refusal(""), "the file is empty; name a Task Master tasks.json or a Beads issues.jsonl");
}

#[test]
fn malformed_json_is_named_with_line_and_column() {
    let tasks = "{\n  \"tasks\": [\n    {\"id\": 1, \"title\": \"ü\" \"x\"}\n  ]\n}";
    assert_eq!(
        refusal(tasks),
        "the JSON is malformed at line 3, column 28: expected `,` or `}`; mend the file and import again"
    );
    let issues = format!("{ISSUE}\n\n{{\"id\":\"a-2\",}}\n{ISSUE}");
    assert!(refusal(issues).starts_with("the JSON is malformed at line 3, column 13: trailing comma"));
    let first = format!("{{\"id\":\"a-2\",\"title\":}}\n{ISSUE}\n");
    assert!(refusal(first).starts_with("the JSON is malformed at line 1, column 21: expected value"));
    assert!(refusal("{\"tasks\": []}\n]").starts_with("the JSON is malformed at line 2, column 1: trailing"));
    assert!(refusal("hello").starts_with("the JSON is malformed at line 1, column 1: expected value"));
}

#[test]
fn truncated_json_is_named_with_the_place_where_it_ends() {
    assert_eq!(
        refusal("{\"tasks\": [\n  {\"id\": 1, \"title\": \"ab"),
        "the JSON is cut off at line 2, column 24; get a complete copy of the file"
    );
    let last = format!("{ISSUE}\r\n{{\"id\":\"a-2\"");
    assert!(matches!(import(last), Err(ImportError::Truncated { line: 2, column: 11 })));
    let first = format!("{{\"id\":\"a-2\"\n{ISSUE}");
    assert!(matches!(import(first), Err(ImportError::Truncated { line: 1, column: 11 })));
}

#[test]
fn a_key_that_occurs_twice_is_refused_since_one_of_the_two_would_be_lost() {
    let error = refusal("{\n\"tasks\": [{\"id\": 1, \"title\": \"a\"}],\n\"tasks\": []}");
    assert!(error.starts_with("the JSON is malformed at line 3, column"), "{error}");
    assert!(error.contains("the key \"tasks\" occurs twice in one object"), "{error}");
}

#[test]
fn merge_conflict_markers_are_named_with_their_line() {
    let tasks = "{\"tasks\": [\n<<<<<<< HEAD\n{\"id\": 1}\n=======\n{\"id\": 2}\n>>>>>>> branch\n]}";
    assert_eq!(
        refusal(tasks),
        "line 2 is a merge-conflict marker (<<<<<<<); resolve the conflict and import again"
    );
    let issues = format!("{ISSUE}\r\n=======\r\n{ISSUE}");
    assert!(matches!(import(issues), Err(ImportError::MergeConflict { line: 2, marker: "=======" })));
    let inside = json!([{ "id": 1, "title": "t", "details": "\n<<<<<<< HEAD\n=======" }]).to_string();
    assert!(import(inside).is_ok(), "a text about markers is no conflict");
}

#[test]
fn what_is_not_utf_8_is_named_with_its_byte() {
    let error = refusal(b"\xef\xbb\xbf[\n\"\xff\"]");
    assert_eq!(error, "the file is not UTF-8 text (byte 6, line 2); save it as UTF-8");
    let utf_16: Vec<u8> = "\u{feff}[]".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(matches!(import(utf_16), Err(ImportError::NotUtf8 { offset: 0, line: 1 })));
}

#[test]
fn json_nested_1_000_deep_is_refused_by_name() {
    let deep = format!("[{{\"id\": 1, \"title\": \"t\", \"x\": {}{}}}]", "[".repeat(1000), "]".repeat(1000));
    assert!(matches!(import(&deep), Err(ImportError::TooDeep { line: 1, .. })));
    assert!(refusal(deep).starts_with("the JSON nests deeper than 127 levels at line 1, column "));
}

#[test]
fn an_unknown_layout_is_named_by_what_was_found() {
    let found = |content: &str| {
        let error = refusal(content);
        let (_, found) = error.split_once("but found ").unwrap_or_else(|| panic!("{error}"));
        found.to_owned()
    };
    assert_eq!(found("{}"), "an empty object");
    assert_eq!(found("42"), "the number 42");
    assert_eq!(found("null"), "null");
    assert_eq!(found("[1, 2]"), "a list that begins with the number 1");
    assert_eq!(found(r#"[{"name": "x"}]"#), r#"a list that begins with an object with the keys "name""#);
    assert_eq!(found(r#"{"tasks": 3, "b": {}}"#), r#"an object with the keys "b", "tasks""#);
    assert_eq!(
        found(r#"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1}"#),
        r#"an object with the keys "a", "b", "c", "d", "e", …"#
    );
    assert_eq!(
        found(r#"[{"id": "a-1", "issue_type": "bug"}]"#),
        "a list of Beads issues instead of one per line"
    );
    assert_eq!(
        found("{\"id\":\"x\",\"level\":3}\n{\"id\":\"y\"}"),
        r#"an object with the keys "id", "level" in line 1"#
    );
    assert_eq!(found(&format!("{ISSUE}\n[1]")), "a list that begins with the number 1 in line 2");
}

#[test]
fn an_issue_spread_over_several_lines_is_not_called_cut_off() {
    let spread =
        serde_json::to_string_pretty(&json!({ "id": "a-2", "title": "t", "labels": ["x"] })).unwrap();
    let several = |line: usize| {
        format!("but found an issue spread over several lines, from line {line} on, instead of one per line")
    };
    for file in [spread.clone(), format!("{spread}\n{spread}\n"), format!("{spread}\n{{\n  \"id\": ")] {
        assert!(refusal(&file).ends_with(&several(1)), "{}", refusal(&file));
    }
    let mixed = format!("{ISSUE}\r\n\r\n{}", spread.replace('\n', "\r\n"));
    assert!(refusal(&mixed).ends_with(&several(3)), "{}", refusal(&mixed));
    let two_in_a_line = format!("{ISSUE}{ISSUE}");
    assert!(matches!(import(two_in_a_line), Err(ImportError::Malformed { line: 1, column: 25, .. })));
}

#[test]
fn a_single_task_with_its_parts_is_refused_since_it_is_no_issue() {
    let task = json!({ "id": 1, "title": "t", "subtasks": [{ "id": 1, "title": "part" }] });
    for text in [task.to_string(), serde_json::to_string_pretty(&task).unwrap()] {
        assert!(refusal(&text).ends_with("but found a single task instead of a list of tasks"), "{text}");
    }
    let project = json!({ "title": "My project", "master": { "tasks": [{ "id": 1, "title": "t" }] } });
    for line in [task, project] {
        for (file, number) in [(format!("{line}\n{ISSUE}"), 1), (format!("{ISSUE}\n{line}"), 2)] {
            let found = format!("but found tasks of Task Master inside line {number}");
            assert!(refusal(&file).ends_with(&found), "{}", refusal(&file));
        }
    }
}

#[test]
fn a_byte_order_mark_and_crlf_change_nothing() {
    let tasks = "{\n\"tasks\": [\n{\"id\": 1, \"title\": \"a\"}\n]}\n";
    let issues = format!("{ISSUE}\n\n{{\"id\":\"a-2\",\"title\":\"u\"}}\n");
    for file in [tasks, issues.as_str()] {
        let ids =
            |content: &str| import(content).unwrap().tasks.iter().map(|task| task.id).collect::<Vec<_>>();
        let odd = format!("\u{feff}{}", file.replace('\n', "\r\n"));
        assert_eq!(ids(&odd), ids(file));
        assert!(!ids(file).is_empty());
    }
}

#[test]
fn a_description_of_10_megabytes_is_taken_whole() {
    let long = "ü".repeat(5 << 20);
    let import = import(json!([{ "id": 1, "title": "t", "description": long }]).to_string()).unwrap();
    assert_eq!(import.tasks[0].description.as_ref().map(String::len), Some(10 << 20));
}

#[test]
fn times_at_the_ends_of_what_can_be_stored_are_kept_or_reported() {
    let import = import(
        json!([
            { "id": 1, "title": "t", "createdAt": "0001-01-01T00:00:01Z", "updatedAt": "9999-12-31T23:59:59Z" },
            { "id": 2, "title": "t", "updatedAt": "10000-01-01T00:00:00Z" },
            { "id": 3, "title": "t", "updatedAt": "-0044-03-15T00:00:00Z" },
        ])
        .to_string(),
    )
    .unwrap();
    assert_eq!(import.tasks[0].created_at.to_rfc3339(), "0001-01-01T00:00:01+00:00");
    assert_eq!(import.tasks[0].updated_at.to_rfc3339(), "9999-12-31T23:59:59+00:00");
    assert_eq!(import.tasks[1].metadata["source"]["updatedAt"], "10000-01-01T00:00:00Z");
    let places: Vec<_> = import.report.findings.iter().map(|finding| finding.place.as_str()).collect();
    assert_eq!(places, ["[1].updatedAt", "[2].updatedAt"]);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = read_file(DEFAULT_PROJECT, "no/such/tasks.json").unwrap_err().to_string();
    assert!(error.starts_with("cannot read no/such/tasks.json: "), "{error}");
    assert!(error.ends_with("; name a file that exists and may be read"), "{error}");
}

#[test]
fn the_report_is_short_however_much_was_found() {
    let file =
        json!([{ "id": 1, "title": "t", "details": "d", "dependencies": (2..20).collect::<Vec<_>>() }]);
    let report = import(file.to_string()).unwrap().report.to_string();
    let lines: Vec<_> = report.lines().collect();
    assert_eq!(
        lines[0],
        "Task Master: 1 task, 0 subtasks, 1 context, 0 dependencies; 18 dependencies left out"
    );
    assert_eq!(
        lines[1],
        "  [0].dependencies[0]: 1 depends on 2, which tag \"master\" does not have; the dependency was left out"
    );
    assert_eq!((lines.len(), lines[11]), (12, "  and 8 more"));
}
