use std::collections::BTreeSet;

use taskmaster_models::{SearchHit, SearchRequest};

/// How many words a snippet has at most.
const SNIPPET_WORDS: usize = 30;

/// What a search asks for: alternatives, of which one must hold.
pub(super) struct Query(Vec<Vec<Term>>);

/// One word, or several that must follow each other.
struct Term {
    words: Vec<String>,
    wanted: bool,
}

/// A word of a text: where it begins and ends, and how it compares.
struct Word {
    begin: usize,
    end: usize,
    lower: String,
}

impl Query {
    /// Reads what people write into a search box. Text without a word asks for nothing that could be found.
    pub(super) fn parse(text: &str) -> Self {
        let mut alternatives = vec![Vec::new()];
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (wanted, after_sign) = rest.strip_prefix('-').map_or((true, rest), |after| (false, after));
            let quoted = after_sign.strip_prefix('"');
            let (token, after) = match quoted {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => {
                    after_sign.split_once(|c: char| c.is_whitespace() || c == '"').unwrap_or((after_sign, ""))
                }
            };
            if quoted.is_none() && wanted && token.eq_ignore_ascii_case("or") {
                alternatives.push(Vec::new());
            } else if let Some(alternative) = alternatives.last_mut() {
                let words: Vec<_> = words(token).into_iter().map(|word| word.lower).collect();
                if !words.is_empty() {
                    alternative.push(Term { words, wanted });
                }
            }
            rest = after.trim_start();
        }
        alternatives.retain(|alternative| !alternative.is_empty());
        Self(alternatives)
    }

    /// The hit that an item is, if it is one. It has several texts, of which each finds with its own weight.
    pub(super) fn hit<T: Clone>(&self, item: &T, texts: &[(f32, &str)]) -> Option<SearchHit<T>> {
        let read: Vec<_> = texts.iter().map(|(weight, text)| (*weight, *text, words(text))).collect();
        let occurs = |term: &Term| read.iter().any(|(_, _, words)| !term.places(words).is_empty());
        if !self.0.iter().any(|terms| terms.iter().all(|term| occurs(term) == term.wanted)) {
            return None;
        }
        let mut rank = 0.0;
        let mut snippets = Vec::new();
        for (weight, text, words) in &read {
            let wanted = self.0.iter().flatten().filter(|term| term.wanted);
            let finds: BTreeSet<usize> = wanted.flat_map(|term| term.places(words)).collect();
            // Each find counts half of the one before it, so that no number of lesser finds outweighs one in the title.
            rank += finds.iter().fold((0.0, *weight), |(sum, next), _| (sum + next, next / 2.0)).0;
            if !finds.is_empty() {
                snippets.push(snippet(text, words, &finds));
            }
        }
        Some(SearchHit { item: item.clone(), rank, snippet: snippets.join(" … ") })
    }
}

impl Term {
    /// The places of all words that are part of a find.
    fn places(&self, words: &[Word]) -> Vec<usize> {
        let length = self.words.len();
        let is_find = |window: &[Word]| window.iter().map(|word| &word.lower).eq(&self.words);
        let begins = words.windows(length).enumerate().filter(|(_, window)| is_find(window));
        begins.flat_map(|(begin, _)| begin..begin + length).collect()
    }
}

fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut begin = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match begin {
            None if c.is_alphanumeric() => begin = Some(at),
            Some(from) if !c.is_alphanumeric() => {
                words.push(Word { begin: from, end: at, lower: text[from..at].to_lowercase() });
                begin = None;
            }
            _ => {}
        }
    }
    words
}

/// The text from a few words before the first find on, with each find marked.
fn snippet(text: &str, words: &[Word], finds: &BTreeSet<usize>) -> String {
    let first = finds.first().map_or(0, |first| first.saturating_sub(SNIPPET_WORDS / 3));
    let mut snippet = String::new();
    let mut end = words.get(first).map_or(0, |word| if first == 0 { 0 } else { word.begin });
    for (place, word) in words.iter().enumerate().skip(first).take(SNIPPET_WORDS) {
        snippet.push_str(&text[end..word.begin]);
        let found = &text[word.begin..word.end];
        let mark = if finds.contains(&place) { "**" } else { "" };
        snippet.extend([mark, found, mark]);
        end = word.end;
    }
    snippet
}

/// The hits that are asked for out of all, which are given newest first.
pub(super) fn best<T>(mut hits: Vec<SearchHit<T>>, request: &SearchRequest) -> Vec<SearchHit<T>> {
    hits.sort_by(|a, b| b.rank.total_cmp(&a.rank));
    hits.into_iter().skip(request.offset as usize).take(request.limit as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(query: &str, text: &str) -> bool {
        Query::parse(query).hit(&(), &[(1.0, text)]).is_some()
    }

    #[test]
    fn all_words_must_occur_in_any_case_and_order() {
        assert!(finds("passkey LOG", "Log in with a passkey"));
        assert!(!finds("passkey password", "Log in with a passkey"));
        assert!(!finds("pass", "Log in with a passkey"));
    }

    #[test]
    fn quotes_or_and_minus_mean_what_they_do_in_a_search_box() {
        assert!(finds("\"with a\"", "Log in with a passkey"));
        assert!(!finds("\"a with\"", "Log in with a passkey"));
        assert!(finds("password or passkey", "Log in with a passkey"));
        assert!(!finds("log -passkey", "Log in with a passkey"));
        assert!(finds("log -password", "Log in with a passkey"));
        assert!(finds("say\"with a\"", "say with a"));
    }

    #[test]
    fn text_without_a_word_finds_nothing() {
        for odd in ["", " ", "%", "_", "'", "((", "!!", "\"", "-", "--", "\"\"", "or", "- \""] {
            assert!(!finds(odd, "100% of a_b or 'quoted' ((text))"), "{odd:?}");
        }
    }

    #[test]
    fn a_snippet_shows_the_words_around_the_finds() {
        let text = format!("{} here is the Needle, and {}", "hay ".repeat(100), "hay ".repeat(100));
        let hit = Query::parse("needle").hit(&(), &[(1.0, &text)]).unwrap();
        assert!(hit.snippet.contains("here is the **Needle**, and hay"));
        assert!(hit.snippet.len() < 200);
    }
}
