//! What is told to the crate `metrics`, by the names that OpenTelemetry has for it.
//!
//! A key is made once, and the recorder is asked for each time. That costs a look-up, but a recorder that is installed late, or in
//! one test only, misses nothing; without one, it costs next to nothing.

use std::time::Duration;

use metrics::{Counter, Gauge, Key, Label, Level, Metadata, SharedString, Unit, with_recorder};

static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// A series of measurements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instrument {
    pub(crate) name: SharedString,
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

/// Makes a struct with a field for each instrument. A name that begins with a dot is behind the program's prefix.
macro_rules! instruments {
    ($($field:ident $kind:ident $unit:ident $name:literal $description:literal;)*) => {
        /// All instruments.
        #[derive(Clone, Debug)]
        pub(crate) struct Instruments {
            $(pub(crate) $field: Instrument,)*
        }

        impl Instruments {
            /// Returns them with names of the program's own behind `prefix`.
            pub(crate) fn new(prefix: &str) -> Self {
                let name = |name: &'static str| -> SharedString {
                    if name.starts_with('.') { format!("{prefix}{name}").into() } else { name.into() }
                };
                Self {
                    $($field: Instrument {
                        name: name($name), kind: Kind::$kind, unit: Unit::$unit, description: $description,
                    },)*
                }
            }

            /// Returns all of them.
            pub(crate) fn all(&self) -> impl Iterator<Item = &Instrument> {
                [$(&self.$field),*].into_iter()
            }
        }
    };
}

instruments! {
    operation_duration Histogram Seconds "db.client.operation.duration" "How long a call took, with all that it waited for";
    phase_duration Histogram Seconds ".db.operation.phase.duration" "How long a call was in one of its phases: wait, dial, execute";
    slow Counter Count ".db.operation.slow" "Calls for which the server took longer than the threshold";
    retries Counter Count ".db.operation.retries" "Attempts after the first one";
    connections Gauge Count "db.client.connection.count" "Connections of the pool, by state";
    connections_max Gauge Count "db.client.connection.max" "How many connections there may be";
    connections_idle_min Gauge Count "db.client.connection.idle.min" "How many idle connections are kept";
    pending Gauge Count "db.client.connection.pending_requests" "Calls that wait for a connection";
    timeouts Counter Count "db.client.connection.timeouts" "Calls for which no connection came free in time";
    wait_time Histogram Seconds "db.client.connection.wait_time" "How long it took to get a connection";
    create_time Histogram Seconds "db.client.connection.create_time" "How long it took to make a connection";
    use_time Histogram Seconds "db.client.connection.use_time" "How long a connection was in one hand";
    dial_failures Counter Count ".db.connection.failures" "Connections that could not be made";
    dropped Counter Count ".db.connection.dropped" "Connections that were given up, by reason";
    up Gauge Count ".db.up" "Whether the server answered when health was last asked for: 1 or 0";
    probe_latency Gauge Seconds ".db.health.latency" "The round trip when health was last asked for";
    pending_migrations Gauge Count ".db.migrations.pending" "Migrations that this program expects and the schema lacks";
    replication_lag Gauge Seconds ".db.replication.lag" "How far a standby is behind";
    certificate Gauge Seconds ".db.certificate.expires_in" "How long the server's certificate is still valid";
}

/// A label whose value may be made at run time.
pub(crate) fn label(name: &'static str, value: impl Into<SharedString>) -> Label {
    Label::new(name, value)
}

impl Instrument {
    /// The key of this instrument with these labels.
    pub(crate) fn key(&self, labels: Vec<Label>) -> Key {
        Key::from_parts(self.name.clone(), labels)
    }
}

/// Tells the recorder what the names mean.
pub(crate) fn describe(instruments: &Instruments) {
    with_recorder(|recorder| {
        for Instrument { name, kind, unit, description } in instruments.all() {
            let (name, unit, description) = (name.to_string().into(), Some(*unit), (*description).into());
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

    const DASHBOARD: &str = include_str!("../../../../docs/grafana-dashboard.json");
    const REFERENCE: &str = include_str!("../../../../docs/monitoring.md");

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
        let there: BTreeSet<_> = Instruments::new("taskmaster").all().map(in_prometheus).collect();
        assert_eq!(shown, there);
    }

    #[test]
    fn the_reference_names_each_metric_that_there_is_and_no_other() {
        let rows = REFERENCE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        let instruments = Instruments::new("taskmaster");
        let named: BTreeSet<_> =
            rows.map(|(name, _)| name).filter(|name| name.contains("db.")).map(str::to_owned).collect();
        let there: BTreeSet<_> = instruments.all().map(|instrument| instrument.name.to_string()).collect();
        assert_eq!(named, there);
        for instrument in instruments.all() {
            assert!(REFERENCE.contains(&in_prometheus(instrument)), "{}", instrument.name);
        }
    }
}
