//! What somebody who mistyped a word may have meant.

pub(crate) use types::spelling::{nearest, or_nearest};
