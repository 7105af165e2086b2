use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::MigrateError;

/// What `schema_migrations.version` holds.
const LONGEST_NAME: usize = 50;

/// `m`, eight digits of a date, `_`, six digits of a number.
const VERSION_LENGTH: usize = 16;

const UP: &str = "-- What this is for, in one sentence.\n\n";
const DOWN: &str = "-- Takes back what up.sql does, in the opposite order.\n\n";

/// Makes the folder of a new migration with its two files in `folder`, and returns its path. It is called after the day and
/// `name`, and sorts after all that are there. The next build makes it part of the program.
///
/// # Errors
///
/// [`MigrateError::InvalidName`], and [`MigrateError::File`] when it cannot be written.
pub fn create_migration(folder: &Path, name: &str) -> Result<PathBuf, MigrateError> {
    let longest = LONGEST_NAME - VERSION_LENGTH - 1;
    if name.is_empty() || name.len() > longest || !name.bytes().all(is_name_byte) {
        return Err(MigrateError::InvalidName { name: name.to_owned(), longest });
    }
    let fault = |path: &Path| {
        let path = path.display().to_string();
        move |source| MigrateError::File { path, source }
    };
    let mut last = String::new();
    for entry in fs::read_dir(folder).map_err(fault(folder))? {
        let found = entry.map_err(fault(folder))?.file_name().to_string_lossy().into_owned();
        if is_migration_name(&found) {
            last = last.max(version_of(&found).to_owned());
        }
    }
    let path = folder.join(format!("{}_{name}", next_version(&last, &today())));
    fs::create_dir(&path).map_err(fault(&path))?;
    for (file, text) in [("up.sql", UP), ("down.sql", DOWN)] {
        fs::write(path.join(file), text).map_err(fault(&path))?;
    }
    Ok(path)
}

/// Whether a folder of this name is a migration.
pub(crate) fn is_migration_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() > VERSION_LENGTH + 1
        && bytes.len() <= LONGEST_NAME
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            0 => *byte == b'm',
            9 | 16 => *byte == b'_',
            1..=15 => byte.is_ascii_digit(),
            _ => is_name_byte(*byte),
        })
}

/// The date and number at the beginning of a migration's name.
pub(crate) fn version_of(name: &str) -> &str {
    &name[..VERSION_LENGTH]
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

/// The first number of `day`, or the one after `last` where that is of this day or, by a clock that was wrong, of a later
/// one.
fn next_version(last: &str, day: &str) -> String {
    let first = format!("m{day}_000001");
    if last < first.as_str() {
        return first;
    }
    let (day, number) = last.split_at(10);
    format!("{day}{:06}", number.parse::<u32>().unwrap_or(0) + 1)
}

#[expect(clippy::disallowed_methods, reason = "the day in a folder's name is no time of any row")]
fn today() -> String {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (year, month, day) = civil_date(since_epoch.as_secs() / 86_400);
    format!("{year:04}{month:02}{day:02}")
}

/// Year, month and day of a number of days since 1970-01-01.
fn civil_date(mut days: u64) -> (u64, u64, u64) {
    let is_leap =
        |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!(civil_date(0), (1970, 1, 1));
        assert_eq!(civil_date(11_016), (2000, 2, 29));
        assert_eq!(civil_date(11_017), (2000, 3, 1));
        assert_eq!(civil_date(20_818), (2026, 12, 31));
        assert_eq!(civil_date(20_819), (2027, 1, 1));
    }

    #[test]
    fn a_new_migration_sorts_after_all_others() {
        assert_eq!(next_version("", "20261122"), "m20261122_000001");
        assert_eq!(next_version("m20261121_000009", "20261122"), "m20261122_000001");
        assert_eq!(next_version("m20261122_000009", "20261122"), "m20261122_000010");
        assert_eq!(next_version("m20991231_000001", "20261122"), "m20991231_000002");
    }

    #[test]
    fn a_name_is_a_date_a_number_and_words() {
        assert!(is_migration_name("m20261122_000001_tasks"));
        for name in
            ["", "tasks", "m20261122_000001", "m20261122_000001_", "m20261122-000001_x", "m20261122_000001_Ä"]
        {
            assert!(!is_migration_name(name), "{name}");
        }
        assert!(!is_migration_name(&format!("m20261122_000001_{}", "x".repeat(34))));
    }
}
