//! The key itself: its text, and what of it may be seen.

use std::fmt;

use crc::{CRC_32_ISO_HDLC, Crc};
use secrecy::{
    ExposeSecret, SecretString,
    zeroize::{Zeroize, Zeroizing},
};
use taskmaster_models::{Environment, MalformedKey};

/// What every key begins with.
const BEGIN: &str = "tmk_";

/// The characters of the random parts and of the checksum.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const LOOKUP: usize = 10;
/// 62^43 is more than 2^256.
const SECRET: usize = 43;
/// 62^6 is more than 2^32.
const CHECKSUM: usize = 6;

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// The system has no random numbers to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers: {0}")]
pub struct NoRandomness(getrandom::Error);

/// A well-formed key. Its memory is overwritten when it is dropped, and `Debug` shows only how it begins.
pub struct PlainKey {
    text: SecretString,
    environment: Environment,
}

impl PlainKey {
    /// A new key, by the system's random numbers.
    ///
    /// # Errors
    ///
    /// When the system has none.
    pub fn generate(environment: Environment) -> Result<Self, NoRandomness> {
        let length = total_length(environment);
        // Of its final size from the start: a text that grew would leave copies behind.
        let mut text = String::with_capacity(length);
        text.extend([BEGIN, code(environment), "_"]);
        push_random(&mut text, LOOKUP)?;
        text.push('_');
        push_random(&mut text, SECRET)?;
        let checksum = checksum(&text);
        text.extend(checksum.map(char::from));
        Ok(Self { text: text.into(), environment })
    }

    /// Reads a key.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, without the text.
    pub fn parse(text: &SecretString) -> Result<Self, MalformedKey> {
        let key = text.expose_secret();
        let rest = key.strip_prefix(BEGIN).ok_or(MalformedKey::Prefix)?;
        let named = rest.split('_').next().unwrap_or_default();
        let environment = Environment::ALL.iter().copied().find(|known| code(*known) == named);
        let environment = environment.ok_or(MalformedKey::Environment)?;
        if key.len() != total_length(environment) {
            let expected = match environment {
                Environment::Production => "69",
                Environment::Development | Environment::Staging => "68",
            };
            return Err(MalformedKey::Length { found: key.chars().count(), expected });
        }
        let random = &rest.as_bytes()[named.len() + 1..];
        let in_place = |(place, byte): (usize, &u8)| {
            if place == LOOKUP { *byte == b'_' } else { byte.is_ascii_alphanumeric() }
        };
        if !random.iter().enumerate().all(in_place) {
            return Err(MalformedKey::Alphabet);
        }
        let (before, found) = key.split_at(key.len() - CHECKSUM);
        if checksum(before) != found.as_bytes() {
            return Err(MalformedKey::Checksum);
        }
        Ok(Self { text: text.clone(), environment })
    }

    /// How the key begins, up to its lookup id: `tmk_prod_LOOKUPID01`. No secret, and never the same for two keys.
    #[must_use]
    pub fn prefix(&self) -> &str {
        let end = BEGIN.len() + code(self.environment).len() + 1 + LOOKUP;
        &self.text.expose_secret()[..end]
    }

    /// The environment that it names.
    #[must_use]
    pub const fn environment(&self) -> Environment {
        self.environment
    }

    /// The whole key.
    #[must_use]
    pub const fn text(&self) -> &SecretString {
        &self.text
    }

    /// The whole key, to be handed out.
    #[must_use]
    pub fn into_text(self) -> SecretString {
        self.text
    }
}

impl fmt::Debug for PlainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PlainKey").field(&self.prefix()).finish()
    }
}

/// A text that was presented as a key and may be one.
#[derive(Debug)]
pub enum PresentedKey {
    /// One of ours, found by its prefix.
    Own(PlainKey),
    /// One that another system made, found by its SHA-256.
    Foreign(SecretString),
}

