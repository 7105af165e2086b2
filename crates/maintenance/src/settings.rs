//! What the program goes by: defaults, then a file, then the environment.

use std::env::{self, VarError};
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use chrono::TimeDelta;
use config::Config;
use serde::Deserialize;
use taskmaster_models::{RetainedTable, RetentionPolicy};
use taskmaster_postgres::config::settings_file;

/// The variables of the environment that go before the file, one for each table.
const VARIABLES: [(RetainedTable, &str); 3] = [
    (RetainedTable::AuditLogs, "RETENTION_AUDIT_LOGS"),
    (RetainedTable::ErrorLogs, "RETENTION_ERROR_LOGS"),
    (RetainedTable::PerformanceMetrics, "RETENTION_PERFORMANCE_METRICS"),
];

/// The settings as they are written, for example:
///
/// ```toml
/// [retention]
/// audit_logs = "1year"
/// error_logs = "90days"
/// performance_metrics = "never"
/// ```
///
/// The file's other tables are read elsewhere.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    retention: Retention,
}

/// An age for each table, or `never`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Retention {
    audit_logs: Option<String>,
    error_logs: Option<String>,
    performance_metrics: Option<String>,
}

impl Settings {
    pub(crate) fn read(file: Option<&Path>) -> Result<Self> {
        let mut settings = Config::builder().add_source(settings_file(file)?);
        for (table, variable) in VARIABLES {
            let value = match env::var(variable) {
                Ok(value) => Some(value).filter(|value| !value.is_empty()),
                Err(VarError::NotPresent) => None,
                Err(VarError::NotUnicode(_)) => {
                    bail!("{variable} is not valid UTF-8: correct it, or unset it")
                }
            };
            settings = settings.set_override_option(format!("retention.{table}"), value)?;
        }
        let settings = settings.build().and_then(Config::try_deserialize);
        settings.with_context(|| {
            format!(
                "cannot read [retention] of {}",
                file.map_or("taskmaster.toml".into(), Path::to_string_lossy)
            )
        })
    }

    /// How long rows are kept. What no setting names is kept as long as by default.
    pub(crate) fn retention_policy(&self) -> Result<RetentionPolicy> {
        let mut policy = RetentionPolicy::default();
        let Retention { audit_logs, error_logs, performance_metrics } = &self.retention;
        let mut faults = Vec::new();
        for (name, text, age) in [
            ("audit_logs", audit_logs, &mut policy.audit_logs),
            ("error_logs", error_logs, &mut policy.error_logs),
            ("performance_metrics", performance_metrics, &mut policy.performance_metrics),
        ] {
            match text.as_deref().map(age_of) {
                Some(Ok(given)) => *age = given,
                Some(Err(fault)) => faults.push(format!("retention.{name} {fault}")),
                None => {}
            }
        }
        if !faults.is_empty() {
            return Err(anyhow!(faults.join("; ")));
        }
        policy.validate().into_result()?;
        Ok(policy)
    }
}

/// Reads an age such as `90days` or `1year 6months`; `never` is none.
fn age_of(text: &str) -> Result<Option<TimeDelta>, String> {
    if text == "never" {
        return Ok(None);
    }
    let age = humantime::parse_duration(text)
        .map_err(|error| format!("is {text:?}, which is no age ({error}): write 90days, 12h or never"))?;
    TimeDelta::from_std(age)
        .map(Some)
        .map_err(|_| format!("is {text:?}, which is longer than any time: write never"))
}

#[cfg(test)]
mod tests {
    use config::{File, FileFormat};

    use super::*;

    fn policy(toml: &str) -> Result<RetentionPolicy> {
        let source = File::from_str(toml, FileFormat::Toml);
        let settings: Settings = Config::builder().add_source(source).build()?.try_deserialize()?;
        settings.retention_policy()
    }

    #[test]
    fn what_is_not_set_has_its_default() {
        assert_eq!(policy("").unwrap(), RetentionPolicy::default());
        let never = policy("[retention]\nerror_logs = \"never\"\naudit_logs = \"12h\"").unwrap();
        let expected = RetentionPolicy {
            error_logs: None,
            audit_logs: Some(TimeDelta::hours(12)),
            ..RetentionPolicy::default()
        };
        assert_eq!(never, expected);
    }

    #[test]
    fn each_bad_age_is_named() {
        let fault =
            policy("[retention]\nerror_logs = \"soon\"\naudit_logs = \"90\"").unwrap_err().to_string();
        assert!(fault.contains("retention.audit_logs is \"90\""), "{fault}");
        assert!(fault.contains("retention.error_logs is \"soon\""), "{fault}");
        let short = policy("[retention]\nperformance_metrics = \"5min\"").unwrap_err().to_string();
        assert_eq!(short, "retention policy is not valid: performance_metrics must be one hour or more");
    }

    #[test]
    fn an_unknown_table_is_refused() {
        let fault = policy("[retention]\ntasks = \"1day\"").unwrap_err().to_string();
        assert!(fault.contains("tasks"), "{fault}");
    }
}
