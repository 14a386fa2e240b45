//! The look at transactions after a start: the last stable offsets move on, and readers of committed records see whole
//! transactions, all that were acknowledged and none that was aborted.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use io::Entropy;
use protocol::Records;
use protocol::messages::fetch_request::FetchRequest;
use protocol::messages::fetch_response::PartitionData;
use protocol::messages::metadata_request::MetadataRequest;
use protocol::messages::offset_fetch_request::{OffsetFetchRequest, OffsetFetchRequestTopic};
use record::{AnyBatch, Batches, ControlRecordType, Limits, control_batch};
use tokio::time::sleep;
use types::{ErrorCode, Uuid};

use super::reading::fetch_request;
use crate::invariants::Violation;
use crate::transactions::TOPICS;
use crate::wire::{Connection, Lost};
use crate::world::World;

/// How long it may take until no transaction is open: what its producer left open times out.
const SETTLED_MAX: Duration = Duration::from_secs(10);
/// How often to look.
const LOOK: Duration = Duration::from_millis(20);
/// Tells topic ids.
const METADATA_TELLS_IDS: i16 = 12;

/// Holds the node to what transactions were promised. `false`: not everything could be looked at, for which only a failing
/// disk is an excuse.
pub(crate) async fn audit(world: &Rc<World>) -> bool {
    // What cannot be flushed is not shown, and there is no telling which transaction is not.
    if world.plan.transactional_producers == 0 || world.is_disk_at_fault() {
        return true;
    }
    // A producer may find what it left open as it was.
    if !world.is_calm() && world.entropy.below(2) == 0 {
        return true;
    }
    let entropy = Entropy::from_seed(world.entropy.next_u64());
    let mut connection = Connection::reliable(world, "transaction-audit", entropy);
    match look(world, &mut connection).await {
        Ok(Some(seen)) => {
            let judged = world.book.borrow_mut().transactions.seen(&seen);
            world.check(judged);
            for index in 0..world.plan.transactional_producers {
                let producer = format!("x{index}");
                let Ok(offset) = stable_offset(world, &mut connection, &producer).await else {
                    return world.is_disk_at_fault();
                };
                if let Some(offset) = offset {
                    let judged = world.book.borrow().transactions.offset_is(&producer, offset);
                    world.check(judged);
                }
            }
        }
        Ok(None) => {}
        Err(Lost) => return world.is_disk_at_fault(),
    }
    true
}

async fn look(world: &Rc<World>, connection: &mut Connection) -> Result<Option<[Vec<String>; 2]>, Lost> {
    let mut seen = [Vec::new(), Vec::new()];
    for topic in 0..TOPICS.len() {
        let Some(id) = topic_id(connection, TOPICS[topic]).await? else { return Ok(None) };
        if !settled(world, connection, topic, id).await? {
            return Ok(None);
        }
        seen[topic] = read(world, connection, topic, id).await?;
    }
    Ok(Some(seen))
}

/// The stable offset that a producer's group has committed, −1 for none; `None` where there are no groups yet.
async fn stable_offset(
    world: &Rc<World>,
    connection: &mut Connection,
    group: &str,
) -> Result<Option<i64>, Lost> {
    if !world.book.borrow().groups.has_offsets_topic {
        return Ok(None);
    }
    let request = OffsetFetchRequest {
        group_id: group.to_owned(),
        topics: Some(vec![OffsetFetchRequestTopic {
            name: TOPICS[0].to_owned(),
            partition_indexes: vec![0],
            ..Default::default()
        }]),
        require_stable: true,
        ..Default::default()
    };
    let begun = world.now();
    loop {
        let response = connection.call(&request, 7).await?;
        let partition = response.topics.first().and_then(|topic| topic.partitions.first());
        if let Some(partition) = partition.filter(|it| response.error_code == 0 && it.error_code == 0) {
            return Ok(Some(partition.committed_offset));
        }
        if world.now() > begun + SETTLED_MAX {
            let partition = partition.map_or(0, |partition| partition.error_code);
            let detail = format!("{group}: errors {} and {partition}", response.error_code);
            world.fail(Violation::new("offsets_go_with_their_transaction", detail));
            return Ok(None);
        }
        sleep(LOOK).await;
    }
}