impl PresentedKey {
    /// The fewest characters of a foreign key. The described system kept shorter ones in clear.
    const MIN: usize = 9;
    const MAX: usize = 512;

    /// Reads what somebody presents. A text that begins as our keys do must be one; any other may be one of another system if it
    /// has 9 to 512 visible ASCII characters.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, without the text.
    pub fn parse(text: &SecretString) -> Result<Self, MalformedKey> {
        let key = text.expose_secret();
        if key.starts_with(BEGIN) {
            return PlainKey::parse(text).map(Self::Own);
        }
        if !(Self::MIN..=Self::MAX).contains(&key.len()) {
            return Err(MalformedKey::Length { found: key.chars().count(), expected: "9 to 512" });
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(MalformedKey::Alphabet);
        }
        Ok(Self::Foreign(text.clone()))
    }

    /// The whole text.
    #[must_use]
    pub const fn text(&self) -> &SecretString {
        match self {
            Self::Own(key) => key.text(),
            Self::Foreign(text) => text,
        }
    }
}

const fn code(environment: Environment) -> &'static str {
    match environment {
        Environment::Development => "dev",
        Environment::Staging => "stg",
        Environment::Production => "prod",
    }
}

const fn total_length(environment: Environment) -> usize {
    BEGIN.len() + code(environment).len() + 1 + LOOKUP + 1 + SECRET + CHECKSUM
}

/// Adds random characters, each as likely as any other: bytes of which the alphabet does not make a whole number of rounds are
/// thrown away.
fn push_random(text: &mut String, count: usize) -> Result<(), NoRandomness> {
    let mut bytes = Zeroizing::new([0_u8; 64]);
    let wanted = text.len() + count;
    while text.len() < wanted {
        getrandom::fill(&mut *bytes).map_err(NoRandomness)?;
        let fair = bytes.iter().filter(|byte| **byte < 248);
        let characters = fair.map(|byte| char::from(ALPHABET[usize::from(byte % 62)]));
        text.extend(characters.take(wanted - text.len()));
    }
    bytes.zeroize();
    Ok(())
}

