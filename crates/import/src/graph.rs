//! Settles how the tasks hang together: what the stores would refuse is left out and reported.

use std::collections::{HashMap, HashSet};

use taskmaster_models::{DependencyType, NewTask, NewTaskContext, NewTaskDependency};

use crate::{
    Finding, FindingKind, Import, ImportReport,
    draft::{Draft, Link},
    identity,
};

/// How many tasks of a cycle its message names.
const SHOWN_TASKS: usize = 8;

/// Makes the import of what was read. Takes time in proportion to the tasks and links.
pub(crate) fn settle(
    mut report: ImportReport,
    mut drafts: Vec<Draft>,
    contexts: Vec<NewTaskContext>,
    links: Vec<Link>,
) -> Import {
    break_parent_cycles(&mut drafts, &mut report);
    let links = without_repeats(links, &mut drafts, &mut report.findings);
    let links = without_cycles(links, &mut drafts, &mut report.findings);
    let mut dependencies = Vec::with_capacity(links.len());
    let mut places = HashMap::with_capacity(links.len());
    for link in links {
        let (parent, child) = (&drafts[link.parent].name, &drafts[link.child].name);
        let place = format!("{}: {child} depends on {parent}", link.place);
        let dependency = dependency(link, &drafts);
        places.insert(dependency.id, place);
        dependencies.push(dependency);
    }
    report.subtasks = drafts.iter().filter(|draft| draft.parent.is_some()).count();
    report.tasks = drafts.len() - report.subtasks;
    report.contexts = contexts.len();
    report.dependencies = dependencies.len();
    Import { tasks: parents_first(drafts), contexts, dependencies, report, places }
}

fn dependency(link: Link, drafts: &[Draft]) -> NewTaskDependency {
    let (parent, child) = (drafts[link.parent].task.id, drafts[link.child].task.id);
    NewTaskDependency {
        id: identity::dependency(parent, child, link.kind),
        parent_task_id: parent,
        child_task_id: child,
        dependency_type: link.kind,
        created_at: link.created_at,
        metadata: link.metadata,
    }
}

/// Walks up from each task; a walk that comes back to a task of its own drops the last step.
fn break_parent_cycles(drafts: &mut [Draft], report: &mut ImportReport) {
    let mut walk_of: Vec<Option<usize>> = vec![None; drafts.len()];
    for start in 0..drafts.len() {
        let mut current = start;
        while walk_of[current].is_none() {
            walk_of[current] = Some(start);
            let Some(parent) = &drafts[current].parent else { break };
            let next = parent.index;
            if walk_of[next] == Some(start)
                && let Some(parent) = drafts[current].parent.take()
            {
                let message = format!(
                    "{} cannot be a part of {}, which is a part of it; it was left without a parent",
                    drafts[current].name, drafts[next].name
                );
                report.findings.push(Finding::new(parent.place, FindingKind::Cycle, message));
                report.parents -= 1;
                drafts[current].leave_out(parent.entry);
                break;
            }
            current = next;
        }
    }
}

fn without_repeats(links: Vec<Link>, drafts: &mut [Draft], findings: &mut Vec<Finding>) -> Vec<Link> {
    let mut known: HashSet<(usize, usize, DependencyType)> = HashSet::with_capacity(links.len());
    let mut kept = Vec::with_capacity(links.len());
    for link in links {
        let name = &drafts[link.parent].name;
        let (kind, message) = if link.parent == link.child {
            (FindingKind::ToItself, format!("{name} depends on itself; the dependency was left out"))
        } else if known.insert((link.parent, link.child, link.kind)) {
            kept.push(link);
            continue;
        } else {
            (FindingKind::Repeated, format!("there is a {} dependency on {name} already", link.kind))
        };
        findings.push(Finding::new(link.place, kind, message));
        drafts[link.child].leave_out(link.entry);
    }
    kept
}

/// Searches depth first from each task, in the file's order, along what it waits for, and leaves out each link that
/// leads back onto the path.
fn without_cycles(links: Vec<Link>, drafts: &mut [Draft], findings: &mut Vec<Finding>) -> Vec<Link> {
    let mut waits_for: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    for (index, link) in links.iter().enumerate() {
        if link.kind.orders() {
            waits_for[link.child].push(index);
        }
    }
    let mut closing = vec![false; links.len()];
    let mut visits = vec![Visit::Not; drafts.len()];
    for start in 0..drafts.len() {
        if visits[start] != Visit::Not {
            continue;
        }
        // Each entry is a task and how many of its links were followed.
        let mut path = vec![(start, 0)];
        visits[start] = Visit::OnPath(0);
        while let Some((task, followed)) = path.last_mut() {
            let Some(&link) = waits_for[*task].get(*followed) else {
                visits[*task] = Visit::Done;
                path.pop();
                continue;
            };
            *followed += 1;
            let next = links[link].parent;
            match visits[next] {
                Visit::Done => {}
                Visit::Not => {
                    visits[next] = Visit::OnPath(path.len());
                    path.push((next, 0));
                }
                Visit::OnPath(from) => {
                    closing[link] = true;
                    let cycle = path[from..].iter().map(|(task, _)| drafts[*task].name.as_str());
                    let message = format!("closes a cycle: {}; the dependency was left out", shown(cycle));
                    findings.push(Finding::new(links[link].place.clone(), FindingKind::Cycle, message));
                }
            }
        }
    }
    let mut kept = Vec::with_capacity(links.len());
    for (link, closing) in links.into_iter().zip(closing) {
        if closing {
            drafts[link.child].leave_out(link.entry);
        } else {
            kept.push(link);
        }
    }
    kept
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    Not,
    /// At this position of the path.
    OnPath(usize),
    Done,
}

/// `1 waits for 2 waits for 1`, or only the beginning of a long cycle.
fn shown<'a>(cycle: impl ExactSizeIterator<Item = &'a str> + Clone) -> String {
    let mut text = String::new();
    for name in cycle.clone().take(SHOWN_TASKS) {
        text.push_str(name);
        text.push_str(" waits for ");
    }
    if cycle.len() > SHOWN_TASKS {
        text.push_str(&(cycle.len() - SHOWN_TASKS).to_string());
        text.push_str(" more, the last of which waits for ");
    }
    text.extend(cycle.take(1));
    text
}

/// The tasks in the file's order, except that parents come before their parts.
fn parents_first(mut drafts: Vec<Draft>) -> Vec<NewTask> {
    let mut order = Vec::with_capacity(drafts.len());
    let mut placed = vec![false; drafts.len()];
    for start in 0..drafts.len() {
        let mut upwards = Vec::new();
        let mut next = Some(start);
        while let Some(index) = next.filter(|index| !placed[*index]) {
            placed[index] = true;
            upwards.push(index);
            next = drafts[index].parent.as_ref().map(|parent| parent.index);
        }
        order.extend(upwards.into_iter().rev());
    }
    for index in 0..drafts.len() {
        let parent = drafts[index].parent.as_ref().map(|parent| parent.index);
        drafts[index].task.parent_task_id = parent.map(|parent| drafts[parent].task.id);
    }
    let mut tasks: Vec<_> = drafts.into_iter().map(|draft| Some(draft.task)).collect();
    order.into_iter().filter_map(|index| tasks[index].take()).collect()
}
