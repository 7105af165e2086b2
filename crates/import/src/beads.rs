//! Beads' `issues.jsonl`: one issue per line.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use taskmaster_models::{DependencyType, NewTask, NewTaskContext, TaskStatus, clock};

use crate::{
    Finding, FindingKind, Format, Import, ImportError, ImportReport,
    document::{describe, first_value, line_value},
    draft::{self, Draft, Link, Parent},
    graph,
    identity::{self, Occurrences},
    record::{Record, id_text, inside, known_time},
    task_master, words,
};

/// Whether the first value of a file is a record of Beads. One that holds tasks of Task Master is none, even if it has
/// a title, unless it is a line of many: reading line by line names it.
pub(crate) fn is_first_record(first: &Value, is_alone: bool, text: &str) -> bool {
    let holds_tasks = first.as_object().is_some_and(task_master::holds_tasks);
    is_record(first) && (!holds_tasks || !is_alone && goes_on_after_first_line(text))
}

fn is_record(value: &Value) -> bool {
    let names = ["_type", "_schema", "id", "title", "issue_type"];
    let scalar = |name: &&str| value.get(name).is_some_and(|value| value.is_string() || value.is_number());
    value.get("tasks").is_none() && names.iter().any(scalar)
}

/// Whether the second line of a file is a record of Beads by itself.
pub(crate) fn goes_on_after_first_line(text: &str) -> bool {
    let second = text.lines().filter(|line| !line.trim().is_empty()).nth(1);
    second.is_some_and(|line| line_value(line, 2).is_ok_and(|value| is_record(&value)))
}

pub(crate) fn read(project: &str, text: &str) -> Result<Import, ImportError> {
    let mut report = ImportReport::new(Format::Beads);
    let lines = lines(text, &mut report)?;
    let mut reader = Reader {
        project,
        now: clock::now(),
        report,
        drafts: Vec::new(),
        contexts: Vec::new(),
        links: Vec::new(),
        index: HashMap::new(),
        deleted: HashSet::new(),
    };
    let mut without_id = Occurrences::default();
    let mut relations = Vec::new();
    for line in newest(lines, &mut reader.report) {
        if line.fields.get("status").and_then(Value::as_str) == Some("tombstone") {
            reader.report.tombstones += 1;
            reader.deleted.extend(line.id);
        } else {
            relations.push(reader.issue(line, &mut without_id));
        }
    }
    for (owner, relations) in relations.into_iter().enumerate() {
        reader.relations(owner, relations);
    }
    Ok(graph::settle(reader.report, reader.drafts, reader.contexts, reader.links))
}

/// A line that holds an issue.
struct Line {
    place: String,
    id: Option<String>,
    updated: Option<DateTime<Utc>>,
    fields: Map<String, Value>,
}

fn lines(text: &str, report: &mut ImportReport) -> Result<Vec<Line>, ImportError> {
    let mut lines = Vec::new();
    let mut stranger = None;
    for (number, line) in (1..).zip(text.split('\n')) {
        if line.trim().is_empty() {
            continue;
        }
        let place = format!("line {number}");
        let value = match line_value(line.trim_end(), number) {
            Ok(value) => value,
            Err(error @ ImportError::Truncated { .. }) => return Err(spread(text, number).unwrap_or(error)),
            Err(error) => return Err(error),
        };
        match value {
            Value::Object(fields) if task_master::holds_tasks(&fields) => {
                return Err(ImportError::UnknownLayout {
                    found: format!("tasks of Task Master inside line {number}"),
                });
            }
            Value::Object(fields) if is_issue(&fields) => lines.push(Line {
                id: fields.get("id").and_then(id_text),
                updated: fields.get("updated_at").and_then(known_time),
                place,
                fields,
            }),
            Value::Object(fields) => {
                let marked = fields.get("_type").or_else(|| fields.get("_schema")).cloned();
                let what = describe(&marked.clone().unwrap_or(Value::Object(fields)));
                if marked.is_none() {
                    stranger.get_or_insert_with(|| format!("{what} in line {number}"));
                }
                report.other_records += 1;
                let message = format!("is no issue but {what}; it was skipped");
                report.findings.push(Finding::new(place, FindingKind::NotATask, message));
            }
            other => {
                return Err(ImportError::UnknownLayout {
                    found: format!("{} in line {number}", describe(&other)),
                });
            }
        }
    }
    match stranger {
        Some(found) if lines.is_empty() => Err(ImportError::UnknownLayout { found }),
        _ => Ok(lines),
    }
}

