//! Sets of ASCII characters: all that a class of a pattern means for names of topics, which are ASCII.

use std::fmt;

/// ASCII characters, a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AsciiSet(pub(super) u128);

/// Characters that are no ASCII and are the same as an ASCII letter where case does not count.
const FOLDED: [(char, char); 2] = [('\u{17f}', 's'), ('\u{212a}', 'k')];

impl AsciiSet {
    /// Every character.
    pub(super) const ALL: Self = Self(u128::MAX);

    /// The characters from `low` to `high`.
    pub(super) fn range(low: char, high: char) -> Self {
        let (low, high) = (u32::from(low), u32::from(high).min(127));
        if low > high {
            return Self::default();
        }
        let up_to_high = u128::MAX >> (127 - high);
        Self(up_to_high >> low << low)
    }

    /// The characters from `low` to `high`, and those that differ from them in case.
    pub(super) fn folded_range(low: char, high: char) -> Self {
        let plain = FOLDED.into_iter().filter(|(odd, _)| (low..=high).contains(odd));
        plain.fold(Self::range(low, high), |set, (_, plain)| set.with(Self::range(plain, plain))).folded()
    }

    /// These, and those that differ from them in case.
    pub(super) fn folded(self) -> Self {
        let (upper, lower) = (Self::range('A', 'Z').0, Self::range('a', 'z').0);
        Self(self.0 | (self.0 & upper) << 32 | (self.0 & lower) >> 32)
    }

    /// All others.
    pub(super) fn negated(self) -> Self {
        Self(!self.0)
    }

    /// These and those.
    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// As a class of the crate `regex`.
impl fmt::Display for AsciiSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            // A class of nothing.
            return f.write_str("[a&&b]");
        }
        f.write_str("[")?;
        let mut left = self.0;
        while left != 0 {
            let low = left.trailing_zeros();
            let length = (left >> low).trailing_ones();
            write!(f, "\\x{low:02x}-\\x{:02x}", low + length - 1)?;
            left = if low + length == 128 { 0 } else { left >> (low + length) << (low + length) };
        }
        f.write_str("]")
    }
}
