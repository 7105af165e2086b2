use chrono::{DateTime, TimeDelta, Utc};

use crate::{FaultCode, Validation, clock, text_enum::text_enum};

text_enum! {
    /// A table whose old rows retention removes.
    RetainedTable, "table with a retention" {
        /// Errors, resolved or not.
        ErrorLogs = "error_logs",
        /// Measured values.
        PerformanceMetrics = "performance_metrics",
        /// The audit trail; its seals stay.
        AuditLogs = "audit_logs",
    }
}

/// How long the rows of each table are kept. `None` keeps them for good.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the tables")]
pub struct RetentionPolicy {
    pub audit_logs: Option<TimeDelta>,
    pub error_logs: Option<TimeDelta>,
    pub performance_metrics: Option<TimeDelta>,
}

impl Default for RetentionPolicy {
    /// The audit trail and errors for 90 days, metrics for 30.
    fn default() -> Self {
        Self {
            audit_logs: Some(TimeDelta::days(90)),
            error_logs: Some(TimeDelta::days(90)),
            performance_metrics: Some(TimeDelta::days(30)),
        }
    }
}

impl RetentionPolicy {
    /// The least age at which rows may be removed.
    pub const MIN_AGE: TimeDelta = TimeDelta::hours(1);

    /// How long the rows of `table` are kept.
    #[must_use]
    pub fn age(&self, table: RetainedTable) -> Option<TimeDelta> {
        match table {
            RetainedTable::AuditLogs => self.audit_logs,
            RetainedTable::ErrorLogs => self.error_logs,
            RetainedTable::PerformanceMetrics => self.performance_metrics,
        }
    }

    /// The time before which rows of `table` are removed at the time `now`; `None` where all are kept.
    #[must_use]
    pub fn cutoff(&self, table: RetainedTable, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let age = self.age(table)?;
        Some(now.checked_sub_signed(age).unwrap_or_else(clock::earliest).max(clock::earliest()))
    }

    /// Finds every fault of this policy: an age below [`MIN_AGE`](Self::MIN_AGE), which would remove rows just written.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("retention policy");
        for table in RetainedTable::ALL {
            if self.age(*table).is_some_and(|age| age < Self::MIN_AGE) {
                v.fault(table.as_str(), FaultCode::OutOfRange, "must be one hour or more");
            }
        }
        v
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cutoff_lies_an_age_before_now() {
        let policy = RetentionPolicy { error_logs: None, ..RetentionPolicy::default() };
        let now = "2026-06-01T12:00:00Z".parse::<DateTime<Utc>>().unwrap();
        let of = |table| policy.cutoff(table, now).map(|time| time.to_rfc3339());
        assert_eq!(of(RetainedTable::PerformanceMetrics).as_deref(), Some("2026-05-02T12:00:00+00:00"));
        assert_eq!(of(RetainedTable::ErrorLogs), None);
    }

    #[test]
    fn an_age_beyond_all_times_removes_nothing() {
        let policy = RetentionPolicy { audit_logs: Some(TimeDelta::MAX), ..RetentionPolicy::default() };
        let now = "2026-06-01T12:00:00Z".parse::<DateTime<Utc>>().unwrap();
        assert!(policy.validate().is_valid());
        assert_eq!(policy.cutoff(RetainedTable::AuditLogs, now), Some(clock::earliest()));
    }

    #[test]
    fn an_age_of_less_than_an_hour_is_refused_by_name() {
        for age in [TimeDelta::zero(), TimeDelta::days(-90), TimeDelta::minutes(59)] {
            let policy = RetentionPolicy { error_logs: Some(age), ..RetentionPolicy::default() };
            assert_eq!(policy.validate().faults()[0].field, "error_logs", "{age}");
        }
    }
}
