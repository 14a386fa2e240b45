//! Two snapshots as rows: what there is, and how fast it changed.

use std::collections::BTreeMap;

use super::controls::Tab;
use super::snapshot::{PartitionSnapshot, Snapshot};
use crate::output::Value;

/// Rows under titles. The first column names a row, and filters go by it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    pub(super) columns: &'static [Column],
    pub(super) rows: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// For people.
    pub(super) title: &'static str,
    /// For programs.
    key: &'static str,
}

/// What stands in a row.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub(super) enum Cell {
    /// Not known.
    Nothing,
    Count(i64),
    /// A second.
    Rate(f64),
    Text(String),
}

const fn column(title: &'static str, key: &'static str) -> Column {
    Column { title, key }
}

const TOPICS: &[Column] = &[
    column("TOPIC", "name"),
    column("PARTITIONS", "partitions"),
    column("RECORDS/S", "records_per_second"),
    column("BYTES", "bytes"),
    column("LAG", "lag"),
    column("BEHIND", "under_replicated"),
    column("OFFLINE", "offline"),
];

const PARTITIONS: &[Column] = &[
    column("PARTITION", "name"),
    column("LEADER", "leader"),
    column("IN SYNC", "in_sync"),
    column("REPLICAS", "replicas"),
    column("END", "end"),
    column("RECORDS/S", "records_per_second"),
    column("BYTES", "bytes"),
    column("LAG", "lag"),
];

const GROUPS: &[Column] = &[
    column("GROUP", "name"),
    column("STATE", "state"),
    column("PARTITIONS", "partitions"),
    column("RECORDS/S", "records_per_second"),
    column("LAG", "lag"),
];

impl Cell {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Nothing => "-".to_owned(),
            Self::Count(count) => count.to_string(),
            Self::Rate(rate) => format!("{rate:.1}"),
            Self::Text(text) => text.clone(),
        }
    }

    pub(super) fn is_number(&self) -> bool {
        !matches!(self, Self::Text(_))
    }

    fn value(&self) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::Count(count) => (*count).into(),
            Self::Rate(rate) => ((rate * 1000.0).round() / 1000.0).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }
}

impl From<Option<i64>> for Cell {
    fn from(count: Option<i64>) -> Self {
        count.map_or(Self::Nothing, Self::Count)
    }
}

