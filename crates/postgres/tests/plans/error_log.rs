use sea_orm::DatabaseConnection;
use taskmaster_models::{
    ErrorLogFilter, ErrorLogPatch, ErrorLogSort, ErrorType, NewErrorLog, PageRequest, Resolution,
    SearchRequest, Severity, clock,
};
use taskmaster_repository::Repositories;

use super::{Recorder, plans, some_task};

/// 100,000 errors of 2,000 groups, one in ten of them unresolved.
pub(super) const FILL: &str = "
    INSERT INTO error_logs (id, error_type, error_message, severity, resolved, resolved_at, task_id, workflow_id, user_id,
                            fingerprint, created_at)
    SELECT md5('e' || n)::uuid, (ARRAY['general','database','network','timeout','system'])[1 + n % 5],
           'Words about nail' || n, (ARRAY['debug','info','warn','error','fatal'])[1 + n / 7 % 5], n % 10 <> 0,
           CASE WHEN n % 10 <> 0 THEN now() END, md5((1 + n / 3)::text)::uuid, 'flow' || n / 5, 'user' || n % 500,
           '1:' || md5('group' || n % 2000), now() - n * interval '1 second'
      FROM generate_series(1, 100000) n;";

pub(super) async fn faults(recorder: &Recorder, db: &DatabaseConnection) -> Vec<String> {
    let errors = recorder.store.error_logs();
    let mut faults = Vec::new();
    let newest = PageRequest::new(ErrorLogSort::CreatedAt);
    let error = errors.find_by(&ErrorLogFilter::default(), &newest).await.unwrap().items.remove(7);
    recorder.statements.lock().unwrap().clear();
    let group = error.fingerprint.unwrap();
    let any = ErrorLogFilter::default;
    let typed = ErrorLogFilter { error_type: Some(ErrorType::Database), ..any() };
    let fatal = ErrorLogFilter { severity: Some(Severity::Fatal), ..any() };
    let bad = ErrorLogFilter { min_severity: Some(Severity::Error), ..any() };
    let open = ErrorLogFilter { resolved: Some(false), ..any() };
    let of_task = ErrorLogFilter::task(some_task());
    let of_flow = ErrorLogFilter { workflow_id: Some("flow7".to_owned()), ..any() };
    let of_user = ErrorLogFilter { user_id: Some("user7".to_owned()), ..any() };
    let of_group = ErrorLogFilter::group(group);
    let recent =
        ErrorLogFilter { created_after: Some(clock::now() - chrono::TimeDelta::minutes(2)), ..any() };
    let old = clock::now() - chrono::TimeDelta::seconds(99_900);
    let done = Resolution::new("done", "ada");
    plans! { recorder, db, faults;
        errors.create(&NewErrorLog::new(ErrorType::General, "a"));
        errors.bulk_create(&[NewErrorLog::new(ErrorType::General, "a"), NewErrorLog::new(ErrorType::General, "b")]);
        errors.find_by_id(error.id);
        errors.find_by(&any(), &newest);
        errors.find_by(&any(), &newest.clone().ascending());
        errors.find_by(&typed, &newest);
        errors.find_by(&fatal, &newest);
        errors.find_by(&bad, &newest);
        errors.find_by(&open, &newest);
        errors.find_by(&of_task, &newest);
        errors.find_by(&of_flow, &newest);
        errors.find_by(&of_user, &newest);
        errors.find_by(&of_group, &newest);
        errors.find_by(&recent, &newest);
        errors.count(&of_task);
        errors.count(&of_group);
        errors.count(&recent);
        errors.critical_errors(&newest);
        errors.groups(&recent, 50);
        errors.groups(&of_task, 50);
        errors.groups(&of_user, 50);
        errors.group(&group);
        errors.summary(&recent);
        errors.summary(&of_task);
        errors.statistics(&recent);
        errors.statistics(&of_flow);
        errors.search(&SearchRequest::new("nail777"));
        errors.prunable(old);
        errors.prune(old, 10);
        errors.prune(old, 100_000);
        errors.update(error.id, &ErrorLogPatch { severity: Some(Severity::Warn), ..ErrorLogPatch::default() });
        errors.reopen(error.id);
        errors.resolve(error.id, &done);
        errors.resolve_group(&group, &done);
        errors.delete(error.id);
    }
    faults
}
