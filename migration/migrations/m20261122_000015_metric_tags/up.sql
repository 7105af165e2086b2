-- Performance metrics: queries by tags.

CREATE INDEX idx_performance_metrics_tags ON performance_metrics USING gin (tags jsonb_path_ops);

COMMENT ON INDEX idx_performance_metrics_tags IS 'Metrics that have certain tags';
