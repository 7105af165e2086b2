//! Task Master's `tasks.json`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use taskmaster_models::{DependencyType, NewTask, NewTaskContext, TaskStatus, clock};

use crate::{
    Finding, FindingKind, Format, Import, ImportError, ImportReport,
    document::describe,
    draft::{self, Draft, Link, Parent},
    graph,
    identity::{self, Occurrences},
    record::{Record, id_text, inside, without_nul},
    words,
};

/// The tag of files that have none, which is also where Task Master itself puts their tasks when it converts them.
const MASTER: &str = "master";

const CREATED: &[&str] = &["createdAt", "created_at", "created"];
const UPDATED: &[&str] = &["updatedAt", "updated_at", "updated", "lastModified"];
const COMPLETED: &[&str] = &["completedAt", "completed_at"];

/// A tag and its tasks.
struct Group {
    tag: String,
    path: String,
    tasks: Vec<Value>,
    created: Option<DateTime<Utc>>,
    updated: Option<DateTime<Utc>>,
}

pub(crate) fn read(project: &str, document: Value) -> Result<Import, ImportError> {
    let mut report = ImportReport::new(Format::TaskMaster);
    let groups = groups(document, &mut report)?;
    let mut reader = Reader {
        project,
        now: clock::now(),
        report,
        drafts: Vec::new(),
        contexts: Vec::new(),
        links: Vec::new(),
        occurrences: HashMap::new(),
    };
    for group in groups {
        reader.group(group);
    }
    Ok(graph::settle(reader.report, reader.drafts, reader.contexts, reader.links))
}

/// Whether an object holds tasks as files of Task Master and their tasks do. A line that Beads marked as its own does
/// not, whatever is in it.
pub(crate) fn holds_tasks(fields: &Map<String, Value>) -> bool {
    const LISTS_OF_BEADS: [&str; 3] = ["comments", "dependencies", "dependents"];
    let is_group = |(key, value): (&String, &Value)| match value {
        Value::Object(tag) => {
            tag.get("tasks").and_then(Value::as_array).is_some_and(|items| are_tasks(items))
        }
        Value::Array(items) => {
            !items.is_empty() && are_tasks(items) && !LISTS_OF_BEADS.contains(&key.as_str())
        }
        _ => false,
    };
    let has_parts = fields.get("subtasks").is_some_and(|parts| !parts.is_null());
    !fields.get("_type").is_some_and(Value::is_string) && (has_parts || fields.iter().any(is_group))
}

/// Finds the lists of tasks in any of the layouts `{tag: {tasks: […]}}`, `{tag: […]}`, `{tasks: […]}` and `[…]`. A file
/// that is half converted has two of them.
fn groups(document: Value, report: &mut ImportReport) -> Result<Vec<Group>, ImportError> {
    let found = describe(&document);
    let mut groups = Vec::new();
    match document {
        Value::Array(tasks) if are_tasks(&tasks) => {
            groups.push(Group::new(MASTER, String::new(), tasks, None, report));
        }
        Value::Object(fields) if is_single_task(&fields) => {
            return Err(ImportError::UnknownLayout {
                found: "a single task instead of a list of tasks".to_owned(),
            });
        }
        Value::Object(mut fields) => {
            if has_list(&fields) {
                let tasks = list(fields.remove("tasks"));
                // A tag may have one of these names, too.
                let key = ["metadata", "meta"].into_iter().find(|key| {
                    fields.get(*key).and_then(Value::as_object).is_some_and(|metadata| !has_list(metadata))
                });
                let metadata = key.and_then(|key| fields.remove(key));
                groups.push(Group::new(MASTER, "tasks".to_owned(), tasks, metadata, report));
            }
            for (key, value) in fields {
                let path = step(&key);
                match value {
                    Value::Object(mut tag) if has_list(&tag) => {
                        let (tasks, metadata) = (list(tag.remove("tasks")), tag.remove("metadata"));
                        groups.push(Group::new(&key, format!("{path}.tasks"), tasks, metadata, report));
                        // A tag has one list of tasks, but another one must not be lost.
                        for (name, value) in tag {
                            if let Value::Array(tasks) = value
                                && are_tasks(&tasks)
                            {
                                let path = format!("{path}.{}", step(&name));
                                groups.push(Group::new(&format!("{key}.{name}"), path, tasks, None, report));
                            }
                        }
                    }
                    Value::Array(tasks) if are_tasks(&tasks) => {
                        groups.push(Group::new(&key, path, tasks, None, report));
                    }
                    other => {
                        let message = format!("is no list of tasks but {}; it was skipped", describe(&other));
                        report.findings.push(Finding::new(path, FindingKind::NotATask, message));
                    }
                }
            }
        }
        _ => {}
    }
    if groups.is_empty() { Err(ImportError::UnknownLayout { found }) } else { Ok(groups) }
}