/// The error for a value that begins in line `number` and is whole, but only together with the lines after it.
fn spread(text: &str, number: usize) -> Option<ImportError> {
    let from_here = text.splitn(number, '\n').last()?;
    let (value, _) = first_value(from_here).ok()?;
    let what = if value.as_object().is_some_and(is_issue) { "an issue" } else { "a record" };
    let found = format!("{what} spread over several lines, from line {number} on, instead of one per line");
    Some(ImportError::UnknownLayout { found })
}

/// An issue has a title, or, where that is missing, an id and another field that only issues have. Newer files mark
/// issues and other records by `_type`.
fn is_issue(fields: &Map<String, Value>) -> bool {
    let has = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
    let mark = fields.get("_type").and_then(Value::as_str);
    mark != Some("memory")
        && (has("title") || has("id") && (has("status") || has("issue_type") || mark == Some("issue")))
}

/// Of the lines of one id the one with the newest `updated_at`, and of equally new ones the last.
fn newest(lines: Vec<Line>, report: &mut ImportReport) -> Vec<Line> {
    let mut newest: HashMap<String, usize> = HashMap::with_capacity(lines.len());
    let mut kept: Vec<Option<Line>> = Vec::with_capacity(lines.len());
    for line in lines {
        let Some(id) = line.id.clone() else {
            kept.push(Some(line));
            continue;
        };
        let updated = line.updated;
        let new = kept.len();
        kept.push(Some(line));
        let Some(&old) = newest.get(&id) else {
            newest.insert(id, new);
            continue;
        };
        report.superseded += 1;
        if kept[old].as_ref().is_some_and(|old| old.updated > updated) {
            kept[new] = None;
        } else {
            kept[old] = None;
            newest.insert(id, new);
        }
    }
    kept.into_iter().flatten().collect()
}

struct Reader<'a> {
    project: &'a str,
    now: DateTime<Utc>,
    report: ImportReport,
    drafts: Vec<Draft>,
    contexts: Vec<NewTaskContext>,
    links: Vec<Link>,
    index: HashMap<String, usize>,
    deleted: HashSet<String>,
}

/// What an issue tells about other issues.
struct Relations {
    place: String,
    dependencies: Vec<Value>,
    parent: Option<Value>,
}

