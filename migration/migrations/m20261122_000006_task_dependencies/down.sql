DROP TABLE task_dependencies;
DROP FUNCTION refuse_dependency_cycle();
DROP FUNCTION dependency_closes_cycle(uuid, uuid, uuid);
