//! The nouns, as operations, errors and metrics name them.

use taskmaster_connection::{Access, Operation};

/// A noun of the repositories.
struct Noun {
    /// The part of an operation's name before the dot.
    prefix: &'static str,
    table: &'static str,
    /// The noun in an error's text.
    label: &'static str,
}

const fn noun(prefix: &'static str, table: &'static str, label: &'static str) -> Noun {
    Noun { prefix, table, label }
}

const NOUNS: [Noun; 8] = [
    noun("api_key", "api_keys", "API key"),
    noun("audit_log", "audit_logs", "audit log"),
    noun("error_log", "error_logs", "error log"),
    noun("metric", "performance_metrics", "metric"),
    noun("task", "tasks", "task"),
    noun("task_context", "task_contexts", "task context"),
    noun("task_dependency", "task_dependencies", "task dependency"),
    noun("workflow_state", "workflow_states", "workflow state"),
];

fn of(name: &'static str) -> Option<&'static Noun> {
    let prefix = name.split_once('.')?.0;
    NOUNS.iter().find(|noun| noun.prefix == prefix)
}

/// Returns the operation of a repository's method, such as `task.create`, or of the store itself. All values of its
/// statements are bound.
pub(crate) fn operation(name: &'static str, access: Access) -> Operation {
    let collection = of(name).map(|noun| noun.table);
    Operation { collection, binds_values: true, ..Operation::new(name, access) }
}

/// Returns what an operation of this name is about, as errors name it.
pub(crate) fn entity(name: &'static str) -> &'static str {
    of(name).map_or_else(|| name.split_once('.').map_or(name, |(prefix, _)| prefix), |noun| noun.label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_knows_its_table_and_its_noun() {
        assert_eq!(operation("task.create", Access::Write).collection, Some("tasks"));
        assert_eq!(operation("store.server_time", Access::Read).collection, None);
        assert_eq!(entity("workflow_state.find_by"), "workflow state");
        assert_eq!(entity("store.server_time"), "store");
    }
}
