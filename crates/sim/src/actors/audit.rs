//! The look at everything after a start: whatever was promised before has to be there.

use std::collections::BTreeMap;
use std::rc::Rc;

use io::Entropy;
use protocol::messages::fetch_request::FetchRequest;
use protocol::messages::metadata_request::MetadataRequest;
use protocol::messages::metadata_response::{MetadataResponsePartition, MetadataResponseTopic};
use types::Uuid;

use super::reading::{fetch_request, log_start, records_from};
use crate::book::{DiskState, Fate};
use crate::invariants::{self, Reading, Violation};
use crate::transactions::TOPICS;
use crate::wire::{Connection, Lost};
use crate::world::World;

/// The first version of Metadata that tells topic ids and takes requests for all topics as null.
const METADATA_TELLS_IDS: i16 = 12;

/// Holds the node to the book. Nobody else is connected yet. `false`: not everything could be looked at, for which only
/// a failing disk is an excuse.
pub(crate) async fn audit(world: &Rc<World>) -> bool {
    let mut connection = Connection::reliable(world, "audit", Entropy::from_seed(world.entropy.next_u64()));
    audit_all(world, &mut connection).await == Ok(())
}

async fn audit_all(world: &Rc<World>, connection: &mut Connection) -> Result<(), Lost> {
    let request = MetadataRequest { topics: None, ..Default::default() };
    let response = connection.call(&request, METADATA_TELLS_IDS).await?;
    let is_served = |topic: &MetadataResponseTopic| {
        let is_led = |partition: &MetadataResponsePartition| partition.error_code == 0;
        topic.error_code == 0 && topic.partitions.iter().all(is_led)
    };
    if world.is_disk_at_fault() && !response.topics.iter().all(is_served) {
        return Err(Lost);
    }
    world.check(audit_topics(world, &response.topics));
    let present = world.book.borrow().present();
    for (id, name, partitions) in present {
        for index in 0..partitions as i32 {
            let reading = read(world, connection, id, &name, index).await?;
            let Some(reading) = reading else {
                if world.is_disk_at_fault() {
                    return Err(Lost);
                }
                continue;
            };
            let line = format!("{name}-{index} is {}..{}", reading.log_start, reading.high_watermark);
            world.trace.line("audit", &line);
            world.counts.borrow_mut().records_read += reading.records.len() as u64;
            let disk = if world.is_disk_at_fault() { DiskState::Fails } else { DiskState::Works };
            let result = world.book.borrow_mut().audited(id, index, &reading, disk);
            world.check(result);
        }
    }
    Ok(())
}

/// Topics that were created are there, with their ids and partitions; those that were deleted are not.
fn audit_topics(world: &World, found: &[MetadataResponseTopic]) -> Result<(), Violation> {
    let mut book = world.book.borrow_mut();
    let found: BTreeMap<Uuid, &MetadataResponseTopic> =
        found.iter().map(|topic| (topic.topic_id, topic)).collect();
    for (id, topic) in &found {
        let name = topic.name.clone().unwrap_or_default();
        if topic.error_code != 0 {
            return Err(Violation::new("topics_are_served", format!("{name}: error {}", topic.error_code)));
        }
        if topic.is_internal {
            book.groups.has_offsets_topic |= name == "__consumer_offsets";
            continue;
        }
        if TOPICS.contains(&&*name) {
            continue;
        }
        let partitions = topic.partitions.len();
        if !book.topics.contains_key(id) {
            let Some((kind, asked)) = book.uncertain_names.get(&name).copied() else {
                return Err(Violation::new("topics_were_asked_for", format!("{name} was not")));
            };
            book.created(*id, &name, kind, asked);
        }
        let known = book.topics.get_mut(id).expect("it is there, or was entered just now");
        if known.fate == Fate::Deleted {
            return Err(Violation::new("deleted_topics_stay_deleted", format!("{name} ({id}) is back")));
        }
        if known.name != name || !(known.partitions.len()..=known.partitions_asked).contains(&partitions) {
            let detail = format!(
                "{name} ({id}) has {partitions} partitions; {} had {} to {}",
                known.name,
                known.partitions.len(),
                known.partitions_asked
            );
            return Err(Violation::new("topics_survive", detail));
        }
        known.fate = Fate::Present;
        known.grow(partitions);
        for partition in &topic.partitions {
            let place = format!("{name}-{}", partition.partition_index);
            if partition.error_code != 0 || partition.leader_id != 1 {
                let detail = format!("{place}: error {}", partition.error_code);
                return Err(Violation::new("topics_are_served", detail));
            }
            let entry = &mut known.partitions[partition.partition_index as usize];
            let (before, now) = (entry.leader_epoch, partition.leader_epoch);
            invariants::never_falls("leader_epochs_never_fall", &place, before.into(), now.into())?;
            entry.leader_epoch = now;
        }
    }
    for (id, topic) in &mut book.topics {
        match topic.fate {
            Fate::Present if !found.contains_key(id) => {
                return Err(Violation::new("topics_survive", format!("{} ({id}) is gone", topic.name)));
            }
            // Whoever was to delete it is dead.
            Fate::Uncertain => topic.fate = Fate::Deleted,
            _ => {}
        }
    }
    book.uncertain_names.clear();
    Ok(())
}

/// The whole of a partition; `None` when it cannot be read, which is noted where the disk is no excuse.
async fn read(
    world: &World,
    connection: &mut Connection,
    id: Uuid,
    name: &str,
    index: i32,
) -> Result<Option<Reading>, Lost> {
    let place = format!("{name}-{index}");
    let mut reading = Reading { log_start: 0, high_watermark: 0, records: Vec::new() };
    let Some(mut position) = log_start(connection, name, index).await? else {
        not_served(world, format!("{place}: no log start"));
        return Ok(None);
    };
    // An answer brings something on or is the last: so many would be too many.
    for _ in 0..10_000 {
        let version = connection.version_from(&FetchRequest::default(), 5);
        let request = fetch_request(id, name, &[(index, position)], 1 << 20);
        let response = connection.call(&request, version).await?;
        let data = response.responses.first().and_then(|topic| topic.partitions.first());
        let Some(data) = data else {
            not_served(world, format!("{place}: error {}", response.error_code));
            return Ok(None);
        };
        if data.error_code != 0 {
            not_served(world, format!("{place}: error {}", data.error_code));
            return Ok(None);
        }
        (reading.log_start, reading.high_watermark) = (data.log_start_offset, data.high_watermark);
        match records_from(&place, data, position) {
            Ok(read) if read.next == position => {
                if position < data.high_watermark {
                    let detail =
                        format!("{place}: nothing from {position} on, ends at {}", data.high_watermark);
                    world.fail(Violation::new("readers_go_on", detail));
                }
                break;
            }
            Ok(read) => {
                position = read.next;
                reading.records.extend(read.records);
            }
            Err(violation) => {
                world.fail(violation);
                return Ok(None);
            }
        }
    }
    // What was read before the start moved on.
    let log_start = reading.log_start;
    reading.records.retain(|record| record.offset >= log_start);
    Ok(Some(reading))
}

fn not_served(world: &World, detail: String) {
    if !world.is_disk_at_fault() {
        world.fail(Violation::new("topics_are_served", detail));
    }
}
