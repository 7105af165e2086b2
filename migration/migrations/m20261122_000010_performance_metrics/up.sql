-- Performance metrics: measured values over time.

CREATE TABLE performance_metrics (
    id           UUID           NOT NULL DEFAULT gen_random_uuid(),
    metric_type  VARCHAR(50)    NOT NULL,
    metric_name  VARCHAR(100)   NOT NULL,
    metric_value DECIMAL(15, 6) NOT NULL,
    tags         JSONB          NOT NULL DEFAULT '{}',
    timestamp    TIMESTAMPTZ    NOT NULL DEFAULT now(),
    CONSTRAINT performance_metrics_pkey PRIMARY KEY (id),
    CONSTRAINT performance_metrics_metric_type_check CHECK (metric_type IN ('query', 'task', 'workflow', 'system')),
    CONSTRAINT performance_metrics_metric_value_check CHECK (metric_value <> 'NaN'),
    CONSTRAINT performance_metrics_tags_check CHECK (jsonb_typeof(tags) = 'object'),
    -- From the year 1 (-62135596800 s) to before the year 10000 (253402300800 s): what every client can read.
    CONSTRAINT performance_metrics_times_check CHECK (
        timestamp >= to_timestamp(-62135596800) AND timestamp < to_timestamp(253402300800))
);

COMMENT ON TABLE performance_metrics IS 'Measured values; not audited, and never updated';
COMMENT ON COLUMN performance_metrics.tags IS 'An object that says what was measured more closely';

CREATE INDEX idx_performance_metrics_type_name ON performance_metrics (metric_type, metric_name, timestamp);
CREATE INDEX idx_performance_metrics_timestamp ON performance_metrics (timestamp, id);

COMMENT ON INDEX idx_performance_metrics_type_name IS 'The course of one metric over time';
COMMENT ON INDEX idx_performance_metrics_timestamp IS 'All metrics of a period; deleting old ones';
