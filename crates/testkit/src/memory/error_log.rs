use std::{cmp::Reverse, slice};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;
use taskmaster_models::{
    CriticalError, ErrorGroup, ErrorLog, ErrorLogFilter, ErrorLogId, ErrorLogPatch, ErrorLogSort,
    ErrorLogStatistics, ErrorSummary, Fingerprint, NewErrorLog, Page, PageRequest, Resolution, SearchHit,
    SearchRequest, TaskId, Validation, clock,
};
use taskmaster_repository::{ErrorLogRepository, RepositoryError, Result};

use super::{
    Memory, Tables, check_version, conflict, dangling,
    page::page,
    search::{Query, best},
    set,
};

mod report;

const ENTITY: &str = "error log";

#[async_trait]
impl ErrorLogRepository for Memory {
    async fn create(&self, new: &NewErrorLog) -> Result<ErrorLog> {
        new.validate().into_result()?;
        let error = stored(new);
        self.write(|tables| tables.insert_errors(slice::from_ref(&error)))?;
        Ok(error)
    }

    async fn bulk_create(&self, new: &[NewErrorLog]) -> Result<Vec<ErrorLog>> {
        Validation::of_rows(ENTITY, new.iter().map(NewErrorLog::validate)).into_result()?;
        let errors: Vec<_> = new.iter().map(stored).collect();
        self.write(|tables| tables.insert_errors(&errors))?;
        Ok(errors)
    }

    async fn find_by_id(&self, id: ErrorLogId) -> Result<Option<ErrorLog>> {
        self.read(|tables| Ok(tables.errors.get(id).cloned()))
    }

    async fn find_by(
        &self,
        filter: &ErrorLogFilter,
        request: &PageRequest<ErrorLogSort>,
    ) -> Result<Page<ErrorLog>> {
        filter.validate().into_result()?;
        let key_of = |error: &ErrorLog| (request.sort.key(error), error.id.as_uuid());
        self.read(|tables| page(tables.errors_of(filter), request, key_of))
    }

    async fn count(&self, filter: &ErrorLogFilter) -> Result<u64> {
        filter.validate().into_result()?;
        self.read(|tables| Ok(tables.errors_of(filter).map(|_| 1).sum()))
    }

    async fn critical_errors(&self, request: &PageRequest<ErrorLogSort>) -> Result<Page<CriticalError>> {
        let page = self.find_by(&ErrorLogFilter::critical(), request).await?;
        self.read(|tables| {
            let critical = |error: ErrorLog| {
                let task = error.task_id.and_then(|id| tables.tasks.get(id));
                let task_title = task.map(|task| task.title.clone());
                CriticalError { error, task_title, task_status: task.map(|task| task.status) }
            };
            Ok(Page { items: page.items.into_iter().map(critical).collect(), next: page.next })
        })
    }

    async fn update(&self, id: ErrorLogId, patch: &ErrorLogPatch) -> Result<ErrorLog> {
        patch.validate().into_result()?;
        self.write(|tables| {
            check_version(ENTITY, &id, patch.expected_version, tables.error(id)?.version)?;
            let error = tables.change_error(id, |error| apply(error, patch.clone()))?;
            tables.check_error(&error)?;
            Ok(error)
        })
    }

    async fn resolve(&self, id: ErrorLogId, resolution: &Resolution) -> Result<ErrorLog> {
        resolution.validate().into_result()?;
        self.write(|tables| {
            let error = tables.error(id)?;
            if error.resolved {
                return Ok(error.clone());
            }
            tables.change_error(id, |error| resolve(error, resolution))
        })
    }

    async fn resolve_group(&self, fingerprint: &Fingerprint, resolution: &Resolution) -> Result<u64> {
        resolution.validate().into_result()?;
        let open = ErrorLogFilter { resolved: Some(false), ..ErrorLogFilter::group(*fingerprint) };
        self.write(|tables| {
            let ids: Vec<_> = tables.errors_of(&open).map(|error| error.id).collect();
            for id in &ids {
                tables.change_error(*id, |error| resolve(error, resolution))?;
            }
            Ok(ids.iter().map(|_| 1).sum())
        })
    }

