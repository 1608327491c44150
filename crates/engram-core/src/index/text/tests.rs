//! Laws of the text index, by part.

use super::*;

mod analysis;
mod index;
mod ranking;
mod snippets;

fn english() -> Analyzer {
    Analyzer::new(Language::English)
}

fn plain() -> Analyzer {
    Analyzer::new(Language::None)
}

/// Terms with positions, as `term@position`, in the order of emission.
fn terms(text: &str, analyzer: &Analyzer) -> String {
    let mut found = Vec::new();
    analyzer.analyze(text, |term, position, _| {
        found.push(format!("{term}@{position}"))
    });
    found.join(" ")
}
