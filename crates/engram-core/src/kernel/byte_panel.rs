//! Several vectors against rows of signed bytes: a fast MaxSim with a known error.
//!
//! Owns: [`BytePanel`]. With VNNI the vectors are rounded to bytes too, and the products are those
//! of bytes: four times as many at once as `panel` has. What that loses is bounded by
//! [`BytePanel::error`], so a caller can tell which documents to score again. The other levels have
//! no instruction that pays for the rounding; there it is a [`Panel`], and there is no error.
//!
//! Complexity: as `panel`.

use super::panel::{Panel, Weights};
#[cfg(target_arch = "x86_64")]
use super::vnni::VnniPanel;
use super::{Level, Rows};
use std::ops::Range;

/// Vectors laid out for rows of signed bytes.
pub struct BytePanel(Kind);

enum Kind {
    Exact(Panel),
    #[cfg(target_arch = "x86_64")]
    Rounded(VnniPanel),
}

impl BytePanel {
    /// Lays out the vectors of `dim` elements in `vectors`; what is left over is ignored.
    ///
    /// A fine one takes twice the time, and its error is one in 254. The panel is for the level of
    /// this moment, and is used at it.
    #[must_use]
    pub fn new(vectors: &[f32], dim: usize, fine: bool) -> BytePanel {
        BytePanel::at(Level::best(), vectors, dim, fine)
    }

    pub(super) fn at(level: Level, vectors: &[f32], dim: usize, fine: bool) -> BytePanel {
        // Longer rows could overflow a sum; nobody has them.
        #[cfg(target_arch = "x86_64")]
        if level == Level::Avx512 && dim <= 1 << 16 {
            return BytePanel(Kind::Rounded(VnniPanel::new(vectors, dim, fine)));
        }
        // However fine: without the instruction nothing is rounded.
        let _ = fine;
        BytePanel(Kind::Exact(Panel::at(level, vectors, dim)))
    }

    /// By how much a MaxSim of rows whose norm times weight is 1 can be off, beside the rounding of
    /// `f32` sums; where it is `r` at most, `r` times that. None says that it is that of a [`Panel`], to the bit.
    #[must_use]
    pub fn error(&self) -> Option<f32> {
        match &self.0 {
            Kind::Exact(_) => None,
            #[cfg(target_arch = "x86_64")]
            Kind::Rounded(panel) => Some(panel.error()),
        }
    }

    /// Replaces `out` by the MaxSim of each document, as [`Panel::max_sim`] of [`Rows::I8`].
    pub fn max_sim(
        &self,
        codes: &[i8],
        scales: &[f32],
        weights: Weights<'_>,
        documents: &[Range<usize>],
        out: &mut Vec<f32>,
    ) {
        match &self.0 {
            Kind::Exact(panel) => {
                panel.max_sim(Rows::I8 { codes, scales }, weights, documents, out);
            }
            #[cfg(target_arch = "x86_64")]
            Kind::Rounded(panel) => {
                panel.max_sim(codes, scales, weights, documents, out);
            }
        }
    }
}
