//! The pieces of a hit's text that show why it was found.
//!
//! Owns: what the words of a query are worth for that: what they are worth for the score, so a rare word
//! decides over a common one.

use super::{Mask, lexical};
use crate::error::Result;
use crate::index::text::{Snippet, SnippetShape, TextQuery, snippets};
use crate::state::Collection;

/// A text query, ready to be shown in texts of one collection.
pub struct Highlighter<'c> {
    collection: &'c Collection,
    query: TextQuery,
    weights: Vec<f32>,
    shape: SnippetShape,
}

impl<'c> Highlighter<'c> {
    /// Makes ready for the words of `text`, which are those of a lexical query.
    pub fn new(collection: &'c Collection, text: &str, shape: SnippetShape) -> Result<Self> {
        let query = lexical::parse(collection, text)?;
        let mask = Mask::new(collection, None)?;
        let weights = lexical::Search::new(collection, &query, &mask)?.weights();
        Ok(Highlighter {
            collection,
            query,
            weights,
            shape,
        })
    }

    /// The best pieces of a text, best first; none of an empty one.
    #[must_use]
    pub fn snippets(&self, text: &str) -> Vec<Snippet> {
        let analyzer = &self.collection.analyzer;
        snippets(text, &self.query, &self.weights, analyzer, self.shape)
    }
}
