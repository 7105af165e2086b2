//! The one place that reads the clock.

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};

/// The time now, to the microsecond, which is what PostgreSQL keeps.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn now() -> DateTime<Utc> {
    storable(Utc::now())
}

/// `time` without what is finer than a microsecond, as a store returns it.
#[must_use]
pub fn storable(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(6)
}

/// The earliest time that can be stored: the first instant of the year 1.
#[must_use]
pub fn earliest() -> DateTime<Utc> {
    year_start(1)
}

/// The latest time that can be stored: the last microsecond of the year 9999.
#[must_use]
pub fn latest() -> DateTime<Utc> {
    year_start(10_000) - chrono::TimeDelta::microseconds(1)
}

fn year_start(year: i32) -> DateTime<Utc> {
    NaiveDate::from_yo_opt(year, 1).unwrap_or(NaiveDate::MIN).and_time(chrono::NaiveTime::MIN).and_utc()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_the_years_1_and_9999() {
        assert_eq!(earliest().to_rfc3339(), "0001-01-01T00:00:00+00:00");
        assert_eq!(latest().to_rfc3339(), "9999-12-31T23:59:59.999999+00:00");
    }

    #[test]
    fn a_storable_time_has_whole_microseconds() {
        let fine = "2026-01-02T03:04:05.123456789Z".parse::<DateTime<Utc>>().unwrap();
        assert_eq!(storable(fine).to_rfc3339(), "2026-01-02T03:04:05.123456+00:00");
        let now = now();
        assert_eq!(storable(now), now);
    }
}
