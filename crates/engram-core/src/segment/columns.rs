//! The columns of an open segment.
//!
//! Owns: the way from a path to its column, which touches the directory and that column only.

use super::read::Segment;
use crate::error::Result;
use crate::format::segment::{Part, kind};
use crate::index::column::{self, Column, Directory, Found};

/// What a segment knows of a path.
#[allow(
    clippy::large_enum_variant,
    reason = "one lives on the stack while a test is answered; a box would cost more than it saves"
)]
pub enum PathColumn<'a> {
    /// What its records have there.
    Column(Column<'a>),
    /// No record has it.
    Absent,
    /// Only the records can tell.
    Unknown,
}

impl Segment {
    /// The directory, its length, and the part that it stands at the start of.
    fn columns(&self) -> Result<(Directory<'_>, u64, Part)> {
        let part = self.need(kind::COLUMNS)?;
        let head = self.bytes(part, 0..column::HEAD_BYTES)?;
        let len = self.ok(column::length(head))?;
        let directory = self.ok(Directory::decode(self.bytes(part, 0..len)?))?;
        Ok((directory, len, part))
    }

    /// The column of a path, which is spelled as by [`column::name`].
    pub fn column(&self, name: &[u8]) -> Result<PathColumn<'_>> {
        let (directory, len, part) = self.columns()?;
        Ok(match self.ok(directory.find(name))? {
            Found::At(at) => {
                let bytes = self.bytes(part, len + at.start..len + at.end)?;
                PathColumn::Column(self.ok(Column::decode(bytes, self.records()))?)
            }
            Found::Absent => PathColumn::Absent,
            Found::NoColumn => PathColumn::Unknown,
        })
    }

    /// Whether some record may have something at a path.
    pub fn may_have(&self, name: &[u8]) -> Result<bool> {
        let (directory, ..) = self.columns()?;
        Ok(self.ok(directory.find(name))? != Found::Absent)
    }

    /// The metadata paths that have a column, dotted.
    pub fn fields(&self) -> Result<Vec<String>> {
        let paths = self.ok(self.columns()?.0.paths())?;
        Ok(paths.iter().map(|parts| parts.join(".")).collect())
    }
}
