//! What a store keeps in the place of a key.

use std::{fmt, str::FromStr};

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use taskmaster_models::{Environment, MalformedHash, Sha256Hash};

use crate::{NoRandomness, PlainKey, PresentedKey};

/// The hash of a key. Compares in constant time, and `Debug` shows nothing of it.
#[derive(Clone, Copy)]
pub struct KeyHash(Sha256Hash);

impl KeyHash {
    /// The hash as the column `key_hash` holds it: 64 hexadecimal digits, in lower case.
    #[must_use]
    pub fn to_hex(self) -> String {
        self.0.to_string()
    }

    /// The SHA-256 of a text, which is what the described system keeps.
    #[must_use]
    pub fn sha256(text: &SecretString) -> Self {
        Self(Sha256Hash::of(text.expose_secret()))
    }
}

impl FromStr for KeyHash {
    type Err = MalformedHash;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl ConstantTimeEq for KeyHash {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.as_bytes().ct_eq(other.0.as_bytes())
    }
}

impl PartialEq for KeyHash {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for KeyHash {}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(..)")
    }
}

/// A secret that goes into the hashes and is not in the database, so that who has read the database alone cannot test
/// texts against it. To change it, add a pepper of a higher version and rotate the keys.
#[derive(Clone, Debug)]
pub struct Pepper {
    version: i32,
    secret: SecretString,
}

/// Why something is no pepper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPepper {
    /// Versions go from 1 to 2147483647.
    #[error("the pepper's version is {0}, allowed are 1 to 2147483647")]
    Version(u32),
    /// It is easier to guess than a key.
    #[error("the pepper has {found} bytes, needed are {}", Pepper::MIN_BYTES)]
    Short {
        /// How many bytes it has.
        found: usize,
    },
    /// Two peppers have one version.
    #[error("there are two peppers of version {0}")]
    Twice(i32),
}

impl Pepper {
    /// The fewest bytes that a pepper may have.
    pub const MIN_BYTES: usize = 32;

    /// A pepper. The version is kept with each hash; a secret is never changed under the same version.
    ///
    /// # Errors
    ///
    /// When the version is 0 or too great, or the secret has less than [`Pepper::MIN_BYTES`] bytes.
    pub fn new(version: u32, secret: SecretString) -> Result<Self, BadPepper> {
        let number = i32::try_from(version).ok().filter(|number| *number >= 1);
        let version = number.ok_or(BadPepper::Version(version))?;
        let found = secret.expose_secret().len();
        if found < Self::MIN_BYTES {
            return Err(BadPepper::Short { found });
        }
        Ok(Self { version, secret })
    }

    fn hash(&self, text: &SecretString) -> KeyHash {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.secret.expose_secret().as_bytes()) else {
            unreachable!("HMAC takes secrets of any length");
        };
        mac.update(text.expose_secret().as_bytes());
        KeyHash(Sha256Hash::from(<[u8; 32]>::from(mac.finalize().into_bytes())))
    }
}

/// A hash that was made with a pepper that is not configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key's hash was made with pepper version {version}, which is not configured")]
pub struct UnknownPepper {
    /// The version that is needed.
    pub version: i32,
}

/// What a store keeps of a key.
#[derive(Clone, Debug)]
pub struct HashedKey {
    /// How the key begins.
    pub prefix: String,
    /// Its hash.
    pub hash: KeyHash,
    /// Which pepper the hash was made with.
    pub pepper_version: Option<i32>,
}

/// Makes keys and their hashes, and compares them.
#[derive(Clone, Debug, Default)]
pub struct KeyHasher {
    /// By version, ascending.
    peppers: Vec<Pepper>,
}

impl KeyHasher {
    /// Hashes by SHA-256 alone.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Hashes by HMAC-SHA-256 under the pepper of the highest version. Keys that were hashed under the others, or under none, are
    /// still recognised.
    ///
    /// # Errors
    ///
    /// When two peppers have one version.
    pub fn with_peppers(mut peppers: Vec<Pepper>) -> Result<Self, BadPepper> {
        peppers.sort_by_key(|pepper| pepper.version);
        match peppers.windows(2).find(|pair| pair[0].version == pair[1].version) {
            Some(pair) => Err(BadPepper::Twice(pair[0].version)),
            None => Ok(Self { peppers }),
        }
    }

    /// Makes a new key, and what a store keeps of it.
    ///
    /// # Errors
    ///
    /// When the system has no random numbers.
    pub fn issue(&self, environment: Environment) -> Result<(PlainKey, HashedKey), NoRandomness> {
        let key = PlainKey::generate(environment)?;
        let hashed = self.hash(&key);
        Ok((key, hashed))
    }

    /// What a store keeps of a key.
    #[must_use]
    pub fn hash(&self, key: &PlainKey) -> HashedKey {
        let pepper = self.peppers.last();
        HashedKey {
            prefix: key.prefix().to_owned(),
            hash: pepper.map_or_else(|| KeyHash::sha256(key.text()), |pepper| pepper.hash(key.text())),
            pepper_version: pepper.map(|pepper| pepper.version),
        }
    }

