//! Identifiers: one type for each noun, so that they cannot be mixed up.
//!
//! Ids are UUIDs of version 7, made by the application: they sort by the time of their making, which keeps the primary
//! key's index dense. Ids that come from elsewhere (an import, an older system) may be of any version.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, greater than those made before it in this process.
            #[must_use]
            #[expect(
                clippy::new_without_default,
                clippy::disallowed_methods,
                reason = "this is the one place that makes ids, and a default that differs each time would surprise"
            )]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id with this UUID.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID of this id.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id!(
    /// Names one [`ApiKey`](crate::ApiKey).
    ApiKeyId
);
id!(
    /// Names one [`AuditLog`](crate::AuditLog).
    AuditLogId
);
id!(
    /// Names one [`Task`](crate::Task).
    TaskId
);
id!(
    /// Names one [`TaskContext`](crate::TaskContext).
    TaskContextId
);
id!(
    /// Names one [`TaskDependency`](crate::TaskDependency).
    TaskDependencyId
);
id!(
    /// Names one [`WorkflowState`](crate::WorkflowState).
    WorkflowStateId
);
id!(
    /// Names one [`Metric`](crate::Metric).
    MetricId
);

id!(
    /// Names one [`ErrorLog`](crate::ErrorLog).
    ErrorLogId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_ids_are_of_version_7_and_ascend() {
        let ids: Vec<TaskId> = (0..1000).map(|_| TaskId::new()).collect();
        assert!(ids.is_sorted());
        assert_eq!(ids[0].as_uuid().get_version_num(), 7);
    }

    #[test]
    fn fault_24_an_id_is_its_uuid_in_text_and_json_and_nothing_else() {
        let id = TaskId::new();
        assert_eq!(id.to_string().parse::<TaskId>().unwrap(), id);
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{id}\""));
        assert!("not-a-uuid".parse::<TaskId>().is_err());
    }
}
