//! Which names a topic may have.

use crate::ControllerError;

/// Most bytes of a name: with the longest suffixes of a partition's directory it still fits a file name.
pub const NAME_BYTES_MAX: usize = 249;

/// The metadata log's own name, which no topic may take.
pub const CLUSTER_METADATA_TOPIC: &str = "__cluster_metadata";

/// Checks the letters and length of a name.
///
/// # Errors
/// [`ControllerError::InvalidTopicName`] for an empty name, `.`, `..`, more than 249 bytes, or a character other than
/// ASCII letters, digits, `.`, `_` and `-`.
pub fn check_name(name: &str) -> Result<(), ControllerError> {
    let is_legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    let reason = match name {
        "" => "it is empty",
        "." | ".." => "it means a directory",
        _ if name.len() > NAME_BYTES_MAX => "it is longer than 249 bytes",
        _ if !name.chars().all(is_legal) => "only ASCII letters, digits, '.', '_' and '-' are allowed",
        _ => return Ok(()),
    };
    Err(ControllerError::InvalidTopicName { name: name.chars().take(NAME_BYTES_MAX).collect(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Cluster;

    #[test]
    fn names_of_legal_letters_up_to_249_bytes_are_taken() {
        for name in ["a", "...", "a.b_c-D9", &"x".repeat(249)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", ".", "..", "a/b", "a b", "ä", "a\0", &"x".repeat(250)] {
            assert!(matches!(check_name(name), Err(ControllerError::InvalidTopicName { .. })), "{name}");
        }
    }

    #[test]
    fn names_that_differ_in_dots_and_underscores_only_collide() {
        let mut cluster = Cluster::of(1);
        cluster.create("a.b", 1, 1);
        let topics = &cluster.controller.image().topics;
        let colliding = |name: &str| topics.sharing_metrics_with(name).map(|name| name.to_string());
        assert_eq!(colliding("a_b"), Some("a.b".to_owned()));
        assert_eq!(colliding("a.b"), Some("a.b".to_owned()));
        assert_eq!(colliding("a-b"), None);
        assert_eq!(colliding("a_bc"), None);
    }
}
