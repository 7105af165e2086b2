//! Policies for the schema that the migrations make. Each allows no more than the database role of its name has grants for.

use super::{Columns, Policy, TableRule, Verb};

/// Everybody may see these whole.
const READABLE: [&str; 11] = [
    "api_key_rate_windows",
    "audit_logs",
    "audit_seal_rows",
    "audit_seals",
    "error_logs",
    "performance_metrics",
    "schema_migrations",
    "task_contexts",
    "task_dependencies",
    "tasks",
    "workflow_states",
];

/// Of `api_keys`, all but the hashes.
const READABLE_OF_API_KEYS: [&str; 20] = [
    "id",
    "name",
    "service",
    "key_prefix",
    "permissions",
    "environment",
    "is_active",
    "expires_at",
    "last_used_at",
    "usage_count",
    "rate_limit",
    "created_by",
    "created_at",
    "updated_at",
    "metadata",
    "version",
    "pepper_version",
    "previous_key_prefix",
    "previous_pepper_version",
    "previous_expires_at",
];

/// The nouns that raw statements may write: keys are made, rotated and ended by their repository only, the audit trail by triggers.
const WRITABLE: [(&str, &[Verb]); 6] = [
    ("error_logs", &[Verb::Insert, Verb::Update, Verb::Delete]),
    ("performance_metrics", &[Verb::Insert]),
    ("task_contexts", &[Verb::Insert, Verb::Update, Verb::Delete]),
    ("task_dependencies", &[Verb::Insert, Verb::Delete]),
    ("tasks", &[Verb::Insert, Verb::Update, Verb::Delete]),
    ("workflow_states", &[Verb::Insert, Verb::Update, Verb::Delete]),
];

impl Policy {
    /// Reads everything but secrets, writes nothing.
    #[must_use]
    pub fn readonly() -> Self {
        let mut policy = Self::default();
        for table in READABLE {
            policy.rule(table).select = Some(Columns::All);
        }
        policy.rule("api_keys").select = Some(Columns::Only(READABLE_OF_API_KEYS.map(String::from).into()));
        policy.functions.extend(["searchable_json", "searchable_text"].map(String::from));
        policy
    }

    /// Reads what [`Policy::readonly`] does, and writes tasks, contexts, dependencies, states, errors and metrics.
    #[must_use]
    pub fn app() -> Self {
        let mut policy = Self::readonly();
        for (table, verbs) in WRITABLE {
            let all = |verb| verbs.contains(&verb).then_some(Columns::All);
            let rule = policy.rule(table);
            (rule.insert, rule.update) = (all(Verb::Insert), all(Verb::Update));
            rule.delete = verbs.contains(&Verb::Delete);
        }
        policy.functions.insert("dependency_closes_cycle".into());
        policy
    }

    /// Does what [`Policy::app`] does, and removes metrics. The audit trail and its seals are written by no raw statement.
    #[must_use]
    pub fn admin() -> Self {
        let mut policy = Self::app();
        policy.rule("performance_metrics").delete = true;
        policy
    }

    /// The ready-made policy of this name.
    #[must_use]
    pub fn ready_made(name: &str) -> Option<Self> {
        match name {
            "readonly" => Some(Self::readonly()),
            "app" => Some(Self::app()),
            "admin" => Some(Self::admin()),
            _ => None,
        }
    }

    fn rule(&mut self, table: &str) -> &mut TableRule {
        self.tables.entry(table.into()).or_default()
    }
}
