//! Reading partitions of a topic without a group.

use std::collections::BTreeMap;

use client::admin::{Admin, OffsetSpec};
use client::consumer::{Consumer, ConsumerConfig, IsolationLevel, OffsetReset};
use client::{AutoCreate, ClientError, NetworkClient};
use types::{Offset, PartitionIndex, TopicPartition};

use super::ConsumeArguments;
use super::printer::{Printer, Stop};
use super::reading;
use crate::commands::offset_argument::OffsetArgument;

/// Reads the partitions by themselves until there is nothing more to print.
pub(super) async fn print_records(
    arguments: &ConsumeArguments,
    client: &NetworkClient,
    printer: &mut Printer,
) -> Result<(), Stop> {
    let isolation_level = arguments.isolation_level();
    let topic = client.topic(&arguments.topic, AutoCreate::Forbidden).await?;
    let partitions: Vec<PartitionIndex> = match arguments.partitions.as_slice() {
        [] => topic.partitions.iter().map(|partition| partition.index).collect(),
        named => named.iter().copied().map(PartitionIndex).collect(),
    };
    let offsets = |spec| offsets(client, &arguments.topic, &partitions, spec, isolation_level);
    let start = match arguments.offset {
        Some(offset) => offset,
        None if arguments.from_beginning => OffsetArgument::Beginning,
        None => OffsetArgument::End,
    };
    // Asked for before the start, so that the start is not behind it.
    let ends = if arguments.exit_at_end { Some(offsets(OffsetSpec::Latest).await?) } else { None };
    let positions = match start {
        OffsetArgument::Beginning => offsets(OffsetSpec::Earliest).await?,
        OffsetArgument::End => offsets(OffsetSpec::Latest).await?,
        OffsetArgument::At(offset) => {
            // Also finds out whether the partitions exist.
            offsets(OffsetSpec::Earliest).await?.into_keys().map(|index| (index, Offset(offset))).collect()
        }
        OffsetArgument::BeforeEnd(count) => {
            let (first, mut found) =
                (offsets(OffsetSpec::Earliest).await?, offsets(OffsetSpec::Latest).await?);
            for (index, offset) in &mut found {
                let first = first.get(index).map_or(0, |first| first.0);
                *offset = Offset(offset.0.saturating_sub(count).max(first));
            }
            found
        }
        OffsetArgument::Time(ms) => {
            at_time(client, &arguments.topic, &partitions, ms, isolation_level).await?
        }
    };
    let config = ConsumerConfig {
        isolation_level,
        offset_reset: match start {
            OffsetArgument::At(_) => OffsetReset::Fail,
            _ => OffsetReset::Earliest,
        },
        ..ConsumerConfig::default()
    };
    let consumer = Consumer::new(client, config);
    let of_topic = |(index, offset)| (TopicPartition { topic: topic.name.clone(), partition: index }, offset);
    consumer.assign_at(positions.into_iter().map(of_topic))?;
    let Some(ends) = ends else {
        while !printer.is_done() {
            printer.print(&consumer.poll().await?, Offset(i64::MAX))?;
        }
        return Ok(consumer.close().await?);
    };
    let mut ends: BTreeMap<_, _> = ends.into_iter().map(of_topic).collect();
    while !printer.is_done() {
        for (partition, end) in ends.clone() {
            if reading::has_read_to(&consumer, &partition, end).await? {
                ends.remove(&partition);
            }
        }
        if ends.is_empty() {
            break;
        }
        if let Some(records) = reading::poll(&consumer).await?
            && let Some(end) = ends.get(&records.partition)
        {
            printer.print(&records, *end)?;
        }
    }
    consumer.close().await?;
    Ok(())
}

async fn offsets(
    client: &NetworkClient,
    topic: &str,
    partitions: &[PartitionIndex],
    spec: OffsetSpec,
    isolation_level: IsolationLevel,
) -> Result<BTreeMap<PartitionIndex, Offset>, ClientError> {
    let specs = partitions.iter().map(|index| (TopicPartition::new(topic, *index), spec));
    let found = Admin::new(client.clone()).list_offsets(&specs.collect(), isolation_level).await?;
    let mut offsets = BTreeMap::new();
    for (partition, listed) in found {
        // There is none where every record is older than the time.
        if let Some(offset) = listed?.offset {
            offsets.insert(partition.partition, offset);
        }
    }
    Ok(offsets)
}

/// The first offsets at or after a time; the ends where every record is older.
async fn at_time(
    client: &NetworkClient,
    topic: &str,
    partitions: &[PartitionIndex],
    ms: i64,
    isolation_level: IsolationLevel,
) -> Result<BTreeMap<PartitionIndex, Offset>, ClientError> {
    let mut positions = offsets(client, topic, partitions, OffsetSpec::Latest, isolation_level).await?;
    positions.extend(offsets(client, topic, partitions, OffsetSpec::Timestamp(ms), isolation_level).await?);
    Ok(positions)
}
