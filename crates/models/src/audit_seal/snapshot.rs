use std::str::FromStr;

/// Which transactions were over at one moment, as PostgreSQL's `pg_current_snapshot()` tells it: `xmin:xmax:xip,xip`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionSnapshot {
    /// All transactions before this one were over.
    xmin: i64,
    /// This one, and all after it, were not over.
    xmax: i64,
    /// Those between that were not over, ascending.
    running: Vec<i64>,
}

/// A text that is no snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no snapshot of transactions: that looks like 10:20:10,14,15")]
pub struct MalformedSnapshot;

impl TransactionSnapshot {
    /// Whether the transaction was over, so that what it wrote could be seen.
    #[must_use]
    pub fn is_over(&self, transaction_id: i64) -> bool {
        transaction_id < self.xmin
            || transaction_id < self.xmax && self.running.binary_search(&transaction_id).is_err()
    }
}

impl FromStr for TransactionSnapshot {
    type Err = MalformedSnapshot;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.parse::<i64>().map_err(|_| MalformedSnapshot);
        let [xmin, xmax, running] = text.split(':').collect::<Vec<_>>()[..] else {
            return Err(MalformedSnapshot);
        };
        let (xmin, xmax) = (number(xmin)?, number(xmax)?);
        let running =
            running.split(',').filter(|_| !running.is_empty()).map(number).collect::<Result<Vec<_>, _>>()?;
        let in_range = running.iter().all(|id| (xmin..xmax).contains(id));
        let sound = (0..=xmax).contains(&xmin) && in_range && running.is_sorted();
        sound.then_some(Self { xmin, xmax, running }).ok_or(MalformedSnapshot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_knows_which_transactions_were_over() {
        let snapshot: TransactionSnapshot = "10:20:10,14,15".parse().unwrap();
        let over: Vec<_> = (8..22).filter(|id| snapshot.is_over(*id)).collect();
        assert_eq!(over, [8, 9, 11, 12, 13, 16, 17, 18, 19]);
        assert!("7:7:".parse::<TransactionSnapshot>().unwrap().is_over(6));
    }

    #[test]
    fn anything_else_is_refused() {
        for odd in ["", "1", "1:2", "a:2:", "2:1:", "1:2:x", "1:5:3,2", "1:5:7", "-1:5:", "1:5:1,", "1:5:1:2"]
        {
            assert_eq!(odd.parse::<TransactionSnapshot>(), Err(MalformedSnapshot), "{odd}");
        }
    }
}
