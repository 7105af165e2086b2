//! The names of functions in stack traces.

use super::mask::mask_digits;

/// How many frames count.
const FRAMES: usize = 5;
/// How much of a stack trace is read.
const READ: usize = 64 * 1024;
/// How much of a name counts.
const NAME: usize = 200;

/// What begins a trace of Python, in which the top comes last.
const PYTHON: &str = "Traceback (most recent call last)";

/// Reads one line: the name of the function of its frame, if the line is one.
type Shape = fn(&str) -> Option<&str>;

/// The shapes of traces in which the top comes first. The first shape that a trace has is read: in a trace of Rust, lines
/// that look like JavaScript's tell where the functions stand.
const SHAPES: [Shape; 4] = [rust, at, gecko, go];

/// The names of the topmost functions, the top first, without what differs from build to build and run to run.
pub(super) fn top(stack: &str) -> Vec<String> {
    let head = &stack[..stack.floor_char_boundary(READ)];
    let names = if head.contains(PYTHON) { python(stack) } else { top_first(head) };
    names.into_iter().map(|name| mask_digits(&name[..name.floor_char_boundary(NAME)])).collect()
}

fn top_first(head: &str) -> Vec<String> {
    let shape = SHAPES.iter().find(|shape| head.lines().any(|line| shape(line).is_some()));
    let names = head.lines().filter_map(*shape.unwrap_or(&SHAPES[0]));
    names.filter(|name| !is_machinery(name)).take(FRAMES).map(str::to_owned).collect()
}

/// Frames of the runtimes: what stands between the program and the trace, in every trace alike.
fn is_machinery(name: &str) -> bool {
    let name = name.trim_start_matches('<');
    ["std::", "core::", "alloc::", "backtrace::", "rust_begin_unwind", "__rust", "node:internal"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// `   3: app::pay::charge::h0123456789abcdef`, perhaps with an address before the name.
fn rust(line: &str) -> Option<&str> {
    let line = line.trim();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let name = line[digits..].strip_prefix(':').filter(|_| digits > 0)?.trim_start();
    let name = match name.split_once(" - ") {
        Some((address, name)) if address.starts_with("0x") => name,
        _ => name,
    };
    let name = match name.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => name,
        _ => name,
    };
    // A numbered list of causes is no trace.
    (name.contains("::") || !name.is_empty() && !name.contains(' ')).then_some(name)
}

/// `    at Cart.pay (/app/cart.js:10:5)`, `    at com.shop.Cart.pay(Cart.java:10)`, `   at Shop.Cart.Pay(String id) in …`, or
/// the place alone.
fn at(line: &str) -> Option<&str> {
    let call = line.trim_start().strip_prefix("at ").filter(|_| line.starts_with([' ', '\t']))?.trim();
    if call.contains("node:internal") {
        return Some("node:internal");
    }
    let call = call.strip_prefix("async ").unwrap_or(call);
    let call = call.strip_prefix("new ").unwrap_or(call);
    match call.split_once('(') {
        Some((name, _)) => last_part(name.trim_end()),
        None => file_name(call),
    }
}

/// `pay@https://shop.example/cart.js:10:5`
fn gecko(line: &str) -> Option<&str> {
    let (name, place) = line.trim().split_once('@')?;
    let ends_in_line = place.rsplit(':').next().is_some_and(|n| n.parse::<u32>().is_ok());
    if !ends_in_line || !place.contains('/') || name.contains(' ') {
        return None;
    }
    if name.is_empty() { file_name(place) } else { last_part(name) }
}

/// `shop/cart.(*Cart).Pay(0xc000012345, 0x1)`, at the beginning of a line.
fn go(line: &str) -> Option<&str> {
    let (name, _) = line.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    let is_name = name.contains('.') && !name.contains([' ', '\t']);
    if is_name { last_part(name) } else { None }
}

/// `  File "/app/cart.py", line 10, in pay`, top last; of several traces the last one is that of the error itself.
fn python(stack: &str) -> Vec<String> {
    let tail = &stack[stack.ceil_char_boundary(stack.len().saturating_sub(READ))..];
    let last = tail.rsplit_once(PYTHON).map_or(tail, |(_, last)| last);
    let frame = |line: &str| {
        let (file, rest) = line.trim_start().strip_prefix("File \"")?.split_once('"')?;
        let (_, function) = rest.split_once(", in ")?;
        let file = file_name(file)?;
        Some(format!("{}.{}", file.strip_suffix(".py").unwrap_or(file), function.trim_end()))
    };
    last.lines().rev().filter_map(frame).take(FRAMES).collect()
}

/// A name without the module's path or version before it.
fn last_part(name: &str) -> Option<&str> {
    name.rsplit('/').next().filter(|name| !name.is_empty())
}

/// The file of a place, without its folders and what follows it: a line, a column, a query.
fn file_name(place: &str) -> Option<&str> {
    let file = place.rsplit(['/', '\\']).next()?;
    file.split([':', '?', ' ']).next().filter(|file| !file.is_empty())
}
