//! Sets of characters: those of ASCII one by one, of the others what a class of the crate `regex` says.

use std::fmt::Write as _;

use super::Alphabet;

/// What is not ASCII.
const OTHERS: &str = r"[^\x00-\x7f]";

/// A set of characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CharSet {
    /// Of ASCII, a bit for each.
    pub(super) ascii: u128,
    /// What stands between the brackets of a class that has the others, such as `\x{e9}\p{Greek}[^\x00-\x7f\p{Han}]`. What
    /// it has of ASCII is in the set as well.
    others: String,
}

/// Characters that are no ASCII and are the same as an ASCII letter where case does not count.
const FOLDED: [(char, char); 2] = [('\u{17f}', 's'), ('\u{212a}', 'k')];

impl CharSet {
    /// Every character.
    pub(super) fn all() -> Self {
        Self { ascii: u128::MAX, others: OTHERS.to_owned() }
    }

    /// These of ASCII, a bit for each.
    pub(super) fn of_ascii(ascii: u128) -> Self {
        Self { ascii, others: String::new() }
    }

    /// The characters of one of Unicode's classes, of which those of ASCII are told; `name` is `None` where there are no
    /// others, or the engine does not know them.
    pub(super) fn of_class(ascii: u128, name: Option<&str>) -> Self {
        Self { ascii, others: name.map_or_else(String::new, |name| format!(r"\p{{{name}}}")) }
    }

    /// The characters from `low` to `high`.
    pub(super) fn range(low: char, high: char) -> Self {
        let mut set = Self::of_ascii(ascii_range(u32::from(low), u32::from(high)));
        if !high.is_ascii() {
            set.others = format!(r"\x{{{:x}}}-\x{{{:x}}}", u32::from(low).max(128), u32::from(high));
        }
        set
    }

    /// The characters from `low` to `high`, and of ASCII those that differ from them in case; of others whoever writes the
    /// set says so.
    pub(super) fn folded_range(low: char, high: char) -> Self {
        let mut set = Self::range(low, high);
        for (_, plain) in FOLDED.into_iter().filter(|(odd, _)| (low..=high).contains(odd)) {
            set.ascii |= 1 << u32::from(plain);
        }
        let mut set = set.folded();
        for (odd, plain) in FOLDED {
            if set.ascii >> u32::from(plain) & 1 == 1 {
                set = set.with(&Self::range(odd, odd));
            }
        }
        set
    }

    /// These, and of ASCII those that differ from them in case.
    pub(super) fn folded(mut self) -> Self {
        let range = |low: char, high: char| ascii_range(u32::from(low), u32::from(high));
        let (upper, lower) = (range('A', 'Z'), range('a', 'z'));
        self.ascii |= (self.ascii & upper) << 32 | (self.ascii & lower) >> 32;
        self
    }

    /// All others.
    pub(super) fn negated(self) -> Self {
        let others = match self.others.as_str() {
            "" => OTHERS.to_owned(),
            OTHERS => String::new(),
            others => format!(r"[^\x00-\x7f{others}]"),
        };
        Self { ascii: !self.ascii, others }
    }

    /// These and those.
    pub(super) fn with(mut self, other: &Self) -> Self {
        self.ascii |= other.ascii;
        self.others.push_str(&other.others);
        self
    }

    /// These without those of ASCII.
    pub(super) fn without_ascii(mut self, ascii: u128) -> Self {
        self.ascii &= !ascii;
        self
    }

    /// As a class of the crate `regex`, of the characters of `alphabet`; `folds`: case does not count.
    pub(super) fn class(&self, alphabet: Alphabet, folds: bool) -> String {
        let others = if alphabet == Alphabet::Ascii { "" } else { &*self.others };
        if self.ascii == 0 && others.is_empty() {
            // A class of nothing.
            return "[a&&b]".to_owned();
        }
        let mut class = String::from("[");
        let mut left = self.ascii;
        while left != 0 {
            let low = left.trailing_zeros();
            let length = (left >> low).trailing_ones();
            write!(class, "\\x{low:02x}-\\x{:02x}", low + length - 1).expect("a string takes all");
            left = if low + length == 128 { 0 } else { left >> (low + length) << (low + length) };
        }
        class.push_str(others);
        class.push(']');
        if folds && !others.is_empty() { format!("(?i:{class})") } else { class }
    }
}

/// The characters of ASCII from `low` to `high`, as bits.
pub(super) fn ascii_range(low: u32, high: u32) -> u128 {
    let high = high.min(127);
    if low > high { 0 } else { u128::MAX >> (127 - high) >> low << low }
}
