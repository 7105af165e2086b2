use sea_orm::DatabaseConnection;
use taskmaster_models::{
    AuditAction, AuditLogFilter, AuditLogSort, AuditSealSort, AuditedEntity, PageRequest, clock,
};
use taskmaster_repository::Repositories;

use super::{Recorder, plans, some_task};

/// 100,000 rows of the trail, four in five of them sealed, and 20,000 seals, most of them marked as pruned.
pub(super) const FILL: &str = "
    INSERT INTO audit_logs (id, entity_type, entity_id, action, user_id, session_id, timestamp, transaction_id)
    SELECT md5('a' || n)::uuid, 'task', md5((n / 5)::text)::uuid,
           (ARRAY['create', 'update', 'delete', 'status_change'])[n % 4 + 1], 'user' || n % 1000, 'session' || n / 10,
           now() - (100001 - n) * interval '1 second', n
      FROM generate_series(1, 100000) n;
    INSERT INTO audit_seals (number, sealed_at, cluster, snapshot, transaction_id, row_count, newest_at, previous_hash,
                             rows_hash, hash, pruned_at)
    SELECT n, now() - (100001 - 4 * n) * interval '1 second', (SELECT system_identifier FROM pg_control_system()),
           format('%s:%s:', 4 * n + 1, 4 * n + 1), 4 * n, 4, now() - (100001 - 4 * n) * interval '1 second', sha256('p'),
           sha256('r'), sha256('h'), CASE WHEN n <= 19000 THEN now() END
      FROM generate_series(1, 20000) n;
    INSERT INTO audit_seal_rows (seal_number, audit_id, row_hash)
    SELECT (n - 1) / 4 + 1, md5('a' || n)::uuid, sha256('r')
      FROM generate_series(1, 76000) n;";

pub(super) async fn faults(recorder: &Recorder, db: &DatabaseConnection) -> Vec<String> {
    let logs = recorder.store.audit_logs();
    let entity_id = some_task().as_uuid();
    let mut faults = Vec::new();
    let newest = PageRequest::new(AuditLogSort::Timestamp);
    let any = AuditLogFilter::default;
    let entity = AuditLogFilter::entity(AuditedEntity::Task, entity_id);
    let found = logs.find_by(&entity, &newest).await.unwrap().items.remove(0);
    let seals = PageRequest::new(AuditSealSort::Number);
    let more = seals.clone().after(logs.seals(&seals).await.unwrap().next);
    recorder.statements.lock().unwrap().clear();
    plans! { recorder, db, faults;
        logs.find_by_id(found.id);
        logs.find_by(&any(), &newest);
        logs.find_by(&AuditLogFilter { entity_id: Some(entity_id), ..any() }, &newest);
        logs.find_by(&AuditLogFilter::user("user7"), &newest);
        logs.find_by(&AuditLogFilter { session_id: Some("session7".to_owned()), ..any() }, &newest);
        logs.find_by(&AuditLogFilter { action: Some(AuditAction::Delete), ..any() }, &newest);
        logs.find_by(&AuditLogFilter { before: Some(found.timestamp), ..any() }, &newest);
        logs.entity_history(AuditedEntity::Task, entity_id, &newest);
        logs.count(&entity);
        logs.statistics(&entity);
        logs.recent_activity(50);
        logs.seals(&seals);
        logs.seals(&more);
        logs.anchor();
        logs.seal();
        logs.prune(clock::now(), 100);
        logs.prune(clock::now(), 80_000);
    }
    faults
}
