//! What holds of every text.

use std::{sync::LazyLock, thread};

use proptest::{prelude::*, sample::select};
use taskmaster_guard::{Guard, Policy};

use crate::{
    catalog::CATALOG,
    statements::{ATTACKS, HONEST, Listed},
};

/// Runs in a thread with a stack of the size that Rust gives to threads: an overflow would end the process.
fn in_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = thread::Builder::new().stack_size(2 << 20).spawn(work).expect("a thread starts");
    thread.join().expect("the work does not panic")
}

/// What may stand between two tokens.
fn space() -> impl Strategy<Value = &'static str> {
    select(vec![
        " ",
        "\n",
        "\t",
        "\r\n",
        "  ",
        "/**/",
        "/* x */",
        "/* /* ; */ */",
        " -- it's\n",
        " /*'*/ ",
        "\x0c",
    ])
}

/// Changes the case of words outside of quotes, and puts other spaces and comments where a space is.
fn disguised(sql: &str, cases: &[bool], spaces: &[&str]) -> String {
    let mut quote = None;
    let mut disguised = String::new();
    let mut cases = cases.iter().cycle();
    let mut spaces = spaces.iter().cycle();
    for character in sql.chars() {
        match (quote, character) {
            (None, ' ') => disguised.push_str(spaces.next().expect("a cycle does not end")),
            (None, '\'' | '"') => {
                quote = Some(character);
                disguised.push(character);
            }
            (None, _) if *cases.next().expect("a cycle does not end") => {
                disguised.push(character.to_ascii_uppercase());
            }
            (None, _) => disguised.push(character.to_ascii_lowercase()),
            (Some(open), _) => {
                if character == open {
                    quote = None;
                }
                disguised.push(character);
            }
        }
    }
    disguised
}

/// Those whose text is not about backslashes, dollars, comments and the ends of quotes themselves.
static PLAIN_ATTACKS: LazyLock<Vec<&Listed>> = LazyLock::new(|| {
    let is_plain = |attack: &&Listed| {
        !attack.sql.contains(['\\', '$', '\r'])
            && !attack.sql.contains("--")
            && attack.sql.starts_with(|first: char| first.is_ascii_alphabetic())
            && ['\'', '"'].iter().all(|&quote| attack.sql.matches(quote).count() % 2 == 0)
    };
    ATTACKS.iter().filter(is_plain).collect()
});

static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let mut words: Vec<&str> =
        HONEST.iter().chain(&*ATTACKS).flat_map(|listed| listed.sql.split(' ')).collect();
    words.sort_unstable();
    words.dedup();
    words
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_attack_passes_in_no_disguise(
        attack in select(PLAIN_ATTACKS.as_slice()),
        cases in prop::collection::vec(any::<bool>(), 1..40),
        spaces in prop::collection::vec(space(), 1..10),
        before in space(),
        after in space(),
    ) {
        let sql = format!("{before}{}{after}", disguised(attack.sql, &cases, &spaces));
        prop_assert!(Guard::default().check(&sql, &attack.policy, &CATALOG).is_err(), "{sql}");
    }

    #[test]
    fn an_attack_passes_in_no_subquery(attack in select(PLAIN_ATTACKS.as_slice())) {
        let text = attack.sql;
        for sql in [
            format!("SELECT * FROM ({text}) x"),
            format!("SELECT ({text})"),
            format!("WITH x AS ({text}) SELECT 1"),
            format!("SELECT 1 WHERE EXISTS ({text})"),
            format!("SELECT 1 UNION ALL ({text})"),
            format!("SELECT ARRAY({text})"),
        ] {
            prop_assert!(Guard::default().check(&sql, &attack.policy, &CATALOG).is_err(), "{sql}");
        }
    }

    #[test]
    fn an_honest_statement_passes_in_any_case_and_spacing(
        honest in select(HONEST.as_slice()),
        cases in prop::collection::vec(any::<bool>(), 1..40),
        spaces in prop::collection::vec(space(), 1..10),
    ) {
        prop_assume!(!honest.sql.contains("--") && !honest.sql.contains("/*") && !honest.sql.contains('ö'));
        let sql = disguised(honest.sql, &cases, &spaces);
        let checked = Guard::default().check(&sql, &honest.policy, &CATALOG);
        prop_assert!(checked.is_ok(), "{sql}: {checked:?}");
    }

    #[test]
    fn what_ever_words_pass_are_one_statement_without_secrets(
        words in prop::collection::vec(select(WORDS.as_slice()), 1..25),
    ) {
        let sql = words.join(" ");
        if let Ok(checked) = Guard::default().check(&sql, &Policy::readonly(), &CATALOG) {
            prop_assert!(!checked.writes());
            let again = Guard::default().check(checked.text(), &Policy::readonly(), &CATALOG);
            prop_assert_eq!(again.as_ref(), Ok(&checked));
            prop_assert!(!checked.text().contains("key_hash") || !checked.tables().contains("api_keys"), "{}", sql);
        }
    }

    #[test]
    fn two_halves_of_statements_never_pass_as_a_write(
        one in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        (at, from) in (0.0..1.0_f64, 0.0..1.0_f64),
    ) {
        let all: Vec<&str> = HONEST.iter().chain(&*ATTACKS).map(|listed| listed.sql).collect();
        let part = |text: &'static str, share: f64| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short text")]
            let at = (text.len() as f64 * share) as usize;
            let at = (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
            text.split_at(at)
        };
        let sql = format!("{} {}", part(all[one.index(all.len())], at).0, part(all[other.index(all.len())], from).1);
        if let Ok(checked) = Guard::default().check(&sql, &Policy::readonly(), &CATALOG) {
            prop_assert!(!checked.writes(), "{}", sql);
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        drop(Guard::default().check(&text, &Policy::admin(), &CATALOG));
        drop(Guard::default().check(&format!("SELECT {text}"), &Policy::admin(), &CATALOG));
        drop(Guard::default().check(&format!("SELECT '{text}"), &Policy::admin(), &CATALOG));
        drop(Guard::default().check(&format!("SELECT \"{text}\" FROM tasks"), &Policy::admin(), &CATALOG));
    }
}

