//! What somebody who mistyped a word may have meant.

pub(crate) use types::spelling::nearest;

/// The end of a sentence about an unknown word.
pub(crate) fn or_nearest(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"))
}
