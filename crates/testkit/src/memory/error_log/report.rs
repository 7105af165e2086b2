//! Groups of errors, and numbers over them.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use taskmaster_models::{
    ErrorGroup, ErrorLog, ErrorLogFilter, ErrorLogId, ErrorLogStatistics, ErrorSummary, Fingerprint, clock,
};

use super::{
    super::{page::average, table::Table},
    meets,
};

/// The groups of which an error meets the filter, those seen last first.
pub(super) fn groups(
    errors: &Table<ErrorLogId, ErrorLog>,
    filter: &ErrorLogFilter,
    limit: u32,
) -> Vec<ErrorGroup> {
    let wanted: BTreeSet<_> =
        errors.rows().filter(|error| meets(error, filter)).filter_map(|error| error.fingerprint).collect();
    let mut members: BTreeMap<Fingerprint, Vec<&ErrorLog>> = BTreeMap::new();
    for error in errors.rows() {
        if let Some(fingerprint) = error.fingerprint.filter(|fingerprint| wanted.contains(fingerprint)) {
            members.entry(fingerprint).or_default().push(error);
        }
    }
    let mut groups: Vec<_> = members.into_iter().filter_map(|(of, errors)| group(of, &errors)).collect();
    groups.sort_by_key(|group| Reverse((group.last_seen, group.fingerprint.to_string())));
    groups.truncate(limit as usize);
    groups
}

fn group(fingerprint: Fingerprint, errors: &[&ErrorLog]) -> Option<ErrorGroup> {
    let latest = errors.iter().max_by_key(|error| (error.created_at, error.id))?;
    let last_open = errors.iter().filter(|error| !error.resolved).map(|error| error.created_at).max();
    let resolved_at = || errors.iter().filter_map(|error| error.resolved_at);
    let tasks: BTreeSet<_> = errors.iter().filter_map(|error| error.task_id).collect();
    Some(ErrorGroup {
        fingerprint,
        error_type: latest.error_type,
        error_code: latest.error_code.clone(),
        severity: errors.iter().map(|error| error.severity).max()?,
        message: latest.error_message.chars().take(ErrorGroup::MAX_MESSAGE).collect(),
        count: errors.iter().map(|_| 1).sum(),
        unresolved: errors.iter().map(|error| u64::from(!error.resolved)).sum(),
        tasks: tasks.iter().map(|_| 1).sum(),
        first_seen: errors.iter().map(|error| error.created_at).min()?,
        last_seen: latest.created_at,
        last_resolved_at: resolved_at().max(),
        regressed: last_open.zip(resolved_at().min()).is_some_and(|(open, resolved)| open > resolved),
    })
}

pub(super) fn summary<'a>(errors: impl Iterator<Item = &'a ErrorLog>) -> Vec<ErrorSummary> {
    let now = clock::now();
    let mut kinds: BTreeMap<_, Vec<&ErrorLog>> = BTreeMap::new();
    for error in errors {
        kinds.entry((error.error_type, error.severity)).or_default().push(error);
    }
    let summary = |((error_type, severity), errors): (_, Vec<&ErrorLog>)| {
        let took = |error: &&ErrorLog| hours(error.resolved_at.unwrap_or(now) - error.created_at);
        Some(ErrorSummary {
            error_type,
            severity,
            error_count: errors.iter().map(|_| 1).sum(),
            unresolved_count: errors.iter().map(|error| u64::from(!error.resolved)).sum(),
            avg_resolution_hours: average(errors.iter().map(took))?,
            latest_occurrence: errors.iter().map(|error| error.created_at).max()?,
        })
    };
    kinds.into_iter().filter_map(summary).collect()
}

pub(super) fn statistics(errors: &[&ErrorLog]) -> ErrorLogStatistics {
    let count = |holds: &dyn Fn(&ErrorLog) -> bool| errors.iter().map(|error| u64::from(holds(error))).sum();
    let groups: BTreeSet<_> = errors.iter().filter_map(|error| error.fingerprint).collect();
    let tasks: BTreeSet<_> = errors.iter().filter_map(|error| error.task_id).collect();
    let took = |error: &&ErrorLog| error.resolution_time().map(hours);
    ErrorLogStatistics {
        total: count(&|_| true),
        resolved: count(&|error| error.resolved),
        unresolved: count(&|error| !error.resolved),
        critical: count(&|error| error.is_critical() && !error.resolved),
        groups: groups.iter().map(|_| 1).sum(),
        tasks: tasks.iter().map(|_| 1).sum(),
        by_type: counted(errors.iter().map(|error| error.error_type)),
        by_severity: counted(errors.iter().map(|error| error.severity)),
        avg_resolution_hours: average(errors.iter().filter_map(took)),
        first_occurrence: errors.iter().map(|error| error.created_at).min(),
        latest_occurrence: errors.iter().map(|error| error.created_at).max(),
    }
}

/// How often each value occurs, in the order of the values.
fn counted<T: Ord>(values: impl Iterator<Item = T>) -> Vec<(T, u64)> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts.into_iter().collect()
}

fn hours(time: chrono::TimeDelta) -> f64 {
    time.as_seconds_f64() / 3600.0
}