/// The CRC-32 of what comes before it, in base 62.
fn checksum(before: &str) -> [u8; CHECKSUM] {
    let mut rest = CRC.checksum(before.as_bytes());
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<PlainKey, MalformedKey> {
        PlainKey::parse(&text.into())
    }

    fn some_key() -> String {
        PlainKey::generate(Environment::Production).unwrap().text().expose_secret().to_owned()
    }

    #[test]
    fn a_key_has_its_form_and_can_be_read() {
        for (environment, begin, length) in [
            (Environment::Development, "tmk_dev_", 68),
            (Environment::Staging, "tmk_stg_", 68),
            (Environment::Production, "tmk_prod_", 69),
        ] {
            let key = PlainKey::generate(environment).unwrap();
            let text = key.text().expose_secret();
            assert!(text.starts_with(begin) && text.len() == length);
            assert!(
                key.prefix().len() <= 20 && key.prefix().starts_with(begin) && text.starts_with(key.prefix())
            );
            let read = parse(text).unwrap();
            assert_eq!((read.environment(), read.prefix()), (environment, key.prefix()));
        }
    }

    #[test]
    fn the_checksum_is_that_of_the_algorithm() {
        // CRC-32/ISO-HDLC of "123456789" is 0xCBF43926 = 3421780262.
        assert_eq!(&checksum("123456789"), b"3jZRME");
        let digit = |byte: u8| ALPHABET.iter().position(|c| *c == byte).unwrap() as u64;
        let number = checksum("123456789").iter().fold(0, |sum, byte| sum * 62 + digit(*byte));
        assert_eq!(number, 0xCBF4_3926);
    }

    #[test]
    fn what_is_wrong_with_a_text_is_named() {
        let key = some_key();
        assert_eq!(parse(&key[1..]).unwrap_err(), MalformedKey::Prefix);
        assert_eq!(parse("").unwrap_err(), MalformedKey::Prefix);
        assert_eq!(parse(&key.replace("_prod_", "_qa_")).unwrap_err(), MalformedKey::Environment);
        assert_eq!(parse("tmk_").unwrap_err(), MalformedKey::Environment);
        let length = |found| MalformedKey::Length { found, expected: "69" };
        assert_eq!(parse("tmk_prod").unwrap_err(), length(8));
        assert_eq!(parse(&key[..68]).unwrap_err(), length(68));
        assert_eq!(parse(&format!("{key}0")).unwrap_err(), length(70));
        assert_eq!(parse(&format!("{}-{}", &key[..30], &key[31..])).unwrap_err(), MalformedKey::Alphabet);
        assert_eq!(parse(&format!("{}é{}", &key[..30], &key[32..])).unwrap_err(), MalformedKey::Alphabet);
        assert_eq!(parse(&key.replace("_prod_", "_stg_")[..68]).unwrap_err(), MalformedKey::Checksum);
    }

    #[test]
    fn a_text_with_one_wrong_character_is_refused() {
        let key = some_key();
        for place in 9..key.len() {
            for wrong in ALPHABET.iter().map(|byte| char::from(*byte)) {
                let mut text: Vec<char> = key.chars().collect();
                if text[place] != wrong {
                    text[place] = wrong;
                    assert!(parse(&text.into_iter().collect::<String>()).is_err(), "at {place}");
                }
            }
        }
    }

    #[test]
    fn each_character_is_as_likely_as_any_other() {
        let mut text = String::new();
        push_random(&mut text, 62_000).unwrap();
        let mut counts = BTreeMap::new();
        for c in text.chars() {
            *counts.entry(c).or_insert(0) += 1;
        }
        // 1,000 are expected, with a standard deviation of 32.
        assert_eq!(counts.len(), 62);
        assert!(counts.values().all(|count| (750..1250).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_foreign_key_has_9_to_512_visible_characters() {
        let presented = |text: &str| PresentedKey::parse(&text.into());
        let length = |found| MalformedKey::Length { found, expected: "9 to 512" };
        assert!(matches!(presented("sk-123456"), Ok(PresentedKey::Foreign(_))));
        assert!(matches!(presented(&"k".repeat(512)), Ok(PresentedKey::Foreign(_))));
        assert_eq!(presented("").unwrap_err(), length(0));
        assert_eq!(presented("éééé").unwrap_err(), length(4));
        assert_eq!(presented(&"k".repeat(513)).unwrap_err(), length(513));
        for odd in ["sk 1234567", "sk-1234567\n", "sk-123456\0", "schlüssel-1"] {
            assert_eq!(presented(odd).unwrap_err(), MalformedKey::Alphabet, "{odd:?}");
        }
        assert!(matches!(presented(&some_key()), Ok(PresentedKey::Own(_))));
        assert_eq!(
            presented("tmk_prod_made_up").unwrap_err(),
            MalformedKey::Length { found: 16, expected: "69" }
        );
    }

    #[test]
    fn debug_shows_how_a_key_begins_and_no_more() {
        let key = PlainKey::generate(Environment::Staging).unwrap();
        assert_eq!(format!("{key:?}"), format!("PlainKey({:?})", key.prefix()));
        let secret = key.text().expose_secret()[20..].to_owned();
        let foreign = PresentedKey::parse(&"sk-123456".into()).unwrap();
        assert!(!format!("{:?} {foreign:?}", PresentedKey::Own(key)).contains(&secret));
        assert!(!format!("{foreign:?}").contains("sk-1"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(begin in "(tmk_)?(dev_|prod_|stg_)?", text in ".{0,80}") {
            let text = format!("{begin}{text}");
            if let Err(reason) = PresentedKey::parse(&text.as_str().into()) {
                prop_assert!(text.len() < 20 || !reason.to_string().contains(&text));
            }
        }
    }
}