async fn topic_id(connection: &mut Connection, name: &str) -> Result<Option<Uuid>, Lost> {
    let request = MetadataRequest { topics: None, ..Default::default() };
    let response = connection.call(&request, METADATA_TELLS_IDS).await?;
    let found = response.topics.iter().find(|topic| topic.name.as_deref() == Some(name));
    Ok(found.map(|topic| topic.topic_id))
}

/// Waits until no transaction is open in a topic.
async fn settled(
    world: &Rc<World>,
    connection: &mut Connection,
    topic: usize,
    id: Uuid,
) -> Result<bool, Lost> {
    let begun = world.now();
    loop {
        let data = fetch(world, connection, topic, id, 0).await?;
        if data.last_stable_offset == data.high_watermark {
            return Ok(true);
        }
        if world.is_disk_at_fault() || world.is_broken() {
            return Ok(false);
        }
        if world.now() > begun + SETTLED_MAX {
            let (stable, end) = (data.last_stable_offset, data.high_watermark);
            let detail = format!("{}: {stable} of {end} after {SETTLED_MAX:?}", TOPICS[topic]);
            world.fail(Violation::new("last_stable_offsets_move_on", detail));
            return Ok(false);
        }
        sleep(LOOK).await;
    }
}

async fn read(
    world: &Rc<World>,
    connection: &mut Connection,
    topic: usize,
    id: Uuid,
) -> Result<Vec<String>, Lost> {
    let (mut position, mut values) = (0, Vec::new());
    loop {
        let data = fetch(world, connection, topic, id, position).await?;
        match committed(&data, &mut values) {
            Ok(next) if next > position => position = next,
            Ok(_) => return Ok(values),
            Err(detail) => {
                world.fail(Violation::new("batches_are_whole", format!("{}: {detail}", TOPICS[topic])));
                return Err(Lost);
            }
        }
    }
}

/// An answer for readers of committed records; asked again while the partition is not served.
async fn fetch(
    world: &Rc<World>,
    connection: &mut Connection,
    topic: usize,
    id: Uuid,
    from: i64,
) -> Result<PartitionData, Lost> {
    let mut request = fetch_request(id, TOPICS[topic], &[(0, from)], 1 << 20);
    request.isolation_level = 1;
    let version = connection.version_from(&FetchRequest::default(), 5);
    let response = connection.call(&request, version).await?;
    let data = response.responses.into_iter().next().and_then(|topic| topic.partitions.into_iter().next());
    let Some(data) = data.filter(|data| data.error_code == ErrorCode::None.code()) else {
        if !world.is_disk_at_fault() {
            let detail = format!("{}: error {}", TOPICS[topic], response.error_code);
            world.fail(Violation::new("topics_are_served", detail));
        }
        return Err(Lost);
    };
    world.check(world.book.borrow_mut().transactions.is_stable_to(topic, data.last_stable_offset));
    Ok(data)
}

/// Adds the values that are committed, and returns where to go on.
fn committed(data: &PartitionData, values: &mut Vec<String>) -> Result<i64, String> {
    let mut next = 0;
    let Some(Records::Bytes(bytes)) = &data.records else { return Ok(next) };
    let mut aborted = data.aborted_transactions.clone().unwrap_or_default();
    aborted.sort_by_key(|transaction| std::cmp::Reverse(transaction.first_offset));
    let mut hidden = BTreeSet::new();
    for batch in Batches::new(bytes.clone()) {
        let batch = batch.map_err(|error| error.to_string())?;
        let AnyBatch::Batch(batch) = batch else { return Err("an old format".to_owned()) };
        let header = *batch.header();
        next = header.last_offset().0 + 1;
        while aborted.last().is_some_and(|it| it.first_offset <= header.last_offset().0) {
            hidden.extend(aborted.pop().map(|it| it.producer_id));
        }
        let mut records = batch.records(Limits::default()).map_err(|error| error.to_string())?;
        while let Some(record) = records.next().map_err(|error| error.to_string())? {
            if header.attributes.is_control() {
                let kind = record.key.and_then(control_batch::parse_key).and_then(ControlRecordType::from_id);
                if kind == Some(ControlRecordType::Abort) {
                    hidden.remove(&header.producer_id.0);
                }
            } else if !hidden.contains(&header.producer_id.0) {
                values.push(String::from_utf8_lossy(record.value.unwrap_or_default()).into_owned());
            }
        }
    }
    Ok(next)
}
