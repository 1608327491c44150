//! What each fuzz target does with its bytes: decode them, use what came out, and encode it again.
//!
//! Law of every target: hostile bytes give a value or a typed error; never a panic, a hang, or an
//! allocation by an unchecked length. Where a checksum would stop the fuzzer at the door, the target
//! also tries the bytes behind a checksum that fits.

mod bytes;
mod columns;
mod file;

pub use bytes::{filter, frame, manifest, record, superblock, text_index, text_query};
pub use columns::columns;
pub use file::{edges, file, pristine, segment};

use engram_core::error::{Class, Error};

/// Panics where an error blames anything but the bytes.
pub(crate) fn blames_the_bytes(error: &Error) {
    let class = error.code().class();
    assert!(
        matches!(class, Class::Corrupt | Class::Incompatible),
        "hostile bytes gave {error:?}"
    );
}
