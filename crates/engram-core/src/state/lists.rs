//! Lists over the vectors of some segments of a collection.

use crate::format::manifest::SegmentRef;
use crate::segment::ListSegment;
use std::sync::Arc;

/// A segment of lists.
#[derive(Clone)]
pub struct ListView {
    /// The manifest's entry.
    pub at: SegmentRef,
    /// The open segment.
    pub lists: Arc<ListSegment>,
}

impl ListView {
    /// Whether the rows of a segment are in its lists.
    #[must_use]
    pub fn covers(&self, segment: u64) -> bool {
        self.lists.head().covered.iter().any(|c| c.id == segment)
    }
}
