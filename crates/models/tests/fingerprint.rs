//! Which errors belong together.

use proptest::prelude::*;
use taskmaster_models::{ErrorType, Fingerprint, NewErrorLog};

fn of_message(message: &str) -> Fingerprint {
    Fingerprint::from_parts(ErrorType::General, None, message, None)
}

fn of_stack(stack: &str) -> Fingerprint {
    Fingerprint::from_parts(ErrorType::General, None, "it failed", Some(stack))
}

#[test]
fn messages_that_differ_in_values_only_belong_together() {
    for (one, other) in [
        ("task 17 not found", "task 4000000 not found"),
        ("balance is -5.25", "balance is 1,000"),
        ("factor 1e-7", "factor 0.5"),
        ("took 900ms", "took 1.2s"),
        ("sent 512 of 4096", "sent 1 of 2"),
        ("read 10MB", "read 3.5GiB"),
        (
            "task 0198c0de-77aa-7bbb-8ccc-1234567890ab is gone",
            "task F47AC10B-58CC-4372-A567-0E02B2C3D479 is gone",
        ),
        ("commit 3f2a1b9 is gone", "commit da39a3ee5e6b4b0d3255bfef95601890afd80709 is gone"),
        ("commit 1234567 is gone", "commit 3f2a1b9 is gone"),
        ("run 01ARZ3NDEKTSV4RRFFQ69G5FAV ended", "run 01BX5ZZKBKACTAV9WEVGEMMVRZ ended"),
        ("order k3J9xQz2Lm is gone", "order Zp07aKd4 is gone"),
        ("order k3JxQzLmPw is gone", "order 0xAb3kQz2L is gone"),
        ("job_k3J9xQz2Lm died", "job_Q4vB7nM2xW8c died"),
        ("task_k3J9xQz2LmZp07aK died", "task_Q4vB7nM2xW8c died"),
        ("file V1StGXR8_Z5jdHi6B-myT lost", "file my-R8xZ5jdHi6B_GXa9qW lost"),
        ("file 'aB-3d_F-7h-J_0lMn-pQ8' lost", "file '-_x1Y-zK8wq--vT5r2_sU' lost"),
        ("no key tmk_prod_0A1b2C3d4E", "no key tmk_dev_zzzzzzzzzz"),
        ("no key tmk_stg_LOOKUPID_x", "no key tmk_prod_abcdefghij"),
        ("at 0x7ffd5e8c", "at 0xDEADBEEF00"),
        ("connect to 10.0.0.7:5432 refused", "connect to 192.168.100.200:80 refused"),
        ("connect to db:5432 refused", "connect to db:65000 refused"),
        ("connect to [2001:db8::7]:443 refused", "connect to [fe80::1:2:3]:8443 refused"),
        ("neighbour 00:1a:2b:3c:4d:5e lost", "neighbour ff:ee:dd:cc:bb:a9 lost"),
        ("cannot open /var/lib/app/7.db", "cannot open /home/ada/x.db"),
        ("cannot open './a/b.txt': denied", "cannot open '/c.txt': denied"),
        ("at src/main.rs:12:5", "at crates/x/src/lib.rs:1"),
        (r"cannot open C:\Users\ada\a.txt", r"cannot open \\server\share\b"),
        ("GET https://api.example/tasks/7?x=1 failed", "GET https://api.example/users failed"),
        ("no mail to ada@example.com", "no mail to grace.h@mail.example.org"),
        ("since 2026-11-22T18:07:19.123Z", "since 2025-01-02T03:04:05+02:00"),
        ("since 2026-11-22 18:07:19", "since 2025-01-02 03:04:05.5"),
        ("since Nov 22 19:00:01", "since Feb  3 04:05:06"),
        ("since 22 Nov 2026", "since 3 May 2025"),
        ("since 22 November 2026, 19:00:01", "since 3 June 2025, 04:05:06"),
        ("since Sun, 22 Nov 2026 19:00:01 GMT", "since Tue, 3 Feb 2025 04:05:06 GMT"),
        ("since Sunday, November 22, 2026", "since Wednesday, March 3, 2025"),
        ("[22/Nov/2026:19:00:01 +0000] denied", "[03/Feb/2025:04:05:06 +0100] denied"),
        ("since 22-Nov-2026", "since 03-Feb-2025"),
        ("worker_12 died", "worker_3 died"),
        ("two  blanks\nor a line", "two blanks or a line"),
        (" around ", "around"),
    ] {
        assert_eq!(of_message(one), of_message(other), "{one:?} and {other:?}");
    }
}

