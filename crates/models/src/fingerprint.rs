use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ErrorType;

mod frames;
mod mask;

/// What errors of one cause have in common: a hash of their type, their code, their message without what differs each time
/// (numbers, ids, keys, addresses, paths, times), and the names of the five functions in which they happened.
///
/// Its text is the version of the algorithm, a colon and 32 hexadecimal digits, such as
/// `1:8f0c1d0a6d4b3b0c2f8d6f1f5a3d9e77`. A new version of the algorithm makes other fingerprints, so it never moves an error
/// that is stored from its group into another one.
///
/// Words in quotes stay as they are, since they are as often the name of a table or a field as they are a value. A word of
/// letters alone is never taken for an id, however odd it is.
///
/// ```
/// use taskmaster_models::{ErrorType, NewErrorLog};
///
/// let of = |message: &str| NewErrorLog::new(ErrorType::Network, message).fingerprint();
/// assert_eq!(of("10.0.0.7:5432 refused after 3 tries"), of("10.0.0.8:5433 refused after 12 tries"));
/// assert_ne!(of("10.0.0.7:5432 refused after 3 tries"), of("10.0.0.7:5432 did not answer"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint {
    algorithm: u32,
    hash: u128,
}

/// A text that is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is a version from 1 to 99999, a colon and 32 lowercase hexadecimal digits")]
pub struct ParseFingerprintError;

impl Fingerprint {
    /// The version of the algorithm that makes fingerprints now. Whatever changes what comes of [`from_parts`](Self::from_parts)
    /// raises it.
    pub const ALGORITHM: u32 = 1;
    /// How much of a message is read.
    const MESSAGE_BYTES: usize = 16 * 1024;
    /// How many characters of a message count, after what differs each time was taken out.
    const MESSAGE_CHARS: usize = 1000;

    /// The fingerprint of an error.
    ///
    /// Of a stack trace it reads the frames of Rust, Python, JavaScript, Java, C# and Go; one of another shape counts as none.
    /// A text of any length takes no longer than one of 64 KB.
    #[must_use]
    pub fn from_parts(
        error_type: ErrorType,
        error_code: Option<&str>,
        message: &str,
        stack_trace: Option<&str>,
    ) -> Self {
        let message = mask::mask(&message[..message.floor_char_boundary(Self::MESSAGE_BYTES)]);
        let message: String = message.chars().take(Self::MESSAGE_CHARS).collect();
        let mut parts = vec![error_type.to_string(), error_code.unwrap_or_default().to_owned(), message];
        parts.extend(stack_trace.map(frames::top).unwrap_or_default());
        Self { algorithm: Self::ALGORITHM, hash: hash(&parts) }
    }

    /// The version of the algorithm that has made it.
    #[must_use]
    pub const fn algorithm(self) -> u32 {
        self.algorithm
    }
}

/// The first half of the SHA-256 of the parts. Each is preceded by its length, so that no two lists of parts run into the
/// same bytes.
fn hash(parts: &[String]) -> u128 {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    sha.finalize().iter().take(16).fold(0, |hash, byte| hash << 8 | u128::from(*byte))
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:032x}", self.algorithm, self.hash)
    }
}

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (algorithm, hash) = text.split_once(':').ok_or(ParseFingerprintError)?;
        let is_number = (1..=5).contains(&algorithm.len())
            && algorithm.bytes().all(|b| b.is_ascii_digit())
            && !algorithm.starts_with('0');
        let is_hash = hash.len() == 32 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !is_number || !is_hash {
            return Err(ParseFingerprintError);
        }
        let algorithm = algorithm.parse().map_err(|_| ParseFingerprintError)?;
        let hash = u128::from_str_radix(hash, 16).map_err(|_| ParseFingerprintError)?;
        Ok(Self { algorithm, hash })
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = ParseFingerprintError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}
