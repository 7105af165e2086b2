use std::{cmp::Reverse, collections::BTreeSet};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use taskmaster_models::{
    AuditAction, AuditAnchor, AuditLog, AuditLogFilter, AuditLogId, AuditLogSort, AuditLogStatistics,
    AuditSeal, AuditSealSort, AuditVerification, AuditedEntity, Page, PageRequest, RecentActivity, TaskId,
    Validation,
};
use taskmaster_repository::{AuditLogRepository, RepositoryError, Result};

use super::{
    Memory, Tables,
    page::{check_limit, page},
};

#[async_trait]
impl AuditLogRepository for Memory {
    async fn find_by_id(&self, id: AuditLogId) -> Result<Option<AuditLog>> {
        self.read(|tables| Ok(tables.trail.get(id).cloned()))
    }

    async fn find_by(
        &self,
        filter: &AuditLogFilter,
        request: &PageRequest<AuditLogSort>,
    ) -> Result<Page<AuditLog>> {
        filter.validate().into_result()?;
        let key_of = |log: &AuditLog| (request.sort.key(log), log.id.as_uuid());
        self.read(|tables| page(tables.trail_of(filter), request, key_of))
    }

    async fn count(&self, filter: &AuditLogFilter) -> Result<u64> {
        filter.validate().into_result()?;
        self.read(|tables| Ok(tables.trail_of(filter).map(|_| 1).sum()))
    }

    async fn statistics(&self, filter: &AuditLogFilter) -> Result<AuditLogStatistics> {
        filter.validate().into_result()?;
        self.read(|tables| Ok(statistics(&tables.trail_of(filter).collect::<Vec<_>>())))
    }

    async fn recent_activity(&self, limit: u32) -> Result<Vec<RecentActivity>> {
        check_limit(limit)?;
        self.read(|tables| {
            let mut logs: Vec<_> = tables.trail.rows().collect();
            logs.sort_by_key(|log| Reverse((log.timestamp, log.id)));
            let activity = |log: &AuditLog| {
                let task = tables.tasks.get(TaskId::from_uuid(log.entity_id));
                let task = task.filter(|_| log.entity_type == AuditedEntity::Task);
                RecentActivity { log: log.clone(), task_title: task.map(|task| task.title.clone()) }
            };
            Ok(logs.into_iter().take(limit as usize).map(activity).collect())
        })
    }

    async fn seal(&self) -> Result<Option<AuditSeal>> {
        if self.lock().in_unit {
            let reason =
                "a seal holds what is committed: seal on the store, not in a unit of work".to_owned();
            return Err(RepositoryError::Refused { reason, source: "this is a unit of work".into() });
        }
        self.write_untold(|tables| Ok(tables.seal()))
    }

    async fn seals(&self, request: &PageRequest<AuditSealSort>) -> Result<Page<AuditSeal>> {
        self.read(|tables| page(tables.seals.rows(), request, |seal| request.sort.key(seal)))
    }

    async fn anchor(&self) -> Result<Option<AuditAnchor>> {
        self.read(|tables| Ok(tables.seals.rows().last().map(AuditSeal::anchor)))
    }

    async fn verify(&self, anchor: Option<AuditAnchor>) -> Result<AuditVerification> {
        if let Some(anchor) = anchor {
            anchor.validate().into_result()?;
        }
        self.read(|tables| Ok(tables.verify(anchor)))
    }

    async fn prunable(&self, before: DateTime<Utc>) -> Result<u64> {
        self.read(|tables| Ok(tables.entries_to_prune(before).map(|_| 1).sum()))
    }

    async fn prune(&self, before: DateTime<Utc>, limit: u32) -> Result<u64> {
        Validation::of_prune_limit("audit log", limit).into_result()?;
        self.write_untold(|tables| Ok(tables.prune(before, limit)))
    }
}

impl Tables {
    fn trail_of(&self, filter: &AuditLogFilter) -> impl Iterator<Item = &AuditLog> {
        self.trail.rows().filter(|log| meets(log, filter))
    }
}

fn meets(log: &AuditLog, filter: &AuditLogFilter) -> bool {
    let AuditLogFilter { entity_type, entity_id, user_id, session_id, action, after, before } = filter;
    entity_type.is_none_or(|entity_type| log.entity_type == entity_type)
        && entity_id.is_none_or(|id| log.entity_id == id)
        && user_id.as_ref().is_none_or(|user| log.user_id.as_ref() == Some(user))
        && session_id.as_ref().is_none_or(|session| log.session_id.as_ref() == Some(session))
        && action.is_none_or(|action| log.action == action)
        && after.is_none_or(|time| log.timestamp >= time)
        && before.is_none_or(|time| log.timestamp <= time)
}

fn statistics(logs: &[&AuditLog]) -> AuditLogStatistics {
    let of_action = |action| logs.iter().filter(|log| log.action == action).map(|_| 1).sum();
    let users: BTreeSet<_> = logs.iter().filter_map(|log| log.user_id.as_deref()).collect();
    AuditLogStatistics {
        total: logs.iter().map(|_| 1).sum(),
        creates: of_action(AuditAction::Create),
        updates: of_action(AuditAction::Update),
        deletes: of_action(AuditAction::Delete),
        status_changes: of_action(AuditAction::StatusChange),
        refusals: of_action(AuditAction::Refuse),
        distinct_users: users.iter().map(|_| 1).sum(),
        first: logs.iter().map(|log| log.timestamp).min(),
        last: logs.iter().map(|log| log.timestamp).max(),
    }
}
