//! Performance metrics. They are not audited, so their statements carry no actor.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{QueryResult, Value};
use serde_json::json;
use taskmaster_connection::Executor;
use taskmaster_models::{
    Metric, MetricAggregateRequest, MetricBucket, MetricFilter, MetricId, MetricSort, MetricStatistics,
    MetricType, NewMetric, Page, PageRequest, Validation, clock,
};
use taskmaster_repository::{MetricRepository, Result};

use crate::{
    entities::performance_metrics::Model,
    insert::Insert,
    page::{self, bound, paged},
    row::{self, Stored},
    sql::Sql,
    store::Pg,
};

const ENTITY: &str = "metric";
const TABLE: &str = "performance_metrics";

/// The columns of [`Model`].
const COLUMNS: &str = "id, metric_type, metric_name, metric_value, tags, timestamp";

const INSERT: Insert = Insert {
    table: TABLE,
    columns: &[
        ("id", "uuid"),
        ("metric_type", "text"),
        ("metric_name", "text"),
        ("metric_value", "numeric"),
        ("tags", "jsonb"),
        ("timestamp", "timestamptz"),
    ],
    returning: COLUMNS,
};

/// The numbers over values, for statistics and for each span. The percentiles share one sort.
const NUMBERS: &str = "avg(metric_value)::float8 AS avg, min(metric_value)::float8 AS min, \
    max(metric_value)::float8 AS max, \
    percentile_cont(0.5) WITHIN GROUP (ORDER BY metric_value::float8) AS p50, \
    percentile_cont(0.95) WITHIN GROUP (ORDER BY metric_value::float8) AS p95, \
    percentile_cont(0.99) WITHIN GROUP (ORDER BY metric_value::float8) AS p99";

/// The values of [`INSERT`]'s columns.
fn values(new: &NewMetric) -> Vec<Value> {
    vec![
        new.id.as_uuid().into(),
        new.metric_type.as_str().into(),
        new.metric_name.clone().into(),
        new.storable_value().into(),
        json!(new.tags).into(),
        clock::storable(new.timestamp).into(),
    ]
}

/// Reads a metric from a row that has [`COLUMNS`].
fn metric(row: &QueryResult) -> Result<Metric> {
    let model: Model = row::entity(TABLE, row)?;
    let stored = Stored { table: TABLE, id: model.id };
    Ok(Metric {
        id: MetricId::from_uuid(model.id),
        metric_type: stored.parse("metric_type", &model.metric_type)?,
        metric_name: model.metric_name,
        // By way of the number as it is written: the nearest float, which a conversion by division may miss.
        metric_value: stored.parse("metric_value", &model.metric_value.to_string())?,
        tags: stored.object("tags", model.tags)?,
        timestamp: model.timestamp.to_utc(),
    })
}

fn select() -> Sql {
    Sql::read("SELECT ").text(COLUMNS).text(" FROM performance_metrics WHERE TRUE")
}

/// Adds the filter's criteria to a query that has a WHERE clause.
fn matching(sql: Sql, filter: &MetricFilter) -> Sql {
    let tags = (!filter.tags.is_empty()).then(|| json!(filter.tags));
    let sql = match (filter.metric_type, &filter.metric_name) {
        // The index of names begins with the type, so that a name without a type is looked for within each.
        (None, Some(_)) => {
            let types = MetricType::ALL.iter().map(|metric_type| metric_type.as_str());
            sql.text(" AND metric_type IN (").list(types, Sql::bind).text(")")
        }
        (metric_type, _) => sql.and("metric_type = ", metric_type.map(MetricType::as_str)),
    };
    sql.and("metric_name = ", filter.metric_name.as_deref())
        .and("tags @> ", tags)
        .and("timestamp >= ", bound(filter.after))
        .and("timestamp <= ", bound(filter.before))
}

fn order_column(sort: MetricSort) -> &'static str {
    match sort {
        MetricSort::Timestamp => "timestamp",
    }
}

#[async_trait]
impl<C: Executor> MetricRepository for Pg<C> {
    async fn record(&self, new: &NewMetric) -> Result<Metric> {
        new.validate().into_result()?;
        self.written("metric.record", new.id, INSERT.one(None, values(new)), metric).await
    }

    async fn record_many(&self, new: &[NewMetric]) -> Result<u64> {
        Validation::of_rows(ENTITY, new.iter().map(NewMetric::validate)).into_result()?;
        let rows: Vec<_> = new.iter().map(values).collect();
        self.execute("metric.record_many", INSERT.many_unread(None, &rows, " ORDER BY place")).await
    }

