//! Where `milena group reset` moves a group to: pure arithmetic on offsets.

use std::collections::BTreeMap;

use types::{PartitionIndex, TopicPartition};

/// What the options ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Earliest,
    Latest,
    Offset(i64),
    /// Relative to what is committed; back where negative.
    Shift(i64),
    /// The first record at or after this time, in milliseconds since 1970.
    Time(i64),
    /// Where it is: fixes offsets that are out of range, and tells a plan for `--from-file`.
    Current,
    Listed(BTreeMap<TopicPartition, i64>),
}

/// What is known of a partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) committed: Option<i64>,
    pub(super) earliest: i64,
    pub(super) latest: i64,
    /// The answer to [`Target::Time`]; `None` where every record is older.
    pub(super) at_time: Option<i64>,
}

impl Target {
    /// The offset to commit, within what the log holds; `None` leaves the partition as it is.
    pub(super) fn offset(&self, partition: &TopicPartition, known: Known) -> Option<i64> {
        let wanted = match self {
            Self::Earliest => known.earliest,
            Self::Latest => known.latest,
            Self::Offset(offset) => *offset,
            Self::Shift(by) => known.committed?.saturating_add(*by),
            Self::Time(_) => known.at_time.unwrap_or(known.latest),
            // As Kafka's tool: who has committed nothing is at the end.
            Self::Current => known.committed.unwrap_or(known.latest),
            Self::Listed(offsets) => *offsets.get(partition)?,
        };
        Some(wanted.clamp(known.earliest, known.latest.max(known.earliest)))
    }
}

/// `topic` or `topic:0,1`: a topic, and the partitions of it that are meant where not all are.
///
/// # Errors
/// Says what is expected.
pub(super) fn topic_and_partitions(text: &str) -> Result<(String, Option<Vec<PartitionIndex>>), String> {
    let Some((topic, numbers)) = text.split_once(':') else { return Ok((text.to_owned(), None)) };
    let numbers: Result<Vec<PartitionIndex>, _> =
        numbers.split(',').map(|number| number.trim().parse().map(PartitionIndex)).collect();
    match numbers {
        Ok(numbers) if !topic.is_empty() => Ok((topic.to_owned(), Some(numbers))),
        _ => Err("expected TOPIC or TOPIC:PARTITION,PARTITION".to_owned()),
    }
}

/// The lines of a plan, `topic,partition,offset`, as Kafka's tool exports them; a fourth column before them is the group.
///
/// # Errors
/// Names the first line that is none.
pub(super) fn listed(text: &str, group: &str) -> Result<BTreeMap<TopicPartition, i64>, String> {
    let mut offsets = BTreeMap::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split(',').map(|cell| cell.trim().trim_matches('"')).collect();
        let (topic, partition, offset) = match cells[..] {
            [topic, partition, offset] => (topic, partition, offset),
            [named, topic, partition, offset] if named == group => (topic, partition, offset),
            [_, _, _, _] => continue,
            _ => return Err(format!("line {}: expected TOPIC,PARTITION,OFFSET, not {line:?}", number + 1)),
        };
        let (Ok(partition), Ok(offset)) = (partition.parse(), offset.parse()) else {
            return Err(format!("line {}: {partition:?} and {offset:?} must be numbers", number + 1));
        };
        offsets.insert(TopicPartition::new(topic, PartitionIndex(partition)), offset);
    }
    Ok(offsets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition() -> TopicPartition {
        TopicPartition::new("t", PartitionIndex(1))
    }

    #[test]
    fn targets_stay_within_the_log() {
        let known = Known { committed: Some(50), earliest: 10, latest: 100, at_time: Some(70) };
        let check = |target: Target, expected| {
            assert_eq!(target.offset(&partition(), known), expected, "{target:?}");
        };
        check(Target::Earliest, Some(10));
        check(Target::Latest, Some(100));
        check(Target::Offset(42), Some(42));
        check(Target::Offset(5), Some(10));
        check(Target::Offset(500), Some(100));
        check(Target::Shift(-20), Some(30));
        check(Target::Shift(-1000), Some(10));
        check(Target::Shift(i64::MAX), Some(100));
        check(Target::Time(0), Some(70));
        check(Target::Current, Some(50));
        check(Target::Listed([(partition(), 60)].into()), Some(60));
        check(Target::Listed(BTreeMap::new()), None);
    }

    #[test]
    fn what_was_never_committed_is_not_shifted() {
        let known = Known { committed: None, earliest: 10, latest: 100, at_time: None };
        assert_eq!(Target::Shift(1).offset(&partition(), known), None);
        assert_eq!(Target::Current.offset(&partition(), known), Some(100));
        assert_eq!(Target::Time(0).offset(&partition(), known), Some(100), "every record is older");
    }

    #[test]
    fn plans_are_read_with_and_without_the_group() {
        let offsets = listed("t,1,7\n\n\"g\",\"t\",2,8\nother,t,3,9\n", "g").expect("a plan");
        let expected =
            [(1, 7), (2, 8)].map(|(index, offset)| (TopicPartition::new("t", PartitionIndex(index)), offset));
        assert_eq!(offsets, expected.into());
        assert!(listed("t,1\n", "g").expect_err("too short").starts_with("line 1"));
        assert!(listed("t,x,7\n", "g").is_err());
    }

    #[test]
    fn topics_are_named_whole_or_by_partition() {
        assert_eq!(topic_and_partitions("t"), Ok(("t".to_owned(), None)));
        let some = Some(vec![PartitionIndex(0), PartitionIndex(2)]);
        assert_eq!(topic_and_partitions("t:0,2"), Ok(("t".to_owned(), some)));
        for typed in [":0", "t:", "t:x"] {
            assert!(topic_and_partitions(typed).is_err(), "{typed}");
        }
    }
}