impl Reader<'_> {
    fn issue(&mut self, mut line: Line, without_id: &mut Occurrences) -> Relations {
        let place = line.place;
        unmark(&mut line.fields);
        let mut record = Record::new(line.fields, &place, &mut self.report.findings);
        let dependencies = match record.take("dependencies") {
            None => Vec::new(),
            Some(Value::Array(dependencies)) => dependencies,
            Some(other) => vec![other],
        };
        let parent = record.take("parent");
        record.kept("id");
        let title = record.title(line.id.as_deref().unwrap_or(&place));
        let (id, name) = if let Some(id) = line.id {
            self.index.insert(id.clone(), self.drafts.len());
            (identity::task(self.project, Format::Beads, "", &id, 1), id)
        } else {
            record.adjusted("id", "is missing, the title stands for it: nothing can depend on this issue");
            let occurrence = without_id.next(&title);
            (identity::task_without_id(self.project, Format::Beads, &title, occurrence), title.clone())
        };
        let created = record.time(&["created_at"]);
        let updated_at = record.time(&["updated_at"]).or(created).unwrap_or(self.now);
        let status = record.status();
        let completed = status == TaskStatus::Completed;
        let closed = if completed { record.time(&["closed_at"]) } else { None };
        let mut task = NewTask {
            id,
            title,
            description: record.text("description"),
            task_type: record.word("issue_type", 50).unwrap_or_else(|| "task".to_owned()),
            status,
            priority: record.priority(words::beads_priority, words::MEDIUM),
            acceptance_criteria: record.criteria("acceptance_criteria"),
            assigned_to: record.short_text("assignee", 255),
            tags: record.labels("labels"),
            estimated_hours: estimated_hours(&mut record),
            created_at: created.unwrap_or(updated_at),
            updated_at,
            completed_at: completed.then(|| closed.unwrap_or(updated_at)),
            ..NewTask::new("")
        };
        self.contexts.extend(record.text("design").map(|text| draft::requirement(&task, "design", &text)));
        self.contexts.extend(record.text("notes").map(|text| draft::notes(&task, &text)));
        if completed {
            self.contexts.extend(record.text("close_reason").map(|text| draft::completion(&task, &text)));
        }
        comments(&mut record, &task, &mut self.contexts);
        task.metadata = draft::metadata(record.into_source(), self.project, Format::Beads, None);
        self.drafts.push(Draft { task, name, parent: None });
        Relations { place, dependencies, parent }
    }

    /// Makes links of an issue's dependencies, except of the one that names its parent.
    fn relations(&mut self, child: usize, relations: Relations) {
        let mut entries = Vec::new();
        for (number, entry) in relations.dependencies.into_iter().enumerate() {
            entries.push((inside(&relations.place, &format!("dependencies[{number}]")), entry));
        }
        let named = relations.parent.as_ref().and_then(id_text);
        let names_it =
            |entry: &Value| is_parent_child(entry) && entry.get("depends_on_id").and_then(id_text) == named;
        if let Some(parent) = relations.parent
            && !entries.iter().any(|(_, entry)| names_it(entry))
        {
            let entry = json!({ "depends_on_id": parent, "type": "parent-child" });
            entries.push((inside(&relations.place, "parent"), entry));
        }
        let mut parents = Vec::new();
        for (place, entry) in entries {
            self.report.dependency_entries += 1;
            let is_parent = is_parent_child(&entry);
            let Some(link) = self.link(child, place, entry) else { continue };
            if is_parent && link.parent != child { parents.push(link) } else { self.links.push(link) }
        }
        if parents.is_empty() {
            return;
        }
        let chosen = parents.iter().position(|link| Some(&self.drafts[link.parent].name) == named.as_ref());
        let chosen = parents.remove(chosen.unwrap_or(0));
        for link in parents {
            let message = format!(
                "{} has the parent {} already; {} became a related task",
                self.drafts[child].name, self.drafts[chosen.parent].name, self.drafts[link.parent].name
            );
            self.report.findings.push(Finding::new(&link.place, FindingKind::ExtraParent, message));
            self.links.push(link);
        }
        self.report.parents += 1;
        self.drafts[child].parent =
            Some(Parent { index: chosen.parent, place: chosen.place, entry: chosen.entry });
    }

    /// The link that a dependency entry stands for, or nothing if it was left out.
    fn link(&mut self, child: usize, place: String, entry: Value) -> Option<Link> {
        let target = entry.get("depends_on_id").and_then(id_text);
        let (Value::Object(fields), Some(target)) = (entry.clone(), target) else {
            let message =
                format!("names no issue in depends_on_id but is {}; it was left out", describe(&entry));
            self.report.findings.push(Finding::new(place, FindingKind::Unreadable, message));
            self.drafts[child].leave_out(entry);
            return None;
        };
        let own = &self.drafts[child];
        let Some(&parent) = self.index.get(&target) else {
            let why = if self.deleted.contains(&target) { "is deleted" } else { "the file does not have" };
            let message =
                format!("{} depends on {target}, which {why}; the dependency was left out", own.name);
            self.report.findings.push(Finding::new(place, FindingKind::MissingTask, message));
            self.drafts[child].leave_out(entry);
            return None;
        };
        let mut record = Record::new(fields, &place, &mut self.report.findings);
        record.take("depends_on_id");
        if let Some(id) = record.take("issue_id").filter(|id| id_text(id).as_ref() != Some(&own.name)) {
            record.adjusted(
                "issue_id",
                "is another issue's id; the dependency is that of the issue that lists it",
            );
            record.keep("issue_id", id);
        }
        let kind = record.text("type").map_or(DependencyType::Blocks, |word| {
            let kind = words::beads_dependency(&word);
            if word != kind.as_str() {
                record.keep("type", Value::String(word));
            }
            kind
        });
        if let Some(metadata) = record.take("metadata").filter(|metadata| metadata != "{}" && metadata != "")
        {
            record.keep("metadata", metadata);
        }
        let created_at = record.time(&["created_at"]).unwrap_or(own.task.created_at);
        let source = record.into_source();
        let source = Some(source).filter(|source| !source.is_empty()).map(Value::Object);
        let metadata = source.map(|source| ("source".to_owned(), source)).into_iter().collect();
        Some(Link { parent, child, kind, created_at, metadata, place, entry })
    }
}

