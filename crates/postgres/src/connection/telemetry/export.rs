//! What is told to the crate `metrics`, by the names that OpenTelemetry has for it.
//!
//! A key is made once, and the recorder is asked for each time. That costs a look-up, but a recorder that is installed late, or in
//! one test only, misses nothing; without one, it costs next to nothing.

use std::time::Duration;

use metrics::{Counter, Gauge, Key, Label, Level, Metadata, SharedString, Unit, with_recorder};

static METADATA: Metadata<'static> = Metadata::new("taskmaster::db", Level::INFO, Some(module_path!()));

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instrument {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    unit: Unit,
    description: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

macro_rules! instruments {
    ($($constant:ident $kind:ident $unit:ident $name:literal $description:literal;)*) => {
        $(pub(crate) const $constant: Instrument = Instrument {
            name: $name, kind: Kind::$kind, unit: Unit::$unit, description: $description,
        };)*
        /// All of them.
        pub(crate) const ALL: &[Instrument] = &[$($constant),*];
    };
}

instruments! {
    OPERATION_DURATION Histogram Seconds "db.client.operation.duration" "How long a call took, with all that it waited for";
    PHASE_DURATION Histogram Seconds "taskmaster.db.operation.phase.duration" "How long a call was in one of its phases: wait, dial, execute";
    SLOW Counter Count "taskmaster.db.operation.slow" "Calls for which the server took longer than the threshold";
    RETRIES Counter Count "taskmaster.db.operation.retries" "Attempts after the first one";
    CONNECTIONS Gauge Count "db.client.connection.count" "Connections of the pool, by state";
    CONNECTIONS_MAX Gauge Count "db.client.connection.max" "How many connections there may be";
    CONNECTIONS_IDLE_MIN Gauge Count "db.client.connection.idle.min" "How many idle connections are kept";
    PENDING Gauge Count "db.client.connection.pending_requests" "Calls that wait for a connection";
    TIMEOUTS Counter Count "db.client.connection.timeouts" "Calls for which no connection came free in time";
    WAIT_TIME Histogram Seconds "db.client.connection.wait_time" "How long it took to get a connection";
    CREATE_TIME Histogram Seconds "db.client.connection.create_time" "How long it took to make a connection";
    USE_TIME Histogram Seconds "db.client.connection.use_time" "How long a connection was in one hand";
    DIAL_FAILURES Counter Count "taskmaster.db.connection.failures" "Connections that could not be made";
    DROPPED Counter Count "taskmaster.db.connection.dropped" "Connections that were given up, by reason";
    UP Gauge Count "taskmaster.db.up" "Whether the server answered when health was last asked for: 1 or 0";
    PROBE_LATENCY Gauge Seconds "taskmaster.db.health.latency" "The round trip when health was last asked for";
    PENDING_MIGRATIONS Gauge Count "taskmaster.db.migrations.pending" "Migrations that this program expects and the schema lacks";
    REPLICATION_LAG Gauge Seconds "taskmaster.db.replication.lag" "How far a standby is behind";
    CERTIFICATE Gauge Seconds "taskmaster.db.certificate.expires_in" "How long the server's certificate is still valid";
}

/// A label whose value may be made at run time.
pub(crate) fn label(name: &'static str, value: impl Into<SharedString>) -> Label {
    Label::new(name, value)
}

impl Instrument {
    /// The key of this instrument with these labels.
    pub(crate) fn key(self, labels: Vec<Label>) -> Key {
        Key::from_parts(self.name, labels)
    }
}

/// Tells the recorder what the names mean.
pub(crate) fn describe() {
    with_recorder(|recorder| {
        for Instrument { name, kind, unit, description } in ALL {
            let (name, unit, description) = ((*name).into(), Some(*unit), (*description).into());
            match kind {
                Kind::Counter => recorder.describe_counter(name, unit, description),
                Kind::Gauge => recorder.describe_gauge(name, unit, description),
                Kind::Histogram => recorder.describe_histogram(name, unit, description),
            }
        }
    });
}

/// A count as the crate `metrics` has it.
#[expect(clippy::cast_precision_loss, reason = "beyond 2^53 nobody counts exactly")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

pub(crate) fn record(key: &Key, duration: Duration) {
    with_recorder(|recorder| recorder.register_histogram(key, &METADATA).record(duration));
}

pub(crate) fn add(key: &Key, count: u64) {
    let counter: Counter = with_recorder(|recorder| recorder.register_counter(key, &METADATA));
    counter.increment(count);
}

pub(crate) fn set(key: &Key, value: f64) {
    let gauge: Gauge = with_recorder(|recorder| recorder.register_gauge(key, &METADATA));
    gauge.set(value);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const DASHBOARD: &str = include_str!("../../../../../docs/grafana-dashboard.json");
    const REFERENCE: &str = include_str!("../../../../../docs/monitoring.md");

    /// The name that Prometheus sees, without what it adds to a histogram.
    fn in_prometheus(instrument: &Instrument) -> String {
        let unit = if instrument.unit == Unit::Seconds { "_seconds" } else { "" };
        let kind = if instrument.kind == Kind::Counter { "_total" } else { "" };
        format!("{}{unit}{kind}", instrument.name.replace('.', "_"))
    }

    /// The metrics that the dashboard's queries are about: a name with a brace behind it.
    fn in_dashboard() -> BTreeSet<String> {
        let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
        let panels = dashboard["panels"].as_array().unwrap();
        let queries = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let names = queries.flat_map(|query| {
            let pieces: Vec<_> = query["expr"].as_str().unwrap().split('{').collect();
            let before = &pieces[..pieces.len() - 1];
            let name = |piece: &&str| piece.rsplit(|c| !is_name(c)).next().unwrap().to_owned();
            before.iter().map(name).collect::<Vec<_>>()
        });
        names.collect()
    }

    #[test]
    fn the_dashboard_shows_each_metric_that_there_is_and_no_other() {
        let shown: BTreeSet<_> = in_dashboard()
            .iter()
            .map(|name| {
                let of_histogram = |name: &str| {
                    let suffix = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
                    suffix.filter(|name| name.ends_with("_seconds")).map(str::to_owned)
                };
                of_histogram(name).unwrap_or_else(|| name.clone())
            })
            .collect();
        let there: BTreeSet<_> = ALL.iter().map(in_prometheus).collect();
        assert_eq!(shown, there);
    }

    #[test]
    fn the_reference_names_each_metric_that_there_is_and_no_other() {
        let rows = REFERENCE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        let named: BTreeSet<_> =
            rows.map(|(name, _)| name).filter(|name| name.contains("db.")).map(str::to_owned).collect();
        let there: BTreeSet<_> = ALL.iter().map(|instrument| instrument.name.to_owned()).collect();
        assert_eq!(named, there);
        for instrument in ALL {
            assert!(REFERENCE.contains(&in_prometheus(instrument)), "{}", instrument.name);
        }
    }
}