/// Whether there is a list of tasks, which may be null.
fn has_list(fields: &Map<String, Value>) -> bool {
    matches!(fields.get("tasks"), Some(Value::Array(_) | Value::Null))
}

/// Whether an object is a task with its parts. Taking these for a tag would lose the task.
fn is_single_task(fields: &Map<String, Value>) -> bool {
    let scalar = |name: &&str| fields.get(*name).is_some_and(|value| value.is_string() || value.is_number());
    let has_parts = match fields.get("subtasks") {
        None | Some(Value::Null) => false,
        Some(Value::Object(tag)) => !has_list(tag),
        Some(_) => true,
    };
    has_parts && !has_list(fields) && ["id", "title"].iter().any(scalar)
}

impl Group {
    fn new(
        tag: &str,
        path: String,
        tasks: Vec<Value>,
        metadata: Option<Value>,
        report: &mut ImportReport,
    ) -> Self {
        let (mut created, mut updated) = (None, None);
        if let Some(Value::Object(metadata)) = metadata {
            let place = path.strip_suffix("tasks").unwrap_or_default().to_owned() + "metadata";
            let mut metadata = Record::new(metadata, &place, &mut report.findings);
            (created, updated) = (metadata.time(CREATED), metadata.time(UPDATED));
        }
        Self { tag: without_nul(tag), path, tasks, created, updated }
    }
}

struct Reader<'a> {
    project: &'a str,
    now: DateTime<Utc>,
    report: ImportReport,
    drafts: Vec<Draft>,
    contexts: Vec<NewTaskContext>,
    links: Vec<Link>,
    /// By tag, since a half converted file has one tag twice.
    occurrences: HashMap<String, Occurrences>,
}

/// What is known of a group's tasks by their ids.
#[derive(Default)]
struct Index {
    /// The first task of each id; a subtask's id is `5.2`.
    tasks: HashMap<String, usize>,
    /// The first part of each task of each id; a part's id among its siblings is `2`.
    parts: HashMap<(usize, String), usize>,
    /// The tasks with their dependency entries, and where these are.
    references: Vec<(usize, String, Vec<Value>)>,
}

