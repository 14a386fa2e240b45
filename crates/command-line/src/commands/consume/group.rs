//! Reading a topic as a member of a group.

use std::collections::BTreeMap;

use client::consumer::{Consumer, ConsumerConfig, OffsetReset, PartitionRecords};
use client::{AutoCreate, ClientError, NetworkClient};
use tokio::signal::unix::{Signal, SignalKind, signal};
use types::{Offset, TopicPartition};

use super::ConsumeArguments;
use super::printer::{Printer, Stop};
use super::reading;
use crate::failure::Failure;

/// Reads what the group gives this member, until there is nothing more to print or somebody interrupts; then leaves.
pub(super) async fn print_records(
    arguments: &ConsumeArguments,
    group: &str,
    client: &NetworkClient,
    printer: &mut Printer,
) -> Result<(), Stop> {
    let topic = client.topic(&arguments.topic, AutoCreate::Forbidden).await?;
    let config = ConsumerConfig {
        group_protocol: arguments.group_protocol(),
        isolation_level: arguments.isolation_level(),
        offset_reset: match arguments.from_beginning {
            true => OffsetReset::Earliest,
            false => OffsetReset::Latest,
        },
        ..ConsumerConfig::of_group(group)
    };
    let consumer = Consumer::new(client, config);
    let partitions = topic
        .partitions
        .iter()
        .map(|known| TopicPartition { topic: topic.name.clone(), partition: known.index });
    let partitions: Vec<TopicPartition> = partitions.collect();
    let ends = if arguments.exit_at_end { Some(consumer.end_offsets(&partitions).await?) } else { None };
    consumer.subscribe([topic.name.clone()])?;
    let mut interrupts =
        signal(SignalKind::interrupt()).map_err(|error| Failure::runtime("signal", error))?;
    let ended = read(&consumer, ends.as_ref(), &mut interrupts, printer).await;
    // Also commits what was printed, and says goodbye, so that the others need not wait for the session's end; whoever is in
    // a hurry interrupts that, too.
    let closed = tokio::select! {
        biased;
        _ = interrupts.recv() => return Err(Stop::Interrupted),
        closed = consumer.close() => closed,
    };
    ended?;
    Ok(closed?)
}

async fn read(
    consumer: &Consumer,
    ends: Option<&BTreeMap<TopicPartition, Offset>>,
    interrupts: &mut Signal,
    printer: &mut Printer,
) -> Result<(), Stop> {
    while !printer.is_done() {
        let records = tokio::select! {
            biased;
            _ = interrupts.recv() => return Ok(()),
            records = reading::poll(consumer) => records?,
        };
        if let Some(records) = &records {
            print(consumer, records, ends, printer)?;
        }
        if let Some(ends) = ends
            && has_read_all(consumer, ends).await?
        {
            return Ok(());
        }
    }
    Ok(())
}

/// Prints what was asked for; what was not printed is not committed.
fn print(
    consumer: &Consumer,
    records: &PartitionRecords,
    ends: Option<&BTreeMap<TopicPartition, Offset>>,
    printer: &mut Printer,
) -> Result<(), Stop> {
    let end = ends.and_then(|ends| ends.get(&records.partition)).copied().unwrap_or(Offset(i64::MAX));
    let printed = printer.print(records, end);
    let next = *printed.as_ref().unwrap_or(&records.position);
    if next < records.next_position {
        match consumer.seek(&records.partition, next) {
            // It went to another member meanwhile, who reads it again.
            Err(ClientError::NotAssigned { .. }) => {}
            sought => sought?,
        }
    }
    printed.map(|_| ())
}

/// Whether everything this member was given is read up to these ends.
async fn has_read_all(
    consumer: &Consumer,
    ends: &BTreeMap<TopicPartition, Offset>,
) -> Result<bool, ClientError> {
    let assignment = consumer.assignment();
    for partition in &assignment {
        let Some(end) = ends.get(partition) else { continue };
        if !reading::has_read_to(consumer, partition, *end).await? {
            return Ok(false);
        }
    }
    Ok(!assignment.is_empty())
}
