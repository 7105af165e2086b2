use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ErrorType, Severity};
use crate::{FaultCode, MAX_TEXT, TaskId, Validation, patch::clearable};

/// The fields of an error to change; those that are `None` stay as they are, whoever changes them meanwhile.
///
/// What happened, and when, is not changed, and neither is the group that the error belongs to. To resolve an error is a
/// verb of its own, since it has a time and a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of ErrorLog")]
pub struct ErrorLogPatch {
    /// Refuse the patch as stale unless the stored error has this version.
    pub expected_version: Option<i64>,
    pub error_type: Option<ErrorType>,
    #[serde(deserialize_with = "clearable")]
    pub error_code: Option<Option<String>>,
    pub context: Option<Map<String, Value>>,
    #[serde(deserialize_with = "clearable")]
    pub task_id: Option<Option<TaskId>>,
    #[serde(deserialize_with = "clearable")]
    pub workflow_id: Option<Option<String>>,
    #[serde(deserialize_with = "clearable")]
    pub user_id: Option<Option<String>>,
    #[serde(deserialize_with = "clearable")]
    pub session_id: Option<Option<String>>,
    pub severity: Option<Severity>,
    /// May be notes on an unresolved error, too; a resolution replaces them.
    #[serde(deserialize_with = "clearable")]
    pub resolution_notes: Option<Option<String>>,
    pub metadata: Option<Map<String, Value>>,
}

impl ErrorLogPatch {
    /// Finds every fault of this patch. A patch that changes nothing is one.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("error log patch");
        let unchanged = Self { expected_version: self.expected_version, ..Self::default() };
        if *self == unchanged {
            v.fault("patch", FaultCode::Required, "names no field to change");
        }
        if let Some(Some(code)) = &self.error_code {
            v.text("error_code", code, 100);
        }
        if let Some(context) = &self.context {
            v.object("context", context);
        }
        let names = [
            ("workflow_id", &self.workflow_id),
            ("user_id", &self.user_id),
            ("session_id", &self.session_id),
        ];
        for (field, name) in names {
            if let Some(Some(name)) = name {
                v.text(field, name, 255);
            }
        }
        if let Some(Some(notes)) = &self.resolution_notes {
            v.text("resolution_notes", notes, MAX_TEXT);
        }
        if let Some(metadata) = &self.metadata {
            v.metadata(metadata);
        }
        v
    }
}