#[test]
fn no_nesting_overflows_the_stack_of_a_thread() {
    let repeated = |before: &str, inner: &str, after: &str, times: usize| {
        format!("SELECT {}{inner}{}", before.repeat(times), after.repeat(times))
    };
    let nests = [
        ("(", "1", ")"),
        ("((SELECT ", "1", "))"),
        ("ARRAY[", "1", "]"),
        ("lower(", "'x'", ")"),
        ("CASE WHEN true THEN ", "1", " END"),
        ("NOT ", "true", ""),
        ("- ", "1", ""),
        ("", "1", " + 1"),
        ("", "1", "::text"),
        ("", "true", " OR true"),
        ("", "1", " UNION SELECT 1"),
        ("", "1", " IS NULL"),
        ("", "$1", "[1]"),
        ("", "title", " COLLATE \"C\""),
        ("", "now()", " AT TIME ZONE 'UTC'"),
        ("", "1 FROM tasks", " CROSS JOIN tasks"),
        ("EXISTS (SELECT ", "1", ")"),
        ("CAST(", "1", " AS text)"),
        ("1 + (", "1", ")"),
        ("(1, ", "1", ")"),
        ("f.", "x", ""),
        ("DISTINCT ", "x", ""),
        ("interval ", "'x'", ""),
        ("date ", "'x'", ""),
        ("* FROM (", "tasks", ")"),
        ("* FROM (SELECT ", "1", ") x"),
        ("", "'{}'::jsonb", " -> 'a'"),
        ("case-", "c", ""),
        ("1 IN (", "1", ")"),
        ("1 BETWEEN 1 AND ", "1", ""),
        ("NOT (", "true", ")"),
        ("(- ", "1", ")"),
        ("interval (", "'1'", ")"),
        ("position('x' IN ", "'x'", ")"),
        ("coalesce((", "1", "))"),
        ("(date '2024-01-01', (", "1", "))"),
        ("1 FROM (tasks JOIN ", "tasks ON true", ")"),
        ("1 FROM lower(", "'x'", ")"),
        ("1 = ANY (", "$1", ")"),
        ("NOT EXISTS (SELECT ", "1", ")"),
    ];
    in_a_thread(move || {
        for (before, inner, after) in nests {
            for times in [10, 50, 59, 100, 150, 290, 440, 890, 3_000, 6_000] {
                let sql = repeated(before, inner, after, times);
                drop(Guard::default().check(&sql, &Policy::readonly(), &CATALOG));
            }
            let sql = repeated(before, inner, after, 6_000);
            assert!(Guard::default().check(&sql, &Policy::readonly(), &CATALOG).is_err(), "{before}…{after}");
        }
    });
}

#[test]
fn a_long_list_is_not_deep() {
    let list = (0..5_000).map(|number| number.to_string()).collect::<Vec<_>>().join(", ");
    let sql = format!("SELECT id FROM tasks WHERE priority IN ({list})");
    in_a_thread(move || Guard::default().check(&sql, &Policy::readonly(), &CATALOG).map(drop))
        .expect("a long list");
}