#[test]
fn messages_that_differ_in_words_do_not_belong_together() {
    for (one, other) in [
        ("task not found", "user not found"),
        ("violates \"tasks_pkey\"", "violates \"tasks_status_check\""),
        ("missing field `title`", "missing field `status`"),
        ("called Option::unwrap()", "called Result::unwrap()"),
        ("in a::bad", "in a::dead"),
        ("read and/or write", "read or write"),
        ("GET https://api.example/x failed", "GET https://other.example/x failed"),
        ("deadbeef", "defaced"),
        ("Utf8Error in it", "Base64Error in it"),
        ("getHttp2Request failed", "sendHttp2Request failed"),
        ("userId-17-orderId-200", "taskId-17-orderId-200"),
        ("the Order-Service-v2-Prod is gone", "the Price-Service-v2-Prod is gone"),
        ("no tmk_prod in it", "no tmk_dev in it"),
        ("March on", "May on"),
        ("Monday 5", "Friday 5"),
        ("Market 5", "Decor 5"),
        ("it failed", "It failed"),
        ("ünïcode", "unicode"),
    ] {
        assert_ne!(of_message(one), of_message(other), "{one:?} and {other:?}");
    }
}

#[test]
fn type_and_code_tell_errors_apart_and_run_into_nothing() {
    let of = |error_type, code, message| Fingerprint::from_parts(error_type, code, message, None);
    let plain = of(ErrorType::General, None, "it failed");
    assert_ne!(plain, of(ErrorType::System, None, "it failed"));
    assert_ne!(plain, of(ErrorType::General, Some("E1"), "it failed"));
    assert_ne!(of(ErrorType::General, Some("E1"), "x"), of(ErrorType::General, Some("E2"), "x"));
    assert_ne!(of(ErrorType::General, Some("ab"), "c"), of(ErrorType::General, Some("a"), "bc"));
    assert_ne!(of_message("main"), Fingerprint::from_parts(ErrorType::General, None, "", Some("  0: main")));
}

const RUST: &str = "   0: std::backtrace::Backtrace::create
             at /rustc/abc/library/std/src/backtrace.rs:331:13
   1: app::pay::charge::h0123456789abcdef
             at ./src/pay.rs:12:5
   2: <app::Cart as app::Shop>::checkout
             at ./src/cart.rs:80:9
   3: app::main::{{closure}}";
const RUST_REBUILT: &str = "stack backtrace:
   0:     0x55d0a1b2c3d4 - std::panicking::begin_panic
   1:     0x55d0a1b2c3e4 - core::panicking::panic_fmt
   2:     0x55d0a1b2c3f4 - app::pay::charge::hfedcba9876543210
                               at /builds/7/src/pay.rs:19:1
   3:     0x55d0a1b2c404 - <app::Cart as app::Shop>::checkout
   4:     0x55d0a1b2c414 - app::main::{{closure}}";
const PYTHON: &str = "Traceback (most recent call last):
  File \"/app/main.py\", line 3, in <module>
    run()
  File \"/app/cart.py\", line 10, in pay
    raise ValueError(total)
ValueError: 7";
const PYTHON_ELSEWHERE: &str = "Traceback (most recent call last):
  File \"/x.py\", line 1, in first
