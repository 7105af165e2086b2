use std::cmp::Ordering;

use taskmaster_models::{Direction, Page, PageRequest, Sort, SortKey, TaskSort};
use taskmaster_repository::Result;
use uuid::Uuid;

/// The page of `rows` that is asked for.
pub(super) fn page<'a, R: Clone + 'a, S: Sort>(
    rows: impl Iterator<Item = &'a R>,
    request: &PageRequest<S>,
    key_of: impl Fn(&R) -> (SortKey, Uuid),
) -> Result<Page<R>> {
    let after = request.position()?;
    let ordered = |a: &(SortKey, Uuid), b: &(SortKey, Uuid)| match request.direction {
        Direction::Ascending => a.cmp(b),
        Direction::Descending => b.cmp(a),
    };
    let mut found: Vec<_> = rows
        .map(|row| (key_of(row), row))
        .filter(|(key, _)| after.as_ref().is_none_or(|after| ordered(key, after) == Ordering::Greater))
        .collect();
    found.sort_by(|(a, _), (b, _)| ordered(a, b));
    let rows = found.into_iter().take(request.limit as usize + 1).map(|(_, row)| row.clone()).collect();
    Ok(request.page(rows, key_of))
}

/// Refuses a limit that no page may have.
pub(super) fn check_limit(limit: u32) -> Result<()> {
    PageRequest::new(TaskSort::default()).limit(limit).position()?;
    Ok(())
}

/// The average of some numbers, if there are any.
pub(super) fn average(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = numbers.fold((0.0, 0.0), |(sum, count), number| (sum + number, count + 1.0));
    (count > 0.0).then(|| sum / count)
}
