//! Memory that starts at a cache line.
//!
//! Owns: [`Aligned`], a buffer at a multiple of 64. A load that crosses a line costs two, and what
//! a kernel reads again for each row (a query, a panel) is worth a copy.

/// What a buffer can be of: plain numbers of four bytes, for which all zeros is a value.
pub(super) trait Number: Copy {}
impl Number for f32 {}
impl Number for i32 {}

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Numbers from a multiple of 64 on, zeros where nothing was written.
pub(super) struct Aligned<T: Number> {
    lines: Vec<Line>,
    len: usize,
    of: std::marker::PhantomData<T>,
}

impl<T: Number> Aligned<T> {
    /// `len` zeros.
    pub(super) fn zeros(len: usize) -> Aligned<T> {
        let lines = (len * size_of::<T>()).div_ceil(size_of::<Line>());
        Aligned {
            lines: vec![Line([0; 64]); lines],
            len,
            of: std::marker::PhantomData,
        }
    }

    /// A copy of `x`.
    pub(super) fn copy(x: &[T]) -> Aligned<T> {
        let mut copy = Aligned::zeros(x.len());
        copy.as_mut_slice().copy_from_slice(x);
        copy
    }

    pub(super) fn as_slice(&self) -> &[T] {
        // SAFETY: the lines are `len` numbers at least, initialised, aligned and without gaps.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: as above, and borrowed for as long as the result.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}