    async fn reopen(&self, id: ErrorLogId) -> Result<ErrorLog> {
        self.write(|tables| {
            let error = tables.error(id)?;
            if !error.resolved {
                return Ok(error.clone());
            }
            tables.change_error(id, |error| {
                error.resolved = false;
                error.resolved_at = None;
                error.resolution_notes = None;
                error.metadata.remove("resolved_by");
            })
        })
    }

    async fn delete(&self, id: ErrorLogId) -> Result<bool> {
        self.write(|tables| Ok(tables.errors.remove(id)))
    }

    async fn groups(&self, filter: &ErrorLogFilter, limit: u32) -> Result<Vec<ErrorGroup>> {
        filter.validate().into_result()?;
        Validation::of_limit(ENTITY, limit).into_result()?;
        self.read(|tables| Ok(report::groups(&tables.errors, filter, limit)))
    }

    async fn group(&self, fingerprint: &Fingerprint) -> Result<Option<ErrorGroup>> {
        let filter = ErrorLogFilter::group(*fingerprint);
        self.read(|tables| Ok(report::groups(&tables.errors, &filter, 1).pop()))
    }

    async fn summary(&self, filter: &ErrorLogFilter) -> Result<Vec<ErrorSummary>> {
        filter.validate().into_result()?;
        self.read(|tables| Ok(report::summary(tables.errors_of(filter))))
    }

    async fn statistics(&self, filter: &ErrorLogFilter) -> Result<ErrorLogStatistics> {
        filter.validate().into_result()?;
        self.read(|tables| Ok(report::statistics(&tables.errors_of(filter).collect::<Vec<_>>())))
    }

    async fn search(&self, request: &SearchRequest) -> Result<Vec<SearchHit<ErrorLog>>> {
        request.validate().into_result()?;
        let query = Query::parse(&request.text);
        self.read(|tables| {
            let mut errors: Vec<_> = tables.errors.rows().collect();
            errors.sort_by_key(|error| Reverse((error.created_at, error.id)));
            let hits = errors.into_iter().filter_map(|error| {
                let code = error.error_code.as_deref().unwrap_or_default();
                query.hit(error, &[(1.0, code), (0.4, &error.error_message)])
            });
            Ok(best(hits.collect(), request))
        })
    }

    async fn prunable(&self, before: DateTime<Utc>) -> Result<u64> {
        self.read(|tables| {
            Ok(tables.errors.rows().filter(|error| error.created_at < before).map(|_| 1).sum())
        })
    }

    async fn prune(&self, before: DateTime<Utc>, limit: u32) -> Result<u64> {
        Validation::of_prune_limit(ENTITY, limit).into_result()?;
        self.write(|tables| {
            let old = tables.errors.rows().filter(|error| error.created_at < before);
            let mut old: Vec<_> = old.map(|error| (error.created_at, error.id)).collect();
            old.sort_unstable();
            old.truncate(limit as usize);
            Ok(old.into_iter().map(|(_, id)| u64::from(tables.errors.remove(id))).sum())
        })
    }
}

impl Tables {
    fn error(&self, id: ErrorLogId) -> Result<&ErrorLog> {
        self.errors.get(id).ok_or_else(|| RepositoryError::not_found(ENTITY, id))
    }

    fn errors_of(&self, filter: &ErrorLogFilter) -> impl Iterator<Item = &ErrorLog> {
        self.errors.rows().filter(|error| meets(error, filter))
    }

    fn insert_errors(&mut self, errors: &[ErrorLog]) -> Result<()> {
        for error in errors {
            if !self.errors.insert(error.id, error.clone()) {
                return Err(conflict(ENTITY, "error_logs_pkey", format!("the id {} is taken", error.id)));
            }
        }
        errors.iter().try_for_each(|error| self.check_error(error))
    }

