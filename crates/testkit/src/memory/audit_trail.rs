//! How writes get into the audit trail.

use serde::Serialize;
use serde_json::{Map, Value};
use taskmaster_models::{Actor, AuditAction, AuditLog, AuditLogId, AuditedEntity, clock};
use uuid::Uuid;

use super::{
    table::{Change, Table},
    tables::Tables,
};

impl Tables {
    /// Tells of all that the write that goes on now has done. A noun that is named here is audited.
    pub(super) fn tell(&mut self, actor: &Actor) {
        let mut told = Vec::new();
        told.extend(changes(&self.tasks, AuditedEntity::Task));
        told.extend(changes(&self.contexts, AuditedEntity::TaskContext));
        told.extend(changes(&self.dependencies, AuditedEntity::TaskDependency));
        told.extend(changes(&self.states, AuditedEntity::WorkflowState));
        told.extend(changes(&self.errors, AuditedEntity::ErrorLog));
        told.extend(changes(&self.keys, AuditedEntity::ApiKey));
        for change in told {
            let log = change.into_log(actor, self.transaction_id);
            self.trail.put(log.id, log);
        }
    }
}

/// One change, as the trail tells it.
struct Told {
    entity_type: AuditedEntity,
    entity_id: Uuid,
    action: AuditAction,
    old_values: Option<Map<String, Value>>,
    new_values: Option<Map<String, Value>>,
}

impl Told {
    fn into_log(self, actor: &Actor, transaction_id: i64) -> AuditLog {
        let actor = actor.clone();
        AuditLog {
            id: AuditLogId::new(),
            entity_type: self.entity_type,
            entity_id: self.entity_id,
            action: self.action,
            old_values: self.old_values,
            new_values: self.new_values,
            user_id: actor.user_id,
            session_id: actor.session_id,
            ip_address: actor.ip_address,
            user_agent: actor.user_agent.map(|agent| agent.chars().take(1000).collect()),
            timestamp: clock::now(),
            metadata: Map::new(),
            transaction_id,
        }
    }
}

fn changes<K: Ord + Copy, R: Serialize>(
    table: &Table<K, R>,
    entity_type: AuditedEntity,
) -> impl Iterator<Item = Told> {
    table.changes().into_iter().filter_map(move |change| told(entity_type, &change))
}

/// What the trail tells of a change; nothing, if nothing that can be told has changed.
fn told<R: Serialize>(entity_type: AuditedEntity, change: &Change<R>) -> Option<Told> {
    let old = change.before.as_deref().map(fields);
    let new = change.after.as_deref().map(fields);
    let entity_id = serde_json::from_value(new.as_ref().or(old.as_ref())?.get("id")?.clone()).ok()?;
    let (action, old_values, new_values) = match (old, new) {
        (Some(old), Some(new)) => {
            let action = if old.get("status") == new.get("status") {
                AuditAction::Update
            } else {
                AuditAction::StatusChange
            };
            let differs = |name: &String| old.get(name) != new.get(name);
            let names: Vec<_> = new.keys().filter(|name| differs(name)).cloned().collect();
            if names.is_empty() {
                return None;
            }
            let only = |fields: &Map<String, Value>| {
                names
                    .iter()
                    .map(|name| (name.clone(), fields.get(name).cloned().unwrap_or_default()))
                    .collect()
            };
            (action, Some(only(&old)), Some(only(&new)))
        }
        (None, Some(new)) => (AuditAction::Create, None, Some(new)),
        (old, None) => (AuditAction::Delete, old, None),
    };
    Some(Told { entity_type, entity_id, action, old_values, new_values })
}

fn fields<R: Serialize>(row: &R) -> Map<String, Value> {
    match serde_json::to_value(row) {
        Ok(Value::Object(fields)) => fields,
        other => unreachable!("a model is a JSON object, not {other:?}"),
    }
}
