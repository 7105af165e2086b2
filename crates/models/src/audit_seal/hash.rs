use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A SHA-256 hash. Its text is 64 hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Hash([u8; 32]);

/// A text or a number of bytes that is no SHA-256 hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no SHA-256 hash: that has 32 bytes, or 64 hexadecimal digits")]
pub struct MalformedHash;

impl Sha256Hash {
    /// All zeros: what the first seal has in the place of the hash of the one before.
    pub const ZERO: Self = Self([0; 32]);

    /// The hash of these bytes.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash of these hashes, one after the other.
    pub fn of_all(hashes: impl IntoIterator<Item = Self>) -> Self {
        let mut all = HashOfAll::default();
        for hash in hashes {
            all.add(hash);
        }
        all.finish()
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The hash of many hashes in the making.
#[derive(Clone, Debug, Default)]
pub(super) struct HashOfAll(Sha256);

impl HashOfAll {
    pub(super) fn add(&mut self, hash: Sha256Hash) {
        self.0.update(hash.0);
    }

    pub(super) fn finish(self) -> Sha256Hash {
        Sha256Hash(self.0.finalize().into())
    }
}

impl fmt::Display for Sha256Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sha256Hash {
    type Err = MalformedHash;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(MalformedHash);
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| MalformedHash)?;
        }
        Ok(Self(bytes))
    }
}

impl From<[u8; 32]> for Sha256Hash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl TryFrom<&[u8]> for Sha256Hash {
    type Error = MalformedHash;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self).map_err(|_| MalformedHash)
    }
}

impl TryFrom<String> for Sha256Hash {
    type Error = MalformedHash;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Sha256Hash> for String {
    fn from(hash: Sha256Hash) -> Self {
        hash.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_survives_its_text_and_anything_else_is_refused() {
        let hash = Sha256Hash::of("abc");
        assert_eq!(hash.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(hash.to_string().to_uppercase().parse(), Ok(hash));
        assert_eq!(Sha256Hash::try_from(&hash.as_bytes()[..]), Ok(hash));
        for odd in ["", "ba", &"g".repeat(64), &"é".repeat(32), &"+1".repeat(32)] {
            assert_eq!(odd.parse::<Sha256Hash>(), Err(MalformedHash), "{odd}");
        }
        assert!(Sha256Hash::try_from(&[0; 31][..]).is_err());
    }
}
