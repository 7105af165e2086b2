//! The words of Task Master, Beads, and the people and agents who write such files by hand.

use serde_json::Value;
use taskmaster_models::{DependencyType, TaskStatus};

/// The priority of a task whose source names none: both programs take the middle.
pub(crate) const MEDIUM: i32 = 5;

/// The status that a word stands for, in any case and with any separator.
///
/// Blocked, deferred and pinned tasks wait: they are pending. Work under review or on an agent's hook is not done.
pub(crate) fn status(word: &str) -> Option<TaskStatus> {
    match word.trim().to_lowercase().replace(['_', ' '], "-").as_str() {
        "pending" | "todo" | "to-do" | "open" | "ready" | "not-started" | "blocked" | "deferred"
        | "pinned" => Some(TaskStatus::Pending),
        "in-progress" | "started" | "active" | "doing" | "review" | "in-review" | "hooked" => {
            Some(TaskStatus::InProgress)
        }
        "done" | "completed" | "complete" | "closed" | "finished" => Some(TaskStatus::Completed),
        "cancelled" | "canceled" => Some(TaskStatus::Cancelled),
        "failed" => Some(TaskStatus::Failed),
        _ => None,
    }
}

/// A priority of Task Master: a word, or already a number from 0 to 10.
pub(crate) fn priority(value: &Value) -> Option<i32> {
    match value {
        Value::String(word) => match word.trim().to_lowercase().as_str() {
            "critical" | "urgent" | "highest" => Some(10),
            "high" => Some(8),
            "medium" | "normal" => Some(MEDIUM),
            "low" => Some(3),
            "lowest" => Some(1),
            _ => None,
        },
        number => number.as_i64().and_then(|n| i32::try_from(n).ok()).filter(|n| (0..=10).contains(n)),
    }
}

/// A priority of Beads: 0 (most urgent) to 4, with or without a `P` before it.
pub(crate) fn beads_priority(value: &Value) -> Option<i32> {
    let level = match value {
        Value::String(word) => word.trim().trim_start_matches(['P', 'p']).parse().ok()?,
        number => number.as_i64()?,
    };
    [10, 8, MEDIUM, 3, 1].get(usize::try_from(level).ok()?).copied()
}

/// What becomes of a dependency type of Beads: the types for which an issue waits order tasks, all others only relate
/// them. Which issue is whose parent is no dependency here.
pub(crate) fn beads_dependency(word: &str) -> DependencyType {
    match word {
        "blocks" | "conditional-blocks" | "waits-for" => DependencyType::Blocks,
        _ => DependencyType::Related,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn statuses_are_known_in_any_spelling() {
        for word in ["in-progress", "in_progress", "In Progress", " IN-PROGRESS "] {
            assert_eq!(status(word), Some(TaskStatus::InProgress), "{word}");
        }
        assert_eq!(status("someday"), None);
        assert_eq!(status("tombstone"), None);
    }

    #[test]
    fn beads_priorities_spread_over_the_scale() {
        let priorities: Vec<_> = (0..=5).map(|level| beads_priority(&json!(level))).collect();
        assert_eq!(priorities, [Some(10), Some(8), Some(5), Some(3), Some(1), None]);
        assert_eq!(beads_priority(&json!("P1")), Some(8));
        assert_eq!(beads_priority(&json!(-1)), None);
        assert_eq!(beads_priority(&json!(1.5)), None);
    }

    #[test]
    fn task_master_priorities_are_words_or_numbers_of_the_scale() {
        assert_eq!(priority(&json!("High")), Some(8));
        assert_eq!(priority(&json!("critical")), Some(10));
        assert_eq!(priority(&json!(7)), Some(7));
        assert_eq!(priority(&json!(11)), None);
        assert_eq!(priority(&json!("whenever")), None);
    }
}
