use std::fmt;

/// The program whose file was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// A `tasks.json` of Task Master.
    TaskMaster,
    /// An `issues.jsonl` of Beads.
    Beads,
}

impl Format {
    /// The name in ids and in `metadata.import.format`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TaskMaster => "task_master",
            Self::Beads => "beads",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::TaskMaster => "Task Master",
            Self::Beads => "Beads",
        })
    }
}

/// What was read, and what could not be taken over as it is. Its text is for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// The program whose file it was.
    pub format: Format,
    /// How many tasks are no part of another.
    pub tasks: usize,
    /// How many tasks are part of another.
    pub subtasks: usize,
    /// How many contexts.
    pub contexts: usize,
    /// How many dependency entries the tasks had: the sum of [`dependencies`](Self::dependencies),
    /// [`parents`](Self::parents) and [`left_out`](Self::left_out).
    pub dependency_entries: usize,
    /// How many of them became dependencies.
    pub dependencies: usize,
    /// How many of them became a task's parent.
    pub parents: usize,
    /// How many deleted Beads issues were skipped.
    pub tombstones: usize,
    /// How many lines of a Beads file were skipped since a newer line tells of the same issue.
    pub superseded: usize,
    /// How many records were skipped since they are no tasks, for example memories of Beads.
    pub other_records: usize,
    /// What could not be taken over as it is.
    pub findings: Vec<Finding>,
}

/// One thing that could not be taken over as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where it is in the file: a JSON path such as `master.tasks[3].dependencies[0]`, or `line 12`.
    pub place: String,
    /// The kind, for programs; people read the message.
    pub kind: FindingKind,
    /// What was found and what was done.
    pub message: String,
}

/// The kind of a [`Finding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// A dependency on a task that the file does not have was left out.
    MissingTask,
    /// A dependency of a task on itself was left out.
    ToItself,
    /// A dependency that is there already was left out.
    Repeated,
    /// The dependency that closes a cycle was left out.
    Cycle,
    /// A dependency that names no task was left out.
    Unreadable,
    /// An id occurs more than once. All of its tasks are kept, and references mean the first.
    DuplicateId,
    /// A task has more than one parent. The further ones became `related` dependencies.
    ExtraParent,
    /// A value was changed or replaced to fit. The original is in `metadata.source`.
    Adjusted,
    /// Something that is no task was skipped.
    NotATask,
}

impl FindingKind {
    /// Whether a dependency was left out.
    #[must_use]
    pub const fn is_left_out(self) -> bool {
        matches!(self, Self::MissingTask | Self::ToItself | Self::Repeated | Self::Cycle | Self::Unreadable)
    }
}

impl Finding {
    pub(crate) fn new(place: impl Into<String>, kind: FindingKind, message: impl Into<String>) -> Self {
        Self { place: place.into(), kind, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl ImportReport {
    /// How many findings the report's text shows.
    pub const SHOWN_FINDINGS: usize = 10;

    pub(crate) const fn new(format: Format) -> Self {
        Self {
            format,
            tasks: 0,
            subtasks: 0,
            contexts: 0,
            dependency_entries: 0,
            dependencies: 0,
            parents: 0,
            tombstones: 0,
            superseded: 0,
            other_records: 0,
            findings: Vec::new(),
        }
    }

    /// How many dependency entries were left out.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.findings.iter().filter(|finding| finding.kind.is_left_out()).count()
    }
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.format, count(self.tasks, "task"))?;
        write!(f, ", {}, {}", count(self.subtasks, "subtask"), count(self.contexts, "context"))?;
        write!(f, ", {}", dependencies(self.dependencies))?;
        let skipped = [
            (dependencies(self.left_out()), self.left_out(), "left out"),
            (count(self.tombstones, "deleted issue"), self.tombstones, "skipped"),
            (count(self.superseded, "older line"), self.superseded, "superseded"),
            (count(self.other_records, "other record"), self.other_records, "skipped"),
        ];
        for (what, _, how) in skipped.iter().filter(|(_, number, _)| *number > 0) {
            write!(f, "; {what} {how}")?;
        }
        for finding in self.findings.iter().take(Self::SHOWN_FINDINGS) {
            write!(f, "\n  {finding}")?;
        }
        match self.findings.len().saturating_sub(Self::SHOWN_FINDINGS) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn dependencies(number: usize) -> String {
    format!("{number} {}", if number == 1 { "dependency" } else { "dependencies" })
}