KeyError: 'a'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File \"/srv/v2/main.py\", line 4, in <module>
  File \"/srv/v2/cart.py\", line 99, in pay
ValueError: 8";
const JAVASCRIPT: &str = "TypeError: x is undefined
    at Cart.pay (/app/cart.js:10:5)
    at async new Shop (file:///app/shop.js:7:1)
    at /app/main.3f2a1b9c.js:1:1
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)";
const JAVASCRIPT_ELSEWHERE: &str = "TypeError: y is undefined
    at Cart.pay (webpack:///cart.js?77:2)
    at new Shop (/srv/shop.js:8)
    at https://cdn.example/main.4f2a1b9d.js:33:44";
const JAVA: &str = "java.lang.IllegalStateException: 7
\tat com.shop.Cart.lambda$pay$0(Cart.java:10)
\tat app//com.shop.Main.main(Main.java:3)
\t... 23 more";
const JAVA_ELSEWHERE: &str = "java.lang.IllegalStateException: 8
\tat com.shop.Cart.lambda$pay$12(Cart.java:77)
\tat com.shop.Main.main(Main.java:4)
Caused by: java.io.IOException";
const GO: &str = "panic: 7

goroutine 1 [running]:
shop/cart.(*Cart).Pay(0xc0000b2000, 0x1)
\t/app/cart.go:42 +0x1d
main.main()
\t/app/main.go:10 +0x20";
const GO_ELSEWHERE: &str = "goroutine 77 [running]:
example.com/v2/shop/cart.(*Cart).Pay(0xc000012345, 0x7)
\t/srv/cart.go:43 +0x2e
main.main()
\t/srv/main.go:11 +0x21";

#[test]
fn traces_of_the_same_functions_belong_together() {
    for (one, other) in [
        (RUST, RUST_REBUILT),
        (PYTHON, PYTHON_ELSEWHERE),
        (JAVA, JAVA_ELSEWHERE),
        (GO, GO_ELSEWHERE),
        (
            "pay@https://shop.example/cart.js:10:5\n@https://shop.example/a/m.js:1:1",
            "pay@http://x/y.js:1:2\n@http://x/m.js:3:4",
        ),
        ("   at Shop.Cart.Pay(String id) in C:\\a.cs:line 7", "   at Shop.Cart.Pay(String name)"),
    ] {
        assert_eq!(of_stack(one), of_stack(other), "{one}\nand\n{other}");
    }
    // Of a file that no function is named in, the name counts, which a bundler changes with each build.
    let named = |stack: &str| of_stack(&stack.replace("3f2a1b9c", "1").replace("4f2a1b9d", "2"));
    assert_eq!(named(JAVASCRIPT), named(JAVASCRIPT_ELSEWHERE));
}

#[test]
fn traces_of_other_functions_do_not_belong_together() {
    for stack in [RUST, PYTHON, JAVASCRIPT, JAVA, GO] {
        assert_ne!(of_stack(stack), of_message("it failed"), "{stack}");
        let renamed = stack.replace("pay", "refund").replace("Pay", "Refund");
        assert_ne!(of_stack(stack), of_stack(&renamed), "{stack}");
    }
}

#[test]
fn only_the_five_topmost_functions_count() {
    let deep = |bottom: &str| {
        let frames = (0..5).map(|n| format!("   {n}: app::f{}\n", char::from(b'a' + n)));
        frames.chain([format!("   5: {bottom}\n")]).collect::<String>()
    };
    assert_eq!(of_stack(&deep("app::one")), of_stack(&deep("app::two")));
    let python = |bottom: &str| {
        let frames = (0..5).map(|n| format!("  File \"x.py\", line {n}, in f{}\n", char::from(b'a' + n)));
        let first = format!("Traceback (most recent call last):\n  File \"x.py\", line 1, in {bottom}\n");
        [first].into_iter().chain(frames).collect::<String>()
    };
    assert_eq!(of_stack(&python("one")), of_stack(&python("two")));
}

#[test]
fn a_trace_of_an_unknown_shape_counts_as_none() {
    for stack in
        ["", "   ", "no frames here\njust 7 words", "0: connection refused\n1: os error 111", "\0\n\u{feff}"]
    {
        assert_eq!(of_stack(stack), of_message("it failed"), "{stack:?}");
    }
}

#[test]
fn five_megabytes_are_read_no_further_than_they_count() {
    let long = format!("{RUST}\n{}", "   9: app::deep\n".repeat(350_000));
    assert!(long.len() > 5_000_000);
    assert_eq!(of_stack(&long), of_stack(&long[..10_000]));
    let recursion = "  File \"/app/cart.py\", line 10, in pay\n".repeat(140_000);
    let python = format!("Traceback (most recent call last):\n{recursion}");
    assert_eq!(of_stack(&python), of_stack(&python[..10_000]));
    let of_many = |count| of_message(&"task 17 of 23 failed; ".repeat(count));
    assert_eq!(of_many(10_000), of_many(200_000));
    for unit in ["1a", "1.", "a@", "a/", "0:", "a:", "1,", "0x", "ü", "(", "1e1", "2026-"] {
        of_message(&unit.repeat(3_000_000));
        of_stack(&unit.repeat(3_000_000));
    }
}

/// Whoever changes what comes of the algorithm makes a new version of it, and new numbers here.
#[test]
fn the_algorithm_has_a_version_and_stays_as_it_is() {
    let told: Vec<_> =
        [RUST, PYTHON, JAVASCRIPT, JAVA, GO].map(of_stack).iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "1:dd47126f2940f862dc8ed77bcc7efe95",
            "1:0bc6da8b05c1ad82043d10888d716879",
            "1:0f92c30d77c964af75ac17c61029f256",
            "1:8463064e64e930d80b88d5b89e0c7813",
            "1:283ae41b44b753d72c549b85028815ea"
        ]
    );
    let of = Fingerprint::from_parts(ErrorType::Database, Some("23505"), "task 17 is there", None);
    assert_eq!(of.to_string(), "1:84a6b5c72043206da865cb26c830835b");
    assert_eq!(of.algorithm(), Fingerprint::ALGORITHM);
}