    async fn find_by_id(&self, id: MetricId) -> Result<Option<Metric>> {
        let row = self.row("metric.find_by_id", select().and("id = ", Some(id.as_uuid()))).await?;
        row.as_ref().map(metric).transpose()
    }

    async fn find_by(&self, filter: &MetricFilter, page: &PageRequest<MetricSort>) -> Result<Page<Metric>> {
        filter.validate().into_result()?;
        let sql = paged(matching(select(), filter), page, order_column(page.sort))?;
        let rows = self.rows("metric.find_by", sql).await?.iter().map(metric).collect::<Result<Vec<_>>>()?;
        Ok(page.page(rows, |last| (page.sort.key(last), last.id.as_uuid())))
    }

    async fn count(&self, filter: &MetricFilter) -> Result<u64> {
        filter.validate().into_result()?;
        let sql = matching(Sql::read("SELECT count(*) FROM performance_metrics WHERE TRUE"), filter);
        self.row("metric.count", sql).await?.map_or(Ok(0), |row| row::count(&row, "count"))
    }

    async fn aggregate(&self, request: &MetricAggregateRequest) -> Result<Vec<MetricBucket>> {
        request.validate().into_result()?;
        // Spans are counted from the first one that is asked for, so that no row lies before the origin: servers before
        // 14.12, 15.7 and 16.3 put such a row, at the very beginning of its span, into the span before.
        let origin = request.filter.after.map(|after| request.start_of(after));
        let sql = Sql::read("SELECT date_bin(")
            .bind(request.bucket.num_microseconds())
            .text("::bigint * interval '1 microsecond', timestamp, ")
            .bind(origin)
            .text(") AS start, count(*) AS count, ")
            .text(NUMBERS)
            .text(" FROM performance_metrics WHERE TRUE");
        let sql = matching(sql, &request.filter).text(" GROUP BY 1 ORDER BY 1");
        self.rows("metric.aggregate", sql).await?.iter().map(bucket).collect()
    }

    async fn statistics(&self, filter: &MetricFilter) -> Result<MetricStatistics> {
        filter.validate().into_result()?;
        let sql = Sql::read(
            "SELECT count(*) AS total, count(DISTINCT (metric_type, metric_name)) AS unique_names, \
             min(timestamp) AS first_at, max(timestamp) AS last_at, ",
        );
        let sql = matching(sql.text(NUMBERS).text(" FROM performance_metrics WHERE TRUE"), filter);
        let row = self.row("metric.statistics", sql).await?;
        row.as_ref().map_or_else(|| Ok(MetricStatistics::default()), statistics)
    }

    async fn prunable(&self, before: DateTime<Utc>) -> Result<u64> {
        let sql = measured_before(Sql::read("SELECT count(*) FROM performance_metrics WHERE "), before);
        self.row("metric.prunable", sql).await?.map_or(Ok(0), |row| row::count(&row, "count"))
    }

    async fn prune(&self, before: DateTime<Utc>, limit: u32) -> Result<u64> {
        Validation::of_prune_limit(ENTITY, limit).into_result()?;
        // As an array, since PostgreSQL would join that many rows to the whole table.
        let sql = Sql::write(None).text(
            " DELETE FROM performance_metrics WHERE id = ANY (ARRAY( \
              SELECT id FROM performance_metrics WHERE ",
        );
        let sql = measured_before(sql, before)
            .text(" ORDER BY timestamp, id LIMIT ")
            .bind(i64::from(limit))
            .text(" FOR UPDATE SKIP LOCKED))");
        self.execute("metric.prune", sql).await
    }
}

fn measured_before(sql: Sql, before: DateTime<Utc>) -> Sql {
    sql.text("timestamp < ").bind(page::before(before))
}

fn bucket(row: &QueryResult) -> Result<MetricBucket> {
    Ok(MetricBucket {
        start: row::column(row, "start")?,
        count: row::count(row, "count")?,
        avg: row::column(row, "avg")?,
        min: row::column(row, "min")?,
        max: row::column(row, "max")?,
        p50: row::column(row, "p50")?,
        p95: row::column(row, "p95")?,
        p99: row::column(row, "p99")?,
    })
}

fn statistics(row: &QueryResult) -> Result<MetricStatistics> {
    Ok(MetricStatistics {
        total: row::count(row, "total")?,
        unique_names: row::count(row, "unique_names")?,
        first_at: row::column(row, "first_at")?,
        last_at: row::column(row, "last_at")?,
        avg: row::column(row, "avg")?,
        min: row::column(row, "min")?,
        max: row::column(row, "max")?,
        p50: row::column(row, "p50")?,
        p95: row::column(row, "p95")?,
        p99: row::column(row, "p99")?,
    })
}