impl Reader<'_> {
    fn group(&mut self, mut group: Group) {
        let mut index = Index::default();
        let (tasks, path) = (std::mem::take(&mut group.tasks), group.path.clone());
        self.tasks(&group, &mut index, tasks, &path, None);
        for (owner, place, entries) in std::mem::take(&mut index.references) {
            for (number, entry) in entries.into_iter().enumerate() {
                self.reference(&group, &index, owner, format!("{place}[{number}]"), entry);
            }
        }
    }

    fn tasks(
        &mut self,
        group: &Group,
        index: &mut Index,
        tasks: Vec<Value>,
        path: &str,
        parent: Option<usize>,
    ) {
        for (number, task) in tasks.into_iter().enumerate() {
            let place = format!("{path}[{number}]");
            match task {
                Value::Object(fields) => self.task(group, index, fields, &place, parent),
                other => {
                    self.report.other_records += 1;
                    let message = format!("is no task but {}; it was skipped", describe(&other));
                    self.report.findings.push(Finding::new(place, FindingKind::NotATask, message));
                }
            }
        }
    }

    fn task(
        &mut self,
        group: &Group,
        index: &mut Index,
        mut fields: Map<String, Value>,
        place: &str,
        parent: Option<usize>,
    ) {
        let own = self.drafts.len();
        let parts = self.parts(&mut fields, place);
        if let Some(entries) = entries(fields.remove("dependencies")) {
            index.references.push((own, inside(place, "dependencies"), entries));
        }
        let (name, occurrence) = self.name(group, index, &fields, place, parent);

        let inherited = parent.map_or(words::MEDIUM, |parent| self.drafts[parent].task.priority);
        let mut record = Record::new(fields, place, &mut self.report.findings);
        let created = record.time(CREATED).or(group.created);
        let updated = record.time(UPDATED).or(group.updated).or(created).unwrap_or(self.now);
        let created_at = created.unwrap_or(updated).min(updated);
        let completed = record.time(COMPLETED);
        let status = record.status();
        let mut acceptance_criteria = record.criteria("acceptanceCriteria");
        acceptance_criteria.extend(record.criteria("testStrategy"));
        let mut tags = record.labels("tags");
        if !tags.contains(&group.tag) {
            tags.insert(0, group.tag.clone());
        }
        let details = record.text("details");
        let mut task = NewTask {
            id: identity::task(self.project, Format::TaskMaster, &group.tag, &name, occurrence),
            description: record.text("description"),
            status,
            priority: record.priority(words::priority, inherited),
            acceptance_criteria,
            assigned_to: record.short_text("assignee", 255),
            tags,
            created_at,
            updated_at: updated,
            completed_at: (status == TaskStatus::Completed).then(|| completed.unwrap_or(updated)),
            ..NewTask::new(record.title(&name))
        };
        if let Some(score) = complexity(&mut record) {
            task.complexity_score = score;
        }
        task.metadata =
            draft::metadata(record.into_source(), self.project, Format::TaskMaster, Some(&group.tag));
        self.contexts.extend(details.map(|details| draft::requirement(&task, "details", &details)));
        let parent = parent.map(|index| Parent { index, place: place.to_owned(), entry: Value::Null });
        self.drafts.push(Draft { task, name, parent });
        self.tasks(group, index, parts, &inside(place, "subtasks"), Some(own));
    }

    /// The task's subtasks. What is no list of them stays among the fields.
    fn parts(&mut self, fields: &mut Map<String, Value>, place: &str) -> Vec<Value> {
        if fields.get("subtasks").is_some_and(|parts| !parts.is_array() && !parts.is_null()) {
            let message = "is no list of tasks, it is kept in metadata.source only";
            self.report.findings.push(Finding::new(
                inside(place, "subtasks"),
                FindingKind::Adjusted,
                message,
            ));
            return Vec::new();
        }
        list(fields.remove("subtasks"))
    }

    /// The task's id within its tag and the how-manieth task of this id it is. Makes it known to references.
    fn name(
        &mut self,
        group: &Group,
        index: &mut Index,
        fields: &Map<String, Value>,
        place: &str,
        parent: Option<usize>,
    ) -> (String, usize) {
        let own = self.drafts.len();
        let id = fields.get("id").and_then(id_text);
        if id.is_none() {
            let message = "is missing, the title stands for it: nothing can depend on this task";
            self.report.findings.push(Finding::new(inside(place, "id"), FindingKind::Adjusted, message));
        }
        let title =
            || format!("#{}", fields.get("title").and_then(Value::as_str).map_or(place.into(), without_nul));
        let mut name = id.clone().unwrap_or_else(title);
        if let Some(parent) = parent {
            let prefix = format!("{}.", self.drafts[parent].name);
            let among_siblings = name.strip_prefix(&prefix).unwrap_or(&name).to_owned();
            name = prefix + &among_siblings;
            if id.is_some() {
                index.parts.entry((parent, among_siblings)).or_insert(own);
            }
        }
        let occurrence = self.occurrences.entry(group.tag.clone()).or_default().next(&name);
        if occurrence > 1 {
            let message = format!("the id {name} occurs again: all are kept, references mean the first");
            self.report.findings.push(Finding::new(place, FindingKind::DuplicateId, message));
        }
        if id.is_some() {
            index.tasks.entry(name.clone()).or_insert(own);
        }
        (name, occurrence)
    }

    fn reference(&mut self, group: &Group, index: &Index, owner: usize, place: String, entry: Value) {
        self.report.dependency_entries += 1;
        let parent = self.drafts[owner].parent.as_ref().map(|parent| parent.index);
        let Some(id) = id_text(&entry) else {
            let message = format!("is no task's id but {}; it was left out", describe(&entry));
            self.report.findings.push(Finding::new(place, FindingKind::Unreadable, message));
            return self.drafts[owner].leave_out(entry);
        };
        let Some(target) = index.target(parent, &id, entry.is_string()) else {
            let name = &self.drafts[owner].name;
            let message = format!(
                "{name} depends on {}{id}, which tag {:?} does not have; the dependency was left out",
                if parent.is_some() && !entry.is_string() { "its sibling " } else { "" },
                group.tag
            );
            self.report.findings.push(Finding::new(place, FindingKind::MissingTask, message));
            return self.drafts[owner].leave_out(entry);
        };
        self.links.push(Link {
            parent: target,
            child: owner,
            kind: DependencyType::DependsOn,
            created_at: self.drafts[owner].task.created_at,
            metadata: Map::new(),
            place,
            entry,
        });
    }
}