#[test]
fn a_fingerprint_is_its_text() {
    let new = NewErrorLog::new(ErrorType::Network, "refused").fingerprint();
    assert_eq!(new.to_string().parse(), Ok(new));
    assert_eq!(serde_json::to_string(&new).unwrap(), format!("\"{new}\""));
    assert_eq!(serde_json::from_str::<Fingerprint>(&format!("\"{new}\"")).unwrap(), new);
    let other: Fingerprint = "99999:00000000000000000000000000000abc".parse().unwrap();
    assert_eq!(
        (other.algorithm(), other.to_string().as_str()),
        (99_999, "99999:00000000000000000000000000000abc")
    );
    let hash = "0".repeat(32);
    for (algorithm, hash) in [
        ("", &*hash),
        ("0", &hash),
        ("01", &hash),
        ("+1", &hash),
        ("100000", &hash),
        ("1", &hash[1..]),
        ("1", &hash.replace('0', "g")),
        ("1", &hash.replace('0', "A")),
        ("1", "+0000000000000000000000000000000"),
        ("1", &format!("{hash}0")),
    ] {
        let text = format!("{algorithm}:{hash}");
        assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        assert!(serde_json::from_str::<Fingerprint>(&format!("\"{text}\"")).is_err(), "{text}");
    }
    assert!(hash.parse::<Fingerprint>().is_err());
}

