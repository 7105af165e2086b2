//! Ids that come out the same each time.

use std::collections::HashMap;

use taskmaster_models::{DependencyType, TaskContextId, TaskDependencyId, TaskId};
use uuid::Uuid;

use crate::Format;

/// The namespace of all imported ids. Another value would make every import a new one.
const NAMESPACE: Uuid = Uuid::from_u128(0x7d1f_0b6c_52a4_4c0e_9a63_0e5b_8c1d_4f27);

/// The id of the `occurrence`th task (from 1) with this id in this tag; Beads has no tags.
pub(crate) fn task(project: &str, format: Format, tag: &str, id: &str, occurrence: usize) -> TaskId {
    TaskId::from_uuid(uuid(&["task", project, format.as_str(), tag, id, &occurrence.to_string()]))
}

/// The id of the `occurrence`th task (from 1) that has this title and no id.
pub(crate) fn task_without_id(project: &str, format: Format, title: &str, occurrence: usize) -> TaskId {
    TaskId::from_uuid(uuid(&["task without id", project, format.as_str(), title, &occurrence.to_string()]))
}

/// The id of the `occurrence`th context (from 1) of this name that a task has.
pub(crate) fn context(task: TaskId, name: &str, occurrence: usize) -> TaskContextId {
    TaskContextId::from_uuid(uuid(&["context", &task.to_string(), name, &occurrence.to_string()]))
}

pub(crate) fn dependency(parent: TaskId, child: TaskId, kind: DependencyType) -> TaskDependencyId {
    let (parent, child) = (parent.to_string(), child.to_string());
    TaskDependencyId::from_uuid(uuid(&["dependency", &parent, &child, kind.as_str()]))
}

/// Each part goes in with its length, so that no two lists of parts yield one name.
fn uuid(parts: &[&str]) -> Uuid {
    let mut name = String::new();
    for part in parts {
        name.push_str(&part.len().to_string());
        name.push(':');
        name.push_str(part);
    }
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

/// Counts how often each id has occurred.
#[derive(Default)]
pub(crate) struct Occurrences(HashMap<String, usize>);

impl Occurrences {
    /// How often `id` has occurred, this time included.
    pub(crate) fn next(&mut self, id: &str) -> usize {
        let count = self.0.entry(id.to_owned()).or_default();
        *count += 1;
        *count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_earlier_imports_stay_what_they_are() {
        let id = task("default", Format::TaskMaster, "master", "5.2", 1);
        assert_eq!(id.to_string(), "aea88228-7c52-5ebe-900a-e5a608af4713");
        assert_eq!(id.as_uuid().get_version_num(), 5);
    }

    #[test]
    fn each_part_makes_an_id_its_own() {
        let base = task("a", Format::TaskMaster, "b", "c", 1);
        let others = [
            task("x", Format::TaskMaster, "b", "c", 1),
            task("a", Format::Beads, "b", "c", 1),
            task("a", Format::TaskMaster, "x", "c", 1),
            task("a", Format::TaskMaster, "b", "x", 1),
            task("a", Format::TaskMaster, "b", "c", 2),
            task("ab", Format::TaskMaster, "", "c", 1),
        ];
        assert!(!others.contains(&base));
    }
}
