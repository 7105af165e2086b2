DROP TABLE task_contexts;
