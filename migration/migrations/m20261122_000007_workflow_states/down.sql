DROP TABLE workflow_states;
