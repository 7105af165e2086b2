//! Texts without what differs each time.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What stands in the place of whatever differs each time.
const MASK: char = '#';

/// What a value looks like inside a word. Each alternative is short, or cannot fail after it has read far: that keeps the
/// search linear. Classes are of ASCII, since the tables of Unicode are left out of the crate.
static VALUE: LazyLock<Regex> = LazyLock::new(|| {
    let alternatives = [
        // An API key, or how it begins.
        "tmk_(?:dev|stg|prod)_[0-9A-Za-z_]+",
        // A UUID.
        "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
        // A time: a date, a time of the day, or both.
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt_][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?(?-u:\b)",
        r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?(?-u:\b)",
        // A hardware address.
        r"(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}(?-u:\b)",
        // An IPv6 address, perhaps; it has a digit.
        "(?P<ipv6>(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|(?::|(?:[0-9a-fA-F]{1,4}:){1,6})(?::[0-9a-fA-F]{1,4}){1,6})",
        // An IPv4 address with or without a port.
        "[0-9]{1,3}(?:[.][0-9]{1,3}){3}(?::[0-9]{1,5})?",
        "0[xX][0-9a-fA-F][0-9a-zA-Z]*",
        // A number with or without a unit of time or size.
        r"[-+]?[0-9]+(?:[.,][0-9]+)*(?:[eE][-+]?[0-9]+)?(?:ns|us|µs|ms|s|m|h|d|[kKMGT]?i?B)?(?-u:\b)",
        "(?P<word>[0-9A-Za-z]+)",
    ];
    Regex::new(&alternatives.join("|")).expect("the expression is fixed, and the tests compile it")
});

/// What may be a nanoid, which is no word of letters and digits only.
static NANOID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("[0-9A-Za-z_-]+").expect("the expression is fixed, and the tests compile it")
});

/// A date whose month has a name, such as `Nov 22` and `Sun, 22 Nov`, when its numbers are masked.
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    let weekday = "(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,? )?";
    let month = "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?\
        |Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)";
    let dates = format!(r"(?-u:\b){weekday}{month}[ /-]#|(?:(?-u:\b){weekday})?#[ /-]{month}(?-u:\b)");
    Regex::new(&dates).expect("the expression is fixed, and the tests compile it")
});

/// The text with a mask in the place of each number, id, address, path and time, and one blank in the place of several.
pub(super) fn mask(text: &str) -> String {
    let masked = mask_tokens(text);
    DATE.replace_all(&masked, MASK.to_string()).into_owned()
}

fn mask_tokens(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (token, after) =
            if ends_token(first) { rest.split_at(first.len_utf8()) } else { rest.split_at(token_end(rest)) };
        rest = after;
        if !first.is_whitespace() {
            mask_token(token, &mut masked);
        } else if !masked.is_empty() && !masked.ends_with(' ') {
            masked.push(' ');
        }
    }
    masked.truncate(masked.trim_end().len());
    masked
}

/// Where the token ends that the text begins with. That of a URL may have signs in it which end any other.
fn token_end(text: &str) -> usize {
    let end = text.find(ends_token).unwrap_or(text.len());
    if !text[..end].contains("://") {
        return end;
    }
    text.find(|c| ends_token(c) && !matches!(c, '=' | '|' | '(' | ')')).unwrap_or(text.len())
}

fn ends_token(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '=' | '|')
}

fn mask_token(whole: &str, masked: &mut String) {
    let token = whole.trim_end_matches(['.', ',', ':', ';', '!', '?']);
    if let Some((scheme, address)) = token.split_once("://") {
        // Which machine was asked stays; what for does not.
        let host = address.split(['/', '?', '#']).next().unwrap_or_default();
        masked.push_str(scheme);
        masked.push_str("://");
        masked.push_str(&mask_values(host.rsplit('@').next().unwrap_or_default()));
        masked.push(MASK);
    } else if is_path(token) || is_email(token) {
        masked.push(MASK);
    } else {
        masked.push_str(&mask_values(token));
    }
    masked.push_str(&whole[token.len()..]);
}

