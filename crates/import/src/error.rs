use std::{io, path::PathBuf};

/// Why a file was not imported. Nothing of it was taken over.
///
/// Lines and columns count from 1, columns in characters.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file cannot be opened or read.
    #[error("cannot read {}: {source}; name a file that exists and may be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is nothing but white space.
    #[error("the file is empty; name a Task Master tasks.json or a Beads issues.jsonl")]
    Empty,
    /// It is no text, or text in another encoding.
    #[error("the file is not UTF-8 text (byte {offset}, line {line}); save it as UTF-8")]
    NotUtf8 {
        /// How many bytes come before the first bad one.
        offset: usize,
        /// The line of that byte.
        line: usize,
    },
    /// A merge was left unfinished.
    #[error("line {line} is a merge-conflict marker ({marker}); resolve the conflict and import again")]
    MergeConflict {
        /// The line of the first marker.
        line: usize,
        /// The marker.
        marker: &'static str,
    },
    /// It is not JSON.
    #[error(
        "the JSON is malformed at line {line}, column {column}: {message}; mend the file and import again"
    )]
    Malformed {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// The JSON ends too early.
    #[error("the JSON is cut off at line {line}, column {column}; get a complete copy of the file")]
    Truncated {
        /// The line where it ends.
        line: usize,
        /// The column where it ends.
        column: usize,
    },
    /// The JSON nests deeper than 127 levels.
    #[error("the JSON nests deeper than 127 levels at line {line}, column {column}; flatten the file")]
    TooDeep {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// It is JSON, but neither program's.
    #[error(
        "the file is neither a Task Master tasks.json nor a Beads issues.jsonl: expected lists of tasks, \
         or one issue per line, but found {found}"
    )]
    UnknownLayout {
        /// What was found instead.
        found: String,
    },
}
