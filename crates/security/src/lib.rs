//! API keys: their text, their hashes and their use. Pure: no I/O but the system's random numbers, and no clock.
//!
//! A key reads `tmk_prod_LOOKUPID01_…`: a fixed beginning that scanners for leaked secrets can look for, the environment, ten
//! characters by which its row is found, and 43 characters of secret, at least 256 bits of it, with a checksum of six. So a key of ours that
//! was mistyped or made up is refused before anybody asks the database. A text that does not begin with `tmk_` may be a key of the
//! described system, and costs one read by an index.
//!
//! A store keeps the beginning up to the lookup id and a [`KeyHash`]: HMAC-SHA-256 under a [`Pepper`] if there is one, else
//! SHA-256. The secret is a random number of 256 bits, so a slow hash would protect nothing that this one does not.

mod hash;
mod key;
mod usage;

pub use hash::{BadPepper, HashedKey, KeyHash, KeyHasher, Pepper, UnknownPepper};
pub use key::{NoRandomness, PlainKey, PresentedKey};
pub use usage::{HeldUsage, KeyUsage, UsageLedger};