impl From<usize> for Cell {
    fn from(count: usize) -> Self {
        Self::Count(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl Table {
    /// What a tab shows.
    pub(super) fn of(tab: Tab, before: &Snapshot, after: &Snapshot) -> Self {
        match tab {
            Tab::Topics => Self { columns: TOPICS, rows: topics(before, after) },
            Tab::Partitions => Self { columns: PARTITIONS, rows: partitions(before, after) },
            Tab::Groups => Self { columns: GROUPS, rows: groups(before, after) },
        }
    }

    /// For programs.
    pub(super) fn value(&self) -> Value {
        let row = |row: &Vec<Cell>| {
            let cells = self.columns.iter().zip(row);
            Value::Object(cells.map(|(column, cell)| (column.key.to_owned(), cell.value())).collect())
        };
        Value::List(self.rows.iter().map(row).collect())
    }

    /// For people: the titles, and a line for each row.
    pub(super) fn lines(&self) -> Vec<String> {
        let titles: Vec<String> = self.columns.iter().map(|column| column.title.to_owned()).collect();
        let cells = self.rows.iter().map(|row| row.iter().map(Cell::text).collect());
        let lines: Vec<Vec<String>> = std::iter::once(titles).chain(cells).collect();
        let width = |index: usize| lines.iter().map(|line| line[index].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let is_number = |index: usize| self.rows.iter().all(|row| row[index].is_number());
        let is_number: Vec<bool> = (0..self.columns.len()).map(is_number).collect();
        let laid_out = lines.iter().map(|line| {
            let cells =
                line.iter().zip(&widths).zip(&is_number).map(|((cell, width), is_number)| match is_number {
                    true => format!("{cell:>width$}"),
                    false => format!("{cell:<width$}"),
                });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        });
        laid_out.collect()
    }
}

/// The largest lag that a group has in each partition.
fn lags(snapshot: &Snapshot) -> BTreeMap<&types::TopicPartition, i64> {
    let mut lags = BTreeMap::new();
    for group in snapshot.groups.values() {
        for (partition, committed) in &group.committed {
            let end = snapshot.partitions.get(partition).and_then(|known| known.end);
            if let Some(end) = end {
                let lag = lags.entry(partition).or_insert(0);
                *lag = (end - committed).max(*lag);
            }
        }
    }
    lags
}

/// How much a number grew in a second.
fn rate(before: Option<i64>, after: Option<i64>, snapshots: (&Snapshot, &Snapshot)) -> Cell {
    let seconds = snapshots.1.taken_at.duration_since(snapshots.0.taken_at).as_secs_f64();
    match (before, after) {
        // A log that was made anew is not read backwards.
        (Some(before), Some(after)) if seconds > 0.0 => Cell::Rate((after - before).max(0) as f64 / seconds),
        _ => Cell::Nothing,
    }
}

/// The sum of what is known; nothing where nothing is.
fn sum(values: impl Iterator<Item = Option<i64>>) -> Option<i64> {
    values.flatten().reduce(i64::saturating_add)
}

fn topics(before: &Snapshot, after: &Snapshot) -> Vec<Vec<Cell>> {
    let lags = lags(after);
    let mut by_topic: BTreeMap<&str, Vec<(&types::TopicPartition, &PartitionSnapshot)>> = BTreeMap::new();
    for (name, partition) in &after.partitions {
        by_topic.entry(&name.topic).or_default().push((name, partition));
    }
    let row = |(topic, partitions): (&str, Vec<(&types::TopicPartition, &PartitionSnapshot)>)| {
        let known_before = |name| before.partitions.get(name).and_then(|known| known.end);
        // A partition that has come meanwhile began at 0.
        let ends_before = sum(partitions.iter().map(|(name, _)| known_before(name).or(Some(0))));
        let ends_after = sum(partitions.iter().map(|(_, partition)| partition.end));
        let count =
            |wanted: fn(&PartitionSnapshot) -> bool| partitions.iter().filter(|(_, it)| wanted(it)).count();
        vec![
            Cell::Text(topic.to_owned()),
            partitions.len().into(),
            rate(ends_before, ends_after, (before, after)),
            sum(partitions.iter().map(|(_, partition)| partition.bytes)).into(),
            sum(partitions.iter().map(|(name, _)| lags.get(name).copied())).into(),
            count(|it| it.leader.is_some() && it.in_sync < it.replicas).into(),
            count(|it| it.leader.is_none()).into(),
        ]
    };
    by_topic.into_iter().map(row).collect()
}

fn partitions(before: &Snapshot, after: &Snapshot) -> Vec<Vec<Cell>> {
    let lags = lags(after);
    let row = |(name, partition): (&types::TopicPartition, &PartitionSnapshot)| {
        let end_before = before.partitions.get(name).and_then(|known| known.end);
        vec![
            Cell::Text(name.to_string()),
            partition.leader.map(i64::from).into(),
            partition.in_sync.into(),
            partition.replicas.into(),
            partition.end.into(),
            rate(end_before, partition.end, (before, after)),
            partition.bytes.into(),
            lags.get(name).copied().into(),
        ]
    };
    after.partitions.iter().map(row).collect()
}

fn groups(before: &Snapshot, after: &Snapshot) -> Vec<Vec<Cell>> {
    let row = |(name, group): (&String, &super::snapshot::GroupSnapshot)| {
        let total = |snapshot: &Snapshot| {
            let group = snapshot.groups.get(name)?;
            Some(group.committed.values().sum::<i64>())
        };
        let lag = group.committed.iter().map(|(partition, committed)| {
            let end = after.partitions.get(partition)?.end?;
            Some((end - committed).max(0))
        });
        vec![
            Cell::Text(name.clone()),
            Cell::Text(group.state.clone()),
            group.committed.len().into(),
            rate(total(before), total(after), (before, after)),
            sum(lag).into(),
        ]
    };
    after.groups.iter().map(row).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use tokio::time::Instant;
    use types::TopicPartition;

    use super::super::snapshot::GroupSnapshot;
    use super::*;

    /// Two looks, two seconds apart: 10 records came, 4 were read; a partition has lost its leader.
    pub(in super::super) fn looks() -> (Snapshot, Snapshot) {
        let partition = |end: Option<i64>| PartitionSnapshot {
            leader: end.map(|_| 1),
            replicas: 2,
            in_sync: 1,
            end,
            bytes: end.map(|end| end * 100),
        };
        let group = |committed| GroupSnapshot {
            state: "Stable".to_owned(),
            committed: [(TopicPartition::new("orders", 0), committed)].into(),
        };
        let now = Instant::now();
        let look = |taken_at, end, committed| Snapshot {
            taken_at,
            cluster_id: "c".to_owned(),
            brokers: 2,
            partitions: [
                (TopicPartition::new("orders", 0), partition(Some(end))),
                (TopicPartition::new("stock", 0), partition(None)),
            ]
            .into(),
            groups: [("readers".to_owned(), group(committed))].into(),
        };
        (look(now, 90, 80), look(now + Duration::from_secs(2), 100, 84))
    }

    fn check(tab: Tab, expected: &[&str]) {
        let (before, after) = looks();
        assert_eq!(Table::of(tab, &before, &after).lines(), expected, "{tab:?}");
    }

    #[test]
    fn what_changed_between_two_looks_is_throughput() {
        check(
            Tab::Topics,
            &[
                "TOPIC   PARTITIONS  RECORDS/S  BYTES  LAG  BEHIND  OFFLINE",
                "orders           1        5.0  10000   16       1        0",
                "stock            1          -      -    -       0        1",
            ],
        );
        check(
            Tab::Partitions,
            &[
                "PARTITION  LEADER  IN SYNC  REPLICAS  END  RECORDS/S  BYTES  LAG",
                "orders-0        1        1         2  100        5.0  10000   16",
                "stock-0         -        1         2    -          -      -    -",
            ],
        );
        check(
            Tab::Groups,
            &["GROUP    STATE   PARTITIONS  RECORDS/S  LAG", "readers  Stable           1        2.0   16"],
        );
    }

    #[test]
    fn the_first_look_knows_no_throughput() {
        let (_, look) = looks();
        let table = Table::of(Tab::Topics, &look, &look);
        assert_eq!(table.rows[0][2], Cell::Nothing);
        let value = table.value();
        assert_eq!(value.items()[0].at("lag"), Some(&Value::Integer(16)));
        assert_eq!(value.items()[1].at("bytes"), Some(&Value::Null));
    }
}
