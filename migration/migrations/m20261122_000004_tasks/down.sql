DROP TABLE tasks;
DROP FUNCTION refuse_parent_cycle();