fn mask_values(token: &str) -> String {
    let token = NANOID.replace_all(token, |found: &Captures<'_>| {
        let run = &found[0];
        if is_nanoid(run) { MASK.to_string() } else { run.to_owned() }
    });
    let masked = VALUE.replace_all(&token, |found: &Captures<'_>| {
        if let Some(address) = found.name("ipv6") {
            let has_digit = address.as_str().contains(|c: char| c.is_ascii_digit());
            return if has_digit { MASK.to_string() } else { address.as_str().to_owned() };
        }
        found.name("word").map_or_else(|| MASK.to_string(), |word| mask_word(word.as_str()))
    });
    masked.into_owned()
}

/// A word of letters and digits: an id as a whole is a value; of any other word the digits are.
fn mask_word(word: &str) -> String {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let is_hash =
        word.bytes().all(|b| b.is_ascii_hexdigit()) && (digits > 0 && word.len() >= 7 || word.len() >= 16);
    let is_id = word.len() >= 20 && digits >= 2 || word.len() >= 8 && is_mixed(word) && !is_name(word);
    if is_hash || is_id { MASK.to_string() } else { mask_digits(word) }
}

/// Whether digits and letters of both cases occur.
fn is_mixed(text: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| text.bytes().any(|b| kind(&b));
    has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase)
}

/// Whether a mixed word is a name with one number in it, such as `Utf8Error` or `getHttp2Request`: two small letters or more
/// follow each capital one, which is rare in a random text.
fn is_name(word: &str) -> bool {
    let Some((before, after)) = word.split_once(|c: char| c.is_ascii_digit()) else { return false };
    let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
    [before, after].iter().all(|part| is_camel_case(part, 2))
}

/// Whether a text has letters only, and after each capital one at least so many small ones.
fn is_camel_case(text: &str, small: usize) -> bool {
    text.bytes().all(|b| b.is_ascii_alphabetic())
        && text.split(|c: char| c.is_ascii_uppercase()).skip(1).all(|word| word.len() >= small)
}

/// Whether a run of letters, digits, underscores and hyphens is a nanoid of the usual length: neither a list of words with
/// numbers behind them nor an id after what it is an id of, such as `task_k3J9xQz2LmZp07aK`.
fn is_nanoid(run: &str) -> bool {
    let is_word = |part: &str| is_camel_case(part.trim_end_matches(|c: char| c.is_ascii_digit()), 1);
    let is_prefixed = run.split_once(['-', '_']).is_some_and(|(kind, id)| {
        kind.len() >= 3 && kind.bytes().all(|b| b.is_ascii_lowercase()) && !id.contains(['-', '_'])
    });
    run.len() == 21 && is_mixed(run) && !is_prefixed && !run.split(['-', '_']).all(is_word)
}

/// The text with a mask in the place of each run of digits.
pub(super) fn mask_digits(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut in_digits = false;
    for c in text.chars() {
        if !c.is_ascii_digit() {
            masked.push(c);
        } else if !in_digits {
            masked.push(MASK);
        }
        in_digits = c.is_ascii_digit();
    }
    masked
}

/// Whether a token is a path of a file: one that begins like a path, or whose last part has an extension.
fn is_path(token: &str) -> bool {
    let token = token.trim_end_matches(|c: char| c.is_ascii_digit() || c == ':');
    let bytes = token.as_bytes();
    let has_drive =
        bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && bytes[2] == b'\\';
    let begins = ["/", "./", "../", "~/", ".\\", "..\\", "\\\\"].iter().any(|start| token.starts_with(start));
    let has_name = token.contains(|c: char| c.is_alphanumeric());
    (begins || has_drive) && has_name
        || token.rsplit_once(['/', '\\']).is_some_and(|(_, file)| has_extension(file))
}

fn has_extension(file: &str) -> bool {
    file.rsplit_once('.')
        .is_some_and(|(_, extension)| extension.starts_with(|c: char| c.is_ascii_alphabetic()))
}

fn is_email(token: &str) -> bool {
    token.split_once('@').is_some_and(|(name, host)| !name.is_empty() && has_extension(host))
}
