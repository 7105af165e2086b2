//! How long things took: counted in buckets that any number of threads can add to, and what is read from these.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use super::export::float;

/// Each power of two is split into this many buckets, so that a quantile is at most an eighth too large.
const STEPS: usize = 8;

/// From 8 µs on there is a power of two for each bit, up to 2^31 µs, which is 36 minutes. What takes longer is in the last one.
const BUCKETS: usize = STEPS * 29;

/// Durations that are counted.
#[derive(Debug)]
pub(crate) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    nanoseconds: AtomicU64,
    longest: AtomicU64,
}

/// How long things took, as of one moment.
///
/// It is written by serde as `count`, `mean`, `p50`, `p95`, `p99` and `max`, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    buckets: Vec<u64>,
    count: u64,
    sum: Duration,
    max: Duration,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self {
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
            nanoseconds: AtomicU64::new(0),
            longest: AtomicU64::new(0),
        }
    }

    pub(crate) fn record(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket(nanoseconds / 1000)].fetch_add(1, Ordering::Relaxed);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
        self.longest.fetch_max(nanoseconds, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Latency {
        let buckets: Vec<u64> = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect();
        Latency {
            count: buckets.iter().sum(),
            buckets,
            sum: Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)),
            max: Duration::from_nanos(self.longest.load(Ordering::Relaxed)),
        }
    }
}

/// In which bucket a duration is counted.
fn bucket(microseconds: u64) -> usize {
    let Ok(small) = usize::try_from(microseconds.min(u64::from(u32::MAX >> 1))) else { return BUCKETS - 1 };
    if small < STEPS {
        return small;
    }
    let octave = (small.ilog2() - STEPS.ilog2()) as usize;
    (octave + 1) * STEPS + (small >> octave) - STEPS
}

/// What the durations of a bucket are shorter than.
fn bound(bucket: usize) -> Duration {
    let (octave, step) = (bucket / STEPS, bucket % STEPS);
    let microseconds = match octave {
        0 => step + 1,
        octave => (STEPS + step + 1) << (octave - 1),
    };
    Duration::from_micros(microseconds as u64)
}

impl Latency {
    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How long all together took.
    #[must_use]
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// How long the longest one took.
    #[must_use]
    pub fn max(&self) -> Duration {
        self.max
    }

    /// How long they took on average. None if there were none.
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        let nanoseconds = self.sum.as_nanos().checked_div(u128::from(self.count))?;
        Some(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX)))
    }

    /// How long this share of them took at most: 0.95 is the 95th percentile. It is exact to an eighth and never too small. None
    /// if there were none.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let wanted = (float(self.count) * share.clamp(0.0, 1.0)).ceil().max(1.0);
        let mut seen = 0_u64;
        let reached = |(index, count): (usize, &u64)| {
            seen += count;
            (float(seen) >= wanted).then(|| bound(index).min(self.max))
        };
        self.buckets.iter().enumerate().find_map(reached)
    }

    /// These and those.
    pub(crate) fn add(&mut self, other: &Self) {
        self.buckets.resize(self.buckets.len().max(other.buckets.len()), 0);
        for (bucket, more) in self.buckets.iter_mut().zip(&other.buckets) {
            *bucket += more;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }
}

impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seconds = |duration: Option<Duration>| duration.map(|duration| duration.as_secs_f64());
        let mut latency = serializer.serialize_struct("Latency", 6)?;
        latency.serialize_field("count", &self.count)?;
        latency.serialize_field("mean", &seconds(self.mean()))?;
        latency.serialize_field("p50", &seconds(self.quantile(0.5)))?;
        latency.serialize_field("p95", &seconds(self.quantile(0.95)))?;
        latency.serialize_field("p99", &seconds(self.quantile(0.99)))?;
        latency.serialize_field("max", &seconds((self.count > 0).then_some(self.max)))?;
        latency.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(microseconds: impl IntoIterator<Item = u64>) -> Latency {
        let histogram = Histogram::new();
        microseconds.into_iter().for_each(|time| histogram.record(Duration::from_micros(time)));
        histogram.read()
    }

    #[test]
    fn each_duration_is_in_the_bucket_whose_bounds_are_around_it() {
        let doubled = (0..31).map(|bit| 1_u64 << bit);
        for time in (0..5000).chain(doubled.clone()).chain(doubled.map(|time| time - 1)) {
            let index = bucket(time);
            let time = Duration::from_micros(time);
            assert!(time < bound(index), "{time:?} is in {index}, which ends at {:?}", bound(index));
            assert!(index == 0 || time >= bound(index - 1), "{time:?} is in {index}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn a_quantile_is_never_too_small_and_at_most_an_eighth_too_large() {
        let latency = of(1..=10_000);
        for (share, exact) in [(0.5, 5_000), (0.95, 9_500), (0.99, 9_900), (1.0, 10_000)] {
            let told = latency.quantile(share).unwrap();
            let exact = Duration::from_micros(exact);
            assert!(told >= exact && told <= exact + exact / 8, "{told:?} for {exact:?}");
        }
        assert_eq!(latency.quantile(0.0), Some(Duration::from_micros(2)));
        assert_eq!(latency.mean(), Some(Duration::from_nanos(5_000_500)));
        assert_eq!(latency.max(), Duration::from_millis(10));
    }

    #[test]
    fn of_nothing_there_is_neither_a_mean_nor_a_quantile() {
        let latency = of([]);
        assert_eq!((latency.mean(), latency.quantile(0.5), latency.count()), (None, None, 0));
        assert_eq!(serde_json::json!(latency)["p99"], serde_json::Value::Null);
    }

    #[test]
    fn two_are_added_bucket_by_bucket() {
        let mut sum = Latency::default();
        sum.add(&of([10, 20]));
        sum.add(&of([5_000_000]));
        assert_eq!(sum, of([10, 20, 5_000_000]));
    }
}
