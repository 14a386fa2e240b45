//! A partition on the command line, `TOPIC-PARTITION`: the number stands behind the last dash.

use types::TopicPartition;

/// Reads it as it is typed.
///
/// # Errors
/// Says what is expected.
pub(crate) fn parse(text: &str) -> Result<TopicPartition, String> {
    let parts = text.rsplit_once('-').filter(|(topic, _)| !topic.is_empty());
    match parts.map(|(topic, index)| (topic, index.parse::<i32>())) {
        Some((topic, Ok(index))) if index >= 0 => Ok(TopicPartition::new(topic, index)),
        _ => Err("expected a topic, a dash and a partition, such as orders-0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partitions_number_stands_behind_the_last_dash() {
        assert_eq!(parse("my-topic-12"), Ok(TopicPartition::new("my-topic", 12)));
        for wrong in ["topic", "topic-", "-1", "topic-x", "a--1x", ""] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