/// Ids that mix digits and letters of both cases, with two numbers in each: one that has a single number may look like a name.
fn base62_id(length: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    let character = prop::sample::select(('0'..='9').chain('A'..='Z').chain('a'..='z').collect::<Vec<_>>());
    prop::collection::vec(character, length).prop_map(|id| id.into_iter().collect::<String>()).prop_filter(
        "mixes digits and letters of both cases",
        |id| {
            let has = |kind: fn(&u8) -> bool| id.bytes().any(|b| kind(&b));
            let numbers = id.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty());
            numbers.count() >= 2 && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase)
        },
    )
}

proptest! {
    #[test]
    fn no_text_is_too_odd(message in any::<String>(), code in any::<Option<String>>(), stack in any::<String>()) {
        let of = || Fingerprint::from_parts(ErrorType::System, code.as_deref(), &message, Some(&stack));
        prop_assert_eq!(of(), of());
        prop_assert_eq!(of().to_string().parse(), Ok(of()));
    }

    #[test]
    fn no_trace_is_too_odd(lines in prop::collection::vec(
        "( {0,4}|\t)([0-9]{0,3}:|at |File \"|\\(|0x| - |@|::h|Traceback \\(most recent call last\\))?[a-z:/.(\"@,é ]{0,12}(, in |\\)|:[0-9])?", 0..12,
    )) {
        of_stack(&lines.join("\n"));
    }

    #[test]
    fn numbers_change_nothing(one in any::<i64>(), other in any::<i64>(), third in any::<u32>()) {
        let message = |n: &dyn std::fmt::Display| format!("step_{n} of run {n}: {n} left ({n})");
        prop_assert_eq!(of_message(&message(&one)), of_message(&message(&other)));
        let words = |n: u32| of_message(&format!("step{n} {}.{n} took {n}ms at x:{n}, {n}%", n / 7));
        prop_assert_eq!(words(third), words(17));
    }

    #[test]
    fn ids_change_nothing(one in any::<u128>(), other in any::<u128>()) {
        let uuid = |n| uuid::Uuid::from_u128(n).to_string();
        let message = |n| format!("task {}, task_{}: <{}>", uuid(n), uuid(n), uuid(n));
        prop_assert_eq!(of_message(&message(one)), of_message(&message(other)));
        let message = |n: u128| format!("commit {n:032x} at 0x{n:x}");
        prop_assert_eq!(of_message(&message(one)), of_message(&message(other)));
    }

    #[test]
    fn base62_ids_change_nothing(one in base62_id(8..40), other in base62_id(8..40)) {
        let message = |id: &str| format!("task {id}, task_{id}: <{id}> [id={id}] \"{id}\"; {id}/{id}");
        prop_assert_eq!(of_message(&message(&one)), of_message(&message(&other)));
    }

    #[test]
    fn keys_change_nothing(one in "tmk_(dev|stg|prod)_[0-9A-Za-z]{10}(_[0-9A-Za-z]{0,49})?", other in "tmk_prod_[0-9A-Za-z]{10}") {
        let message = |key: &str| format!("no key {key}, (see {key})");
        prop_assert_eq!(of_message(&message(&one)), of_message(&message(&other)));
    }

    #[test]
    fn paths_change_nothing(
        one in "(/[a-zA-Z0-9_.-]{1,12}){1,5}/[a-z]{1,8}\\.rs",
        other in "(/[a-zA-Z0-9_.-]{1,12}){1,5}/[a-z]{1,8}\\.rs",
        line in 1..10_000_u32,
    ) {
        let message = |path: &str| format!("cannot read {path}: denied (see \"{path}\")");
        prop_assert_eq!(of_message(&message(&one)), of_message(&message(&other)));
        let stack = |path: &str, line| format!("  0: app::pay\n      at {path}:{line}:5\n  1: app::main");
        prop_assert_eq!(of_stack(&stack(&one, line)), of_stack(&stack(&other, 7)));
    }

    #[test]
    fn words_count(one in "[a-z]{1,15}", other in "[a-z]{1,15}") {
        prop_assume!(one != other);
        prop_assert_ne!(of_message(&format!("no {one} here")), of_message(&format!("no {other} here")));
    }
}
