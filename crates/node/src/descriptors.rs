//! Open files: a node asks for as many as the system lets it have, and does not start with too few.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::NodeError;

/// With fewer, a few logs and connections leave a node without any: each log holds its open segment and its indexes.
const MINIMUM: u64 = 256;

/// Raises the limit on open files as far as it goes.
///
/// # Errors
/// [`NodeError::TooFewDescriptors`] where that is below the minimum.
pub fn raise_limit() -> Result<(), NodeError> {
    let limit = getrlimit(Resource::Nofile);
    // Refused only where somebody lowered the hard limit meanwhile; the soft one then counts.
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let reached = if raised.is_ok() { limit.maximum } else { limit.current };
    match reached {
        Some(limit) if limit < MINIMUM => Err(NodeError::TooFewDescriptors { limit, minimum: MINIMUM }),
        _ => Ok(()),
    }
}
