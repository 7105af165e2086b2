//! One task and its workflow, looked at closely.

use std::fmt::Write;

use anyhow::Result;
use serde_json::Value;
use taskmaster_models::{
    ContextType, PageRequest, Task, TaskContext, TaskContextSort, WorkflowStateFilter, WorkflowStateSort,
    WorkflowStatus,
};
use taskmaster_repository::Store;

use crate::terminal::one_line;

/// How many entries of a timeline are shown.
const ENTRIES: u32 = 15;

/// How many words of the title are searched for.
const SEARCHES: usize = 4;

/// The task that is shown, and the workflow that worked on it last.
#[derive(Debug)]
pub(crate) struct Showcase {
    task: Task,
    workflow: String,
}

impl Showcase {
    /// The longest words of the title: the likeliest to be worth a search.
    pub(crate) fn search_words(&self) -> Vec<String> {
        let words = self.task.title.split(|c: char| !c.is_alphanumeric());
        let mut words: Vec<String> = words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        words.truncate(SEARCHES);
        words
    }
}

/// The task of the step that was begun last, preferably of one that failed before it succeeded.
pub(crate) async fn find(store: &dyn Store) -> Result<Option<Showcase>> {
    let retried = WorkflowStateFilter {
        status: Some(WorkflowStatus::Completed),
        has_error: Some(true),
        ..WorkflowStateFilter::default()
    };
    let latest = PageRequest::new(WorkflowStateSort::StartedAt).limit(1);
    for filter in [retried, WorkflowStateFilter::default()] {
        let states = store.workflow_states().find_by(&filter, &latest).await?.items;
        let Some(state) = states.into_iter().next() else { continue };
        let Some(task_id) = state.task_id else { continue };
        if let Some(task) = store.tasks().find_by_id(task_id).await? {
            return Ok(Some(Showcase { task, workflow: state.workflow_id }));
        }
    }
    Ok(None)
}

pub(crate) async fn progress(store: &dyn Store, shown: &Showcase) -> Result<String> {
    let progress = store.workflow_states().workflow_progress(&shown.workflow).await?;
    let oldest_first = PageRequest::new(WorkflowStateSort::StartedAt).ascending();
    let steps = store.workflow_states().workflow_timeline(&shown.workflow, &oldest_first).await?;
    let mut text = format!(
        "\nWorkflow {}: {} %, {} of {} steps, tried again: {}\n  {:<20} {:<10} {:>7} {:>9}  last error",
        one_line(&shown.workflow, 60),
        progress.percentage(),
        progress.ended_steps(),
        progress.total_steps,
        progress.total_retries,
        "step",
        "status",
        "retries",
        "seconds",
    );
    for entry in steps.items {
        let state = entry.state;
        let milliseconds = state.duration().map_or(0, |duration| duration.num_milliseconds());
        let line = format!(
            "  {:<20} {:<10} {:>7} {:>5}.{:03}  {}",
            state.step,
            state.status,
            state.retry_count,
            milliseconds / 1000,
            milliseconds % 1000,
            one_line(state.error_message.as_deref().unwrap_or_default(), 46),
        );
        let _ = write!(text, "\n{}", line.trim_end());
    }
    Ok(text)
}

pub(crate) async fn timeline(store: &dyn Store, shown: &Showcase) -> Result<String> {
    let oldest_first = PageRequest::new(TaskContextSort::CreatedAt).ascending().limit(ENTRIES);
    let page = store.task_contexts().task_timeline(shown.task.id, &oldest_first).await?;
    let title = one_line(&shown.task.title, 70);
    let mut text = format!("\nTimeline of \"{title}\" ({})", shown.task.status);
    for entry in page.items {
        let TaskContext { created_at, context_type, .. } = entry.context;
        let time = created_at.format("%Y-%m-%d %H:%M:%S%.3f");
        let what = one_line(&in_words(context_type, &entry.context.context_data), 54);
        let _ = write!(text, "\n  {time}  {context_type:<17} {what}");
    }
    if page.next.is_some() {
        text.push_str("\n  and more");
    }
    Ok(text)
}

/// What a context says, in a line.
fn in_words(context_type: ContextType, data: &Value) -> String {
    let text = |field: &str| data[field].as_str().unwrap_or("?").to_owned();
    match context_type {
        ContextType::Requirement => text("original_requirement"),
        ContextType::AiInteraction => format!("{} by {}", text("interaction_type"), text("agent_name")),
        ContextType::Validation => {
            format!(
                "{} {} by {}, score {}",
                text("validation_type"),
                text("status"),
                text("validator_name"),
                data["score"]
            )
        }
        ContextType::StatusChange => {
            format!("from {} to {}: {}", text("from_status"), text("to_status"), data["context"])
        }
        ContextType::Error => format!("{}: {}", text("error_type"), text("error_message")),
        ContextType::Completion => format!("{}: {}", text("completion_method"), data["results"]),
        _ => data.to_string(),
    }
}
