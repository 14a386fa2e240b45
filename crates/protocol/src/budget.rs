//! How much memory a decoder may still take.

use crate::DecodeError;

/// Bytes of memory that decoding may still allocate.
///
/// A value, not a shared counter: hand what a connection has left to [`Reader::with_budget`](crate::Reader::with_budget)
/// and take back [`Reader::budget`](crate::Reader::budget) afterwards; the difference is what the decoded value holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeBudget {
    left: usize,
}

impl DecodeBudget {
    /// A decoder never allocates more than this many bytes for each byte of its input.
    pub const PER_BYTE: usize = 64;

    /// `bytes` of memory.
    pub const fn new(bytes: usize) -> Self {
        Self { left: bytes }
    }

    /// What an input of `length` bytes may cost.
    pub const fn for_input(length: usize) -> Self {
        Self::new(length.saturating_mul(Self::PER_BYTE))
    }

    /// Bytes left.
    pub const fn left(self) -> usize {
        self.left
    }

    /// Takes `bytes`.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn charge(&mut self, bytes: usize) -> Result<(), DecodeError> {
        self.left = self.after(bytes)?;
        Ok(())
    }

    /// Takes the `new` bytes of a grown buffer and gives back the `old` ones; both exist for a moment.
    pub(crate) fn exchange(&mut self, old: usize, new: usize) -> Result<(), DecodeError> {
        self.left = self.after(new)? + old;
        Ok(())
    }

    /// Gives back bytes that were taken.
    pub fn refund(&mut self, bytes: usize) {
        self.left = self.left.saturating_add(bytes);
    }

    fn after(self, needed: usize) -> Result<usize, DecodeError> {
        self.left.checked_sub(needed).ok_or(DecodeError::BudgetExceeded { needed, left: self.left })
    }
}