fn is_parent_child(entry: &Value) -> bool {
    entry.get("type").and_then(Value::as_str) == Some("parent-child")
}

/// Newer files mark each record by `_type`, which says `issue`, or the issue's type where there is no `issue_type`.
fn unmark(fields: &mut Map<String, Value>) {
    if fields.get("_type").and_then(Value::as_str) == Some("issue") {
        fields.remove("_type");
    } else if fields.get("issue_type").is_none_or(Value::is_null)
        && let Some(mark) = fields.remove("_type")
    {
        fields.insert("issue_type".to_owned(), mark);
    }
}

/// Minutes as hours with two places. Minutes that hours cannot say exactly are kept.
fn estimated_hours(record: &mut Record<'_>) -> Option<Decimal> {
    /// What 999,999.99 hours are.
    const MAX_MINUTES: i64 = 59_999_999;
    let value = record.take("estimated_minutes")?;
    let minutes = value.as_i64().filter(|minutes| (0..=MAX_MINUTES).contains(minutes));
    if minutes.is_none() {
        record.adjusted(
            "estimated_minutes",
            "is no number of minutes that fits, it is kept in metadata.source only",
        );
    }
    if minutes.is_none_or(|minutes| minutes % 3 != 0) {
        record.keep("estimated_minutes", value);
    }
    minutes.map(|minutes| Decimal::new((minutes * 5 + 1) / 3, 2))
}

/// Makes a context of each comment. What is no list of comments is kept.
fn comments(record: &mut Record<'_>, task: &NewTask, contexts: &mut Vec<NewTaskContext>) {
    let Some(comments) = record.take("comments") else { return };
    let Value::Array(items) = comments else {
        record.adjusted("comments", "is no list, it is kept in metadata.source only");
        return record.keep("comments", comments);
    };
    let mut strange = Vec::new();
    for (number, item) in (1..).zip(items) {
        let text = item.get("text").and_then(Value::as_str).map(str::to_owned);
        let (Value::Object(fields), Some(text)) = (item.clone(), text) else {
            record.adjusted(
                &format!("comments[{}]", number - 1),
                "has no text, it is kept in metadata.source only",
            );
            strange.push(item);
            continue;
        };
        let place = record.inside(&format!("comments[{}]", number - 1));
        let mut comment = record.part(fields, &place);
        comment.take("text");
        let author = comment.text("author").unwrap_or_else(|| "unknown".to_owned());
        let at = comment.time(&["created_at"]);
        contexts.push(draft::comment(task, number, (author, text), at, comment.into_source()));
    }
    if !strange.is_empty() {
        record.keep("comments", Value::Array(strange));
    }
}