    pub(super) fn check_error(&self, error: &ErrorLog) -> Result<()> {
        let known = error.task_id.is_none_or(|id| self.tasks.contains(id));
        known.then_some(()).ok_or_else(|| dangling(ENTITY, "error_logs_task_id_fkey"))
    }

    fn change_error(&mut self, id: ErrorLogId, change: impl FnOnce(&mut ErrorLog)) -> Result<ErrorLog> {
        let mut error = self.error(id)?.clone();
        change(&mut error);
        error.updated_at = clock::now().max(error.updated_at);
        error.version += 1;
        self.errors.put(id, error.clone());
        Ok(error)
    }

    pub(super) fn forget_task_of_errors(&mut self, task_id: TaskId) {
        let mut errors: Vec<_> = self.errors_of(&ErrorLogFilter::task(task_id)).cloned().collect();
        for error in &mut errors {
            error.task_id = None;
            error.updated_at = clock::now().max(error.updated_at);
            error.version += 1;
            self.errors.put(error.id, error.clone());
        }
    }
}

/// The error as a store keeps it: with times to the microsecond, and with its group.
fn stored(new: &NewErrorLog) -> ErrorLog {
    let (fingerprint, resolved_at) = (new.fingerprint(), new.stored_resolved_at());
    let new = new.clone();
    ErrorLog {
        id: new.id,
        error_type: new.error_type,
        error_code: new.error_code,
        error_message: new.error_message,
        stack_trace: new.stack_trace,
        context: new.context,
        task_id: new.task_id,
        workflow_id: new.workflow_id,
        user_id: new.user_id,
        session_id: new.session_id,
        severity: new.severity,
        resolved: new.resolved,
        resolution_notes: new.resolution_notes,
        created_at: clock::storable(new.created_at),
        updated_at: clock::storable(new.created_at),
        resolved_at: resolved_at.map(clock::storable),
        metadata: new.metadata,
        fingerprint: Some(fingerprint),
        version: 1,
    }
}

fn apply(error: &mut ErrorLog, patch: ErrorLogPatch) {
    set(&mut error.error_type, patch.error_type);
    set(&mut error.error_code, patch.error_code);
    set(&mut error.context, patch.context);
    set(&mut error.task_id, patch.task_id);
    set(&mut error.workflow_id, patch.workflow_id);
    set(&mut error.user_id, patch.user_id);
    set(&mut error.session_id, patch.session_id);
    set(&mut error.severity, patch.severity);
    set(&mut error.resolution_notes, patch.resolution_notes);
    set(&mut error.metadata, patch.metadata);
}

fn resolve(error: &mut ErrorLog, resolution: &Resolution) {
    error.resolved = true;
    error.resolved_at = Some(clock::storable(resolution.at).max(error.created_at));
    error.resolution_notes = Some(resolution.notes.clone());
    error.metadata.insert("resolved_by".to_owned(), Value::from(resolution.by.as_str()));
}

fn meets(error: &ErrorLog, filter: &ErrorLogFilter) -> bool {
    let ErrorLogFilter {
        error_type,
        severity,
        min_severity,
        resolved,
        task_id,
        workflow_id,
        user_id,
        fingerprint,
        created_after,
        created_before,
    } = filter;
    error_type.is_none_or(|error_type| error.error_type == error_type)
        && severity.is_none_or(|severity| error.severity == severity)
        && min_severity.is_none_or(|severity| error.severity >= severity)
        && resolved.is_none_or(|resolved| error.resolved == resolved)
        && task_id.is_none_or(|task_id| error.task_id == Some(task_id))
        && workflow_id.as_ref().is_none_or(|workflow_id| error.workflow_id.as_ref() == Some(workflow_id))
        && user_id.as_ref().is_none_or(|user_id| error.user_id.as_ref() == Some(user_id))
        && fingerprint.is_none_or(|fingerprint| error.fingerprint == Some(fingerprint))
        && created_after.is_none_or(|time| error.created_at >= time)
        && created_before.is_none_or(|time| error.created_at <= time)
}
