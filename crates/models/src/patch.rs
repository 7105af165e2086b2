//! What the patches of all nouns share.

use serde::{Deserialize, Deserializer};

/// Reads a field that may be absent, `null` or a value: absent stays `None` (by `#[serde(default)]`), `null` becomes
/// `Some(None)`, which clears the column.
pub(crate) fn clearable<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}
