//! The patterns of `LIKE`.
//!
//! Owns: what a pattern means. `%` stands for any characters, none included, `_` for exactly one;
//! a backslash before either of them, or before a backslash, takes it literally. Letter case
//! counts. Complexity: matching takes at most pattern length x text length steps (after a `%` only
//! the last one is ever tried again), and no allocation.

/// A pattern, kept beside what it was made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Like {
    pattern: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece {
    One(char),
    AnyOne,
    AnyMany,
}

impl Like {
    /// Reads a pattern; every text is one.
    #[must_use]
    pub fn new(pattern: &str) -> Like {
        let mut pieces = Vec::new();
        let mut chars = pattern.chars().peekable();
        while let Some(c) = chars.next() {
            pieces.push(match c {
                '%' if pieces.last() == Some(&Piece::AnyMany) => continue,
                '%' => Piece::AnyMany,
                '_' => Piece::AnyOne,
                '\\' => Piece::One(chars.next_if(|next| "%_\\".contains(*next)).unwrap_or(c)),
                c => Piece::One(c),
            });
        }
        Like {
            pattern: pattern.to_owned(),
            pieces,
        }
    }

    /// The text that the pattern was made from.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// What every matching text begins with.
    #[must_use]
    pub fn prefix(&self) -> String {
        let literal = |piece: &Piece| match piece {
            Piece::One(c) => Some(*c),
            Piece::AnyOne | Piece::AnyMany => None,
        };
        self.pieces.iter().map_while(literal).collect()
    }

    /// Whether the whole of `text` fits.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let mut pieces = self.pieces.as_slice();
        let mut rest = text.chars();
        // Where to go on if what follows the last `%` does not fit: one character further.
        let mut again: Option<(&[Piece], std::str::Chars<'_>)> = None;
        loop {
            let mut ahead = rest.clone();
            let fits = match (pieces.split_first(), ahead.next()) {
                (Some((Piece::AnyMany, [])), _) | (None, None) => return true,
                (Some((Piece::AnyMany, after)), _) => {
                    again = Some((after, rest.clone()));
                    pieces = after;
                    continue;
                }
                (Some((Piece::AnyOne, after)), Some(_)) => Some(after),
                (Some((Piece::One(wanted), after)), Some(c)) if *wanted == c => Some(after),
                _ => None,
            };
            match (fits, &mut again) {
                (Some(after), _) => (pieces, rest) = (after, ahead),
                (None, Some((after, from))) => {
                    if from.next().is_none() {
                        return false;
                    }
                    (pieces, rest) = (after, from.clone());
                }
                (None, None) => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By recursion over both texts.
    fn oracle(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], text) => text.is_empty(),
            (['%', rest @ ..], _) => {
                oracle(rest, text) || !text.is_empty() && oracle(pattern, &text[1..])
            }
            (['\\', c @ ('%' | '_' | '\\'), rest @ ..], [first, after @ ..]) => {
                first == c && oracle(rest, after)
            }
            (['_', rest @ ..], [_, after @ ..]) => oracle(rest, after),
            ([c, rest @ ..], [first, after @ ..]) => c == first && oracle(rest, after),
            (_, []) => false,
        }
    }

    proptest! {
        #[test]
        fn matching_agrees_with_the_oracle(pattern in "[a\u{e9}%_\\\\]{0,8}", text in "[a\u{e9}%_\\\\]{0,8}") {
            let chars = |s: &str| s.chars().collect::<Vec<_>>();
            let like = Like::new(&pattern);
            prop_assert_eq!(like.matches(&text), oracle(&chars(&pattern), &chars(&text)));
            prop_assert!(!like.matches(&text) || text.starts_with(&like.prefix()));
        }
    }

    #[test]
    fn many_wildcards_stay_quick() {
        let like = Like::new(&"%a".repeat(200));
        assert!(!like.matches(&format!("{}b", "a".repeat(20_000))));
    }
}