impl Index {
    /// The task that an id in the dependencies of a task or, with a parent, of a subtask means. There a whole number is
    /// a sibling, and a numeric text a task.
    fn target(&self, parent: Option<usize>, id: &str, is_text: bool) -> Option<usize> {
        let numeric = id.bytes().all(|byte| byte.is_ascii_digit());
        let sibling = || parent.and_then(|parent| self.parts.get(&(parent, id.to_owned())));
        let task = || self.tasks.get(id);
        match (parent, numeric, is_text) {
            (Some(_), true, false) => sibling(),
            (None, ..) | (_, true, true) => task(),
            (Some(_), false, _) => sibling().or_else(task),
        }
        .copied()
    }
}

fn complexity(record: &mut Record<'_>) -> Option<i32> {
    let value = record.take("complexity")?;
    let score = value.as_i64().and_then(|score| i32::try_from(score).ok()).filter(|n| (1..=10).contains(n));
    if score.is_none() {
        record.adjusted("complexity", "is no whole number from 1 to 10, it is kept in metadata.source only");
        record.keep("complexity", value);
    }
    score
}

/// The entries of a task's dependencies; one that stands alone is a list of one.
fn entries(dependencies: Option<Value>) -> Option<Vec<Value>> {
    match dependencies? {
        Value::Null => None,
        Value::Array(entries) => Some(entries),
        single => Some(vec![single]),
    }
}

fn list(value: Option<Value>) -> Vec<Value> {
    if let Some(Value::Array(items)) = value { items } else { Vec::new() }
}

/// Whether a list can be one of tasks: an empty one can.
fn are_tasks(items: &[Value]) -> bool {
    let is_task = |item: &Value| item.get("id").or_else(|| item.get("title")).is_some();
    let is_issue = |item: &Value| item.get("issue_type").is_some();
    items.is_empty() || items.iter().any(is_task) && !items.iter().any(is_issue)
}

/// A key as the first step of a JSON path.
fn step(key: &str) -> String {
    let plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "-_".contains(c));
    if plain { key.to_owned() } else { format!("[{key:?}]") }
}
