//! Plain text for a terminal.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
};

use anyhow::{Error, Result};

/// Prints lines. Unlike `println!` it does not panic when nobody reads them any more.
pub(crate) fn say(text: impl Display) -> Result<()> {
    writeln!(io::stdout(), "{text}")?;
    Ok(())
}

/// Whether `error` means that nobody reads the output any more.
pub(crate) fn is_closed(error: &Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// `text` in one line of at most `columns` columns, without what would control the terminal.
pub(crate) fn one_line(text: &str, columns: usize) -> String {
    let mut line = String::new();
    let mut width = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        for c in (if line.is_empty() { "" } else { " " }).chars().chain(word.chars()) {
            // From here on most scripts take two columns; for those that take one the line only ends earlier.
            width += if c >= '\u{1100}' { 2 } else { 1 };
            if width >= columns {
                line.push('…');
                return line;
            }
            line.push(c);
        }
    }
    line
}

/// `text` without what would control the terminal, but in lines as it is.
pub(crate) fn plain(text: &str) -> String {
    text.replace(|c: char| c.is_control() && c != '\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_to_its_columns() {
        assert_eq!(one_line("three short words", 40), "three short words");
        assert_eq!(one_line("three short words", 8), "three s…");
        assert_eq!(one_line("日本語の題", 7), "日本語…");
    }

    #[test]
    fn nothing_controls_the_terminal() {
        assert_eq!(one_line("a\nb\t\u{1b}[31mc", 40), "a b [31mc");
        assert_eq!(plain("a\u{1b}[31m\nb"), "a [31m\nb");
    }
}
