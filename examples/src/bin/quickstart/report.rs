//! What a person wants to see of the data, a section each.

use std::fmt::Write;

use anyhow::Result;
use taskmaster_models::{
    SearchRequest, TaskContextFilter, TaskFilter, TaskStatistics, WorkflowStateFilter,
    WorkflowStateStatistics,
};
use taskmaster_repository::Store;

use crate::{
    showcase,
    terminal::{one_line, say},
};

/// How many hits a search shows.
const HITS: u32 = 5;

pub(crate) async fn print(store: &dyn Store) -> Result<()> {
    let statistics = store.tasks().statistics(&TaskFilter::default()).await?;
    say(by_status(&statistics))?;
    say(what_is_left(store, &statistics).await?)?;
    if let Some(shown) = showcase::find(store).await? {
        say(showcase::progress(store, &shown).await?)?;
        say(showcase::timeline(store, &shown).await?)?;
        say(search(store, &shown.search_words()).await?)?;
    }
    say(numbers(store, &statistics).await?)
}

fn by_status(statistics: &TaskStatistics) -> String {
    let mut text = "\nTasks by status".to_owned();
    for (status, count) in [
        ("pending", statistics.pending),
        ("in_progress", statistics.in_progress),
        ("completed", statistics.completed),
        ("failed", statistics.failed),
        ("cancelled", statistics.cancelled),
        ("total", statistics.total),
    ] {
        let _ = write!(text, "\n  {status:<12} {count:>7}");
    }
    text
}

async fn what_is_left(store: &dyn Store, statistics: &TaskStatistics) -> Result<String> {
    let ready = store.tasks().find_ready(1000).await?.len();
    let at_least = if ready == 1000 { "at least " } else { "" };
    let advice = match (ready, statistics.pending) {
        (0, 0) => "all work is done",
        (0, _) => "these wait for tasks that have failed or are in progress",
        _ => "run it again to go on",
    };
    Ok(format!("left to do: {} pending, {at_least}{ready} of them ready; {advice}", statistics.pending))
}

/// Searches for that of the words which is found most often.
async fn search(store: &dyn Store, words: &[String]) -> Result<String> {
    let mut best = (words.first().map_or("", String::as_str), Vec::new());
    for word in words {
        let hits = store.tasks().search(&SearchRequest::new(word).limit(HITS)).await?;
        if hits.len() > best.1.len() {
            best = (word, hits);
        }
    }
    let (word, hits) = best;
    let mut text = format!("\nSearch for {word:?}, best hits first: {}", hits.len());
    for hit in hits {
        let (title, snippet) = (one_line(&hit.item.title, 86), one_line(&hit.snippet, 86));
        let _ = write!(text, "\n  {:.4}  {title}\n          {snippet}", hit.rank);
    }
    Ok(text)
}

async fn numbers(store: &dyn Store, tasks: &TaskStatistics) -> Result<String> {
    let contexts = store.task_contexts().statistics(&TaskContextFilter::default()).await?;
    let steps = store.workflow_states().statistics(&WorkflowStateFilter::default()).await?;
    let mut text = "\nStatistics".to_owned();
    for (what, value) in [
        ("average complexity", average(tasks.avg_complexity)),
        ("average priority", average(tasks.avg_priority)),
        ("hours estimated", tasks.total_estimated_hours.to_string()),
        ("hours worked", tasks.total_actual_hours.to_string()),
        ("actual over estimated", average(tasks.avg_estimation_accuracy)),
        ("workflow steps", steps_in_words(&steps)),
        ("seconds per step", average(steps.avg_execution_time_seconds)),
    ] {
        let _ = write!(text, "\n  {what:<22} {value}");
    }
    let _ =
        write!(text, "\n  {:<22} {} on {} tasks", "contexts", contexts.total, contexts.tasks_with_contexts);
    for (context_type, count) in contexts.by_type {
        let _ = write!(text, "\n    {context_type:<20} {count}");
    }
    Ok(text)
}

fn steps_in_words(steps: &WorkflowStateStatistics) -> String {
    format!(
        "{} in {} workflows: {} completed, {} pending, {} running, {} failed",
        steps.total, steps.unique_workflows, steps.completed, steps.pending, steps.running, steps.failed
    )
}

fn average(value: Option<f64>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| format!("{value:.3}"))
}