    /// Whether a presented key is the one of which a store keeps this hash. Takes the same time whether it is or not.
    ///
    /// # Errors
    ///
    /// When the hash was made with a pepper that is not configured.
    pub fn is_same(
        &self,
        presented: &PresentedKey,
        hash: &KeyHash,
        pepper_version: Option<i32>,
    ) -> Result<bool, UnknownPepper> {
        let of_presented = match pepper_version {
            None => KeyHash::sha256(presented.text()),
            Some(version) => {
                let pepper = self.peppers.iter().find(|pepper| pepper.version == version);
                pepper.ok_or(UnknownPepper { version })?.hash(presented.text())
            }
        };
        Ok(of_presented == *hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pepper(version: u32, letter: &str) -> Pepper {
        Pepper::new(version, letter.repeat(32).into()).unwrap()
    }

    fn own(key: &PlainKey) -> PresentedKey {
        PresentedKey::parse(key.text()).unwrap()
    }

    #[test]
    fn without_a_pepper_the_hash_is_sha_256() {
        let hash = KeyHash::sha256(&"abc".into());
        assert_eq!(hash.to_hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn with_a_pepper_the_hash_is_hmac_sha_256() {
        let pepper = Pepper::new(1, "k".repeat(32).into()).unwrap();
        let expected = "af61b693912efc56e2e46f949719ea10a9e80d68f8dcfb84e26cac5330da3c74";
        assert_eq!(pepper.hash(&"abc".into()).to_hex(), expected);
    }

    #[test]
    fn the_newest_pepper_hashes_and_every_one_verifies() {
        let old = KeyHasher::with_peppers(vec![pepper(1, "a")]).unwrap();
        let both = KeyHasher::with_peppers(vec![pepper(2, "b"), pepper(1, "a")]).unwrap();
        let (key, by_old) = old.issue(Environment::Production).unwrap();
        let by_both = both.hash(&key);
        let by_none = KeyHasher::new().hash(&key);
        assert_eq!((by_old.pepper_version, by_both.pepper_version), (Some(1), Some(2)));
        assert_eq!(by_none.pepper_version, None);
        for hashed in [&by_old, &by_both, &by_none] {
            assert_eq!(both.is_same(&own(&key), &hashed.hash, hashed.pepper_version), Ok(true));
            let other = PlainKey::generate(Environment::Production).unwrap();
            assert_eq!(both.is_same(&own(&other), &hashed.hash, hashed.pepper_version), Ok(false));
        }
        assert_ne!(by_old.hash, by_both.hash);
        assert_ne!(by_old.hash, by_none.hash);
    }

    #[test]
    fn a_pepper_that_is_not_configured_is_named_by_its_version() {
        let hasher = KeyHasher::with_peppers(vec![pepper(3, "c")]).unwrap();
        let (key, kept) = hasher.issue(Environment::Development).unwrap();
        let refused = KeyHasher::new().is_same(&own(&key), &kept.hash, kept.pepper_version);
        assert_eq!(refused, Err(UnknownPepper { version: 3 }));
    }

    #[test]
    fn a_bad_pepper_is_refused_by_name() {
        let new = |version, bytes: usize| Pepper::new(version, "p".repeat(bytes).into()).map(drop);
        assert_eq!(new(0, 32), Err(BadPepper::Version(0)));
        assert_eq!(new(1 << 31, 32), Err(BadPepper::Version(1 << 31)));
        assert_eq!(new(1, 31), Err(BadPepper::Short { found: 31 }));
        assert_eq!(new((1 << 31) - 1, 32), Ok(()));
        let twice = KeyHasher::with_peppers(vec![pepper(1, "a"), pepper(1, "b")]).map(drop);
        assert_eq!(twice, Err(BadPepper::Twice(1)));
    }

    #[test]
    fn fault_10_a_malformed_hash_is_refused_and_never_compared() {
        let good = KeyHash::sha256(&"abc".into()).to_hex();
        assert_eq!(good.parse(), Ok(KeyHash::sha256(&"abc".into())));
        assert_eq!(good.to_uppercase().parse(), Ok(KeyHash::sha256(&"abc".into())));
        let (short, long) = (&good[1..], format!("{good}0"));
        for bad in ["", "short", short, &long, &good.replace('b', "x"), &"é".repeat(32)] {
            assert_eq!(bad.parse::<KeyHash>(), Err(MalformedHash), "{bad:?}");
        }
    }

    #[test]
    fn debug_shows_neither_hashes_nor_peppers() {
        let hasher = KeyHasher::with_peppers(vec![pepper(7, "s")]).unwrap();
        let (_, kept) = hasher.issue(Environment::Development).unwrap();
        let shown = format!("{hasher:?} {kept:?} {:?}", kept.hash);
        assert!(!shown.contains("ssss") && !shown.contains(&kept.hash.to_hex()[..8]), "{shown}");
    }
}
