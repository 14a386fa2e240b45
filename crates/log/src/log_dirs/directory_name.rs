//! What a partition directory's name says: `topic-0`, or `topic-0.<32 hex digits>-delete|-stray|-future`.

use std::fmt;

use types::TopicPartition;

/// What a partition's directory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryKind {
    /// The partition's log.
    Current,
    /// A log of a deleted topic, to be removed after `file.delete.delay.ms`.
    Delete,
    /// A log that no partition claims any more; kept until an operator removes it.
    Stray,
    /// The log of a replica on its way to this data directory (KIP-113).
    Future,
}

/// The name of a partition's directory, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryName {
    /// The partition.
    pub partition: TopicPartition,
    /// What the directory holds.
    pub kind: DirectoryKind,
    /// Tells several directories of one partition apart; empty for the current one.
    unique: String,
}

/// Longest file name that the file systems Kafka runs on take.
const NAME_LENGTH_MAX: usize = 255;

impl DirectoryName {
    /// The directory of the partition's log.
    pub fn current(partition: TopicPartition) -> Self {
        Self { partition, kind: DirectoryKind::Current, unique: String::new() }
    }

    /// The name that marks a directory for `kind`; `random` makes it unique.
    pub fn marked(partition: TopicPartition, kind: DirectoryKind, random: [u8; 16]) -> Self {
        let unique = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { partition, kind, unique }
    }

    /// Takes a name apart; `None` for a directory that is not a partition's.
    pub fn parse(name: &str) -> Option<Self> {
        let marks = [
            ("-delete", DirectoryKind::Delete),
            ("-stray", DirectoryKind::Stray),
            ("-future", DirectoryKind::Future),
        ];
        let marked = marks.iter().find_map(|(mark, kind)| Some((name.strip_suffix(mark)?, *kind)));
        let (base, unique, kind) = match marked {
            Some((rest, kind)) => {
                let (base, unique) = rest.rsplit_once('.')?;
                if unique.is_empty() || unique.contains('-') {
                    return None;
                }
                (base, unique, kind)
            }
            None => (name, "", DirectoryKind::Current),
        };
        let (topic, partition) = base.rsplit_once('-')?;
        let partition: i32 = partition.parse().ok().filter(|index| *index >= 0)?;
        if topic.is_empty() {
            return None;
        }
        Some(Self { partition: TopicPartition::new(topic, partition), kind, unique: unique.to_owned() })
    }
}

impl fmt::Display for DirectoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.kind {
            DirectoryKind::Current => return self.partition.fmt(f),
            DirectoryKind::Delete => "-delete",
            DirectoryKind::Stray => "-stray",
            DirectoryKind::Future => "-future",
        };
        let suffix = format!("-{}.{}{mark}", self.partition.partition, self.unique);
        // Of a long topic name only so much is kept that the whole fits a file name, as Kafka does.
        let room = NAME_LENGTH_MAX - suffix.len();
        let topic = &self.partition.topic[..self.partition.topic.len().min(room)];
        write!(f, "{topic}{suffix}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_and_put_together() {
        let current = DirectoryName::parse("my-topic-12").expect("a partition's directory");
        assert_eq!(current, DirectoryName::current(TopicPartition::new("my-topic", 12)));
        assert_eq!(current.to_string(), "my-topic-12");
        let deleted = "my.topic-0.0123456789abcdef0123456789abcdef-delete";
        let parsed = DirectoryName::parse(deleted).expect("a deleted partition's directory");
        assert_eq!((parsed.kind, parsed.partition.topic.as_ref()), (DirectoryKind::Delete, "my.topic"));
        assert_eq!(parsed.to_string(), deleted);
    }

    #[test]
    fn other_directories_are_no_partitions() {
        for name in
            ["lost+found", "topic", "-0", "topic-", "topic-x", "topic--1x", "topic-0-delete", "__x.y-future"]
        {
            assert_eq!(DirectoryName::parse(name), None, "{name}");
        }
    }

    #[test]
    fn a_long_topic_name_is_cut_so_that_the_mark_fits() {
        let topic = "t".repeat(249);
        let name = DirectoryName::marked(TopicPartition::new(topic, 7), DirectoryKind::Stray, [0xab; 16])
            .to_string();
        assert_eq!(name.len(), 255);
        assert!(name.ends_with(&format!("-7.{}-stray", "ab".repeat(16))));
    }
}
